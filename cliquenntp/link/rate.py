"""Bytes a second: a bucket that says how long to wait.  Pure: the clock comes from outside."""

from __future__ import annotations


class Rate:
    """A token bucket that may run into debt: what is taken is taken, and the wait pays for it.

    ``per_second`` is 0 for no bound.  The bucket holds one second's worth.
    """

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._tokens = per_second
        self._at = 0.0

    def take(self, amount: float, now: float) -> None:
        """Count ``amount`` as used at ``now`` (monotonic seconds)."""
        if self.per_second:
            self._fill(now)
            self._tokens -= amount

    def wait(self, now: float) -> float:
        """Return the seconds until the debt is paid; 0 when more may be taken."""
        if not self.per_second:
            return 0.0
        self._fill(now)
        return max(0.0, -self._tokens / self.per_second)

    def _fill(self, now: float) -> None:
        self._tokens = min(self.per_second, self._tokens + max(0.0, now - self._at) * self.per_second)
        self._at = now
