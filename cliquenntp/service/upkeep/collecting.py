"""Python's full collections of cyclic garbage, rarely: one looks at every object, and meanwhile nobody is served."""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.task import LoopingCall

FULL_COLLECTION_SECONDS = 600.0
"""between two full collections: with 300,000 objects, those of 100,000 newsgroups, one takes 150 ms"""

_NEVER = 1 << 30
"""collections of the middle generation between two full ones"""


class RareCollections:
    """From ``start`` to ``stop`` full collections come at fixed times, and not when many objects are loaded."""

    def __init__(self, reactor: Any) -> None:
        self._collecting = LoopingCall(gc.collect)
        self._collecting.clock = reactor
        self._before = gc.get_threshold()

    def start(self) -> None:
        """Begin; the two young generations, a millisecond's work, are collected as ever."""
        self._before = gc.get_threshold()
        gc.set_threshold(*self._before[:2], _NEVER)
        self._collecting.start(FULL_COLLECTION_SECONDS, now=False)

    def stop(self) -> None:
        """Let Python collect as it did."""
        if self._collecting.running:
            self._collecting.stop()
            gc.set_threshold(*self._before)
