"""Deadlines as data: each has a kind and a subject, and at most one time."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Any, TypeAlias

Subject: TypeAlias = Any
"""what a deadline is about: a hashable value, by which its handler finds the state again"""


class Timers:
    """A set of deadlines, soonest first; replaced and cancelled ones are left in the heap until they surface."""

    __slots__ = ("_heap", "_times", "_turn")

    def __init__(self) -> None:
        self._times: dict[tuple[str, Subject], float] = {}
        self._heap: list[tuple[float, int, tuple[str, Subject]]] = []
        self._turn = 0

    def set(self, kind: str, subject: Subject, time: float) -> None:
        """Set a deadline, in place of an earlier one of the same kind and subject."""
        name = (kind, subject)
        if self._times.get(name) == time:
            return
        self._times[name] = time
        self._turn += 1
        heappush(self._heap, (time, self._turn, name))
        if len(self._heap) > 16 + 3 * len(self._times):
            self._heap = [(at, index, one) for index, (one, at) in enumerate(self._times.items())]
            heapify(self._heap)

    def at_latest(self, kind: str, subject: Subject, time: float) -> None:
        """Set a deadline unless there is a sooner one."""
        current = self._times.get((kind, subject))
        if current is None or current > time:
            self.set(kind, subject, time)

    def cancel(self, kind: str, subject: Subject) -> None:
        """Drop a deadline if there is one."""
        self._times.pop((kind, subject), None)

    def get(self, kind: str, subject: Subject) -> float | None:
        """Return a deadline, or None."""
        return self._times.get((kind, subject))

    def next(self) -> float | None:
        """Return the soonest deadline, or None."""
        heap = self._heap
        while heap and self._times.get(heap[0][2]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: float) -> tuple[str, Subject] | None:
        """Drop and return the soonest deadline that is due; None: none is."""
        heap, times = self._heap, self._times
        while heap and heap[0][0] <= now:
            time, _, name = heappop(heap)
            if times.get(name) == time:
                del times[name]
                return name
        return None
