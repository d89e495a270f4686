"""How long a login waits: longer after each failure, whoever guesses and whatever name is guessed at.  Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

FREE_FAILURES = 8
"""attempts without a wait: a newsreader opens up to five connections with one mistyped password"""

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
"""seconds; it doubles between the two.  Newsreaders give up after a minute, and 2,880 guesses a day are hopeless"""

FORGOTTEN_AFTER = 900.0
"""seconds after the last failure"""

MOST_KEPT = 10_000
"""addresses and names counted; the ones seen longest ago go"""


class SlowDown:
    """Counts failures by keys, such as an address and an account's name; ``now`` is monotonic seconds."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def attempt(self, keys: Iterable[str], now: float) -> float:
        """Count an attempt, as failed until ``succeeded`` is called; return the seconds that it has to wait.

        Attempts at the same time count each other, so that opening many connections does not help.
        """
        wait = 0.0
        for key in keys:
            count, last = self._failures.pop(key, (0, now))
            count = 1 if now - last > FORGOTTEN_AFTER else count + 1
            self._failures[key] = count, now
            if count > FREE_FAILURES:
                wait = max(wait, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(count - FREE_FAILURES - 1, 10)))
        while len(self._failures) > MOST_KEPT:
            self._failures.popitem(last=False)
        return wait

    def succeeded(self, keys: Iterable[str]) -> None:
        """Take back what ``attempt`` counted; failures before it stay, or one good account would pay for guesses."""
        for key in keys:
            count, last = self._failures.get(key, (0, 0.0))
            if count > 1:
                self._failures[key] = count - 1, last
            else:
                self._failures.pop(key, None)
