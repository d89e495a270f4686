"""What is measured: deliveries and their latency, copies of bodies, control bytes by kind, who was up when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

import attrs


@attrs.define(eq=False)
class _Published:
    """One document's fate: when and where it was written, who should have it, when each got it."""

    time: float
    author: int
    wanted: frozenset[int]
    down: frozenset[int]
    got: dict[int, float] = attrs.field(factory=dict)
    bodies: int = 0


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of the sorted ``values`` lie; 0 when there are none."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


class Recorder:
    """Counts everything that a run reports.  ``reset_traffic`` begins a new window for bytes and frames."""

    def __init__(self) -> None:
        self.documents: dict[bytes, _Published] = {}
        self.down: set[int] = set()
        self.returned: dict[int, float] = {}
        self.unwanted = 0
        self.stored: Counter[tuple[int, bool]] = Counter()
        """documents that nodes stored, by node and whether it had wanted them"""
        self.reset_traffic()

    def reset_traffic(self) -> None:
        """Begin a new window of counted bytes, frames and bodies."""
        self.control: Counter[str] = Counter()
        self.frames: Counter[str] = Counter()
        self.control_to: Counter[int] = Counter()
        self.body_bytes = 0
        self.bodies = 0
        self.first_bodies = 0

    def published(self, identity: bytes, now: float, author: int, wanted: frozenset[int]) -> None:
        """A document was written at ``author``; ``wanted`` are all nodes that should have it."""
        self.documents[identity] = _Published(now, author, wanted - {author}, frozenset(self.down))

    def frame(self, receiver: int, kind: str, size: int, body: int) -> None:
        """A frame of ``size`` bytes in all, ``body`` of them a document's, was sent to ``receiver``."""
        self.control[kind] += size - body
        self.frames[kind] += 1
        self.control_to[receiver] += size - body
        self.body_bytes += body

    def body(self, identity: bytes) -> None:
        """A whole body arrived somewhere."""
        self.bodies += 1
        document = self.documents.get(identity)
        if document is not None:
            document.bodies += 1

    def delivered(self, node: int, identity: bytes, now: float) -> None:
        """A node stored a document that it had not."""
        document = self.documents.get(identity)
        if document is None or node in document.got or node == document.author:
            return
        document.got[node] = now
        self.first_bodies += 1
        self.stored[node, node in document.wanted] += 1
        if node not in document.wanted:
            self.unwanted += 1

    def went_down(self, node: int, now: float) -> None:
        """A node died."""
        self.down.add(node)
        self.returned.pop(node, None)

    def came_up(self, node: int, now: float) -> None:
        """A dead node returned."""
        self.down.discard(node)
        self.returned[node] = now

    def missing(self, live: set[int], since: float = 0.0) -> dict[bytes, list[int]]:
        """Return, for each document written since, the live nodes that want it and have it not."""
        found = {}
        for identity, document in self.documents.items():
            if document.time >= since:
                lacking = sorted((document.wanted & live) - document.got.keys())
                if lacking:
                    found[identity] = lacking
        return found

    def delivery(self, live: set[int], since: float = 0.0, only: Container[bytes] | None = None) -> float:
        """Return the share of (document, live wanting node) pairs that were delivered, of all documents or of some."""
        expected = delivered = 0
        for identity, document in self.documents.items():
            if document.time >= since and (only is None or identity in only):
                wanting = document.wanted & live
                expected += len(wanting)
                delivered += len(wanting & document.got.keys())
        return delivered / expected if expected else 1.0

    def latencies(self, since: float = 0.0, only: Container[bytes] | None = None) -> list[float]:
        """Return the sorted seconds from writing to delivery, at nodes that stayed up from writing to the end."""
        found = []
        for identity, document in self.documents.items():
            if document.time < since or (only is not None and identity not in only):
                continue
            for node, when in document.got.items():
                up = node not in document.down and self.returned.get(node, -1.0) < document.time
                if up and node in document.wanted:
                    found.append(when - document.time)
        return sorted(found)

    def redundancy(self, since: float = 0.0) -> float:
        """Return bodies received over bodies needed, less one (RMR)."""
        bodies = sum(document.bodies for document in self.documents.values() if document.time >= since)
        needed = sum(len(document.got) for document in self.documents.values() if document.time >= since)
        return bodies / needed - 1 if needed else 0.0

    def control_per_copy(self) -> float:
        """Return control bytes in the window for each first copy delivered in it."""
        return sum(self.control.values()) / self.first_bodies if self.first_bodies else 0.0
