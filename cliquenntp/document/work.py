"""Proof of work: a nonce in a document's header that costs its author processor time, and all others microseconds.

A document with work has ``Clique-Work: <bits> <nonce>`` as its third line, unfolded.  What is hashed binds author,
time, parents and text, so no work serves for a second document; the signature is made afterwards and covers the nonce.

    challenge = SHA-256("clique work 1", LF, the author's key, the Clique-Time line, all that follows the work's line)

and SHA-256 of challenge and nonce begins with that many zero bits.
"""

from __future__ import annotations

import re
from hashlib import sha256

from cliquenntp.document.parsing import Document

WORK_FIELD = b"Clique-Work"

_CONTEXT = b"clique work 1\n"
_HEAD = re.compile(
    rb"Clique-Signature: [^\r]*\r\n(Clique-Time: [0-9]+\r\n)Clique-Work: ([1-9][0-9]{0,2}) ([!-~]{1,64})\r\n")
_DIGEST_BITS = 256


def work_bits(document: Document) -> int:
    """Return the bits of work that a document proves; 0 without a proof, and for a wrong one."""
    head = _HEAD.match(document.raw)
    if head is None:
        return 0
    bits, nonce = int(head[2]), head[3]
    seed = _challenge(document.author, head[1], document.raw[head.end():])
    return bits if is_proof(seed, bits, nonce) else 0


def challenge(author: bytes, time: int, unsigned: bytes) -> bytes:
    """Return what the nonce of a document has to be found for, 32 bytes.

    ``author`` is the key that will sign, ``time`` the Clique-Time, ``unsigned`` what ``build`` returns of the document
    without its work.
    """
    return _challenge(author, b"Clique-Time: %d\r\n" % time, unsigned)


def _challenge(author: bytes, time_line: bytes, unsigned: bytes) -> bytes:
    return sha256(b"".join((_CONTEXT, author, time_line, unsigned))).digest()


def is_proof(seed: bytes, bits: int, nonce: bytes) -> bool:
    """Tell whether a nonce proves so many bits of work for a challenge."""
    return bits <= _DIGEST_BITS and sha256(seed + nonce).digest() < _bound(bits)


def find_nonce(seed: bytes, bits: int, first: int, attempts: int) -> bytes | None:
    """Return a nonce for a challenge out of the numbers from ``first`` on, or None where none of them serves.

    Each number serves with a probability of 1 in 2 ** bits, whatever was tried before.
    """
    bound = _bound(bits)
    for number in range(first, first + attempts):
        nonce = b"%d" % number
        if sha256(seed + nonce).digest() < bound:
            return nonce
    return None


def work_field(bits: int, nonce: bytes) -> tuple[bytes, bytes]:
    """Return the field that proves work; it has to be a document's first one."""
    return WORK_FIELD, b"%d %b" % (bits, nonce)


def _bound(bits: int) -> bytes:
    """Return the least digest that does not begin with so many zero bits."""
    return (1 << (_DIGEST_BITS - bits)).to_bytes(_DIGEST_BITS // 8, "big")
