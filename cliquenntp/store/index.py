"""From a key of any length to a docno, by the key's digest.

Eight octets of a digest instead of the whole key make an index a third as large (14 octets an entry, not 40), which
matters because keys come in random order and each new one rewrites a leaf.  Whoever looks up compares the whole key
with what the record says; keys that collide (2^32 hashes of work for someone who wants it) lie whole in a second tree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from persistent import Persistent

from cliquenntp.store.trees import DigestTree, NameTree

_ALPHABET = {character: value for value, character in enumerate("abcdefghijklmnopqrstuvwxyz234567")}
DIGEST_OCTETS = 32
_BITS = 63  # a signed 64-bit key that is never negative
_CHARACTER_BITS = 5


def _short(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big") >> 1


class DigestIndex(Persistent):
    """Digest (32 octets) -> docno."""

    def __init__(self) -> None:
        self.short = DigestTree()
        self.collided = NameTree()

    def __getstate__(self) -> tuple[object, ...]:
        return (self.short, self.collided)

    def __setstate__(self, state: tuple) -> None:
        self.short, self.collided = state

    def find(self, digest: bytes, is_right: Callable[[int], bool]) -> int | None:
        """Return the docno of a digest, or None; ``is_right`` says whether a docno really has the key."""
        docno = self.short.get(_short(digest))
        if docno is None:
            return None
        return docno if is_right(docno) else self.collided.get(digest)

    def add(self, digest: bytes, docno: int) -> None:
        """Add a digest that ``find`` does not find."""
        if not self.short.insert(_short(digest), docno):
            self.collided[digest] = docno

    def having(self, prefix: bytes) -> Iterator[int]:
        """Yield the docnos whose digest may begin with ``prefix`` (8 octets or more); the caller compares."""
        docno = self.short.get(_short(prefix))
        if docno is not None:
            yield docno
        yield from self.collided.values(prefix, prefix.ljust(DIGEST_OCTETS, b"\xff"))

    def starting_with(self, prefix: str) -> Iterator[int]:
        """Yield the docnos whose digest may begin with ``prefix`` (base32, lower case); the caller compares."""
        if not all(character in _ALPHABET for character in prefix):
            return
        low = 0
        known = prefix[:_BITS // _CHARACTER_BITS]
        for character in known:
            low = low << _CHARACTER_BITS | _ALPHABET[character]
        spare = _BITS - _CHARACTER_BITS * len(known)
        yield from self.short.values(low << spare, ((low + 1) << spare) - 1)
        yield from self.collided.values()


def key_digest(key: bytes) -> bytes:
    """Return the digest under which a key that is no digest itself (a Message-ID) is indexed."""
    return hashlib.sha256(key).digest()
