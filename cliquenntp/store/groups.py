"""The article numbers of a newsgroup, append-only, so that a post costs the same in a forum of any size.

A group's newest entries lie in the Group itself (the open end, rewritten by every post), older ones in pages that are
rewritten once for each 32 posts until they are full.  An entry is a docno and whether that document is a child of the
group's document, packed in four octets; 0 where the article is gone.  A document that nobody answered has no Group:
see ``Unanswered``.

A forum's group also keeps its overview lines, in pages of 64, empty where the article is gone; the newest, not yet in
a page, are taken from the documents' records.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from persistent import Persistent
from zope.interface import implementer

from cliquenntp.interfaces import IGroupNumbers
from cliquenntp.store.packing import OCTETS, number_at, pack_numbers, unpack_numbers
from cliquenntp.store.trees import PageTree

OPEN_NUMBERS = 32
"""Entries in a group's open end before they move to a page.  Measured: 16 to 64 differ by < 60 octets a post."""

PAGE_NUMBERS = 256
"""Entries a page, a multiple of OPEN_NUMBERS; part of the file format.  1 KB is read and written as one disk block."""

PAGE_LINES = 64
"""Overview lines a page; part of the file format.  About 40 KB: OVER of the newest 100 reads one or two pages."""

DOCNO_BITS = 31
LARGEST_DOCNO = (1 << DOCNO_BITS) - 1
"""2,147,483,647: one bit of an entry says whether the document is a child of the group's document."""


