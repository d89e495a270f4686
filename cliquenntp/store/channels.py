"""Which channels' sets a node keeps, and which of them a document belongs to.

Each node of the process has sets of its own, of the documents that it holds.  A forum's set is kept from its first
document on, any other from the first time that somebody asks for it.  A new document's ancestors are read from its
parents' records: they name the nearest 32, the thread starters and the roots.  Only where that may not be all (deeper
threads, parents that came late or only to another node) all sets are asked whether they have one of its parents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cliquenntp.store.channel_set import EVER, SUM_MASK, ChannelSet, docno_of, key_of
from cliquenntp.store.classes import Record

_NEAREST_TOLD = 32
"""with fewer numbers than that a record names all its ancestors (newsgroup.placement.NEAREST_GROUPS)"""

_ROOTS_TOLD = 8
"""the same for roots (newsgroup.placement.MOST_ROOTS)"""


def _slot(docno: int, comments: bool) -> int:
    return docno << 1 | comments


class Channels:
    """The channel sets of one node, in one view of the database."""

    def __init__(self, sets: Any, late_tied: Any, archive: Any, holds: Callable[[int], bool]) -> None:
        """``sets`` and ``late_tied`` are kept in the database; ``holds`` tells which documents the node has."""
        self._sets = sets
        self._late_tied = late_tied
        self._archive = archive
        self._holds = holds

    def id_of(self, docno: int) -> bytes:
        """Return a document's id."""
        document_id: bytes = self._archive.record(docno).id
        return document_id

    def _key(self, docno: int) -> int:
        return key_of(self._archive.record(docno).time, docno)

    def kept(self, docno: int, comments: bool) -> ChannelSet | None:
        """Return the set of a held document's channel, or None where it is not kept yet."""
        found: ChannelSet | None = self._sets.get(_slot(docno, comments))
        return found

    def keep(self, docno: int, comments: bool) -> ChannelSet:
        """Make and return the set of a channel; costs a look at each document in it."""
        members = [docno, *self._children(docno)] if comments else self.subtree(docno)
        made = self._sets[_slot(docno, comments)] = self._made_of(members)
        return made

    def sums_hold(self, docno: int) -> bool:
        """Return whether the sums of ids kept for a channel (depth all) are those of its documents; looks at each."""
        members = self.kept(docno, False)
        if members is None:
            return True
        keys = list(members.keys(*EVER))
        total = sum(int.from_bytes(self.id_of(docno_of(key)), "big") for key in keys) & SUM_MASK
        return members.totals(*EVER, self.id_of) == (len(keys), total)

    def of_missing(self, document_id: bytes, comments: bool) -> ChannelSet:
        """Return the set of a channel whose document is not held: those that declare it as a parent, and what is below.

        Made anew each time, because hardly anyone asks.
        """
        docno = self._archive.find(document_id)
        late = self._archive.late_children(document_id) if docno is None else self._archive.children(docno)
        children = [*filter(self._holds, late)]
        return self._made_of(
            children if comments else (below for child in children for below in self.subtree(child))
        )

    def _made_of(self, members: Iterable[int]) -> ChannelSet:
        made = ChannelSet()
        made.fill(sorted({self._key(member) for member in members}), self.id_of)
        return made

    def _children(self, docno: int) -> Iterator[int]:
        return filter(self._holds, self._archive.children(docno))

    def subtree(self, docno: int) -> list[int]:
        """Return the docnos of a document and of all below it that the node holds."""
        seen = {docno: None}
        queue = [docno]
        while queue:
            for child in self._children(queue.pop()):
                if child not in seen:
                    seen[child] = None
                    queue.append(child)
        return list(seen)

    def add(self, record: Record, children: Iterable[int]) -> None:
        """Take a document that the node holds from now on into its channels, and with it what stands below it.

        ``children`` has those that came to the node before it; others in it are passed over.
        """
        docno, key = record.docno, key_of(record.time, record.docno)
        parents, is_told = self._parents(record)
        for parent in parents:
            comments = self.kept(parent, True)
            if comments is not None:
                comments.add(key, self.id_of)
        if not parents:
            self._sets[_slot(docno, False)] = ChannelSet()
        around = [*self._around(parents)] if parents else [self._sets[_slot(docno, False)]]
        for members in around:
            members.add(key, self.id_of)
        if not is_told or any(parent in self._late_tied for parent in parents):
            self._late_tied.add(docno)
        held = filter(self._holds, children)
        entering = dict.fromkeys(below for child in held for below in self.subtree(child))
        for below in entering:
            self._late_tied.add(below)
            for members in around:
                members.add(self._key(below), self.id_of)

    def lose(self, record: Record) -> None:
        """Take a document out whose bytes are lost; what is below it stays in the channels above it."""
        key = key_of(record.time, record.docno)
        for comments in (False, True):
            if self.kept(record.docno, comments) is not None:
                del self._sets[_slot(record.docno, comments)]  # of a channel without its document: made when asked for
        for members in self._sets.values():
            members.remove(key, self.id_of)

    def _parents(self, record: Record) -> tuple[list[int], bool]:
        """Return the docnos of a document's parents that the node holds, and whether its record names these alone."""
        parents = []
        is_told = True
        for declared in record.declared:
            parent = declared if isinstance(declared, int) else self._archive.find(declared)
            is_held = parent is not None and self._holds(parent)
            if is_held:
                parents.append(parent)
            # with a parent that another node has, or that came later, others are named above it or too few
            is_told = is_told and is_held == isinstance(declared, int)
        return parents, is_told

    def names_true(self, record: Record) -> bool:
        """Return whether all whom a record names above its document are above it in what the node holds."""
        return record.docno not in self._late_tied

    def tells_all(self, record: Record) -> bool:
        """Return whether a record names all ancestors of its document and no others."""
        return self.names_true(record) and len(record.roots) < _ROOTS_TOLD and (
            0 < len(record.groups) < _NEAREST_TOLD or (not record.parents and not record.groups)
        )

    def _around(self, parents: Iterable[int]) -> Iterator[ChannelSet]:
        records = [self._archive.record(parent) for parent in parents]
        if not all(self.tells_all(record) for record in records):
            keys = [key_of(record.time, record.docno) for record in records]
            yield from (
                members for slot, members in self._sets.items() if not slot & 1 and any(key in members for key in keys)
            )
            return
        above = {group for record in records for group in record.groups}
        for docno in sorted(above.union(parents)):
            members = self.kept(docno, False)
            if members is not None:
                yield members
