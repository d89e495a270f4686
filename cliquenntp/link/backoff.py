"""How long to wait before trying again: doubling waits with jitter.  Pure: clock and dice come from outside."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

import attrs


@attrs.frozen
class Schedule:
    """The waits after the first, second, ... failure in a row."""

    first: float
    """seconds"""
    longest: float
    """seconds"""
    jitter: float = 0.25
    """each wait is changed by up to this share, so that nodes that fell together do not return together"""

    def wait(self, failures: int, dice: Callable[[], float]) -> float:
        """Return the seconds to wait after ``failures`` failures in a row; ``dice`` gives numbers from 0 to 1."""
        if failures <= 0:
            return 0.0
        plain = min(self.longest, self.first * 2.0 ** min(failures - 1, 60))
        return plain * (1 + self.jitter * (2 * dice() - 1))


@attrs.define
class _Record:
    failures: int
    until: float


class Backoff:
    """What failed, how often in a row, and until when it rests.

    Holds at most ``size`` names, dropping the one touched longest ago: a peer can make addresses up, not memory.
    """

    def __init__(self, schedule: Schedule, dice: Callable[[], float], size: int = 2000) -> None:
        self._schedule = schedule
        self._dice = dice
        self._size = size
        self._records: OrderedDict[Hashable, _Record] = OrderedDict()

    def failed(self, name: Hashable, now: float) -> float:
        """Count a failure; return the seconds to rest from ``now`` (monotonic)."""
        record = self._records.pop(name, None)
        failures = 1 if record is None else record.failures + 1
        wait = self._schedule.wait(failures, self._dice)
        self._records[name] = _Record(failures, now + wait)
        while len(self._records) > self._size:
            self._records.popitem(last=False)
        return wait

    def succeeded(self, name: Hashable) -> None:
        """Forget a name's failures."""
        self._records.pop(name, None)

    def clear(self) -> None:
        """Forget all failures."""
        self._records.clear()

    def rest(self, name: Hashable, now: float) -> float:
        """Return the seconds that a name still rests; 0 when it may be tried."""
        record = self._records.get(name)
        return 0.0 if record is None else max(0.0, record.until - now)
