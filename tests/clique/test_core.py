"""The core as a whole, on a wire without delay."""

from __future__ import annotations

import random

import pytest

from cliquenntp.clique import events
from cliquenntp.clique import messages as m
from cliquenntp.clique.channel import Kind
from cliquenntp.clique.messages import Channel
from cliquenntp.interfaces import Place

from .pair import EPOCH, FORUM, ROOT, Wire, contact_of, key_of, place

NAMES = ("a", "b", "c", "d", "e", "f")


def test_a_founder_is_its_own_center() -> None:
    wire = Wire()
    wire.add("a")
    wire.found("a")
    state = wire.cores["a"].channels[FORUM]
    assert state.key == m.Key(0, True, 1, True, key_of("a"))
    assert state.parent is None


def test_all_agree_on_one_center_and_everyone_else_has_a_parent_that_knows_it() -> None:
    wire = Wire()
    wire.forum(*NAMES)
    states = {name: core.channels[FORUM] for name, core in wire.cores.items()}
    assert len({state.key for state in states.values()}) == 1
    for state in states.values():
        if state.is_center(key_of("a")) and state.parent is None:
            continue
        parent = state.parent
        assert parent is not None
        other = next(name for name in NAMES if key_of(name) == parent.link.contact.key)
        assert wire.cores[other].node.edges[parent.remote].is_child


def test_a_document_reaches_all_and_is_stored_once() -> None:
    wire = Wire()
    wire.forum(*NAMES)
    document = place("document", wire.now)
    wire.write("d", document)
    wire.pass_time(30)
    assert all(core.node.documents.contains(document.id) for core in wire.cores.values())
    assert len(wire.pushed(document.id)) >= len(NAMES) - 1


def test_while_the_center_is_gone_what_is_offered_is_asked_for_at_once() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    [center] = [name for name, core in wire.cores.items() if core.channels[FORUM].parent is None]
    wire.kill(center)
    wire.pass_time(1)
    one, other = wire.cores
    assert all(core.channels[FORUM].orphan_since is not None for core in wire.cores.values())
    document = place("written without a center", wire.now)
    wire.write(one, document)
    wire.pass_time(1)
    assert wire.cores[other].node.documents.contains(document.id)
    assert all(core.channels[FORUM].orphan_since is not None for core in wire.cores.values())
    assert len(wire.pushed(document.id)) == 1


