"""Documents for which there is no room: not stored, not asked for again and again, and not lost."""

from __future__ import annotations

import attrs
import pytest

from cliquenntp.clique import events, messages
from cliquenntp.clique.admission import Admission
from cliquenntp.clique.budgets import Allowance, BudgetLimits, Budgets
from cliquenntp.clique.channel import Kind
from cliquenntp.clique.messages import Push
from cliquenntp.clique.parameters import NEEDED_AT_MOST, ROOM_EVERY, STANDING_KEPT_EVERY
from cliquenntp.clique.standing import DAY, Standing
from cliquenntp.interfaces import Place

from .pair import EPOCH, FORUM, ROOT, Wire, key_of, place

NARROW = BudgetLimits(few=Allowance(2, 1_000_000, DAY / 8))
"""room for two newcomers' documents at once, whoever brings them; more than twice as many are a flood"""

LATER = 7200.0
"""after which nobody has just joined"""


def by(author: str, name: str, *parents: bytes, time: float = LATER) -> Place:
    return attrs.evolve(place(name, time, *parents), author=key_of(author))


def forum(limits: BudgetLimits = NARROW, names: str = "abc") -> Wire:
    """Return a forum in which b takes few documents of newcomers."""
    wire = Wire()
    wire.places[ROOT] = Place(ROOT, EPOCH, (), 100, key_of("founder"))
    wire.forum(*names, b=Admission(Budgets(limits)))
    wire.pass_time(LATER)
    return wire


def write(wire: Wire, documents: list[Place], name: str = "a", seconds: float = 100) -> None:
    """Write documents at a node, and let them spread."""
    for one in documents:
        wire.write(name, one)
    wire.pass_time(seconds)


def flood(wire: Wire, count: int, name: str = "a") -> list[Place]:
    spam = [by(f"key {number}", f"spam {number}") for number in range(count)]
    write(wire, spam, name)
    return spam


def held(wire: Wire, documents: list[Place], name: str = "b") -> int:
    return sum(wire.cores[name].node.documents.contains(one.id) for one in documents)


def test_what_there_is_no_room_for_is_neither_stored_nor_passed_on() -> None:
    wire = forum()
    spam = flood(wire, 10)
    assert (held(wire, spam), held(wire, spam, "c")) == (2, 10)
    assert {dropped.budget for dropped in wire.dropped if dropped.reason == "there is no room"} <= {"forum", "flooding"}
    refused = wire.cores["b"].node.refused
    assert len(refused) == 8 and not wire.cores["b"].refused
    assert not any("b" in wire.pushed(document) for document in refused)


def test_who_has_it_and_who_does_not_compare_as_equal() -> None:
    wire = forum()
    flood(wire, 10)
    wire.pass_time(1200)
    wire.sent.clear()
    for end in [end for end in wire.links if end[0] == "b"]:
        wire.cut(*end)
    wire.pass_time(1200)
    assert len(list(wire.cores["b"].channels[FORUM].open_edges())) == 2
    assert [message for _, message in wire.sent if isinstance(message, Push | messages.Sync | messages.Want)] == []


def test_it_comes_once_there_is_room_the_newest_first() -> None:
    wire = forum()
    spam = flood(wire, 4)
    assert held(wire, spam) == 2
    wire.pass_time(DAY / 8 + ROOM_EVERY)
    assert held(wire, spam) >= 3 and wire.cores["b"].node.documents.contains(spam[-1].id)
    wire.pass_time(DAY)
    assert held(wire, spam) == 4
    assert not wire.cores["b"].node.refused


def test_what_a_follower_of_a_thread_has_comes_too_once_there_is_room() -> None:
    """What is put off is remembered by the follower's channel, which is none of the node's own."""
    wire = forum(names="ab")
    thread = by("founder", "thread")
    wire.write("a", thread)
    wire.add("f")
    wire.join("f", "b", messages.Channel(thread.id), ROOT)
    wire.pass_time(200)
    assert [edge.kind for edge in wire.cores["b"].node.edges.values()].count(Kind.FOLLOWER) == 1
    posts = [by(f"key {number}", f"post {number}", thread.id) for number in range(4)]
    for one in posts:
        wire.write("f", one)
    wire.pass_time(100)
    assert held(wire, posts) == 2
    wire.pass_time(DAY)
    assert held(wire, posts) == 4


def test_who_writes_here_who_founded_and_whom_they_answer_need_no_room() -> None:
    wire = forum()
    spam = flood(wire, 10)
    wire.write("a", by("founder", "announcement"))
    wire.write("b", by("local", "answer", spam[-1].id) if held(wire, spam[-1:]) else by("local", "post"))
    wire.write("a", by("founder", "answer to a newcomer", spam[5].id))
    wire.pass_time(100)
    documents = wire.cores["b"].node.documents
    assert all(documents.contains(key_of(name)) for name in ("announcement", "answer to a newcomer"))
    assert documents.contains(spam[5].id)
    more = [by("key 5", f"more {number}") for number in range(5)]
    write(wire, more)
    assert held(wire, more) == 5


