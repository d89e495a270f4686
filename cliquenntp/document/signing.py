"""Building, signing and verifying documents (Ed25519, RFC 8032)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cliquenntp.document.errors import DocumentAhead, DocumentForged, DocumentRefused
from cliquenntp.document.headers import is_field_name
from cliquenntp.document.limits import AHEAD_SECONDS, SOON_SECONDS
from cliquenntp.document.names import key_text
from cliquenntp.document.parsing import Document

SIGNED_CONTEXT = b"clique document 1\n"
"""Put before what is signed, so that a signature over anything else never serves for a document."""

SEED_OCTETS = 32

_FIRST_LINES = (b"clique-signature", b"clique-time")
_VALUE = re.compile(rb"[^\r\n\0]*(?:\r\n[ \t][^\r\n\0]*)*")
"""folded or not"""


class Signer:
    """A persona's private key."""

    def __init__(self, seed: bytes) -> None:
        """Make one of its 32 secret bytes (RFC 8032 section 5.1.5); ValueError for any other length."""
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.seed = seed
        self.key: bytes = self._private.public_key().public_bytes_raw()
        self._key_text = key_text(self.key).encode("ascii")

    @classmethod
    def generate(cls, random_bytes: bytes) -> Signer:
        """Make a new persona of 32 bytes from the system's random source."""
        return cls(random_bytes)

    def sign(self, unsigned: bytes, time: int) -> bytes:
        """Return a document's bytes.

        ``unsigned`` is what ``build`` returns: canonical header and body without the first two lines.  ``time`` becomes
        its Clique-Time, seconds since 1970 UTC.  Nothing is checked; ``parse`` tells whether others will take it.
        """
        signature, clique_time = self.first_fields(self.signature(unsigned, time), time)
        return b"%b: %b\r\n%b: %b\r\n%b" % (*signature, *clique_time, unsigned)

    def signature(self, unsigned: bytes, time: int) -> bytes:
        """Return the 64 bytes that sign ``unsigned`` with its Clique-Time."""
        return self._private.sign(b"%bClique-Time: %d\r\n%b" % (SIGNED_CONTEXT, time, unsigned))

    def first_fields(self, signature: bytes, time: int) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """Return the fields (name, value) that stand first in a document of this persona."""
        value = b"1 %b %b" % (self._key_text, key_text(signature).encode("ascii"))
        return (b"Clique-Signature", value), (b"Clique-Time", b"%d" % time)


def build(fields: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Return header fields (name, value; folded values allowed) and a canonical body as one unsigned document.

    DocumentRefused for a name that is none, a value that would end its field, or one of the first two lines.
    """
    lines = []
    for name, value in fields:
        if not is_field_name(name) or name.lower() in _FIRST_LINES:
            raise DocumentRefused(f"not a header field's name: {name[:60]!a}")
        if not _VALUE.fullmatch(value):
            raise DocumentRefused(f"CR, LF or NUL in {name.decode('ascii')}")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join([*lines, b"", body])


@lru_cache(4096)  # few authors write most documents
def _public(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)


def verify(document: Document) -> None:
    """Raise DocumentForged unless the document was signed by the key that it names."""
    signed = document.raw[document.raw.index(b"\n") + 1 :]
    try:
        _public(document.author).verify(document.signature, SIGNED_CONTEXT + signed)
    except (InvalidSignature, ValueError):
        raise DocumentForged("the signature is not by the key that the document names") from None


def check_time(document: Document, now: int) -> None:
    """Hold a Clique-Time against our clock (``now``, seconds since 1970 UTC).

    Raises DocumentAhead, with the seconds to wait, when it lies more than SOON_SECONDS ahead; DocumentRefused when more
    than AHEAD_SECONDS.
    """
    ahead = document.time - now
    if ahead > AHEAD_SECONDS:
        raise DocumentRefused(f"its Clique-Time is {ahead} s ahead of this node's clock")
    if ahead > SOON_SECONDS:
        raise DocumentAhead(f"its Clique-Time is {ahead} s ahead of this node's clock", ahead - SOON_SECONDS)
