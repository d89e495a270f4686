"""The waiting room: documents that came before their first parent, in memory, a bounded number for each link.

A document is stored only when its first parent is held.  Until then it waits here and the parent is asked for on the
link that brought it.  What finds no room is not lost: comparing sets with any peer brings it again.
"""

from __future__ import annotations

import attrs

from cliquenntp.document import Document


@attrs.frozen
class WaitingLimits:
    """Bounds for each link, so that a peer that sends orphans for ever takes room from itself alone."""

    documents: int = 1000
    """more than a burst of replies that overtakes its thread; a longer gap is a matter of comparing sets"""

    octets: int = 4 * 1024 * 1024
    """four of the largest documents; 20 such links take an eighth of the memory that a node may use"""

    seconds: float = 600.0
    """a parent that is asked for comes within a minute or two even over I2P, or the link that knew it is gone"""


@attrs.define
class _Room:
    """What waits on one link."""

    documents: dict[bytes, tuple[Document, float]] = attrs.field(factory=dict)
    """by id, in order of arrival, with the time of arrival"""
    octets: int = 0


class WaitingRoom:
    """Documents by the link that brought them and by the parent that they wait for; ``now`` is monotonic seconds."""

    def __init__(self, limits: WaitingLimits | None = None) -> None:
        self._limits = limits or WaitingLimits()
        self._rooms: dict[int, _Room] = {}
        self._by_parent: dict[bytes, dict[tuple[int, bytes], None]] = {}

    def add(self, link: int, document: Document, now: float) -> bool:
        """Let a document that has a parent wait; return whether it waits (False: the link's room is full)."""
        room = self._rooms.setdefault(link, _Room())
        if document.id in room.documents:
            return True
        if (
            len(room.documents) >= self._limits.documents
            or room.octets + len(document.raw) > self._limits.octets
        ):
            return False
        room.documents[document.id] = document, now
        room.octets += len(document.raw)
        self._by_parent.setdefault(document.parents[0], {})[link, document.id] = None
        return True

    def take(self, parent: bytes) -> list[tuple[int, Document]]:
        """Remove and return what waited for a document that is held now: (link, document), each document once."""
        taken: dict[bytes, tuple[int, Document]] = {}
        for link, document_id in list(self._by_parent.get(parent, ())):
            document = self._remove(link, document_id)
            taken.setdefault(document_id, (link, document))
        return list(taken.values())

    def drop(self, link: int) -> None:
        """Forget what waits on a link that has ended."""
        room = self._rooms.get(link)
        for document_id in list(room.documents) if room is not None else ():
            self._remove(link, document_id)

    def expire(self, now: float) -> list[tuple[int, Document]]:
        """Remove and return what has waited too long: (link, document)."""
        expired: list[tuple[int, Document]] = []
        for link, room in list(self._rooms.items()):
            for document_id, (_, since) in list(room.documents.items()):
                if now - since < self._limits.seconds:
                    break  # those behind it came later
                expired.append((link, self._remove(link, document_id)))
        return expired

    def __len__(self) -> int:
        return sum(len(room.documents) for room in self._rooms.values())

    def _remove(self, link: int, document_id: bytes) -> Document:
        room = self._rooms[link]
        document, _ = room.documents.pop(document_id)
        room.octets -= len(document.raw)
        if not room.documents:
            del self._rooms[link]
        siblings = self._by_parent[document.parents[0]]
        del siblings[link, document_id]
        if not siblings:
            del self._by_parent[document.parents[0]]
        return document
