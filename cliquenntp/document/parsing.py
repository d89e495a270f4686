"""A document, and reading one: syntax, canonical form and limits; no signature is checked here."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Any

import attrs

from cliquenntp.document.addresses import check_addresses
from cliquenntp.document.errors import DocumentRefused, DocumentTooLarge, DocumentTooNew
from cliquenntp.document.headers import Headers, parse_headers
from cliquenntp.document.limits import DEFAULT_LIMITS, TIME_DIGITS, Limits
from cliquenntp.document.names import (
    KEY_OCTETS,
    SIGNATURE_OCTETS,
    check_forum_name,
    id_from_text,
    id_text,
    key_from_text,
    octets_from_text,
)

SIGNATURE_VERSION = 1

_FIRST_LINES = re.compile(
    rb"Clique-Signature: 1 ([A-Za-z0-9_-]{43}) ([A-Za-z0-9_-]{86})\r\n"
    rb"Clique-Time: (0|[1-9][0-9]{0,%d})\r\n" % (TIME_DIGITS - 1)
)
_OTHER_VERSION = re.compile(rb"Clique-Signature: ([1-9][0-9]{0,8})[ \r]")
_SEPARATOR = re.compile(r"[ \t]*,[ \t]*|[ \t]+")
_TIME = re.compile(rf"0|[1-9][0-9]{{0,{TIME_DIGITS - 1}}}")
_BITS = re.compile(r"0|[1-9][0-9]{0,2}")
_WORK = re.compile(r"[1-9][0-9]{0,2} [!-~]{1,64}")


@attrs.frozen(eq=False)
class Document:
    """One immutable signed message.  Two are equal when their ids are."""

    raw: bytes = attrs.field(repr=False)
    """all octets, as signed"""
    id: bytes = attrs.field(repr=id_text)
    """SHA-256 of ``raw``"""
    author: bytes = attrs.field(repr=False)
    """the Ed25519 public key that signed"""
    signature: bytes = attrs.field(repr=False)
    time: int
    """Clique-Time, seconds since 1970 UTC"""
    headers: Headers = attrs.field(repr=False)
    body_start: int = attrs.field(repr=False)
    """where the body begins in ``raw``, behind the empty line"""
    parents: tuple[bytes, ...] = attrs.field(default=(), repr=lambda parents: repr([*map(id_text, parents)]))
    """ids; empty in a root"""
    forum: str | None = None
    link: bytes | None = attrs.field(default=None, repr=False)
    cancel: bytes | None = attrs.field(default=None, repr=False)
    supersedes: bytes | None = attrs.field(default=None, repr=False)
    approve: bytes | None = attrs.field(default=None, repr=False)
    target_time: int | None = attrs.field(default=None, repr=False)
    """Clique-Time of what it cancels or supersedes, as its author says"""
    moderators: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    """keys"""
    importers: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    """keys"""
    work_asked: int | None = attrs.field(default=None, repr=False)
    """bits of work that a forum's root, or a later child of it, asks for"""

    @property
    def is_stub(self) -> bool:
        """Whether this is but the place of a document whose octets are gone everywhere."""
        return not self.raw

    @property
    def body(self) -> bytes:
        """Everything behind the empty line."""
        return self.raw[self.body_start :]

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Document) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)