class NumberPage(Persistent):
    """Up to PAGE_NUMBERS packed entries."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed

    def __getstate__(self) -> bytes:
        return self.packed

    def __setstate__(self, state: bytes) -> None:
        self.packed = state


class OverviewPage(Persistent):
    """PAGE_LINES overview lines, empty ones for articles that are gone; none contains a line end."""

    __slots__ = ("lines",)

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines

    def __getstate__(self) -> bytes:
        return b"\n".join(self.lines)

    def __setstate__(self, state: bytes) -> None:
        self.lines = state.split(b"\n")


@implementer(IGroupNumbers)
class Group(Persistent):
    """The numbers of one document's newsgroup; the document itself is article 1."""

    __slots__ = ("lines", "low", "missing", "open_end", "paged", "pages", "shifts")

    def __init__(self, docno: int) -> None:
        self.open_end = pack_numbers([docno << 1])
        self.paged = 0
        self.pages: PageTree | None = None
        self.lines: PageTree | None = None
        self.low = 1
        self.missing = 0
        """how many numbers have no article any more"""
        self.shifts: tuple[tuple[int, int], ...] = ()
        """(place, by how much the numbers from there on are greater than their places), after each restore that was
        followed by an article"""

    def __getstate__(self) -> tuple[object, ...]:
        paged = (self.paged, self.pages, self.lines)
        if self.shifts:
            return (self.open_end, *paged, self.low, self.missing, self.shifts)
        if self.missing:
            return (self.open_end, *paged, self.low, self.missing)
        return (self.open_end, *paged) if self.paged else (self.open_end,)

    def __setstate__(self, state: tuple) -> None:
        whole = state + (b"", 0, None, None, 1, 0, ())[len(state):]
        self.open_end, self.paged, self.pages, self.lines, self.low, self.missing, self.shifts = whole

    @property
    def places(self) -> int:
        """How many articles there ever were; the last one's place, counted from 1."""
        return self.paged + len(self.open_end) // OCTETS

    @property
    def high(self) -> int:
        """See IGroupNumbers."""
        return self.places + (self.shifts[-1][1] if self.shifts else 0)

    @property
    def count(self) -> int:
        """See IGroupNumbers."""
        return self.places - self.missing

    def number_of(self, place: int) -> int:
        """Return the number of the article in a place."""
        return place + next((shift for first, shift in reversed(self.shifts) if place >= first), 0)

    def place_from(self, number: int) -> int:
        """Return the place of the article with that number, or of the first one with a greater number."""
        for first, shift in reversed(self.shifts):
            if number >= first + shift:
                return number - shift
            if number > self.number_of(first - 1):
                return first
        return number

    def next_number(self, shift: int) -> int:
        """Return the number that the next article gets; ``shift``: of the numbers given since the last restore."""
        return self.places + 1 + shift

    def append(self, docno: int, is_child: bool, shift: int = 0) -> None:
        """Give the next number to a document."""
        if shift != (self.shifts[-1][1] if self.shifts else 0):
            self.shifts = (*self.shifts, (self.places + 1, shift))
        if len(self.open_end) == OPEN_NUMBERS * OCTETS:
            self._page_open_end()
        self.open_end += (docno << 1 | is_child).to_bytes(OCTETS, "little")

    def remove(self, number: int) -> bool:
        """Take an article out of its number; return whether it is a child of the group's document."""
        place = self.place_from(number)
        index = place - 1
        if index >= self.paged:
            packed, index = self.open_end, index - self.paged
            self.open_end = _without(packed, index)
        else:
            page, index = divmod(index, PAGE_NUMBERS)
            packed = self.pages[page].packed  # type: ignore[index]
            self.pages[page].packed = _without(packed, index)  # type: ignore[index]
        self.missing += 1
        if self.lines is not None and (place - 1) // PAGE_LINES in self.lines:
            page, line = divmod(place - 1, PAGE_LINES)
            lines = self.lines[page].lines
            self.lines[page].lines = [*lines[:line], b"", *lines[line + 1:]]
        if number == self.low:
            self.low = next((present for present, _ in self.between(number, self.high)), self.high + 1)
        return bool(number_at(packed, index) & 1)

    def put_back(self, number: int, is_child: bool, docno: int, line: bytes) -> None:
        """Put an article back that was removed from its number; ``line``: of its overview."""
        place = self.place_from(number)
        index, entry = place - 1, (docno << 1 | is_child).to_bytes(OCTETS, "little")
        if index >= self.paged:
            self.open_end = _with(self.open_end, index - self.paged, entry)
        else:
            page, index = divmod(index, PAGE_NUMBERS)
            self.pages[page].packed = _with(self.pages[page].packed, index, entry)  # type: ignore[index]
        self.missing -= 1
        self.low = min(self.low, number)
        if self.lines is not None and (place - 1) // PAGE_LINES in self.lines:
            page, index = divmod(place - 1, PAGE_LINES)
            lines = self.lines[page].lines
            self.lines[page].lines = [*lines[:index], line, *lines[index + 1:]]

    def _page_open_end(self) -> None:
        if self.pages is None:
            self.pages = PageTree()
        last, filled = divmod(self.paged, PAGE_NUMBERS)
        if filled:
            self.pages[last].packed += self.open_end
        else:
            self.pages[last] = NumberPage(self.open_end)
        self.paged += OPEN_NUMBERS
        self.open_end = b""

    def at(self, number: int) -> int | None:
        """See IGroupNumbers."""
        if not 1 <= number <= self.high:
            return None
        place = number
        if self.shifts:
            place = self.place_from(number)
            if self.number_of(place) != number:
                return None
        index = place - 1
        if index >= self.paged:
            return number_at(self.open_end, index - self.paged) >> 1 or None
        page, index = divmod(index, PAGE_NUMBERS)
        return number_at(self.pages[page].packed, index) >> 1 or None  # type: ignore[index]

    def between(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """See IGroupNumbers."""
        if self.shifts:
            first, last = self.place_from(low), self.place_from(min(high, self.high) + 1) - 1
            for place, entry in self._entries(first, last):
                yield self.number_of(place), entry >> 1
            return
        for number, entry in self._entries(low, high):
            yield number, entry >> 1

    def children(self) -> Iterator[int]:
        """Yield the docnos of the children of the group's document, in order of arrival."""
        for _, entry in self._entries(1, self.places):
            if entry & 1:
                yield entry >> 1

    def _entries(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Yield (place, entry) of the places from low to high inclusive."""
        low, high = max(low, 1), min(high, self.places)
        while low <= high:
            if low > self.paged:
                first, packed = self.paged, self.open_end
            else:
                page = (low - 1) // PAGE_NUMBERS
                first, packed = page * PAGE_NUMBERS, self.pages[page].packed  # type: ignore[index]
            entries = unpack_numbers(packed[(low - 1 - first) * OCTETS:(high - first) * OCTETS])
            yield from ((number, entry) for number, entry in enumerate(entries, low) if entry)
            low += len(entries)


def _without(packed: bytes, index: int) -> bytes:
    return _with(packed, index, bytes(OCTETS))


def _with(packed: bytes, index: int, entry: bytes) -> bytes:
    return packed[:index * OCTETS] + entry + packed[(index + 1) * OCTETS:]


@implementer(IGroupNumbers)
@attrs.frozen
class Unanswered:
    """The numbers of the newsgroup of a document that nobody answered: itself as article 1, nothing stored."""

    docno: int
    low = high = count = 1

    def next_number(self, shift: int) -> int:
        """Return the number that the first answer gets; ``shift``: of the numbers given since the last restore."""
        return 2 + shift

    def at(self, number: int) -> int | None:
        """See IGroupNumbers."""
        return self.docno if number == 1 else None

    def between(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """See IGroupNumbers."""
        if low <= 1 <= high:
            yield 1, self.docno
