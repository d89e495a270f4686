"""Making a forum: its root document, signed by the owner's persona."""

from __future__ import annotations

from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime

from cliquenntp.document import Document, Signer, address_of, check_forum_name, compose
from cliquenntp.interfaces import SHARED, IRecord, IWriter
from cliquenntp.newsgroup.importers import is_importer
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


def root_document(name: str, description: str, signer: Signer, now: int) -> Document:
    """Return the signed root of a forum.

    ``name`` is the forum's without ``clique.``; ``now`` in seconds since 1970 UTC.  Raises document.DocumentRefused
    for a name that is none, ForumRefusedError for a description that is none.
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
    body = f"This is the beginning of the forum {name}.\r\n"
    return compose(signer, fields, body.encode(), now)
