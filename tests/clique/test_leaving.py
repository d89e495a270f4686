"""What a node that left a channel remembers, and whom that helps."""

from __future__ import annotations

from cliquenntp.clique import events
from cliquenntp.clique import messages as m
from cliquenntp.clique.documents import Documents
from cliquenntp.clique.parameters import CONTACTS_AT_MOST, REFUSAL_DOUBLINGS, TOMBSTONE_KEPT

from .pair import FORUM, ROOT, Wire, contact_of, key_of


def test_who_comes_for_a_channel_that_was_left_is_sent_to_those_who_are_in_it() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    wire.event("b", events.Unfollow(FORUM))
    wire.add("d")
    wire.join("d", "b")
    wire.pass_time(200)
    neighbours = {edge.link.contact.key for edge in wire.cores["d"].channels[FORUM].open_edges()}
    assert neighbours & {key_of("a"), key_of("c")}
    (refusal, *_) = [one for name, one in wire.sent if name == "b" and isinstance(one, m.LinkRefuse)]
    assert refusal.left
    assert 0 < len(refusal.contacts) <= CONTACTS_AT_MOST


def test_what_is_remembered_of_a_channel_comes_back_from_the_store_and_is_forgotten_in_time() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    wire.event("b", events.Unfollow(FORUM))
    before = wire.cores["b"].node.tombstones
    assert before[FORUM].feasibility
    core = wire.add("b", wire.pieces["b"], Documents())
    assert core.node.tombstones == before
    wire.now += TOMBSTONE_KEPT - 10
    wire.event("b", events.TimerDue())
    assert FORUM in core.node.tombstones
    wire.now += 10
    wire.event("b", events.TimerDue())
    assert core.node.tombstones == {}
    assert wire.pieces["b"][("node",)][0] == ()


def test_what_was_advertised_binds_a_node_that_left_and_came_back() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    said = dict(wire.cores["b"].channels[FORUM].feasibility)
    wire.event("b", events.Unfollow(FORUM))
    wire.event("b", events.Follow(FORUM))
    assert wire.cores["b"].channels[FORUM].feasibility == said
    assert wire.cores["b"].node.tombstones == {}
    wire.pass_time(200)
    state = wire.cores["b"].channels[FORUM]
    assert state.key == wire.cores["a"].channels[FORUM].key
    assert state.parent is not None


def test_two_nodes_that_left_and_name_each_other_are_not_asked_in_turn() -> None:
    wire = Wire()
    wire.forum("a", "b", "c")
    for name in ("b", "c"):
        wire.event(name, events.Unfollow(FORUM))
        wire.event(name, events.InvitationTaken(ROOT, (contact_of("b"), contact_of("c"))))
    wire.sent.clear()
    wire.pass_time(40 * 2 ** REFUSAL_DOUBLINGS * 4)
    asked = [one for name, one in wire.sent if name == "a" and isinstance(one, m.LinkRequest)]
    assert len(asked) <= 2 * 6
