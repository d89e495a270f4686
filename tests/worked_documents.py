"""Signed documents with a proof of work, for tests."""

from __future__ import annotations

from cliquenntp.document import Document, Signer, challenge, find_nonce, parse, work_field
from tests.signed_documents import AUTHOR, signed


def worked(document: Document, bits: int, author: Signer = AUTHOR) -> Document:
    """Return a document that its author has signed, with so many bits of work; 0: as it is."""
    if not bits:
        return document
    rest = document.raw.split(b"\r\n", 2)[2]
    nonce = find_nonce(challenge(author.key, document.time, rest), bits, 0, 1 << (bits + 8))
    assert nonce is not None
    return parse(author.sign(b"%b: %b\r\n%b" % (*work_field(bits, nonce), rest), document.time))


def post(
    subject: str, *parents: Document, bits: int = 0, author: Signer = AUTHOR, time: int | None = None, **headers: str
) -> Document:
    """Return a signed document with work; ``time`` is its Clique-Time, that of its first parent if none is given."""
    time = parents[0].time if time is None else time
    return worked(signed(subject, *parents, author=author, time=time, **headers), bits, author)
