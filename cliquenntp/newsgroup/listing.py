"""Ready lines about all documents, in chunks of consecutive docnos, for LIST ACTIVE and NEWNEWS.

A chunk is made again only when something in it changed, and then only the lines that changed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, takewhile

import attrs

from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.caches import SizedCache

LISTING_OCTETS = 24 << 20
"""Memory for one listing: LIST ACTIVE of 300,000 newsgroups."""

DOCUMENTS_A_CHUNK = 256
"""Some 16 KB of lines; making one anew loads 256 records, 2 ms at worst."""

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


def docnos_from(archive: IArchive, first: int) -> Iterator[int]:
    """Yield the docnos of ``first`` or more, ascending, also while the archive moves forward meanwhile.

    What ``since`` returns may look into the database as it goes and end early when that changes, so it is never left
    half read.
    """
    while docnos := tuple(islice(archive.since(first - 1), DOCUMENTS_A_CHUNK)):
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

    def changed(self, docnos: Iterable[int]) -> None:
        """Make the lines of these documents anew when they are next asked for."""
        for docno in docnos:
            index = (docno - 1) // DOCUMENTS_A_CHUNK
            if index in self._chunks:
                self._changed.setdefault(index, set()).add(docno)

    def chunks(self, first: int = 1) -> Iterator[Chunk]:
        """Yield chunks with the lines of the documents with a docno of ``first`` or more, ascending.

        A chunk is empty where no document is listed: others get their turn while many are looked at.
        """
        index = (first - 1) // DOCUMENTS_A_CHUNK
        while index * DOCUMENTS_A_CHUNK < self._archive.newest():
            chunk = self._chunk(index)
            if chunk.docnos and chunk.docnos[0] < first:
                keep = bisect_left(chunk.docnos, first)
                chunk = Chunk(chunk.docnos[keep:], b"".join(chunk.lines()[keep:]), chunk.newest)
            yield chunk
            index += 1

    def _chunk(self, index: int) -> Chunk:
        chunk = self._chunks.get(index)
        changed = self._changed.pop(index, None)
        newest = self._archive.newest()
        last = (index + 1) * DOCUMENTS_A_CHUNK
        if chunk is not None and changed is None and chunk.newest >= min(last, newest):
            return chunk
        lines: dict[int, bytes] = {}
        known = index * DOCUMENTS_A_CHUNK
        if chunk is not None:
            lines = dict(zip(chunk.docnos, chunk.lines(), strict=True))
            known = min(chunk.newest, last)
        arrived = takewhile(lambda docno: docno <= last, self._archive.since(known))
        for docno in (*(changed or ()), *arrived):
            line = self._line(docno)
            if line is not None:
                lines[docno] = line
            else:
                lines.pop(docno, None)
        docnos = sorted(lines)
        chunk = Chunk(array("I", docnos), b"".join(map(lines.__getitem__, docnos)), newest)
        self._chunks.keep(index, chunk, len(chunk.octets) + _CHUNK_OVERHEAD)
        return chunk
