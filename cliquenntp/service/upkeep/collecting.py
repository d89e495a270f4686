"""Python's collections of cyclic garbage in pieces: one that looks at every object holds up everybody meanwhile.

With 200,000 objects, those of 60,000 newsgroups in the database's cache, such a full collection takes 100 ms of a
processor; in pieces of some 7,000 objects the longest took 3 ms, and all of them together a quarter of that.
"""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.task import LoopingCall

NEVER = 1 << 30
"""Collections of the middle generation (of 7,000 objects as a rule) before one of the old."""

LOOK_SECONDS = 600.0
"""between two looks whether there is much that was set aside"""

GROWTH = 1.5
FEWEST_OBJECTS = 50_000
"""How many times as many objects as after the last full collection, and how many more than that, make another one
worth its time: cycles among them that nobody can reach any more are found only then.  An object is some 100 octets."""


class RareCollections:
    """From ``start`` to ``stop`` what lives through two collections is set aside, and not looked at again."""

    def __init__(self, reactor: Any) -> None:
        self._looking = LoopingCall(self._look)
        self._looking.clock = reactor
        self._before = gc.get_threshold()
        self._kept = 0
        """objects set aside after the last full collection"""

    def start(self) -> None:
        """Begin, with a full collection."""
        self._before = gc.get_threshold()
        self._collect_all()
        gc.set_threshold(*self._before[:2], NEVER)
        gc.callbacks.append(self._collected)
        self._looking.start(LOOK_SECONDS, now=False)

    def stop(self) -> None:
        """Let Python collect as it did."""
        if self._looking.running:
            self._looking.stop()
            gc.callbacks.remove(self._collected)
            gc.set_threshold(*self._before)
            gc.unfreeze()

    def _collected(self, phase: str, about: dict[str, int]) -> None:
        if phase == "stop" and about["generation"] >= 1:
            gc.freeze()

    def _look(self) -> None:
        if gc.get_freeze_count() > GROWTH * self._kept + FEWEST_OBJECTS:
            self._collect_all()

    def _collect_all(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._kept = gc.get_freeze_count()