def parse(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Return the document that ``raw`` is.

    Raises DocumentTooNew for another version of the format, DocumentTooLarge beyond a limit, DocumentRefused for
    anything else that breaks the format.  Whether its author signed it, ``verify`` tells.
    """
    if len(raw) > limits.document_octets:
        raise DocumentTooLarge(f"{len(raw)} octets; a document has at most {limits.document_octets}")
    first_lines = _FIRST_LINES.match(raw)
    if first_lines is None:
        raise _why_not_begun(raw)
    author = _author_key(first_lines[1])
    signature = octets_from_text(first_lines[2], SIGNATURE_OCTETS)
    line_ends = raw.count(b"\r\n")
    if raw.count(b"\r") != line_ends or raw.count(b"\n") != line_ends:
        raise DocumentRefused("a CR or LF that is not part of a CRLF")
    if b"\0" in raw:
        raise DocumentRefused("a NUL")
    head_end = raw.find(b"\r\n\r\n", 0, limits.header_octets)
    if head_end < 0:
        if raw.find(b"\r\n\r\n") < 0:
            raise DocumentRefused("no empty line behind the header")
        raise DocumentTooLarge(f"a header of more than {limits.header_octets} octets")
    headers = parse_headers(raw[: head_end + 2], limits.header_fields)
    check_addresses(headers, author)
    return Document(
        raw=raw,
        id=sha256(raw).digest(),
        author=author,
        signature=signature,
        time=int(first_lines[3]),
        headers=headers,
        body_start=head_end + 4,
        **relations(headers, limits),
    )


def stub(document_id: bytes, author: bytes, time: int, parents: tuple[bytes, ...]) -> Document:
    """Return the place of a document that was taken back before it came here, as what takes it back tells of it."""
    return Document(
        raw=b"", id=document_id, author=author, signature=b"", time=time, headers=Headers([]), body_start=0,
        parents=parents,
    )  # fmt: skip


def _why_not_begun(raw: bytes) -> DocumentTooNew | DocumentRefused:
    version = _OTHER_VERSION.match(raw)
    if version is not None and int(version[1]) != SIGNATURE_VERSION:
        return DocumentTooNew(f"version {int(version[1])} of the document format; this program knows 1")
    return DocumentRefused("it does not begin with a well-formed Clique-Signature and Clique-Time")


@lru_cache(4096)  # few authors write most documents
def _author_key(text: bytes) -> bytes:
    return octets_from_text(text, KEY_OCTETS)


def relations(headers: Headers, limits: Limits) -> dict[str, Any]:
    """Return the fields of Document that its Clique headers give."""
    found: dict[str, Any] = {}
    for name in _KNOWN.keys() & headers.names():
        values = headers.get_all(name)
        if len(values) != 1:
            raise DocumentRefused(f"more than one {name.decode('ascii')} header")
        attribute, read = _KNOWN[name]
        meaning = read(values[0].decode("ascii", "replace"), limits)
        if attribute is not None:
            found[attribute] = meaning
    if found:
        _check_relations(found, limits)
    return found


def _check_relations(found: dict[str, Any], limits: Limits) -> None:
    parents: tuple[bytes, ...] = found.get("parents", ())
    if "forum" in found and parents:
        raise DocumentRefused("Clique-Forum stands on a root only, and a root has no Clique-Parent")
    pointed = [name for name in ("link", "cancel", "supersedes", "approve") if name in found]
    if len(pointed) > 1:
        raise DocumentRefused("it can only do one of: " + ", ".join(pointed))
    target = found.get("cancel") or found.get("supersedes") or found.get("approve")
    if target is not None and target not in parents:
        raise DocumentRefused("the document that it cancels, replaces or approves must be among the parents")
    if "link" in found and found["link"] not in parents[:1]:
        raise DocumentRefused("the first parent of a link is the document that it shows")
    if len(parents) > limits.parents + (target is not None):
        raise DocumentTooLarge(f"{len(parents)} parents; a document has at most {limits.parents}")


def _ids(value: str, _limits: Limits) -> tuple[bytes, ...]:
    return _distinct(tuple(map(id_from_text, _SEPARATOR.split(value))))


def _keys(value: str, limits: Limits) -> tuple[bytes, ...]:
    keys = _distinct(tuple(map(key_from_text, _SEPARATOR.split(value))))
    if len(keys) > limits.keys:
        raise DocumentTooLarge(f"{len(keys)} keys in one header; at most {limits.keys}")
    return keys


def _distinct(items: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if len(set(items)) != len(items):
        raise DocumentRefused("the same id or key twice in one header")
    return items


def _id(value: str, _limits: Limits) -> bytes:
    return id_from_text(value)


def _forum(value: str, _limits: Limits) -> str:
    check_forum_name(value)
    return value


def _target_time(value: str, _limits: Limits) -> int:
    if not _TIME.fullmatch(value):
        raise DocumentRefused("Clique-Target-Time is no time")
    return int(value)


def _work(value: str, _limits: Limits) -> None:
    if not _WORK.fullmatch(value):  # whether it proves anything, ``work.work_bits`` tells those who ask for it
        raise DocumentRefused("Clique-Work is not <bits> <nonce>")


def _work_asked(value: str, limits: Limits) -> int:
    if not _BITS.fullmatch(value):
        raise DocumentRefused("Clique-Work-Asked is no number of bits")
    if int(value) > limits.work_bits:
        raise DocumentTooLarge(f"{value} bits of work; a forum asks for at most {limits.work_bits}")
    return int(value)


def _only_once(_value: str, _limits: Limits) -> None:
    """The first lines' fields: read there, and nowhere else may they stand."""


_KNOWN: dict[bytes, tuple[str | None, Callable[[str, Limits], object]]] = {
    b"clique-signature": (None, _only_once),
    b"clique-time": (None, _only_once),
    b"clique-parent": ("parents", _ids),
    b"clique-forum": ("forum", _forum),
    b"clique-link": ("link", _id),
    b"clique-cancel": ("cancel", _id),
    b"clique-supersedes": ("supersedes", _id),
    b"clique-approve": ("approve", _id),
    b"clique-moderator": ("moderators", _keys),
    b"clique-importer": ("importers", _keys),
    b"clique-target-time": ("target_time", _target_time),
    b"clique-work": (None, _work),
    b"clique-work-asked": ("work_asked", _work_asked),
}
"""Header to (field of Document, reader); any other Clique header is kept and passed on"""
