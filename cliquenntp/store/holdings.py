"""What each node of the process holds: the documents are stored once, and who has which is told here.

The shared node has all but the few that are named in ``elsewhere``; every other node has what lies on its shelf.  A
node answers from its own holding alone, so nothing that it says to others tells what another node of the process has.
"""

from __future__ import annotations

from typing import Any

from cliquenntp.interfaces import NOBODY, SHARED
from cliquenntp.store.channels import Channels
from cliquenntp.store.classes import Record, Shelf


class Holdings:
    """The holdings of one view of the database, by node."""

    def __init__(self, root: Any, archive: Any) -> None:
        self._archive = archive
        self._elsewhere = root["elsewhere"]
        self._shelves = root["shelves"]
        self.shared = Channels(root["channels"], root["late_tied"], archive, self._is_shared)

    def _is_shared(self, docno: int) -> bool:
        return docno not in self._elsewhere

    def has(self, node: int, docno: int) -> bool:
        """Tell whether a node holds a document that is stored; of NOBODY, whether none does."""
        if node == SHARED:
            return docno not in self._elsewhere
        if node == NOBODY:
            return docno in self._elsewhere and not any(docno in shelf.docnos for shelf in self._shelves.values())
        shelf = self._shelves.get(node)
        return shelf is not None and docno in shelf.docnos

    def of(self, node: int) -> Channels:
        """Return the channels of what a node holds."""
        if node == SHARED:
            return self.shared
        shelf = self._shelves.get(node) or Shelf()
        return Channels(shelf.channels, shelf.late_tied, self._archive, shelf.docnos.__contains__)

    def all(self) -> list[Channels]:
        """Return the channels of every node that ever held something, the shared one's first."""
        return [self.shared, *map(self.of, self._shelves)]

    def lose(self, record: Record) -> None:
        """Note that no node holds a document any more, because its bytes are lost.  For the writer."""
        for channels in self.all():
            channels.lose(record)
        for shelf in self._shelves.values():
            if record.docno in shelf.docnos:
                shelf.docnos.remove(record.docno)
        self._elsewhere.insert(record.docno)

    def count(self, node: int) -> int:
        """Return how many documents a node holds."""
        if node == SHARED:
            return int(self._archive.newest()) - len(self._elsewhere)
        return len(self._shelves[node].docnos) if node in self._shelves else 0

    def take(self, node: int, docno: int, is_new: bool) -> Channels | None:
        """Note that a node holds a document from now on; return its channels, for that to be taken into them.

        None for NOBODY, who has none.  ``is_new``: it is just being stored.  For the writer.
        """
        if node == SHARED:
            if not is_new:
                self._elsewhere.remove(docno)
            return self.shared
        if is_new:
            self._elsewhere.add(docno)
        if node == NOBODY:
            return None
        if node not in self._shelves:
            self._shelves[node] = Shelf()
        self._shelves[node].docnos.add(docno)
        return self.of(node)
