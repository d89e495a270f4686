"""From a key of any length to a docno, by the key's digest.

Keys come in random order, so each new one rewrites another page: pages are short, and an entry is eight octets of the
digest and four of the docno (12 octets, where the whole key in a BTree takes 40).  Packed by hand, as ZODB's pickler
asks of every integer in a BTree's leaf whether it is persistent: measured, a sixth of what storing a document cost.

Whoever looks up compares the whole key with what the record says; keys that collide (2^32 hashes of work for someone
who wants it) lie whole in a second tree.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterable, Iterator

from persistent import Persistent

from cliquenntp.store.packing import OCTETS, number_at, pack_numbers, unpack_numbers
from cliquenntp.store.trees import NameTree, PageTree

_BASE32 = re.compile(r"[a-z2-7]*")
_DIGITS = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")
"""from base32 to what ``int`` reads in base 32"""

DIGEST_OCTETS = 32

PAGE_ENTRIES = 48
"""entries a page before it is halved; a new one rewrites 430 octets on the average"""

_SHORT_OCTETS = 8
_ENTRY_OCTETS = _SHORT_OCTETS + OCTETS
_BITS = 63  # a signed 64-bit key that is never negative
_CHARACTER_BITS = 5


def _short(digest: bytes) -> int:
    return int.from_bytes(digest[:_SHORT_OCTETS], "big") >> 1


def _packed(short: int) -> bytes:
    return short.to_bytes(_SHORT_OCTETS, "little")


class DigestPage(Persistent):
    """Entries in any order, kept as they are stored: to search the octets is faster than to search a list."""

    __slots__ = ("docnos", "shorts")

    def __init__(self, entries: Iterable[tuple[int, int]] = ()) -> None:
        self.hold(entries)

    def hold(self, entries: Iterable[tuple[int, int]]) -> None:
        """Hold these entries, (short, docno) each, alone."""
        pairs = tuple(entries)
        self.shorts = b"".join([_packed(short) for short, _ in pairs])
        self.docnos = pack_numbers(docno for _, docno in pairs)

    def __getstate__(self) -> bytes:
        return self.shorts + self.docnos

    def __setstate__(self, state: bytes) -> None:
        end = len(state) // _ENTRY_OCTETS * _SHORT_OCTETS
        self.shorts = state[:end]
        self.docnos = state[end:]

    def get(self, packed: bytes) -> int | None:
        """Return the docno of an entry, or None."""
        at = self.shorts.find(packed)
        while at > 0 and at % _SHORT_OCTETS:  # found across two entries
            at = self.shorts.find(packed, at + 1)
        return None if at < 0 else number_at(self.docnos, at // _SHORT_OCTETS)

    @property
    def is_full(self) -> bool:
        """Whether it must be halved for another entry."""
        return len(self.shorts) >= PAGE_ENTRIES * _SHORT_OCTETS

    def add(self, packed: bytes, docno: int) -> None:
        """Add an entry."""
        self.shorts += packed
        self.docnos += pack_numbers((docno,))

    def _unpacked(self) -> tuple[int, ...]:
        return struct.unpack(f"<{len(self.shorts) // _SHORT_OCTETS}Q", self.shorts)

    def entries(self) -> Iterator[tuple[int, int]]:
        """Return (short, docno) of each."""
        return zip(self._unpacked(), unpack_numbers(self.docnos), strict=True)

    def between(self, low: int, high: int) -> list[int]:
        """Return the docnos of the entries from low to high inclusive."""
        found = [index for index, short in enumerate(self._unpacked()) if low <= short <= high]
        return [number_at(self.docnos, index) for index in found]


class DigestIndex(Persistent):
    """Digest (32 octets) -> docno."""

    def __init__(self) -> None:
        self.pages = PageTree({0: DigestPage()})
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
        docno = self._page(short).get(_packed(short))
        if docno is None:
            return None
        return docno if is_right(docno) else self.collided.get(digest)

    def add(self, digest: bytes, docno: int, is_right: Callable[[int], bool]) -> bool:
        """Add a digest unless ``find`` finds it; return whether it was added."""
        short = _short(digest)
        page, packed = self._page(short), _packed(short)
        held = page.get(packed)
        if held is not None:
            if is_right(held) or digest in self.collided:
                return False
            self.collided[digest] = docno
        elif not page.is_full:
            page.add(packed, docno)
        else:
            entries = sorted([*page.entries(), (short, docno)])
            middle = len(entries) // 2
            page.hold(entries[:middle])
            self.pages[entries[middle][0]] = DigestPage(entries[middle:])
        return True

    def having(self, prefix: bytes) -> Iterator[int]:
        """Yield the docnos whose digest may begin with ``prefix`` (8 octets or more); the caller compares."""
        short = _short(prefix)
        docno = self._page(short).get(_packed(short))
        if docno is not None:
            yield docno
        yield from self.collided.values(prefix, prefix.ljust(DIGEST_OCTETS, b"\xff"))

    def starting_with(self, prefix: str) -> Iterator[int]:
        """Yield the docnos whose digest may begin with ``prefix`` (base32, lower case); the caller compares."""
        if not _BASE32.fullmatch(prefix):
            return
        known = prefix[:_BITS // _CHARACTER_BITS]
        spare = _BITS - _CHARACTER_BITS * len(known)
        low = int("0" + known.translate(_DIGITS), 32) << spare
        high = low + (1 << spare) - 1
        for page in self.pages.values(self.pages.maxKey(low), high):
            yield from page.between(low, high)
        yield from self.collided.values()


def key_digest(key: bytes) -> bytes:
    """Return the digest under which a key that is no digest itself (a Message-ID) is indexed."""
    return hashlib.sha256(key).digest()
