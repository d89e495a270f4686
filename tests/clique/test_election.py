"""The rules of election, one by one, on states made by hand."""

from __future__ import annotations

import random
from typing import Any

from attrs import evolve

from cliquenntp.clique import claiming, election
from cliquenntp.clique.blinding import statement
from cliquenntp.clique.channel import ChannelState, Edge, Kind, Link
from cliquenntp.clique.documents import Documents
from cliquenntp.clique.messages import Advert, Key, SequenceRequest
from cliquenntp.clique.node import Node

from .pair import EPOCH, FORUM, ROOT, Claims, contact_of, key_of

OLD = Key(0, True, 1, True, key_of("center"))
NEW = Key(0, True, 2, True, key_of("center"))


def make() -> tuple[Node, ChannelState]:
    node = Node(contact_of("me"), Documents(), Claims(key_of("me")), random.Random(1), EPOCH, 0.0)
    state = node.channels[FORUM] = ChannelState(FORUM, ROOT, (), 0)
    return node, state


def neighbour(node: Node, state: ChannelState, name: str, key: Key, seq: int, distance: int, **more: bool) -> Edge:
    number = node.incarnation()
    link = node.links[number] = Link(number, contact_of(name), b"secret", True, 1)
    edge = Edge(number, link, state, FORUM, Kind.PEER, 0.0, remote=1)
    signature = Claims(key.center).sign(statement(FORUM, key, seq))
    edge.advert = Advert(1, key, seq, signature, distance, more.get("is_parent", False), True, False, 1)
    node.edges[number] = state.edges[number] = edge
    return edge


def tells(edge: Edge, **news: Any) -> None:
    """Have a neighbour say something else than before."""
    assert edge.advert is not None
    edge.advert = evolve(edge.advert, serial=edge.advert.serial + 1, **news)


def test_the_larger_key_wins_whatever_the_distance() -> None:
    node, state = make()
    neighbour(node, state, "near", OLD, 0, 1)
    far = neighbour(node, state, "far", NEW, 0, 400)
    election.recompute(node, state)
    assert (state.key, state.parent, state.distance) == (NEW, far, 401)
    assert state.feasibility == {NEW: (0, 401)}


def test_nobody_goes_back_to_a_smaller_key() -> None:
    node, state = make()
    far = neighbour(node, state, "far", NEW, 0, 400)
    election.recompute(node, state)
    del state.edges[far.incarnation]
    neighbour(node, state, "near", OLD, 0, 1)
    election.recompute(node, state)
    assert state.key == NEW
    assert state.parent is None
    assert state.orphan_since is not None


def test_a_neighbour_as_far_as_we_were_is_no_parent() -> None:
    node, state = make()
    parent = neighbour(node, state, "parent", OLD, 0, 10)
    election.recompute(node, state)
    assert state.distance == 11
    other = neighbour(node, state, "other", OLD, 0, 11)
    del state.edges[parent.incarnation]
    election.recompute(node, state)
    assert state.parent is None
    tells(other, seq=1, distance=11)
    election.recompute(node, state)
    assert state.parent is other
    assert state.feasibility[OLD] == (1, 12)


def test_a_child_is_no_parent() -> None:
    node, state = make()
    neighbour(node, state, "child", OLD, 5, 1, is_parent=True)
    election.recompute(node, state)
    assert state.parent is None


def test_feasibility_never_worsens() -> None:
    node, state = make()
    parent = neighbour(node, state, "parent", OLD, 0, 10)
    election.recompute(node, state)
    for distance in (9, 8, 9, 8):
        tells(parent, seq=0, distance=distance)
        election.recompute(node, state)
    assert state.distance == 9
    assert state.feasibility[OLD] == (0, 9)


def test_a_parent_is_kept_unless_another_is_much_better() -> None:
    node, state = make()
    parent = neighbour(node, state, "parent", OLD, 0, 10)
    election.recompute(node, state)
    neighbour(node, state, "little", OLD, 0, 7)
    election.recompute(node, state)
    assert state.parent is parent
    much = neighbour(node, state, "much", OLD, 0, 5)
    election.recompute(node, state)
    assert state.parent is much


def test_a_term_far_off_waits_for_a_second_neighbour() -> None:
    node, state = make()
    neighbour(node, state, "parent", OLD, 0, 10)
    election.recompute(node, state)
    far = OLD._replace(term=1000)
    neighbour(node, state, "liar", far, 0, 0)
    election.recompute(node, state)
    assert state.key == OLD
    neighbour(node, state, "witness", far, 0, 5)
    election.recompute(node, state)
    assert state.key == far


