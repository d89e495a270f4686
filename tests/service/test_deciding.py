"""Steps of the core: decided once, written as often as the turn runs them; children wait for their parents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cliquenntp.clique import effects, events
from cliquenntp.clique.messages import Push
from cliquenntp.document import Document, Signer
from cliquenntp.interfaces import IArchive, IDocuments
from cliquenntp.service.network.clique_state import place_of
from cliquenntp.service.network.deciding import Decider, Step
from cliquenntp.service.network.intake import Intake, IntakeLimits
from cliquenntp.store import Store
from tests.service.sides import accept_document
from tests.signed_documents import forum, signed

MAKER = Signer(b"m" * 32)
ROOT = forum()
PARENT = signed("parent", ROOT)
CHILD = signed("child", PARENT)
GRANDCHILD = signed("grandchild", CHILD)
LINK = 7
PIECE = ("follow", ROOT.id, False)


class TakingCore:
    """Takes every document in, counts, and keeps what came last."""

    def __init__(self, documents: IDocuments) -> None:
        self._documents = documents
        self.events: list[Any] = []
        self.channels: dict[Any, Any] = {}
        self.refused: set[bytes] = set()
        self.breaks = False

    def handle(self, event: Any, now: float) -> list[effects.Effect]:
        self.events.append(event)
        if self.breaks:
            raise KeyError("a mistake")
        if isinstance(event, events.DocumentUnwanted):
            self.refused.add(event.place.id)
        if not isinstance(event, events.DocumentReceived):
            return []
        if self._documents.contains(event.place.id):
            return [effects.DropDocument(event.place.id, "held already")]
        self._documents.add(event.place)
        return [effects.StoreDocument(event.place.id), effects.Persist(PIECE, event.place.id), effects.Note("stored")]

    def next_deadline(self) -> float | None:
        return None


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Room:
    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder / "database")
        self.clock = Clock()
        self.cores: list[TakingCore] = []
        self.decider = Decider(self.store, self._make, accept_document, self.clock)
        self.writer = self.store.writer
        self.writer.begin()
        accept_document(self.writer, ROOT)
        self.writer.commit()

    def _make(self, documents: IDocuments, archive: IArchive) -> Any:
        self.cores.append(TakingCore(documents))
        return self.cores[-1]

    @property
    def core(self) -> TakingCore:
        return self.cores[-1]

    def received(self, document: Document) -> Step:
        event = events.DocumentReceived(LINK, Push(1, document.id, 0), place_of(document))
        return self.decider.step(event, document)

    def held(self, *documents: Document) -> list[bool]:
        return [self.writer.find(document.id) is not None for document in documents]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.store.close()


def test_a_document_is_stored_with_what_the_core_keeps(room: Room) -> None:
    outcome = room.received(PARENT)(room.writer)
    assert room.held(PARENT) == [True]
    assert [name for name, _ in room.writer.pieces("clique/")]
    assert (outcome.received, outcome.repeated) == (1, 0)
    assert outcome.brought == [(LINK, PARENT.id)]
    assert outcome.effects == [effects.Note("stored")]
    assert room.received(PARENT)(room.writer).repeated == 1
    assert room.decider.brought == {PARENT.id}


def test_a_step_that_runs_again_writes_the_same_and_the_core_decides_once(room: Room) -> None:
    step = room.received(PARENT)
    first = step(room.writer)
    room.writer.begin()
    assert room.held(PARENT) == [False]
    assert step(room.writer) is first
    room.writer.commit()
    assert room.held(PARENT) == [True] and len(room.core.events) == 1
    assert [name for name, _ in room.writer.pieces("clique/")]


def test_children_wait_for_their_parent_and_are_stored_in_its_step(room: Room) -> None:
    waiting = room.received(GRANDCHILD)(room.writer)
    assert room.core.events[-1] == events.ParentMissing(LINK, Push(1, GRANDCHILD.id, 0), CHILD.id, place_of(GRANDCHILD))
    assert waiting.deadline is not None, "somebody has to look whether it has waited too long"
    room.received(CHILD)(room.writer)
    assert room.held(PARENT, CHILD, GRANDCHILD) == [False] * 3
    step = room.received(PARENT)
    outcome = step(room.writer)
    assert outcome.received == 3
    assert outcome.brought == [(LINK, PARENT.id), (LINK, CHILD.id), (LINK, GRANDCHILD.id)]
    room.writer.begin()
    step(room.writer)
    assert room.held(PARENT, CHILD, GRANDCHILD) == [True] * 3


def test_a_child_goes_on_when_its_parent_is_written_here(room: Room) -> None:
    room.received(CHILD)(room.writer)
    accept_document(room.writer, PARENT)
    outcome = room.decider.step(events.LocalDocument(place_of(PARENT)))(room.writer)
    assert outcome.received == 1
    assert outcome.brought == [(LINK, CHILD.id)]
    assert room.held(CHILD) == [True]


def test_what_waits_is_given_up_after_ten_minutes_and_with_its_link(room: Room) -> None:
    room.received(CHILD)(room.writer)
    room.clock.now = 700.0
    room.decider.step(events.TimerDue())(room.writer)
    [refused] = [event for event in room.core.events if isinstance(event, events.DocumentRefused)]
    assert refused.reason == "its parent did not come"
    room.received(CHILD)(room.writer)
    room.decider.step(events.LinkClosed(LINK))(room.writer)
    assert room.received(PARENT)(room.writer).received == 1


def test_what_is_to_be_kept_outlives_an_event_about_which_the_core_raises(room: Room) -> None:
    room.received(CHILD)(room.writer)
    room.writer.commit()
    step = room.received(PARENT)
    handle = room.core.handle

    def broken(event: Any, now: float) -> list[effects.Effect]:
        room.core.breaks = isinstance(event, events.DocumentReceived) and event.place.id == CHILD.id
        return handle(event, now)

    room.core.handle = broken  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        step(room.writer)
    room.writer.begin()
    assert step.outcome is None and not [*room.writer.pieces("clique/")]
    room.decider.step(events.TimerDue())(room.writer)
    assert [*room.writer.pieces("clique/")]


def test_of_several_events_one_about_which_the_core_raises_is_passed_over(room: Room) -> None:
    told = [events.LocalDocument(place_of(document)) for document in (PARENT, CHILD, GRANDCHILD)]
    handle = room.core.handle

    def broken(event: Any, now: float) -> list[effects.Effect]:
        room.core.breaks = event is told[1]
        return handle(event, now)

    room.core.handle = broken  # type: ignore[method-assign]
    outcome = room.decider.step_of_all(told)(room.writer)
    assert room.core.events == told
    assert [type(error) for error in outcome.errors] == [KeyError]


def test_a_link_that_brings_too_much_is_not_read_until_half_is_done() -> None:
    said: list[tuple[str, int]] = []
    intake = Intake(lambda link: said.append(("stop", link)), lambda link: said.append(("go on", link)),
                    IntakeLimits(link_events=4, link_octets=100, events=10, octets=150))
    for _ in range(6):
        intake.take(1, 0)
    assert said == [("stop", 1)]
    finish(intake, 1, 0, 4)
    assert said == [("stop", 1)]
    finish(intake, 1, 0, 1)
    assert said == [("stop", 1), ("go on", 1)]
    finish(intake, 1, 0, 1)
    said.clear()
    for link in (2, 3):
        intake.take(link, 90)
    assert said == [("stop", 3)], "all links together bring too much"
    finish(intake, 2, 90, 1)
    assert said == [("stop", 3)]
    finish(intake, 3, 90, 1)
    assert said == [("stop", 3), ("go on", 3)]
    assert intake.waiting == (0, 0)


def finish(intake: Intake, link: int, octets: int, times: int) -> None:
    for _ in range(times):
        intake.done(link, octets)


def test_what_is_blocked_is_told_to_the_core_and_not_stored_with_all_that_waited_for_it(tmp_path: Path) -> None:
    room = Room(tmp_path)
    blocked = {PARENT.id}
    room.decider = Decider(
        room.store, room._make, accept_document, room.clock,
        refuses=lambda document, archive: document.id in blocked)
    room.received(CHILD)(room.writer)
    room.core.refused = blocked
    room.received(PARENT)(room.writer)
    unwanted = [events.DocumentUnwanted(LINK, Push(1, one.id, 0), place_of(one)) for one in (PARENT, CHILD)]
    assert room.core.events[-2:] == unwanted
    room.received(GRANDCHILD)(room.writer)
    assert room.held(PARENT, CHILD, GRANDCHILD) == [False] * 3
    room.core.refused = set()
    blocked.clear()
    for document in (PARENT, CHILD, GRANDCHILD):
        room.received(document)(room.writer)
    assert room.held(PARENT, CHILD, GRANDCHILD) == [True] * 3
    blocked.add(PARENT.id)
    assert room.received(PARENT)(room.writer).repeated == 1, "what is held stays"
    room.store.close()


def test_what_has_too_little_work_is_told_to_the_core_and_hides_nothing_that_stands_elsewhere(room: Room) -> None:
    tea = forum("tea", Clique_Work_Asked="20", author=MAKER)
    short = signed("short", tea)
    both = signed("both", PARENT, short)
    for document in (tea, PARENT, signed("answer", short), short):
        outcome = room.received(document)(room.writer)
    assert room.core.refused == {short.id, signed("answer", short).id}
    assert outcome.without_work == 2, "it, and what waited for it"
    assert room.held(tea, PARENT, short) == [True, True, False]
    assert room.received(both)(room.writer).without_work == 0
    assert room.held(both) == [True], "nodes that never heard of its other parent hold it as well"
    mine = signed("mine", tea, author=MAKER)
    room.received(mine)(room.writer)
    assert room.held(mine) == [True]