def test_what_lies_between_a_newcomer_and_who_answers_below_comes_too() -> None:
    wire = forum()
    spam = flood(wire, 3)
    deep = [by("stranger", "first answer", spam[-1].id)]
    deep.append(by("another", "second answer", deep[0].id))
    deep.append(by("founder", "third answer", deep[1].id))
    write(wire, deep, seconds=300)
    assert held(wire, [spam[-1], *deep]) == 4
    assert not wire.cores["b"].node.admission.needed


def test_an_answer_to_what_was_put_off_is_put_off_and_not_asked_for() -> None:
    wire = forum()
    spam = flood(wire, 3)
    answer = by("stranger", "an answer", spam[-1].id)
    wire.write("a", answer)
    wire.pass_time(100)
    assert not held(wire, [spam[-1], answer])
    assert {spam[-1].id, answer.id} <= wire.cores["b"].node.refused.keys()
    wire.sent.clear()
    wire.pass_time(900)
    assert not [one for sender, one in wire.sent if sender == "b" and isinstance(one, messages.Want | messages.Sync)]


def test_who_gains_standing_has_at_once_what_was_put_off() -> None:
    wire = forum()
    spam = flood(wire, 5)
    late = [by("newcomer", f"late {number}") for number in range(4)]
    write(wire, late)
    assert held(wire, late) == 0
    wire.event("b", events.AuthorRead(key_of("newcomer")))
    wire.pass_time(100)
    assert held(wire, late) == 4
    assert held(wire, spam) == 2


def test_whom_the_root_names_needs_no_room() -> None:
    wire = Wire()
    wire.places[ROOT] = Place(ROOT, EPOCH, (), 100, key_of("founder"))
    named = {ROOT: (key_of("importer"),)}
    wire.forum("a", "b", b=Admission(Budgets(NARROW), named=named.__getitem__))
    wire.pass_time(LATER)
    imported = [by("importer", f"old {number}") for number in range(20)]
    write(wire, imported)
    assert held(wire, imported) == 20


def test_where_there_are_several_peers_one_brings_few_at_once() -> None:
    wire = forum(BudgetLimits(), "abcd")
    spam = flood(wire, 20)
    at_once = BudgetLimits().forum.documents * (1 - BudgetLimits().plenty)
    assert at_once <= held(wire, spam) <= at_once + 3
    assert "peer" in {dropped.budget for dropped in wire.dropped}
    few = forum(BudgetLimits(peers=4), "abcd")
    assert held(few, flood(few, 20)) == 20


def asked(wire: Wire, name: str, message: object) -> list[object]:
    """Return what b says to one node within minutes of a message that comes from there."""
    (edge,) = [one for one in wire.cores["b"].channels[FORUM].open_edges() if one.link.contact.key == key_of(name)]
    wire.sent.clear()
    wire.event("b", events.MessageReceived(edge.link.number, attrs.evolve(message, to=edge.incarnation)))
    wire.pass_time(120)
    kinds = messages.Want, messages.Sync
    return [one for sender, one in wire.sent if sender == "b" and isinstance(one, kinds) and one.to == edge.remote]


def test_nothing_is_asked_of_a_flooding_peer_while_there_are_others() -> None:
    wire = Wire()
    wire.places[ROOT] = Place(ROOT, EPOCH, (), 100, key_of("founder"))
    wire.forum("a", "b", "c", b=Admission(Budgets(NARROW)), c=Admission(Budgets(NARROW)))
    wire.pass_time(LATER)
    spam = flood(wire, 10)
    budgets = wire.cores["b"].node.admission.budgets
    assert [budgets.is_flooding(key_of(name), ROOT, wire.now) for name in "ac"] == [True, False]
    offer = messages.Offer(0, (b"not here",))
    comparison = messages.Sync(0, 0, (messages.SpanFingerprint(0, 1 << 40, 9, b"differs "),))
    assert not asked(wire, "a", offer) and not asked(wire, "a", comparison)
    assert asked(wire, "c", offer) and asked(wire, "c", comparison)
    assert held(wire, spam) == 2
    for end in [end for end in wire.links if end[0] == "c"]:
        wire.cut(*end)
    del wire.cores["c"]
    wire.event("b", events.TimerDue())
    assert asked(wire, "a", offer), "a peer that floods is better than none"


def test_documents_of_a_flooding_peer_are_not_remembered_while_there_are_others() -> None:
    wire = Wire()
    wire.places[ROOT] = Place(ROOT, EPOCH, (), 100, key_of("founder"))
    wire.forum("a", "b", "c", b=Admission(Budgets(NARROW)), c=Admission(Budgets(NARROW)))
    wire.pass_time(LATER)
    spam = flood(wire, 40)
    assert held(wire, spam) <= 3
    assert len(wire.cores["b"].node.refused) <= 2 * NARROW.few.documents


