"""The documents as the clique core sees them: IDocuments over the archive and its channel sets."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from itertools import groupby
from typing import Any

import attrs
from zope.interface import implementer

from cliquenntp.interfaces import SHARED, IDocuments, IDocumentSet, Place
from cliquenntp.store.channel_set import ChannelSet, bound_of, docno_of, key_of
from cliquenntp.store.channels import Channels
from cliquenntp.store.groups import DOCNO_BITS


@implementer(IDocuments)
class StoredDocuments:
    """What one node of the process holds; for the writer's thread, within its transaction.  Methods as IDocuments says.

    ``store`` is called for each document that the core takes in and that is not held; it has to store it
    (Writer.store, or Writer.hold where another node brought it).
    """

    def __init__(
        self, writer: Any, store: Callable[[Place], object], node: int = SHARED,
        why_withheld: Callable[[int], str] = lambda docno: "",
    ) -> None:
        """``why_withheld`` tells of a document, by its docno, why others do not get it though it is kept, if so."""
        self._writer = writer
        self._store = store
        self._node = node
        self._why_withheld = why_withheld

    def _find(self, document_id: bytes) -> int | None:
        docno: int | None = self._writer.find(document_id)
        return docno if docno is not None and self._writer.holds(self._node, docno) else None

    def contains(self, document_id: bytes) -> bool:
        """See IDocuments."""
        return self._find(document_id) is not None

    def add(self, place: Place) -> None:
        """See IDocuments; it is stored at once, in the transaction that is under way."""
        if not self.contains(place.id):
            self._store(place)

    def _docno(self, document_id: bytes) -> int:
        docno = self._find(document_id)
        if docno is None:
            raise KeyError(document_id)
        return docno

    def find(self, prefix: bytes) -> tuple[bytes, ...]:
        """See IDocuments."""
        return tuple(filter(self.contains, self._writer.ids_starting_with(prefix)))

    def time(self, document_id: bytes) -> int:
        """See IDocuments."""
        return self._writer.record(self._docno(document_id)).time

    def parents(self, document_id: bytes) -> tuple[bytes, ...]:
        """See IDocuments."""
        return self._writer.place(self._docno(document_id)).parents

    def author(self, document_id: bytes) -> bytes:
        """See IDocuments."""
        author: bytes = self._writer.record(self._docno(document_id)).author
        return author

    def below(self, document_id: bytes, ancestor: bytes) -> bool:
        """See IDocuments."""
        docno, above = self._find(document_id), self._find(ancestor)
        if docno is None:
            return False
        if document_id == ancestor:
            return True
        if above is None:
            return self._leads_to(docno, ancestor)
        record = self._writer.record(docno)
        channels = self._writer.holdings.of(self._node)
        members = channels.kept(above, False)
        if members is not None:
            return key_of(record.time, docno) in members
        if channels.names_true(record) and (above in record.roots or above in record.groups):
            return True
        return not channels.tells_all(record) and self._leads_to(docno, ancestor)

    def above(self, document_ids: Iterable[bytes]) -> Container[bytes]:
        """See IDocuments."""
        ids = tuple(document_ids)
        told = set(ids)
        channels = self._writer.holdings.of(self._node)
        for docno in filter(None, map(self._find, ids)):
            record = self._writer.record(docno)
            if not channels.tells_all(record):
                return _Above(self, ids)
            for ancestor in (docno, *record.groups):
                record = self._writer.record(ancestor)
                told.add(record.id)
                told.update(parent for parent in record.declared if isinstance(parent, bytes))
        return told

    def _leads_to(self, docno: int, ancestor: bytes) -> bool:
        """Follow all chains of declared parents upward."""
        seen = {docno}
        queue = [docno]
        while queue:
            for parent in self._writer.record(queue.pop()).declared:
                held = self._writer.find(parent) if isinstance(parent, bytes) else parent
                if parent == ancestor or (held is not None and self._writer.record(held).id == ancestor):
                    return True
                if held is not None and held not in seen and self._writer.holds(self._node, held):
                    seen.add(held)
                    queue.append(held)
        return False

    def forget(self, document_id: bytes, why: str) -> None:
        """See IDocuments."""
        self._writer.drop(self._docno(document_id), why)

    def gone(self, document_id: bytes) -> str:
        """See IDocuments."""
        docno = self._find(document_id)
        return "" if docno is None else self._writer.gone(docno) or self._why_withheld(docno)

    def channel(self, document_id: bytes, comments: bool) -> StoredChannel:
        """See IDocuments."""
        return StoredChannel(self._writer, document_id, comments, self._node)


@attrs.frozen
class _Above:
    """What is above documents whose records may not name all of it."""

    _documents: StoredDocuments
    _ids: tuple[bytes, ...]

    def __contains__(self, ancestor: object) -> bool:
        return ancestor in self._ids or any(self._documents.below(one, ancestor) for one in self._ids)  # type: ignore[arg-type]


@implementer(IDocumentSet)
@attrs.frozen
class StoredChannel:
    """One channel's set, looked up when it is asked; methods as IDocumentSet says."""

    _writer: Any
    _document_id: bytes
    _comments: bool
    _node: int

    @property
    def _channels(self) -> Channels:
        found: Channels = self._writer.holdings.of(self._node)
        return found

    def _members(self) -> ChannelSet:
        docno = self._writer.find(self._document_id)
        if docno is None or not self._writer.holds(self._node, docno):
            return self._channels.of_missing(self._document_id, self._comments)
        members: ChannelSet = self._writer.channel(docno, self._comments, self._node)
        return members

    def _totals(self, low: int, high: int) -> tuple[int, int]:
        return self._members().totals(bound_of(low), bound_of(high), self._channels.id_of)

    def count(self, low: int, high: int) -> int:
        """See IDocumentSet."""
        return self._totals(low, high)[0]

    def fingerprint(self, low: int, high: int) -> int:
        """See IDocumentSet."""
        return self._totals(low, high)[1]

    def items(self, low: int, high: int) -> Iterator[tuple[int, bytes]]:
        """See IDocumentSet."""
        # keys order documents of one second by arrival; the door orders them by id
        for time, keys in groupby(
            self._members().keys(bound_of(low), bound_of(high)), lambda key: key >> DOCNO_BITS
        ):
            for document_id in sorted(self._channels.id_of(docno_of(key)) for key in keys):
                yield time, document_id

    def newest(self) -> int:
        """See IDocumentSet."""
        return self._members().largest() >> DOCNO_BITS
