"""The clock of a simulated world: events in a heap, handled in the order of their time, ties in order of scheduling."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any


class Engine:
    """A discrete-event loop; the same calls give the same run, because ties are broken by a counter."""

    __slots__ = ("_queue", "_scheduled", "handled", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self.handled = 0
        self._queue: list[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = []
        self._scheduled = 0

    def at(self, when: float, action: Callable[..., Any], *arguments: Any) -> None:
        """Call ``action(*arguments)`` at ``when`` (seconds of simulated time; in the past means now)."""
        self._scheduled += 1
        heapq.heappush(self._queue, (max(when, self.now), self._scheduled, action, arguments))

    def after(self, delay: float, action: Callable[..., Any], *arguments: Any) -> None:
        """Call ``action(*arguments)`` in ``delay`` seconds."""
        self.at(self.now + delay, action, *arguments)

    def run_until(self, end: float) -> None:
        """Handle everything that is due up to and including ``end``, and leave the clock there."""
        queue, pop = self._queue, heapq.heappop
        while queue and queue[0][0] <= end:
            self.now, _, action, arguments = pop(queue)
            self.handled += 1
            action(*arguments)
        self.now = end

    def next_time(self) -> float | None:
        """Return the time of the next event, or None when nothing is scheduled."""
        return self._queue[0][0] if self._queue else None