def test_what_a_flooding_peer_has_and_others_have_not_is_left_to_it_whatever_comes() -> None:
    wire = Wire()
    wire.places[ROOT] = Place(ROOT, EPOCH, (), 100, key_of("founder"))
    wire.forum("a", "b", "c", b=Admission(Budgets(NARROW)), c=Admission(Budgets(NARROW)))
    wire.pass_time(LATER)
    flood(wire, 10)
    node = wire.cores["b"].node
    (edge,) = [one for one in wire.cores["b"].channels[FORUM].open_edges() if one.link.contact.key == key_of("a")]
    put_off = [ghost.place for ghost in node.refused.values() if key_of("a") in ghost.witnesses]
    assert put_off
    wire.sent.clear()
    wire.event("b", events.AuthorRead(put_off[0].author))
    edge.differs = True
    wire.event("b", events.CompareNow(FORUM))
    wire.pass_time(DAY / 8 + ROOM_EVERY)
    kinds = messages.Want, messages.Sync
    assert not [one for name, one in wire.sent if name == "b" and isinstance(one, kinds) and one.to == edge.remote]


def test_who_joins_gets_all_that_was_there_before() -> None:
    wire = Wire()
    wire.places[ROOT] = Place(ROOT, EPOCH, (), 100, key_of("founder"))
    wire.forum("a", "c")
    old = [by(f"author {number}", f"old {number}", time=number) for number in range(150)]
    for one in old:
        wire.write("a", one)
    wire.pass_time(LATER)
    wire.add("b", admitting=Admission(Budgets(NARROW)))
    wire.join("b", "a")
    wire.pass_time(600)
    assert held(wire, old) == 150
    assert held(wire, flood(wire, 10)) == 2


def test_who_comes_back_gets_what_the_others_took() -> None:
    wire = forum(attrs.evolve(NARROW, few=Allowance(2, 1_000_000, DAY), brought=Allowance(30, 1_000_000, DAY)))
    documents, pieces = wire.cores["b"].node.documents, wire.pieces["b"]
    wire.write("a", by("founder", "announcement"))
    wire.pass_time(STANDING_KEPT_EVERY + 1)
    assert pieces["standing",] is not None
    wire.kill("b")
    missed = [by(f"author {number}", f"missed {number}", time=wire.now + number) for number in range(20)]
    write(wire, missed, seconds=1000)
    wire.add("b", wire.pieces["b"], documents, admitting=Admission(Budgets(NARROW)))
    wire.event("b", events.TimerDue())
    wire.pass_time(1200)
    assert held(wire, missed) == 20
    assert key_of("founder") in wire.cores["b"].node.admission.standing


def test_who_was_apart_with_one_other_takes_no_honest_peer_for_flooding() -> None:
    """Two nodes of a house whose line was down over a weekend: the others have much that is new to both."""
    limits = BudgetLimits(compared=Allowance(10, 1_000_000, DAY / 4))
    wire = forum(limits, "abcd")
    others = {name: wire.cores[name].node.documents for name in "ac"}
    for name in others:
        wire.kill(name)
    wire.pass_time(DAY)
    missed = [by(f"author {number}", f"missed {number}", time=wire.now - DAY / 2 + number) for number in range(30)]
    for name, documents in others.items():
        for one in missed:
            wire.places[one.id] = one
            documents.add(one)
        wire.add(name, wire.pieces[name], documents)
        wire.event(name, events.TimerDue())
    wire.pass_time(3600)
    admission = wire.cores["b"].node.admission
    assert not any(admission.budgets.is_flooding(key_of(name), ROOT, wire.now) for name in others)
    wire.pass_time(3600)
    assert held(wire, missed) == 30


def test_blocked_authors_lose_their_standing() -> None:
    blocked: set[bytes] = set()
    wire = Wire()
    wire.places[ROOT] = Place(ROOT, EPOCH, (), 100, key_of("founder"))
    wire.forum("a", "b", b=Admission(Budgets(NARROW), Standing(blocked=blocked)))
    wire.pass_time(LATER)
    wire.event("b", events.AuthorRead(key_of("somebody")))
    for number in range(5):
        wire.write("a", by("somebody", f"before {number}"))
    blocked.add(key_of("somebody"))
    after = [by("somebody", f"after {number}") for number in range(5)]
    write(wire, after)
    assert held(wire, [by("somebody", f"before {number}") for number in range(5)]) == 5
    assert held(wire, after) == 2


def test_what_is_needed_is_remembered_of_a_bounded_number() -> None:
    wire = forum()
    edge = next(iter(wire.cores["b"].node.channels[FORUM].open_edges()))
    node = wire.cores["b"].node
    node.admission.standing.trust(key_of("founder"), 0.0)
    for number in range(NEEDED_AT_MOST + 10):
        child = by("founder", f"child {number}", key_of(f"parent {number}"))
        push = Push(edge.incarnation, child.id, 0)
        wire.event("b", events.ParentMissing(edge.link.number, push, child.parents[0], child))
    assert len(node.admission.needed) == NEEDED_AT_MOST


@pytest.mark.parametrize("names", ["ab", "abcd"])
def test_without_a_flood_all_that_newcomers_write_comes(names: str) -> None:
    wire = forum(BudgetLimits(), names)
    posts = [by(f"author {number}", f"post {number}", time=LATER + 600 * number) for number in range(30)]
    for one in posts:
        wire.write("a", one)
        wire.pass_time(600)
    wire.pass_time(1200)
    assert held(wire, posts) == 30
