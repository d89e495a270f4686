"""The Persistent classes of a document and of a piece of state.

Their states are tuples, not dictionaries: a record with attribute names in it is 200 octets larger.
"""

from __future__ import annotations

from collections.abc import Iterable

from persistent import Persistent
from zope.interface import implementer

from cliquenntp.interfaces import IRecord
from cliquenntp.store.packing import pack_numbers, unpack_numbers
from cliquenntp.store.trees import GroupTree, LooseTree

_ID_OCTETS = 32


class Octets(Persistent):
    """A document's bytes, apart from its record so that reading an overview never loads them."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def __getstate__(self) -> bytes:
        return self.octets

    def __setstate__(self, state: bytes) -> None:
        self.octets = state


class Piece(Octets):
    """One named value of the network's state."""

    __slots__ = ()


class Shelf(Persistent):
    """What a node of the process has that is not the shared one: documents, channels' sets, late ties."""

    __slots__ = ("channels", "docnos", "late_tied")

    def __init__(self) -> None:
        self.docnos = LooseTree()
        self.channels = GroupTree()
        self.late_tied = LooseTree()

    def __getstate__(self) -> tuple[object, ...]:
        return (self.docnos, self.channels, self.late_tied)

    def __setstate__(self, state: tuple) -> None:
        self.docnos, self.channels, self.late_tied = state


@implementer(IRecord)
class Record(Persistent):
    """What is kept about one document; see IRecord.

    ``overview`` is its overview line, ``message_ids`` the foreign Message-IDs under which it may be found, and
    ``content`` an Octets or a ZODB Blob.  ``declared`` are the parents as the document names them: the docnos of those
    held at its arrival, the ids of the others.
    """

    __slots__ = (
        "_numbers", "_references", "arrived", "author", "content", "declared", "depth", "docno", "id", "message_ids",
        "name", "overview", "parents", "roots", "size", "starters", "subject", "time",
    )

    def __init__(
        self, *, docno: int, id: bytes, author: bytes, time: int, arrived: int, parents: tuple[int, ...],
        declared: tuple[int | bytes, ...], depth: int,
        roots: tuple[int, ...], starters: tuple[int, ...], name: str, subject: str,
        numbers: Iterable[tuple[int, int]], references: tuple[bytes, ...], message_ids: tuple[bytes, ...], size: int,
        overview: bytes, content: object,
    ) -> None:
        self.docno = docno
        self.id = id
        self.author = author
        self.time = time
        self.arrived = arrived
        self.parents = parents
        self.declared = declared
        self.depth = depth
        self.roots = roots
        self.starters = starters
        self.name = name
        self.subject = subject
        self._numbers = pack_numbers(value for pair in numbers for value in pair)
        self._references = b"".join(references)
        self.message_ids = message_ids
        self.size = size
        self.overview = overview
        self.content = content

    @property
    def numbers(self) -> tuple[tuple[int, int], ...]:
        """See IRecord."""
        values = unpack_numbers(self._numbers)
        return tuple(zip(values[::2], values[1::2], strict=True))

    def renumber(self, numbers: Iterable[tuple[int, int]]) -> None:
        """Put other numbers in the place of those given."""
        self._numbers = pack_numbers(value for pair in numbers for value in pair)

    @property
    def groups(self) -> tuple[int, ...]:
        """See IRecord."""
        return unpack_numbers(self._numbers)[::2]

    @property
    def references(self) -> tuple[bytes, ...]:
        """See IRecord."""
        packed = self._references
        return tuple(packed[start:start + _ID_OCTETS] for start in range(0, len(packed), _ID_OCTETS))

    def __getstate__(self) -> tuple[object, ...]:
        return (
            self.docno, self.id, self.author, self.time, self.arrived, self.parents, self.declared, self.depth,
            self.roots, self.starters, self.name, self.subject, self._numbers, self._references, self.message_ids,
            self.size, self.overview, self.content,
        )

    def __setstate__(self, state: tuple) -> None:
        (
            self.docno, self.id, self.author, self.time, self.arrived, self.parents, self.declared, self.depth,
            self.roots, self.starters, self.name, self.subject, self._numbers, self._references, self.message_ids,
            self.size, self.overview, self.content,
        ) = state
