"""Ready lines about a newsgroup's articles (overview, one header field, numbers) in pages of so many article numbers.

A page says up to which number its newsgroup reached when it was made: a page whose numbers were all given out stays
true, the open one until the newsgroup grows.  It also says how many numbers below that had no article: when articles
go (expiry, cancel) there are more.  So nobody has to tell pages what changed, and an arriving article costs nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

import attrs

from cliquenntp.interfaces import IArchive, Newsgroup
from cliquenntp.newsgroup.caches import SizedCache

PAGE_OCTETS = 32 << 20
"""Memory for pages, unless said otherwise: the overview of 60,000 articles, more than a few dozen people look at in a
day."""

RENDERED_A_PAGE = 20
"""For header fields that are in no overview line: each article is loaded and rendered, 70 microseconds."""

ARTICLES_A_PAGE = 64
"""As many as the database has on a page, so that a window that nobody asked for lately loads no more than it must.
Overview lines have 470 to 690 octets, so a page is a chunk of 30 to 45 KB."""

NUMBERS_A_PAGE = 4000
"""For LISTGROUP, whose lines have 3 to 8 octets."""

CHUNK_OCTETS = 16 << 10
"""Smaller pages are joined to chunks of about this size: each costs its consumer a write."""

MOST_GATHERED = 2
"""Pages joined to one chunk: each may take a millisecond to make, and nobody else is served before the chunk is out."""

_PAGE_OVERHEAD = 300
"""octets of the Python objects of a page, measured with sys.getsizeof"""

Lines = Iterable[tuple[int, bytes]]


@attrs.frozen
class Page:
    """Ready lines of consecutive article numbers, some of which may be missing."""

    numbers: array[int]
    ends: array[int]
    """where each line ends in ``octets``"""
    octets: bytes
    reached: int
    """the newsgroup's high water mark when the page was made"""
    missing: int
    """how many numbers up to there had no article"""

    def between(self, low: int, high: int) -> bytes:
        """Return the lines of the articles from low to high inclusive."""
        numbers = self.numbers
        if not numbers:
            return b""
        if low <= numbers[0] and high >= numbers[-1]:
            return self.octets
        first, behind = bisect_left(numbers, low), bisect_right(numbers, high)
        if first >= behind:
            return b""
        return self.octets[self.ends[first - 1] if first else 0 : self.ends[behind - 1]]


def page_of(lines: Lines, group: Newsgroup) -> Page:
    """Return a page of (number, ready line) pairs."""
    numbers, parts = zip(*found, strict=True) if (found := tuple(lines)) else ((), ())
    ends = array("Q", accumulate(map(len, parts)))
    return Page(array("Q", numbers), ends, b"".join(parts), group.high, group.high - group.count)


class Pages:
    """The pages of all newsgroups, kept up to ``limit`` octets."""

    def __init__(self, archive: IArchive, limit: int) -> None:
        self._archive = archive
        self._pages: SizedCache[tuple[int, bytes, int], Page] = SizedCache(limit)

    def forget(self) -> None:
        """Make all pages anew when they are next asked for."""
        self._pages.clear()

    def lines(
        self, group: Newsgroup, kind: bytes, size: int, low: int, high: int, make: Callable[[int, int], Lines]
    ) -> Iterator[bytes]:
        """Yield the ready lines of the articles from low to high inclusive, a chunk for each page.

        ``kind`` names what the lines tell, ``size`` is how many numbers are a page, and ``make(low, high)`` makes a
        page's lines.
        """
        low, high = max(low, group.low), min(high, group.high)
        while low <= high:
            index = (low - 1) // size
            page = self.page(group, kind, size, index, make)
            lines = page.between(low, high)
            if lines:
                yield lines
            low = (index + 1) * size + 1
            if not page.numbers:  # numbers may have a gap of a million: jump to the next one given out
                low = next((number for number, _ in self._archive.numbers(group.docno).between(low, high)), high + 1)

    def page(
        self, group: Newsgroup, kind: bytes, size: int, index: int, make: Callable[[int, int], Lines]
    ) -> Page:
        """Return a page, made anew unless it is kept and still true."""
        key = (group.docno, kind, index)
        page = self._pages.get(key)
        last = (index + 1) * size
        if page is None or page.reached < min(last, group.high) or page.missing != group.high - group.count:
            page = page_of(make(index * size + 1, min(last, group.high)), group)
            octets = len(page.octets) + 16 * len(page.numbers) + _PAGE_OVERHEAD
            self._pages.keep(key, page, octets)
        return page


def gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield chunks joined to ones of about CHUNK_OCTETS, at most MOST_GATHERED; an empty one gives others a turn."""
    parts: list[bytes] = []
    octets = 0
    for chunk in chunks:
        if not parts and len(chunk) >= CHUNK_OCTETS:
            yield chunk
            continue
        parts.append(chunk)
        octets += len(chunk)
        if octets >= CHUNK_OCTETS or len(parts) == MOST_GATHERED:
            yield b"".join(parts)
            parts.clear()
            octets = 0
    if parts:
        yield b"".join(parts)
