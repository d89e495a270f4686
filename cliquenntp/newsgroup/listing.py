"""Ready lines about all documents, in chunks of consecutive docnos, for LIST ACTIVE and NEWNEWS.

A chunk is made again only when something in it changed, and then only the lines that changed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice, takewhile

import attrs

from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.caches import SizedCache

LISTING_OCTETS = 24 << 20
"""Memory for one listing: LIST ACTIVE of 300,000 newsgroups."""

DOCUMENTS_A_CHUNK = 2048
"""Some 125 KB of lines, which one call of a session says as they are (OUTPUT_STEP); in chunks of 256, LIST ACTIVE of
100,000 newsgroups took 2.5 ms of the node's own time instead of 0.3."""

DOCUMENTS_A_SLICE = 16
"""Of a chunk made from nothing so many before others get their turn: each loads a record and a group, 1 to 2 ms."""

DOCNOS_AT_ONCE = 256
"""that are read before somebody does something with them"""

_CHUNK_OVERHEAD = 4 * DOCUMENTS_A_CHUNK + 300
"""octets of a chunk's Python objects beside its lines"""


@attrs.frozen
class Chunk:
    """The lines of documents with consecutive docnos, all with a line end."""

    docnos: array[int]
    octets: bytes
    newest: int
    """the archive's newest docno when the chunk was made"""

    def lines(self) -> list[bytes]:
        """Return the lines one by one."""
        return self.octets.splitlines(keepends=True)


_NOTHING = Chunk(array("I"), b"", 0)


def docnos_from(archive: IArchive, first: int) -> Iterator[int]:
    """Yield the docnos of ``first`` or more, ascending, also while the archive moves forward meanwhile.

    What ``since`` returns may look into the database as it goes and end early when that changes, so it is never left
    half read.
    """
    while docnos := tuple(islice(archive.since(first - 1), DOCNOS_AT_ONCE)):
        yield from docnos
        first = docnos[-1] + 1


class Listing:
    """One line a document; ``line(docno)`` makes it, None where the document shall not be listed."""

    def __init__(
        self, archive: IArchive, line: Callable[[int], bytes | None], limit: int = LISTING_OCTETS
    ) -> None:
        self._archive = archive
        self._line = line
        self._chunks: SizedCache[int, Chunk] = SizedCache(limit)
        self._changed: dict[int, set[int]] = {}
        self._made_meanwhile: dict[int, list[set[int]]] = {}
        """by chunk, of each that is being made, the documents that changed since it was begun"""
        self._forgotten = 0
        """how often everything was forgotten: what is being made meanwhile is not kept"""

    def forget(self) -> None:
        """Make all lines anew when they are next asked for."""
        self._chunks.clear()
        self._changed.clear()
        self._forgotten += 1

    def changed(self, docnos: Iterable[int]) -> None:
        """Make the lines of these documents anew when they are next asked for."""
        for docno in docnos:
            index = (docno - 1) // DOCUMENTS_A_CHUNK
            if index in self._chunks:
                self._changed.setdefault(index, set()).add(docno)
            for changed in self._made_meanwhile.get(index, ()):
                changed.add(docno)

    def chunks(self, first: int = 1) -> Iterator[Chunk]:
        """Yield chunks with the lines of the documents with a docno of ``first`` or more, ascending.

        A chunk is empty where no document is listed, and while one is being made: others get their turn.
        """
        index = (first - 1) // DOCUMENTS_A_CHUNK
        while index * DOCUMENTS_A_CHUNK < self._archive.newest():
            chunk = self._kept(index) or (yield from self._made(index))
            if chunk.docnos and chunk.docnos[0] < first:
                keep = bisect_left(chunk.docnos, first)
                chunk = Chunk(chunk.docnos[keep:], b"".join(chunk.lines()[keep:]), chunk.newest)
            yield chunk
            index += 1

    def _made(self, index: int) -> Generator[Chunk, None, Chunk]:
        """Make a chunk from nothing, and return it; yields empty ones in between."""
        last = (index + 1) * DOCUMENTS_A_CHUNK
        known = index * DOCUMENTS_A_CHUNK
        lines: dict[int, bytes] = {}
        changed: set[int] = set()
        others = self._made_meanwhile.setdefault(index, [])
        others.append(changed)
        forgotten = self._forgotten
        try:
            while docnos := tuple(islice(self._since(known, last), DOCUMENTS_A_SLICE)):
                self._make_lines(lines, docnos)
                known = docnos[-1]
                yield _NOTHING
            self._make_lines(lines, changed)
        finally:
            others[:] = [other for other in others if other is not changed]
            if not others:
                self._made_meanwhile.pop(index, None)
        return self._keep(index, lines) if forgotten == self._forgotten else self._chunk(lines)

    def _kept(self, index: int) -> Chunk | None:
        """Return a chunk that is kept, brought up to date; None where there is none."""
        chunk = self._chunks.get(index)
        changed = self._changed.pop(index, ())
        if chunk is None:
            return None
        last = (index + 1) * DOCUMENTS_A_CHUNK
        if not changed and chunk.newest >= min(last, self._archive.newest()):
            return chunk
        lines = dict(zip(chunk.docnos, chunk.lines(), strict=True))
        self._make_lines(lines, (*changed, *self._since(min(chunk.newest, last), last)))
        return self._keep(index, lines)

    def _since(self, known: int, last: int) -> Iterator[int]:
        return takewhile(lambda docno: docno <= last, self._archive.since(known))

    def _make_lines(self, lines: dict[int, bytes], docnos: Iterable[int]) -> None:
        for docno in docnos:
            line = self._line(docno)
            if line is not None:
                lines[docno] = line
            else:
                lines.pop(docno, None)

    def _chunk(self, lines: dict[int, bytes]) -> Chunk:
        docnos = sorted(lines)
        return Chunk(array("I", docnos), b"".join(map(lines.__getitem__, docnos)), self._archive.newest())

    def _keep(self, index: int, lines: dict[int, bytes]) -> Chunk:
        chunk = self._chunk(lines)
        self._chunks.keep(index, chunk, len(chunk.octets) + _CHUNK_OVERHEAD)
        return chunk
