"""Full collections come at their times alone."""

from __future__ import annotations

import gc
import weakref

from twisted.internet.task import Clock

from cliquenntp.service.upkeep.collecting import FULL_COLLECTION_SECONDS, RareCollections


class Node:
    def __init__(self) -> None:
        self.itself = self


def test_cycles_go_at_their_time_and_not_while_objects_are_made() -> None:
    before = gc.get_threshold()
    clock = Clock()
    collections = RareCollections(clock)
    node = Node()
    gc.collect()  # from now on it is of the oldest generation
    gone = weakref.ref(node)
    collections.start()
    try:
        del node
        kept = [[number] for number in range(300_000)]
        assert gone() is not None
        clock.advance(FULL_COLLECTION_SECONDS)
        assert gone() is None
        assert len(kept) == 300_000
    finally:
        collections.stop()
    assert gc.get_threshold() == before