def test_a_newcomer_gets_the_history() -> None:
    wire = Wire()
    wire.forum("a", "b")
    for number in range(2500):
        wire.write("a", place(f"old {number}", number // 10 - 100000))
    wire.add("c")
    wire.join("c", "b")
    wire.pass_time(300)
    assert wire.cores["c"].node.documents.channel(*FORUM).count(0, 1 << 40) == 2501


def test_a_difference_found_at_reconnection_goes_both_ways() -> None:
    wire = Wire()
    wire.forum("a", "b")
    for end in list(wire.links):
        wire.cut(*end)
    for name in ("a", "b"):
        for number in range(40):
            document = place(f"{name} {number}", number - 5000)
            wire.places[document.id] = document
            wire.cores[name].node.documents.add(document)
    wire.pass_time(300)
    for core in wire.cores.values():
        assert core.node.documents.channel(*FORUM).count(0, 1 << 40) == 81


def test_a_dead_center_is_replaced() -> None:
    wire = Wire()
    wire.forum(*NAMES)
    center = wire.cores["a"].channels[FORUM].key.center
    dead = next(name for name in NAMES if key_of(name) == center)
    wire.kill(dead)
    wire.pass_time(400)
    keys = {core.channels[FORUM].key for core in wire.cores.values()}
    assert len(keys) == 1
    key = keys.pop()
    assert key.center in {key_of(name) for name in wire.cores}
    assert key.term == 2


def test_state_comes_back_from_the_persisted_pieces() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    before = wire.cores["b"].channels[FORUM]
    restored = wire.add("b", wire.pieces["b"], wire.cores["b"].node.documents)
    after = restored.channels[FORUM]
    assert (after.key, after.seq, after.distance, after.feasibility) == (
        before.key, before.seq, before.distance, before.feasibility)
    assert {key for key, known in after.known.items() if known.linked} == {
        edge.link.contact.key for edge in before.open_edges()}


def test_feasibility_is_persisted_before_the_advert_leaves() -> None:
    wire = Wire()
    wire.forum("a", "b")
    wire.add("c")
    wire.event("c", events.InvitationTaken(ROOT, (contact_of("a"),)))
    wire.event("c", events.Follow(FORUM))
    state = wire.cores["c"].channels[FORUM]
    piece = wire.pieces["c"]["position", ROOT, False]
    assert piece[0] == tuple(state.key)
    assert piece[4] == ((tuple(state.key), state.seq, state.distance),)


def test_degree_stays_within_its_bound_around_a_star_inviter() -> None:
    wire = Wire()
    wire.forum(*(f"n{number}" for number in range(25)))
    wire.pass_time(2000)
    assert max(core.channels[FORUM].degree(*Kind) for core in wire.cores.values()) <= 8
    assert len({core.channels[FORUM].key for core in wire.cores.values()}) == 1


def test_leaving_is_acknowledged_and_the_others_go_on() -> None:
    wire = Wire()
    wire.forum(*NAMES)
    wire.event("a", events.Unfollow(FORUM))
    assert wire.cores["a"].node.leaving == {}
    assert FORUM not in wire.cores["a"].channels
    wire.pass_time(400)
    rest = [core for name, core in wire.cores.items() if name != "a"]
    assert len({core.channels[FORUM].key for core in rest}) == 1
    assert rest[0].channels[FORUM].key.center != key_of("a")


def test_a_follower_gets_its_thread_and_nothing_else_and_can_write() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    thread, other = place("thread", -500), place("other", -500)
    for document in (thread, other):
        wire.write("a", document)
    wire.add("d")
    wire.join("d", "a", Channel(thread.id), ROOT)
    wire.pass_time(200)
    reply, elsewhere = place("reply", wire.now, thread.id), place("elsewhere", wire.now, other.id)
    wire.write("b", reply)
    wire.write("b", elsewhere)
    wire.pass_time(60)
    held = wire.cores["d"].node.documents
    assert held.contains(thread.id)
    assert held.contains(reply.id)
    assert not held.contains(other.id)
    assert not held.contains(elsewhere.id)
    own = place("own", wire.now, thread.id)
    wire.write("d", own)
    wire.pass_time(60)
    assert all(core.node.documents.contains(own.id) for core in wire.cores.values())
    assert all(edge.kind == Kind.FEEDER for edge in wire.cores["d"].channels[Channel(thread.id)].open_edges())


def test_a_document_outside_the_channel_is_refused() -> None:
    wire = Wire()
    wire.forum("a", "b")
    other = Place(key_of("another forum"), EPOCH)
    wire.cores["b"].node.documents.add(other)
    stranger = Place(key_of("stranger"), EPOCH, (other.id,))
    edge = next(wire.cores["b"].channels[FORUM].open_edges())
    wire.event("b", events.DocumentReceived(edge.link.number, m.Push(edge.incarnation, stranger.id, 0), stranger))
    assert wire.dropped[-1].reason == "outside the channel"
    assert not wire.cores["b"].node.documents.contains(stranger.id)


def test_a_false_center_closes_the_link() -> None:
    wire = Wire()
    wire.forum("a", "b")
    edge = next(wire.cores["b"].channels[FORUM].open_edges())
    forged = m.Advert(99, m.Key(0, True, 2, True, b"z" * 32), 0, b"s" * 64, 0, False, True, False, 1)
    wire.event("b", events.MessageReceived(edge.link.number, m.AdvertMessage(edge.incarnation, forged)))
    assert wire.closed[-1].reason == "a center's signature is false"
    assert wire.cores["b"].channels[FORUM].key.center == key_of("a")


def test_who_does_not_hold_a_forum_learns_nothing_from_being_asked() -> None:
    wire = Wire()
    wire.forum("a", "b")
    wire.add("stranger")
    wire.event("a", events.InvitationTaken(ROOT, (contact_of("stranger"),)))
    wire.pass_time(60)
    asked = [message for name, message in wire.sent if isinstance(message, m.LinkRequest) and name == "a"]
    assert all(ROOT not in (message.scope, message.below) for message in asked)
    assert not any(name == "stranger" and isinstance(message, m.LinkAccept) for name, message in wire.sent)


def test_an_idle_forum_is_silent_but_for_probes() -> None:
    wire = Wire()
    wire.forum(*NAMES)
    wire.pass_time(3000)
    wire.sent.clear()
    wire.pass_time(20000)
    assert {type(message) for _, message in wire.sent} <= {m.Probe, m.Announce}
    assert len(wire.sent) < 20000 / 500 * len(NAMES)


def _any_message(dice: random.Random, ends: list[int]) -> m.Message:
    def number() -> int:
        return dice.choice([0, 1, 2, 255, 1 << 31, EPOCH, 1 << 40])

    def ids(size: int) -> tuple[bytes, ...]:
        return tuple(dice.choice([ROOT, bytes(32), dice.randbytes(32)])[:size] for _ in range(dice.randrange(4)))

    key = dice.choice([None, m.Key(number(), dice.random() < 0.5, number(), True, dice.randbytes(32))])
    advert = m.Advert(number(), key, number(), dice.choice([b"", bytes(64)]), number(), True, True, True, number())
    channel = dice.choice([None, FORUM, Channel(ROOT, True), Channel(dice.randbytes(32))])
    contact = dice.choice([contact_of("a"), contact_of("nobody"), m.Contact(dice.randbytes(32), "")])
    to = dice.choice(ends)
    low, high = number(), number()
    spans = (
        m.SpanFingerprint(low, high, number(), bytes(8)),
        m.SpanListing(low, high, ids(6), dice.random() < 0.5, dice.randrange(4)),
        m.SpanWanted(dice.randrange(4), dice.randbytes(dice.randrange(40))),
    )
    return dice.choice([
        m.LinkRequest(number(), dice.randbytes(16), channel, low, high, bytes(8), advert, True),
        m.LinkAccept(to, number(), bytes(16), True, low, high, bytes(8), advert, (contact,)),
        m.LinkRefuse(to, (contact,), True), m.Bye(to, number(), (contact,), True), m.ByeAck(to),
        m.Walk(to, contact, channel, number() % 256, number()), m.AdvertMessage(to, advert),
        m.AdvertAck(to, number()), m.SequenceRequest(to, key or m.Key(0, True, 1, True, bytes(32)), number(), 24),
        m.Abdicate(to, key or m.Key(0, True, 1, True, bytes(32))), m.Offer(to, ids(8)), m.Want(to, ids(32)),
        m.Gone(to, ids(32), "expired", (number(), number())), m.Sync(to, number(), spans),
        m.Announce(to, low, high, bytes(8)),
        m.Meet(to, contact), m.Probe(bytes(16), channel, key, low, high, bytes(8), dice.random() < 0.5),
    ])


@pytest.mark.parametrize("seed", range(20))
def test_no_message_raises(seed: int) -> None:
    dice = random.Random(seed)
    wire = Wire()
    wire.forum("a", "b", "c", "d")
    for _ in range(200):
        core = wire.cores["a"]
        if not core.node.links:
            wire.pass_time(600)
            continue
        link = dice.choice(list(core.node.links))
        wire.event("a", events.MessageReceived(link, _any_message(dice, [0, *core.node.edges])))
        wire.pass_time(dice.choice([0, 0.1, 10]))


def test_a_gone_document_is_not_waited_for_and_keeps_equal_histories_equal() -> None:
    wire = Wire()
    wire.forum("a", "b")
    document = place("cancelled", -5000)
    wire.write("a", document)
    wire.pass_time(100)
    for name in ("a", "b"):
        wire.event(name, events.DocumentGone(document.id, "cancelled"))
    wire.add("c")
    wire.join("c", "a")
    wire.pass_time(400)
    state = wire.cores["c"].channels[FORUM]
    [edge, *_] = state.open_edges()
    assert state.in_flight == {} and edge.comparison is not None and not edge.comparison.under_way
    assert not wire.cores["c"].node.documents.contains(document.id)
    fingerprints = {wire.cores[name].node.documents.channel(*FORUM).fingerprint(0, 1 << 40) for name in ("a", "b")}
    assert len(fingerprints) == 1


def test_a_horizon_keeps_older_documents_away() -> None:
    wire = Wire()
    wire.forum("a", "b")
    old, new = place("old", -90000), place("new", -3600)
    for document in (old, new):
        wire.write("a", document)
    wire.add("c")
    wire.event("c", events.InvitationTaken(ROOT, (contact_of("a"), contact_of("b"))))
    wire.event("c", events.Follow(FORUM, since=EPOCH - 7200))
    wire.pass_time(400)
    held = wire.cores["c"].node.documents
    assert held.contains(new.id)
    assert not held.contains(old.id)
    assert len([message for name, message in wire.sent if name == "c" and isinstance(message, m.Sync)]) <= 8


def test_a_lost_feeder_is_replaced() -> None:
    wire = Wire()
    wire.forum("a", "b", "c", "e")
    thread = place("thread", -500)
    wire.write("a", thread)
    wire.add("d")
    wire.join("d", "a", Channel(thread.id), ROOT)
    wire.pass_time(200)
    state = wire.cores["d"].channels[Channel(thread.id)]
    assert state.degree(Kind.FEEDER) >= 2
    assert state.parent is not None
    feeder = next(name for name in "abce" if key_of(name) == state.parent.link.contact.key)
    wire.kill(feeder)
    wire.pass_time(60)
    author = next(name for name in "abce" if name != feeder)
    reply = place("reply", wire.now, thread.id)
    wire.write(author, reply)
    wire.pass_time(60)
    assert wire.cores["d"].node.documents.contains(reply.id)


@pytest.mark.parametrize("comments", [True, False])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.2, 1.0])
def test_a_document_written_while_an_edge_is_new_is_pushed(delay: float, comments: bool) -> None:
    """Before the follower has told that it is a child now."""
    wire = Wire()
    wire.forum("a", "b")
    wire.event("b", events.Unfollow(FORUM))
    wire.pass_time(5)
    wire.event("b", events.Follow(Channel(ROOT, comments)))
    wire.event("b", events.TimerDue())
    wire.pass_time(delay)
    document = place("document", wire.now)
    wire.write("a", document)
    assert wire.cores["b"].node.documents.contains(document.id)


