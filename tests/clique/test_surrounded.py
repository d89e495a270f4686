"""Against being surrounded: what an inviter, or a neighbour that names its friends, cannot make of a node's edges."""

from __future__ import annotations

from cliquenntp.clique import Core, edges, events, membership
from cliquenntp.clique.channel import Edge, Kind
from cliquenntp.clique.parameters import INTRODUCED_AT_MOST, KEPT_FROM_INVITATION, WALKS_BEFORE_ADDRESSES

from .pair import FORUM, Wire, contact_of, key_of


def test_two_who_invited_a_node_are_not_given_up_for_others() -> None:
    wire = Wire()
    wire.forum(*"abcdefgh")
    core = max(wire.cores.values(), key=lambda core: len(lazy(core)))
    state = core.channels[FORUM]
    assert len(lazy(core)) > KEPT_FROM_INVITATION
    inviters = {edge.link.contact.key for edge in lazy(core)[:KEPT_FROM_INVITATION]}
    for key, known in state.known.items():
        known.invited = key in inviters
    for number in range(20):
        edges.split(core.node, state, contact_of(f"stranger {number}"))
    assert {edge.link.contact.key for edge in lazy(core)} == inviters


def lazy(core: Core) -> list[Edge]:
    """Return a node's edges beside the tree, which may be given up."""
    return [edge for edge in core.channels[FORUM].open_edges() if edge.kind == Kind.PEER and not edge.in_tree]


def test_a_neighbour_brings_only_so_many_of_its_friends() -> None:
    wire = Wire()
    wire.forum("a", "b")
    friends = [f"friend{number}" for number in range(12)]
    for name in friends:
        wire.add(name)
        wire.found(name)
    node, state = wire.cores["b"].node, wire.cores["b"].channels[FORUM]
    for name in friends:
        edges.get_to_know(node, state, contact_of(name), key_of("a"))
    state.fill_round = WALKS_BEFORE_ADDRESSES + 1
    membership.fill(node, state)
    dialled = [name for name in friends if key_of(name) in node.dialling]
    assert len(dialled) == INTRODUCED_AT_MOST, "in one round"
    wire.event("b", events.TimerDue())
    assert all(state.edge_with(key_of(name)) for name in dialled)
    state.fill_round = WALKS_BEFORE_ADDRESSES + 1
    membership.fill(node, state)
    assert not node.dialling, "nor in the next one, as long as those stay"
