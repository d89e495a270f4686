"""Message-IDs: ours is made of the document's id, so it is the same on every node and proves what it names."""

from __future__ import annotations

import re

from cliquenntp.document import ADDRESS_DOMAIN, DocumentRefused, id_from_text, id_text
from cliquenntp.interfaces import IArchive

_OURS = re.compile(rb"<([a-z2-7]{52})@" + re.escape(ADDRESS_DOMAIN.encode("ascii")) + rb">")

_MESSAGE_ID = re.compile(rb"<[^<>\s]+@[^<>\s]+>")
"""as lax as the Message-IDs that readers put into References (RFC 5536 section 3.1.3 is stricter)"""

MOST_MESSAGE_ID_OCTETS = 250
"""RFC 5536 section 3.1.3; RFC 3977 section 3.6"""


def message_id_of(document_id: bytes) -> bytes:
    """Return the Message-ID, in angle brackets, of the article that shows a document (its id, 32 bytes)."""
    return b"<%b@clique.invalid>" % id_text(document_id).encode("ascii")


def document_id_of(message_id: bytes) -> bytes | None:
    """Return the id in a Message-ID of our form, or None for a foreign one."""
    match = _OURS.fullmatch(message_id)
    if match is None:
        return None
    try:
        return id_from_text(match[1].decode("ascii"))
    except DocumentRefused:  # the last character has bits that no id sets
        return None


def find_article(archive: IArchive, message_id: bytes) -> int | None:
    """Return the docno of the article with a Message-ID (in angle brackets), ours or a foreign one, or None."""
    document_id = document_id_of(message_id)
    found: int | None = archive.by_message_id(message_id) if document_id is None else archive.find(document_id)
    return found


def message_ids_in(value: bytes) -> list[bytes]:
    """Return the Message-IDs in a References or In-Reply-To header, in order; what is none is passed over."""
    return [found for found in _MESSAGE_ID.findall(value) if len(found) <= MOST_MESSAGE_ID_OCTETS]


def is_message_id(value: bytes) -> bool:
    """Tell whether ``value`` may be an article's Message-ID."""
    return len(value) <= MOST_MESSAGE_ID_OCTETS and _MESSAGE_ID.fullmatch(value) is not None
