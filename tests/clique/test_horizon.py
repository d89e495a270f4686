"""A node that keeps a forum from some time on only: what it dropped before that is a difference to nobody."""

from __future__ import annotations

import pytest

from cliquenntp.clique import events
from cliquenntp.clique import messages as m
from cliquenntp.interfaces import Place

from .pair import EPOCH, FORUM, ROOT, Wire, key_of, place
from .test_gone import meet_again

HORIZON = EPOCH - 3000
START, OLD, ANSWER, YOUNG = (
    place("start", -9000), place("old", -8000, key_of("start")), place("answer", -7000, key_of("start")),
    place("young", -1000, key_of("answer")),
)  # fmt: skip
DROPPED = [place(f"dropped {number}", -9000 + number) for number in range(50)]


def expired(*names: str) -> Wire:
    """Let a and b have a forum of which the named ones have dropped and keep no more what is older than the horizon."""
    wire = Wire()
    wire.forum("a", "b")
    for document in (START, OLD, ANSWER, YOUNG, *DROPPED):
        wire.write("a", document)
    wire.pass_time(100)
    for name in names:
        for document in (OLD, *DROPPED):
            wire.event(name, events.DocumentGone(document.id, "expired"))
        wire.event(name, events.HorizonMoved(ROOT, HORIZON))
    return wire


def held(wire: Wire, name: str, documents: list[Place]) -> list[bool]:
    return [wire.cores[name].node.documents.contains(document.id) for document in documents]


def test_a_newcomer_is_sent_what_is_kept_and_what_that_answers_and_told_of_nothing_else() -> None:
    wire = expired("a", "b")
    wire.add("c")
    wire.join("c", "a")
    wire.pass_time(600)
    assert held(wire, "c", [START, ANSWER, YOUNG]) == [True] * 3
    assert not any(held(wire, "c", [OLD, *DROPPED]))
    assert wire.cores["c"].node.ghosts == {}
    assert [message for _, message in wire.sent if isinstance(message, m.Gone)] == []
    assert meet_again(wire, "c") == []


def test_who_has_all_and_who_dropped_some_find_no_difference_and_a_newcomer_gets_all_from_one_that_has_it() -> None:
    wire = expired("a")
    assert meet_again(wire, "a") == []
    wire.add("c")
    wire.join("c", "a")
    wire.pass_time(600)
    assert all(held(wire, "c", [START, OLD, ANSWER, YOUNG, *DROPPED]))  # it met b by then


def test_a_horizon_outlives_a_restart_and_never_moves_back() -> None:
    wire = expired("a")
    wire.event("a", events.HorizonMoved(ROOT, HORIZON - 1000))
    wire.event("a", events.HorizonMoved(key_of("another forum"), HORIZON + 1000))
    assert wire.cores["a"].channels[FORUM].since == HORIZON
    before = wire.cores["a"].node
    wire.kill("a")
    wire.add("a", wire.pieces["a"], before.documents)
    assert wire.cores["a"].channels[FORUM].since == HORIZON


def test_what_was_heard_to_be_gone_is_forgotten_before_the_horizon() -> None:
    wire = Wire()
    wire.forum("a", "b")
    for document in DROPPED:
        wire.write("a", document)
    wire.pass_time(100)
    for name in ("a", "b"):
        for document in DROPPED:
            wire.event(name, events.DocumentGone(document.id, "expired"))
    wire.add("c")
    wire.join("c", "a")
    wire.pass_time(600)
    assert len(wire.cores["c"].node.ghosts) == len(DROPPED)
    wire.event("c", events.HorizonMoved(ROOT, HORIZON))
    assert wire.cores["c"].node.ghosts == {}
    assert wire.pieces["c"][("ghosts",)] is None
    assert meet_again(wire, "c") == []


@pytest.mark.parametrize("horizon", [HORIZON, EPOCH + 50])
def test_a_horizon_that_moves_while_nodes_are_linked_is_heard_of(horizon: int) -> None:
    wire = expired()
    wire.add("c")
    wire.join("c", "a")
    wire.pass_time(600)
    for document in (OLD, *DROPPED):
        wire.event("a", events.DocumentGone(document.id, "expired"))
    wire.event("a", events.HorizonMoved(ROOT, horizon))
    wire.sent.clear()
    wire.event("c", events.CompareNow(FORUM))
    wire.event("a", events.CompareNow(FORUM))
    wire.pass_time(600)
    assert [message for _, message in wire.sent if isinstance(message, m.Push | m.Gone)] == []


def test_a_newcomer_gets_the_root_of_a_forum_of_which_nothing_is_kept() -> None:
    wire = Wire()
    wire.forum("a")
    for document in DROPPED:
        wire.write("a", document)
        wire.event("a", events.DocumentGone(document.id, "expired"))
    wire.event("a", events.HorizonMoved(ROOT, EPOCH + 1))
    wire.add("c")
    wire.join("c", "a")
    wire.pass_time(600)
    assert wire.cores["c"].node.documents.contains(ROOT)
    assert not any(held(wire, "c", DROPPED))