def test_a_document_written_just_after_its_author_opened_an_edge_is_offered() -> None:
    """Before the other end has told that it is a child now."""
    wire = Wire()
    wire.forum("a", "b")
    wire.cut(*next(end for end in wire.links if end[0] == "a"))
    wire.event("a", events.TimerDue())
    wire.cores["b"].channels[FORUM].known.clear()
    while not any(wire.cores["a"].channels[FORUM].open_edges()):
        wire.pass_time(0.05)
    document = place("document", wire.now)
    wire.write("a", document)
    assert not wire.cores["b"].node.documents.contains(document.id)
    wire.pass_time(10)
    assert wire.cores["b"].node.documents.contains(document.id)


def test_a_parent_in_another_forum_is_sent_to_whoever_was_sent_its_child_and_to_nobody_else() -> None:
    wire = Wire()
    wire.forum("a", "b")
    elsewhere = Place(key_of("another root"), EPOCH)
    wire.write("a", elsewhere)
    [edge] = wire.cores["b"].channels[FORUM].open_edges()

    def ask() -> bool:
        push = m.Push(edge.incarnation, key_of("child"), 0)
        wire.event("b", events.ParentMissing(edge.link.number, push, elsewhere.id))
        wire.pass_time(100)
        return wire.cores["b"].node.documents.contains(elsewhere.id)

    assert not ask()
    wire.write("a", place("child", wire.now, elsewhere.id, ROOT))
    assert ask()
    assert wire.pushed(elsewhere.id) == ["a"]
