"""The clock of the reactor's timers.

Twisted asks for the time of day.  Where that is set an hour back, no timer fires for an hour; where it is set forward,
as on a small machine that asks a time server after its start, every time limit has passed.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""counts the time asleep too: after an hour's sleep links are known to be dead at once"""


def use_steady_clock(reactor: Any) -> None:
    """Let a reactor measure time by a clock that nobody sets; to be called before it has any timer."""
    if reactor.getDelayedCalls():
        raise RuntimeError("the reactor has timers already, by another clock")
    reactor.seconds = partial(time.clock_gettime, _CLOCK)
