"""Making a forum: its root document, signed by the owner's persona."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime

from cliquenntp.document import (
    DEFAULT_LIMITS,
    Document,
    Signer,
    address_domain,
    address_of,
    check_forum_name,
    compose,
    key_text,
)
from cliquenntp.interfaces import SHARED, IRecord, IWriter
from cliquenntp.newsgroup.importers import is_importer
from cliquenntp.newsgroup.retraction import parent_field
from cliquenntp.service.arrival import accept

OWNER_LOCAL_PART = "owner"
"""The owner's persona is named so until its owner says otherwise: it tells nothing about a person or machine."""

MOST_DESCRIPTION_OCTETS = 200
"""A newsreader's list shows one line; it becomes a header field, an encoded word where it is no ASCII."""


class ForumRefusedError(Exception):
    """A forum cannot be made; the text says why."""


class NotImporterError(Exception):
    """A forum has another importer; the text says so."""


def importing_root(writer: IWriter, name: str, signer: Signer, now: int, path_identity: str) -> IRecord:
    """Return the root of a forum into which ``signer`` may import, which is made where there is none.

    ``name`` is the forum's without ``clique.``; ``now`` in seconds since 1970 UTC.  For a step of the turn; raises
    NotImporterError where the forum is there and does not name that key.
    """
    docno = writer.forum(f"clique.{name}")
    if docno is None:
        return accept(writer, root_document(name, "", signer, now), now, path_identity)
    if not writer.holds(SHARED, docno) or not is_importer(signer.key, [docno], writer):
        raise NotImporterError(f"clique.{name} is there and does not name this node's key as an importer")
    return writer.record(docno)


def moderator_field(moderators: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the field that names moderators by their keys.  Raises ForumRefusedError where they are too many."""
    if len(moderators) > DEFAULT_LIMITS.keys:
        raise ForumRefusedError(f"{len(moderators)} moderators; a forum has at most {DEFAULT_LIMITS.keys}")
    return b"Clique-Moderator", ",\r\n ".join(map(key_text, moderators)).encode()


def _rule_document(
    root: IRecord, subject: str, rule: tuple[bytes, bytes], body: str, signer: Signer, now: int
) -> Document:
    """Return the signed document, a child of a forum's root, in which the root's key lays something down."""
    fields = [
        (b"From", address_of(signer.key, OWNER_LOCAL_PART).encode()),
        (b"Subject", f"{subject} {root.name}".encode()),
        (b"Date", format_datetime(datetime.fromtimestamp(now, UTC)).encode()),
        parent_field([root.id]),
        rule,
        (b"MIME-Version", b"1.0"),
        (b"Content-Type", b"text/plain; charset=utf-8"),
    ]
    return compose(signer, fields, body.encode(), now)


def work_asked_field(bits: int) -> tuple[bytes, bytes]:
    """Return the field that asks for a proof of work of so many bits."""
    return b"Clique-Work-Asked", b"%d" % bits


def work_document(root: IRecord, bits: int, signer: Signer, now: int) -> Document:
    """Return the signed document that asks for another proof of work in a forum from now on.  Raises DocumentError."""
    body = f"From now on each post takes a proof of work of {bits} bits.\r\n"
    return _rule_document(root, "Proof of work in", work_asked_field(bits), body, signer, now)


def moderators_document(
    root: IRecord, moderators: Sequence[bytes], signer: Signer, now: int
) -> Document:
    """Return the signed document that names a forum's moderators from now on.  Raises ForumRefusedError."""
    addresses = "".join(f"moderator@{address_domain(key)}\r\n" for key in moderators)
    body = f"From now on these moderate the forum:\r\n{addresses}"
    return _rule_document(root, "Moderators of", moderator_field(moderators), body, signer, now)


def root_document(
    name: str, description: str, signer: Signer, now: int, moderators: Sequence[bytes] = (), work: int = 0
) -> Document:
    """Return the signed root of a forum.

    ``name`` is the forum's without ``clique.``; ``now`` in seconds since 1970 UTC; ``moderators`` are keys, none: it is
    not moderated; ``work`` is the proof of work that each post takes, in bits.  Raises document.DocumentRefused for a
    name that is none and for too much work, ForumRefusedError for a description that is
    none, and for too many moderators.
    """
    check_forum_name(name)
    subject = description or name
    if len(subject.encode()) > MOST_DESCRIPTION_OCTETS or not subject.isprintable():
        raise ForumRefusedError(f"the description must be one line of at most {MOST_DESCRIPTION_OCTETS} octets")
    fields = [
        (b"From", address_of(signer.key, OWNER_LOCAL_PART).encode()),
        (b"Subject", (subject if subject.isascii() else Header(subject, "utf-8", maxlinelen=998).encode()).encode()),
        (b"Date", format_datetime(datetime.fromtimestamp(now, UTC)).encode()),
        (b"Clique-Forum", name.encode()),
        (b"MIME-Version", b"1.0"),
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Transfer-Encoding", b"8bit"),
    ]
    if moderators:
        fields.append(moderator_field(moderators))
    if work:
        fields.append(work_asked_field(work))
    body = f"This is the beginning of the forum {name}.\r\n"
    return compose(signer, fields, body.encode(), now)
