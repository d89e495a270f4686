"""From a key of any length to a docno, by the key's digest.

Keys come in random order, so each new one rewrites another page: pages are short, and an entry is eight octets of the
digest and four of the docno (12 octets, where the whole key in a BTree takes 40).  Packed by hand, as ZODB's pickler
asks of every integer in a BTree's leaf whether it is persistent: measured, a sixth of what storing a document cost.

Whoever looks up compares the whole key with what the record says; keys that collide (2^32 hashes of work for someone
who wants it) lie whole in a second tree.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator

from persistent import Persistent

from cliquenntp.store.trees import NameTree, PageTree

_ALPHABET = {character: value for value, character in enumerate("abcdefghijklmnopqrstuvwxyz234567")}
DIGEST_OCTETS = 32

PAGE_ENTRIES = 48
"""entries a page before it is halved; a new one rewrites 430 octets on the average"""

_ENTRY_OCTETS = 12
_BITS = 63  # a signed 64-bit key that is never negative
_CHARACTER_BITS = 5


def _short(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big") >> 1


class DigestPage(Persistent):
    """Entries in any order."""

    __slots__ = ("docnos", "shorts")

    def __init__(self, shorts: list[int], docnos: list[int]) -> None:
        self.shorts = shorts
        self.docnos = docnos

    def __getstate__(self) -> bytes:
        count = len(self.shorts)
        return struct.pack(f"<{count}Q{count}I", *self.shorts, *self.docnos)

    def __setstate__(self, state: bytes) -> None:
        count = len(state) // _ENTRY_OCTETS
        values = struct.unpack(f"<{count}Q{count}I", state)
        self.shorts = list(values[:count])
        self.docnos = list(values[count:])

    def get(self, short: int) -> int | None:
        """Return the docno of an entry, or None."""
        try:
            return self.docnos[self.shorts.index(short)]
        except ValueError:
            return None


class DigestIndex(Persistent):
    """Digest (32 octets) -> docno."""

    def __init__(self) -> None:
        self.pages = PageTree({0: DigestPage([], [])})
        self.collided = NameTree()

    def __getstate__(self) -> tuple[object, ...]:
        return (self.pages, self.collided)

    def __setstate__(self, state: tuple) -> None:
        self.pages, self.collided = state

    def _page(self, short: int) -> DigestPage:
        page: DigestPage = self.pages[self.pages.maxKey(short)]
        return page

    def find(self, digest: bytes, is_right: Callable[[int], bool]) -> int | None:
        """Return the docno of a digest, or None; ``is_right`` says whether a docno really has the key."""
        short = _short(digest)
        docno = self._page(short).get(short)
        if docno is None:
            return None
        return docno if is_right(docno) else self.collided.get(digest)

    def add(self, digest: bytes, docno: int) -> None:
        """Add a digest that ``find`` does not find."""
        short = _short(digest)
        page = self._page(short)
        if page.get(short) is not None:
            self.collided[digest] = docno
        elif len(page.shorts) < PAGE_ENTRIES:
            page.shorts = [*page.shorts, short]
            page.docnos = [*page.docnos, docno]
        else:
            entries = sorted([*zip(page.shorts, page.docnos, strict=True), (short, docno)])
            middle = len(entries) // 2
            page.shorts, page.docnos = map(list, zip(*entries[:middle], strict=True))
            self.pages[entries[middle][0]] = DigestPage(*map(list, zip(*entries[middle:], strict=True)))

    def having(self, prefix: bytes) -> Iterator[int]:
        """Yield the docnos whose digest may begin with ``prefix`` (8 octets or more); the caller compares."""
        short = _short(prefix)
        docno = self._page(short).get(short)
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
        low, high = low << spare, ((low + 1) << spare) - 1
        for page in self.pages.values(self.pages.maxKey(low), high):
            yield from [docno for short, docno in zip(page.shorts, page.docnos, strict=True) if low <= short <= high]
        yield from self.collided.values()


def key_digest(key: bytes) -> bytes:
    """Return the digest under which a key that is no digest itself (a Message-ID) is indexed."""
    return hashlib.sha256(key).digest()
