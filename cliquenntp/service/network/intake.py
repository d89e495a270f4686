"""How much of what links bring may wait for the turn: beyond that a link is not read until some of it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import attrs


@attrs.frozen
class IntakeLimits:
    """Bounds of what waits; a link that reaches one goes on at half of it."""

    link_events: int = 200
    """messages and documents of one link: a quarter of a second's work, so that no link holds up the others for long"""

    link_octets: int = 2 * 1024 * 1024
    """of documents of one link: two of the largest"""

    events: int = 4000
    """of all links: less than the turn's queue has room for, so that posts find room beside them"""

    octets: int = 32 * 1024 * 1024
    """of documents of all links: half of what the turn's queue takes"""


class Intake:
    """Counts what waits, and stops and goes on reading links."""

    def __init__(
        self, stop: Callable[[int], None], go_on: Callable[[int], None], limits: IntakeLimits | None = None
    ) -> None:
        self._stop = stop
        self._go_on = go_on
        self._limits = limits or IntakeLimits()
        self._events: Counter[int] = Counter()
        self._octets: Counter[int] = Counter()
        self._stopped: set[int] = set()
        self._all_events = 0
        self._all_octets = 0

    @property
    def waiting(self) -> tuple[int, int]:
        """Events and octets of all links that wait."""
        return self._all_events, self._all_octets

    def take(self, link: int, octets: int) -> None:
        """Count what came on a link."""
        self._events[link] += 1
        self._octets[link] += octets
        self._all_events += 1
        self._all_octets += octets
        if link not in self._stopped and self._has_reached(1, link):
            self._stopped.add(link)
            self._stop(link)

    def done(self, link: int, octets: int) -> None:
        """Count what was handled."""
        self._events[link] -= 1
        self._octets[link] -= octets
        self._all_events -= 1
        self._all_octets -= octets
        if not self._events[link]:
            del self._events[link], self._octets[link]
        for stopped in [one for one in self._stopped if not self._has_reached(2, one)]:
            self._stopped.discard(stopped)
            self._go_on(stopped)

    def _has_reached(self, divisor: int, link: int) -> bool:
        limits = self._limits
        events, octets = self.waiting
        return (
            self._events[link] * divisor >= limits.link_events
            or self._octets[link] * divisor >= limits.link_octets
            or events * divisor >= limits.events
            or octets * divisor >= limits.octets
        )