def test_terms_are_followed_once_a_minute() -> None:
    node, state = make()
    edge = neighbour(node, state, "flapping", OLD, 0, 1)
    election.recompute(node, state)
    for term in (2, 3, 4):
        tells(edge, key=OLD._replace(term=term), seq=0, distance=1)
        election.recompute(node, state)
    assert state.key is not None
    assert state.key.term == 2
    node.now = 61.0
    election.recompute(node, state)
    assert state.key.term == 4


def test_a_center_raises_its_number_only_a_little_at_a_request() -> None:
    node, state = make()
    claiming.claim(node, state)
    assert state.key is not None
    edge = neighbour(node, state, "asker", state.key, 0, 1)
    election.asked(node, edge, SequenceRequest(edge.incarnation, state.key, 1000, 24))
    assert state.seq == 0
    election.asked(node, edge, SequenceRequest(edge.incarnation, state.key, 1, 24))
    assert state.seq == 1


def test_a_node_alone_is_its_own_center_and_gives_way_to_whom_it_meets() -> None:
    node, state = make()
    parent = neighbour(node, state, "parent", OLD, 0, 10)
    election.recompute(node, state)
    del state.edges[parent.incarnation]
    election.recompute(node, state)
    claiming.claim(node, state)
    assert state.key == Key(0, True, election.ALONE, True, key_of("me"))
    assert state.is_center(key_of("me"))
    nearer = neighbour(node, state, "nearer", OLD, 0, 5)
    election.recompute(node, state)
    assert (state.key, state.parent) == (OLD, nearer)


def test_a_key_claimed_again_goes_on_with_its_numbers() -> None:
    node, state = make()
    claiming.claim(node, state)
    assert state.key is not None
    alone = state.key
    assert state.seq == 0
    parent = neighbour(node, state, "parent", OLD, 0, 10)
    election.recompute(node, state)
    del state.edges[parent.incarnation]
    election.recompute(node, state)
    claiming.claim(node, state)
    assert (state.key, state.seq, state.feasibility[alone]) == (alone, 1, (1, 0))


def test_the_only_neighbour_is_believed_a_term_far_off() -> None:
    node, state = make()
    parent = neighbour(node, state, "parent", OLD, 0, 10)
    election.recompute(node, state)
    del state.edges[parent.incarnation]
    far = OLD._replace(term=1000)
    neighbour(node, state, "only", far, 0, 5)
    election.recompute(node, state)
    assert state.key == far


def test_a_larger_key_out_of_reach_is_asked_for_again() -> None:
    node, state = make()
    claiming.claim(node, state)
    state.feasibility[OLD] = (3, 1)
    neighbour(node, state, "neighbour", OLD, 3, 10)
    asked = []
    node.send = lambda link, message: asked.append(message)  # type: ignore[method-assign]
    election.recompute(node, state)
    again = node.timers.get("recompute", FORUM)
    assert again is not None
    node.now = again
    while node.timers.pop_due(again):
        pass
    election.recompute(node, state)
    assert [(one.key, one.seq) for one in asked if isinstance(one, SequenceRequest)] == [(OLD, 4)] * 2


def test_raises_without_a_pause_are_followed_ever_later_and_the_parent_that_follows_them_is_kept() -> None:
    node, state = make()
    edge = neighbour(node, state, "flapping", OLD, 0, 1)
    election.recompute(node, state)
    followed = []
    for second in range(0, 3600, 5):
        node.now = float(second)
        key = OLD._replace(term=2 + second)
        edge.advert = Advert(2 + second, key, 0, b"", 1, False, True, False, 1)
        before = state.key
        election.recompute(node, state)
        assert state.parent is edge
        assert state.orphan_since is None
        if state.key != before:
            followed.append(second)
    assert followed == [0, 60, 120, 240, 480, 960, 1920]


def test_an_orphan_follows_a_raise_a_minute_after_the_last_whatever_was_before() -> None:
    node, state = make()
    parent = neighbour(node, state, "parent", OLD, 0, 1)
    election.recompute(node, state)
    state.raises, state.raised_at = 9, 0.0
    del state.edges[parent.incarnation]
    election.recompute(node, state)
    assert state.orphan_since is not None
    node.now = 61.0
    neighbour(node, state, "next", NEW, 0, 400)
    election.recompute(node, state)
    assert state.key == NEW
