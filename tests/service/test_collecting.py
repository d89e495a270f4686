"""Collections of cyclic garbage never look at many objects at once, and yet all garbage goes."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock

from cliquenntp.service.upkeep.collecting import FEWEST_OBJECTS, GROWTH, LOOK_SECONDS, RareCollections

MOST_AT_ONCE = 15_000
"""objects; each takes a third of a microsecond"""


class Node:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def clock() -> Iterator[Clock]:
    before = gc.get_threshold()
    clock = Clock()
    collections = RareCollections(clock)
    collections.start()
    yield clock
    collections.stop()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_a_collection_looks_at_few_objects_however_many_there_are(clock: Clock) -> None:
    looked_at: list[int] = []

    def note(phase: str, about: dict[str, int]) -> None:
        if phase == "start" and about["generation"] >= 1:
            looked_at.append(sum(len(gc.get_objects(generation)) for generation in range(3)))

    gc.callbacks.append(note)
    try:
        kept = [[number] for number in range(300_000)]
    finally:
        gc.callbacks.remove(note)
    assert len(kept) == 300_000
    assert len(looked_at) >= 10
    assert max(looked_at) < MOST_AT_ONCE


def test_cycles_that_lived_shortly_go_without_a_full_collection(clock: Clock) -> None:
    node = Node()
    gone = weakref.ref(node)
    del node
    kept = [[number] for number in range(30_000)]
    assert gone() is None
    assert len(kept) == 30_000


def test_cycles_that_were_set_aside_go_when_there_are_many(clock: Clock) -> None:
    # other tests of the same process leave objects, which count as those that were there
    nodes = [Node() for _ in range(3 * FEWEST_OBJECTS + int(GROWTH * gc.get_freeze_count()))]
    gone = weakref.ref(nodes[0])
    gc.collect()
    del nodes
    gc.collect()
    assert gone() is not None  # it is not looked at any more
    clock.advance(LOOK_SECONDS)
    assert gone() is None
