"""What is hidden or blocked, as people name it and as the database keeps it."""

from __future__ import annotations

import enum
import re

import attrs
import cbor2

from cliquenntp.document import DocumentError, address_domain, id_from_text, id_text, key_from_text, key_text
from cliquenntp.interfaces import IArchive, Identity, IRecord
from cliquenntp.newsgroup.message_ids import find_article
from cliquenntp.newsgroup.naming import find_group

MOST_NAMED = 2000
"""that one account hides, or a node blocks: more is for moderators whom many honour; 80 KB, rewritten at each change"""

_ADDRESS = re.compile(r"(?:[^@<>\s]*@)?([a-z2-7]{20}\.clique\.invalid)")


class Kind(enum.Enum):
    """What can be named; the values are part of the database's format."""

    AUTHOR = "author"
    DOCUMENT = "document"
    PEER = "peer"
    INTRODUCER = "introducer"


HIDEABLE = (Kind.AUTHOR, Kind.DOCUMENT)
"""what one account can hide; a node can block all kinds"""


class NamingError(Exception):
    """What was typed names nothing; the text says why, in one line."""


@attrs.frozen
class Named:
    """One author, document, peer or introducer."""

    kind: Kind
    value: bytes
    """an author's domain (what stands right of the @), a document's id, a node's key"""

    @property
    def text(self) -> str:
        """It in one word, as it can be typed again."""
        if self.kind is Kind.AUTHOR:
            return "@" + self.value.decode("ascii")
        return id_text(self.value) if self.kind is Kind.DOCUMENT else key_text(self.value)

    def __str__(self) -> str:
        return f"{self.kind.value} {self.text}"


NamedSet = frozenset[Named]


def encoded(all_named: NamedSet) -> bytes:
    """Return what is named as a piece of the database."""
    return cbor2.dumps(sorted((named.kind.value, named.value) for named in all_named))


def decoded(piece: bytes | None) -> NamedSet:
    """Return what a piece names; nothing where there is none."""
    return frozenset(Named(Kind(kind), value) for kind, value in cbor2.loads(piece)) if piece else frozenset()


def authors_of(all_named: NamedSet) -> frozenset[str]:
    """Return the domains of the authors among what is named."""
    return frozenset(named.value.decode("ascii") for named in all_named if named.kind is Kind.AUTHOR)


def values_of(kind: Kind, all_named: NamedSet) -> frozenset[bytes]:
    """Return the ids or keys of one kind among what is named."""
    return frozenset(named.value for named in all_named if named.kind is kind)


def named_by(kind: Kind, text: str, archive: IArchive, identity: Identity) -> Named:
    """Return what somebody means: an author by an address, a key or an article; a document; a node by its key.

    An article or document is named by its Message-ID, its id or its newsgroup, where ``identity`` may see it.  Raises
    NamingError.
    """
    if kind is Kind.DOCUMENT:
        return Named(kind, _document(text, archive, identity))
    if kind is Kind.AUTHOR:
        return Named(kind, _author(text, archive, identity).encode("ascii"))
    try:
        return Named(kind, key_from_text(text))
    except DocumentError:
        raise NamingError(f"{text[:80]!a} is no node's key: `cliquectl peers` shows those of linked nodes") from None


def _document(text: str, archive: IArchive, identity: Identity) -> bytes:
    record = _found(text, archive, identity)
    if record is not None:
        return bytes(record.id)
    try:
        return id_from_text(text)
    except DocumentError:
        raise NamingError(f"no article and no newsgroup {text[:80]!a} is here") from None


def _author(text: str, archive: IArchive, identity: Identity) -> str:
    address = _ADDRESS.fullmatch(text.strip("<>"))
    if address is not None:
        return address[1]
    record = _found(text, archive, identity)
    if record is not None:
        return address_domain(record.author)
    try:
        return address_domain(key_from_text(text))
    except DocumentError:
        raise NamingError(
            f"{text[:80]!a} is no author: name an address below clique.invalid, a key or an article") from None


def _found(text: str, archive: IArchive, identity: Identity) -> IRecord | None:
    """Return the record of an article that is here, by its Message-ID, id or newsgroup."""
    docno = _by_message_id(text.encode("utf-8"), archive, identity) if text.startswith("<") else _by_name(text, archive)
    if docno is None or not identity.may_see(archive.record(docno).roots):
        return None
    return archive.record(docno)


def _by_message_id(message_id: bytes, archive: IArchive, identity: Identity) -> int | None:
    own = None if identity.account is None else archive.alias(identity.account, message_id)
    return find_article(archive, message_id) if own is None else own


def _by_name(text: str, archive: IArchive) -> int | None:
    found = find_group(archive, text)
    if found is not None:
        return found
    try:
        return archive.find(id_from_text(text))
    except DocumentError:
        return None
