"""One channel's documents in order of Clique-Time, with sums of their ids, in the database.

A document is a key: its Clique-Time and its docno in one integer.  New keys lie in the open end, which alone is
rewritten when one comes; 64 at a time they move into pages of 128 whose sums stand in a tree of their own, so that the
fingerprint of any stretch costs one addition a page and at most 64 ids at either end.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from persistent import Persistent

from cliquenntp.store.groups import DOCNO_BITS, LARGEST_DOCNO
from cliquenntp.store.trees import PageTree

OPEN_KEYS = 64
"""keys in the open end: 512 octets rewritten at most"""

PAGE_KEYS = 128
"""keys a page; 1 KB"""

SUM_MASK = (1 << 256) - 1
_LATEST = (1 << 32) - 1  # seconds: in 2106 a document's time no longer fits, and only its order suffers
_LARGEST_KEY = _LATEST << DOCNO_BITS | LARGEST_DOCNO
EVER = (0, _LARGEST_KEY)
"""bounds, low inclusive and high exclusive, for the keys of all documents but one, which would be the last in 2106"""

IdOf = Callable[[int], bytes]
"""from a docno to the document's id"""


def key_of(time: int, docno: int) -> int:
    """Return a document's key in every set."""
    return min(time, _LATEST) << DOCNO_BITS | docno


def bound_of(time: int) -> int:
    """Return a bound, low inclusive or high exclusive, for the keys of documents of a time and later."""
    return max(time, 0) << DOCNO_BITS if time <= _LATEST else _LARGEST_KEY


def docno_of(key: int) -> int:
    """Return the docno in a key."""
    return key & LARGEST_DOCNO


def _pack(keys: Iterable[int]) -> bytes:
    values = tuple(keys)
    return struct.pack(f"<{len(values)}Q", *values)


def _unpack(packed: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(packed) // 8}Q", packed))


class KeyPage(Persistent):
    """Keys in ascending order."""

    __slots__ = ("keys",)

    def __init__(self, keys: list[int]) -> None:
        self.keys = keys

    def __getstate__(self) -> bytes:
        return _pack(self.keys)

    def __setstate__(self, state: bytes) -> None:
        self.keys = _unpack(state)


class ChannelSet(Persistent):
    """Keys with the sums of their documents' ids."""

    __slots__ = ("open_end", "pages", "sums")

    def __init__(self) -> None:
        self.open_end: list[int] = []
        self.pages = PageTree()
        self.sums = PageTree()
        self._put(0, [], 0)

    def __getstate__(self) -> tuple[object, ...]:
        return (_pack(self.open_end), self.pages, self.sums)

    def __setstate__(self, state: tuple) -> None:
        packed, self.pages, self.sums = state
        self.open_end = _unpack(packed)

    def __contains__(self, key: int) -> bool:
        if key in self.open_end:
            return True
        keys = self._page(key).keys
        index = bisect_left(keys, key)
        return index < len(keys) and keys[index] == key

    def _page(self, key: int) -> KeyPage:
        page: KeyPage = self.pages[self.pages.maxKey(key)]
        return page

    def _put(self, first: int, keys: list[int], total: int) -> None:
        self.pages[first] = KeyPage(keys)
        self.sums[first] = (len(keys), total & SUM_MASK)

    def remove(self, key: int, id_of: IdOf) -> None:
        """Take a document out, if it is in."""
        if key in self.open_end:
            self.open_end = [other for other in self.open_end if other != key]
        elif key in self:
            first = self.pages.maxKey(key)
            count, total = self.sums[first]
            keys = [other for other in self.pages[first].keys if other != key]
            if keys or not first:
                self.pages[first].keys = keys
                self.sums[first] = (count - 1, (total - _sum([key], id_of)) & SUM_MASK)
            else:
                del self.pages[first], self.sums[first]

    def add(self, key: int, id_of: IdOf) -> None:
        """Take a document in, once."""
        if key in self:
            return
        at = bisect_left(self.open_end, key)
        self.open_end = [*self.open_end[:at], key, *self.open_end[at:]]
        if len(self.open_end) >= OPEN_KEYS:
            self.fill(self.open_end, id_of)
            self.open_end = []

    def fill(self, keys: Iterable[int], id_of: IdOf) -> None:
        """Take keys straight into pages; none may be there yet."""
        entering: dict[int, list[int]] = {}
        for key in keys:
            entering.setdefault(self.pages.maxKey(key), []).append(key)
        for first, new in entering.items():
            merged = sorted([*self.pages[first].keys, *new])
            if len(merged) <= PAGE_KEYS:
                self.pages[first].keys = merged
                self.sums[first] = (len(merged), (self.sums[first][1] + _sum(new, id_of)) & SUM_MASK)
                continue
            # at the end full pages stay behind, elsewhere half full ones, in which others find room
            length = PAGE_KEYS if first == self.pages.maxKey() else PAGE_KEYS // 2
            for start in range(0, len(merged), length):
                part = merged[start:start + length]
                self._put(part[0] if start else first, part, _sum(part, id_of))

    def keys(self, low: int, high: int) -> Iterator[int]:
        """Yield the keys, low <= key < high, in order."""
        late = self.open_end[bisect_left(self.open_end, low):bisect_left(self.open_end, high)]
        for first in self.pages.keys(self.pages.maxKey(low), high, excludemax=True) if low < high else ():
            keys = self.pages[first].keys
            inside = keys[bisect_left(keys, low):bisect_left(keys, high)]
            if late and inside and late[0] < inside[-1]:
                end = bisect_left(late, inside[-1])
                inside = sorted([*inside, *late[:end]])
                late = late[end:]
            yield from inside
        yield from late

    def totals(self, low: int, high: int, id_of: IdOf) -> tuple[int, int]:
        """Return how many keys lie in low <= key < high, and the sum of their documents' ids modulo 2**256."""
        if low >= high:
            return 0, 0
        late = self.open_end[bisect_left(self.open_end, low):bisect_left(self.open_end, high)]
        count, total = len(late), _sum(late, id_of)
        stretches = self.sums.items(self.sums.maxKey(low), high, excludemax=True)
        # the end stands for the page behind the last one, whose keys may reach beyond ``high``
        for (first, (page_count, page_total)), (following, _) in pairwise([*stretches, (high + 1, None)]):
            if first < low or following > high:
                page_count, page_total = self._part(first, low, high, page_total, id_of)
            count += page_count
            total += page_total
        return count, total & SUM_MASK

    def _part(self, first: int, low: int, high: int, page_total: int, id_of: IdOf) -> tuple[int, int]:
        keys = self.pages[first].keys
        start, end = bisect_left(keys, low), bisect_left(keys, high)
        if 2 * (end - start) <= len(keys):
            return end - start, _sum(keys[start:end], id_of)
        return end - start, page_total - _sum([*keys[:start], *keys[end:]], id_of)

    def largest(self) -> int:
        """Return the largest key; 0 in an empty set."""
        keys = self.pages[self.pages.maxKey()].keys
        return max(keys[-1] if keys else 0, self.open_end[-1] if self.open_end else 0)


def _sum(keys: Iterable[int], id_of: IdOf) -> int:
    return sum(int.from_bytes(id_of(docno_of(key)), "big") for key in keys)
