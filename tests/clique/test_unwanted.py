"""What an operator has blocked: not stored, not asked for again, there as soon as it is wanted."""

from __future__ import annotations

import pytest

from cliquenntp.clique import events, ghosts
from cliquenntp.clique import messages as m
from cliquenntp.clique.messages import Channel, Push

from .pair import FORUM, ROOT, Wire, contact_of, key_of, place

SPAM = place("spam", -5000)
ANSWER = place("answer to spam", -4900, SPAM.id)
GOOD = place("good", -4800)


def pushes_to(wire: Wire, name: str, document: bytes) -> int:
    """Return how often a node's core was told of a document that it does not want."""
    return sum(
        isinstance(message, Push) and message.document == document for sender, message in wire.sent if sender != name)


def spammed(names: str = "abc") -> Wire:
    """Return a forum in which b wants no spam, which a has written, and an answer to it."""
    wire = Wire()
    wire.forum(*names)
    wire.unwanted["b"] = {SPAM.id}
    for document in (SPAM, ANSWER, GOOD):
        wire.write("a", document)
    wire.pass_time(600)
    return wire


def test_it_is_not_stored_nor_passed_on_and_neither_is_what_answers_it() -> None:
    wire = spammed()
    documents = {name: core.node.documents for name, core in wire.cores.items()}
    assert not documents["b"].contains(SPAM.id) and not documents["b"].contains(ANSWER.id)
    assert documents["b"].contains(GOOD.id)
    assert all(documents["c"].contains(one.id) for one in (SPAM, ANSWER, GOOD))
    assert "b" not in wire.pushed(SPAM.id)


def test_who_has_it_and_who_does_not_compare_as_equal() -> None:
    wire = spammed()
    for end in [end for end in wire.links if end[0] == "b"]:
        wire.cut(*end)
    wire.sent.clear()
    wire.pass_time(1200)
    assert len(list(wire.cores["b"].channels[FORUM].open_edges())) == 2
    assert [message for _, message in wire.sent if isinstance(message, Push | m.Sync | m.Gone)] == []


def test_it_comes_as_soon_as_it_is_wanted() -> None:
    wire = spammed()
    del wire.unwanted["b"]
    wire.event("b", events.WantedAgain())
    wire.pass_time(600)
    documents = wire.cores["b"].node.documents
    assert documents.contains(SPAM.id) and documents.contains(ANSWER.id)
    assert not wire.cores["b"].refused


def test_some_of_it_may_be_wanted_again_and_is_asked_of_those_who_had_it() -> None:
    wire = spammed()
    other = place("other spam", -4700)
    wire.unwanted["b"] |= {other.id}
    wire.write("a", other)
    wire.pass_time(600)
    node = wire.cores["b"].node
    wire.sent.clear()
    wire.event("b", events.WantedAgain((GOOD.id,)))
    assert wire.sent == [], "it was never unwanted"
    wire.unwanted["b"] = {other.id}
    wire.event("b", events.WantedAgain((SPAM.id, ANSWER.id)))
    wire.pass_time(10)
    assert not [message for _, message in wire.sent if isinstance(message, m.Sync)], "nothing has to be compared"
    assert node.documents.contains(SPAM.id) and node.documents.contains(ANSWER.id)
    assert list(node.refused) == [other.id] == list(node.refused_ids.values())


def test_after_a_restart_it_comes_once_more_from_each_who_has_it_and_is_refused_again() -> None:
    wire = spammed()
    before = wire.cores["b"].node.documents
    wire.kill("b")
    wire.sent.clear()
    wire.add("b", wire.pieces["b"], before)
    wire.event("b", events.TimerDue())
    wire.pass_time(1200)
    assert not before.contains(SPAM.id) and wire.cores["b"].node.refused[SPAM.id].witnesses
    assert 1 <= pushes_to(wire, "b", SPAM.id) <= 2


def test_a_newcomer_gets_it_from_who_has_it() -> None:
    wire = spammed("ab")
    wire.add("c")
    wire.join("c", "b")
    wire.pass_time(1200)
    assert wire.cores["c"].node.documents.contains(SPAM.id)
    assert not wire.cores["b"].node.documents.contains(SPAM.id)


def test_who_has_only_a_thread_refuses_in_it() -> None:
    wire = Wire()
    wire.forum("a", "c")
    thread = place("thread", -6000)
    wire.write("a", thread)
    wire.pass_time(100)
    wire.add("b")
    wire.join("b", "a", Channel(thread.id), ROOT)
    wire.pass_time(300)
    spam = place("spam", -5000, thread.id)
    wire.unwanted["b"] = {spam.id}
    wire.write("a", spam)
    wire.pass_time(600)
    node = wire.cores["b"].node
    assert node.refused[spam.id].channels == {Channel(thread.id)} and not node.documents.contains(spam.id)


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ghosts, "REFUSED_AT_MOST", 3)
    wire = Wire()
    wire.forum("a", "b")
    spam = [place(f"spam {number}", -5000 + number) for number in range(10)]
    wire.unwanted["b"] = {one.id for one in spam}
    for one in spam:
        wire.write("a", one)
    wire.pass_time(10)
    node = wire.cores["b"].node
    assert list(node.refused) == [one.id for one in spam[-3:]] == list(node.refused_ids.values())


def test_a_blocked_introducer_introduces_nobody() -> None:
    wire = Wire()
    wire.forum("a", "c", "d")
    wire.add("b", distrusted={key_of("a")})
    wire.join("b", "a")
    wire.pass_time(600)
    known = wire.cores["b"].channels[FORUM].known
    assert known[key_of("a")].linked
    # others may come by themselves, as a's walks bring b's own address to them
    assert all(one.introducer != key_of("a") for key, one in known.items() if key != key_of("a"))
    edge = next(wire.cores["b"].channels[FORUM].open_edges())
    stranger = contact_of("stranger")
    asked = edge.incarnation
    for message in (m.Meet(asked, stranger), m.Walk(asked, stranger, None, 1, 0)):
        wire.event("b", events.MessageReceived(edge.link.number, message))
    assert stranger.key not in wire.cores["b"].channels[FORUM].known
    assert stranger.key not in wire.cores["b"].node.dialling
