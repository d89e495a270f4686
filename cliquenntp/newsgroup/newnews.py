"""NEWNEWS (RFC 3977 section 7.4): Message-IDs of the articles that came since a time to matching newsgroups."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from itertools import islice

from cliquenntp.interfaces import IArchive, IWildmat, Newsgroup
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.listing import LISTING_OCTETS, Chunk, Listing
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.pages import Lines, Pages, gathered
from cliquenntp.newsgroup.retraction import is_shown

IDS_A_PAGE = 60
"""Message-ID lines have 71 octets: a page has 4 KB, and is made in 2 ms where its records must be loaded."""

DOCUMENTS_A_STEP = 64
"""documents whose newsgroups are looked at before others get their turn: 3 ms where their records must be loaded"""

COMMON_GROUPS_KEPT = 2_000
"""Chunks of 2,048 documents of which the common newsgroups are kept: 4 million documents."""

Shows = Callable[[int], bool]
"""tells by docno whether something is shown"""


class NewArticles:
    """Ready Message-ID lines of all documents in order of arrival, and by newsgroup."""

    def __init__(
        self, archive: IArchive, pages: Pages, shows: Shows | None = None, shows_group: Shows | None = None,
        limit: int = LISTING_OCTETS,
    ) -> None:
        """``shows`` tells which documents are listed, ``shows_group`` which of their newsgroups count; None: all."""
        self._archive = archive
        self._pages = pages
        self._shows = shows
        self._shows_group = shows_group
        self._ids = Listing(archive, self._listed, limit)
        self._common: SizedCache[tuple[int, int, int], frozenset[int]] = SizedCache(COMMON_GROUPS_KEPT)

    def changed(self, docnos: Iterable[int]) -> None:
        """Make the lines of these documents anew: they are gone, or stand where they did not."""
        self._ids.changed(docnos)

    def forget(self) -> None:
        """Make all lines anew: what has changed is not known."""
        self._ids.forget()
        self._common.clear()

    def matching(
        self, seconds: int, wildmat: IWildmat | None, newsgroup: Callable[[bytes], Newsgroup | None]
    ) -> Iterator[bytes]:
        """Yield chunks of lines of the articles that came at or after a time (seconds since 1970 UTC).

        ``newsgroup`` gives the newsgroup that a literal wildmat names.
        """
        literal = None if wildmat is None else wildmat.literal
        if literal is None:
            return self._since(seconds, wildmat)
        group = newsgroup(literal)
        return iter(()) if group is None else self.in_group(seconds, group)

    def _since(self, seconds: int, wildmat: IWildmat | None) -> Iterator[bytes]:
        first = next(iter(self._archive.arrived_since(seconds)), None)
        if first is None:
            return iter(())
        chunks = self._ids.chunks(first)
        if wildmat is None:
            return gathered(chunk.octets for chunk in chunks)
        return self._posted_in(_GroupMatch(self._archive, wildmat, self._shows_group), chunks)

    def in_group(self, seconds: int, group: Newsgroup) -> Iterator[bytes]:
        """Yield chunks of lines of the articles of one newsgroup that came at or after a time."""
        first = next(iter(self._archive.arrived_since(seconds)), None)
        if first is None:
            return iter(())
        low = self._first_number(group, first)
        make = partial(self._group_lines, group.docno)
        return gathered(self._pages.lines(group, b"message-id line", IDS_A_PAGE, low, group.high, make))

    def _first_number(self, group: Newsgroup, first: int) -> int:
        """Return the least article number of a newsgroup that was given when ``first`` (docno) came, or later."""
        numbers = self._archive.numbers(group.docno)
        low, high = group.low, group.high + 1
        while low < high:
            middle = (low + high) // 2
            number, docno = next(iter(numbers.between(middle, group.high)), (high, first))
            if self._archive.stood_from(docno, group.docno) >= first:
                high = middle
            else:
                low = number + 1
        return low

    def _group_lines(self, group: int, low: int, high: int) -> Lines:
        for number, docno in self._archive.numbers(group).between(low, high):
            yield number, message_id_of(self._archive.record(self._archive.shown(docno)).id) + b"\r\n"

    def _listed(self, docno: int) -> bytes | None:
        return self._id_line(docno) if self._shows is None or self._shows(docno) else None

    def _id_line(self, docno: int) -> bytes | None:
        record = self._archive.record(docno)
        if self._archive.gone(docno) or not is_shown(docno, self._archive):
            return None
        return message_id_of(record.id) + b"\r\n"

    def _posted_in(self, match: _GroupMatch, chunks: Iterator[Chunk]) -> Iterator[bytes]:
        for chunk in chunks:
            if not chunk.docnos:
                yield b""
                continue
            common = yield from self._common_groups(chunk)
            if match.any(common):  # as when its documents are all of one forum that matches
                yield chunk.octets
                continue
            lines = zip(chunk.docnos, chunk.lines(), strict=True)
            while some := tuple(islice(lines, DOCUMENTS_A_STEP)):
                yield b"".join([line for docno, line in some if match.any(_groups_of(self._archive, docno))])

    def _common_groups(self, chunk: Chunk) -> Generator[bytes, None, frozenset[int]]:
        """Return the docnos of the newsgroups in which all documents of a chunk stand; yields nothing in between."""
        key = chunk.docnos[0], chunk.docnos[-1], len(chunk.docnos)
        common = self._common.get(key)
        if common is None:
            docnos = iter(chunk.docnos)
            common = frozenset(self._archive.record(chunk.docnos[0]).roots)
            while common and (some := tuple(islice(docnos, DOCUMENTS_A_STEP))):
                common = common.intersection(*(_groups_of(self._archive, docno) for docno in some))
                yield b""
            self._common.keep(key, common)
        return common


def _groups_of(archive: IArchive, docno: int) -> tuple[int, ...]:
    return (docno, *archive.record(docno).groups)


class _GroupMatch:
    """Which newsgroups a wildmat selects, each looked at once."""

    def __init__(self, archive: IArchive, wildmat: IWildmat, shows_group: Shows | None) -> None:
        self._archive = archive
        self._wildmat = wildmat
        self._shows_group = shows_group
        self._known: dict[int, bool] = {}

    def any(self, groups: tuple[int, ...] | frozenset[int]) -> bool:
        """Tell whether one of the newsgroups (docnos) is selected."""
        known = self._known
        for group in groups:
            matches = known.get(group)
            if matches is None:
                matches = known[group] = self._matches(group)
            if matches:
                return True
        return False

    def _matches(self, group: int) -> bool:
        shown = self._shows_group is None or self._shows_group(group)
        return shown and self._wildmat.matches(self._archive.record(group).name.encode("ascii"))
