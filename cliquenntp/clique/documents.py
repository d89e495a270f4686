"""The documents a node holds, in memory: the plain form of `IDocuments`, for tests and simulation."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from zope.interface import implementer

from cliquenntp.interfaces import IDocuments, IDocumentSet, Place

MODULUS_MASK = (1 << 256) - 1


@implementer(IDocumentSet)
class DocumentSet:
    """One channel's documents: a sorted list with running sums, both cheap to extend at the end."""

    __slots__ = ("_keys", "_sums")

    def __init__(self) -> None:
        self._keys: list[tuple[int, bytes]] = []
        self._sums: list[int] = [0]
        """_sums[i]: the sum of the first i ids; may be shorter than the keys, never wrong"""

    def insert(self, time: int, document_id: bytes) -> None:
        """Take one document in, once."""
        key = (time, document_id)
        keys = self._keys
        if not keys or key > keys[-1]:
            keys.append(key)
            return
        index = bisect_left(keys, key)
        if keys[index] != key:
            insort(keys, key)
            del self._sums[index + 1:]

    def _sum(self, index: int) -> int:
        sums = self._sums
        while len(sums) <= index:
            number = int.from_bytes(self._keys[len(sums) - 1][1], "big")
            sums.append((sums[-1] + number) & MODULUS_MASK)
        return sums[index]

    def _bounds(self, low: int, high: int) -> tuple[int, int]:
        first = bisect_left(self._keys, (low, b""))
        last = bisect_left(self._keys, (high, b""))
        return first, max(first, last)

    def count(self, low: int, high: int) -> int:
        """Return how many documents lie between the bounds."""
        first, last = self._bounds(low, high)
        return last - first

    def fingerprint(self, low: int, high: int) -> int:
        """Return the sum of the ids between the bounds modulo 2**256."""
        first, last = self._bounds(low, high)
        return (self._sum(last) - self._sum(first)) & MODULUS_MASK

    def items(self, low: int, high: int) -> Iterator[tuple[int, bytes]]:
        """Yield (Clique-Time, id) between the bounds in order."""
        first, last = self._bounds(low, high)
        return iter(self._keys[first:last])

    def newest(self) -> int:
        """Return the greatest Clique-Time; 0 when empty."""
        return self._keys[-1][0] if self._keys else 0


@implementer(IDocuments)
class Documents:
    """Every document of a node, by id, with a set for each channel that was asked for."""

    def __init__(self) -> None:
        self._places: dict[bytes, tuple[int, tuple[bytes, ...], bytes]] = {}
        self._prefixes: dict[bytes, tuple[bytes, ...]] = {}
        self._children: dict[bytes, list[bytes]] = {}
        self._gone: dict[bytes, str] = {}
        self._channels: dict[tuple[bytes, bool], DocumentSet] = {}

    def contains(self, document_id: bytes) -> bool:
        """Return whether the document is or was held."""
        return document_id in self._places

    def add(self, place: Place) -> None:
        """Take a document in, and with it the held ones that only it ties to what is above it."""
        document_id = place.id
        if document_id in self._places:
            return
        self._places[document_id] = (place.time, place.parents, place.author)
        prefix = document_id[:8]
        self._prefixes[prefix] = (*self._prefixes.get(prefix, ()), document_id)
        for parent in place.parents:
            self._children.setdefault(parent, []).append(document_id)
        entering = self._subtree(document_id) if document_id in self._children else [document_id]
        channels = self._channels
        for above in self._above([document_id]):
            members = channels.get((above, False))
            if members is not None:
                for entry in entering:
                    members.insert(self._places[entry][0], entry)
        for parent in (document_id, *place.parents):
            members = channels.get((parent, True))
            if members is not None:
                members.insert(place.time, document_id)

    def above(self, document_ids: Iterable[bytes]) -> set[bytes]:
        """Return the documents to which chains of declared parents lead from these, and these."""
        return set(self._above(document_ids))

    def _above(self, document_ids: Iterable[bytes]) -> Iterator[bytes]:
        queue = list(document_ids)
        seen = set(queue)
        while queue:
            current = queue.pop()
            yield current
            place = self._places.get(current)
            if place is not None:
                for parent in place[1]:
                    if parent not in seen:
                        seen.add(parent)
                        queue.append(parent)

    def _subtree(self, document_id: bytes) -> list[bytes]:
        seen = {document_id: None}
        queue = [document_id]
        while queue:
            for child in self._children.get(queue.pop(), ()):
                if child not in seen:
                    seen[child] = None
                    queue.append(child)
        return list(seen)

    def find(self, prefix: bytes) -> tuple[bytes, ...]:
        """Return the ids that begin with ``prefix`` (8 bytes or more)."""
        found = self._prefixes.get(prefix[:8], ())
        return found if len(prefix) == 8 else tuple(one for one in found if one.startswith(prefix))

    def time(self, document_id: bytes) -> int:
        """Return a document's Clique-Time."""
        return self._places[document_id][0]

    def parents(self, document_id: bytes) -> tuple[bytes, ...]:
        """Return its declared parents."""
        return self._places[document_id][1]

    def author(self, document_id: bytes) -> bytes:
        """Return the key of who signed it."""
        return self._places[document_id][2]

    def below(self, document_id: bytes, ancestor: bytes) -> bool:
        """Return whether chains of declared parents lead from a contained document to ``ancestor``."""
        return document_id in self._places and ancestor in self._above([document_id])

    def forget(self, document_id: bytes, why: str) -> None:
        """Note that its body is kept no more."""
        self._gone[document_id] = why

    def gone(self, document_id: bytes) -> str:
        """Return why its body is kept no more, or an empty string."""
        return self._gone.get(document_id, "")

    def channel(self, document_id: bytes, comments: bool) -> DocumentSet:
        """Return the set of a channel; it follows later changes."""
        members = self._channels.get((document_id, comments))
        if members is None:
            members = self._channels[document_id, comments] = DocumentSet()
            found = [document_id, *self._children.get(document_id, ())] if comments else self._subtree(document_id)
            for entry in found:
                if entry in self._places:
                    members.insert(self._places[entry][0], entry)
        return members
