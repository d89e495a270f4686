"""How many edges bring documents to a channel, and which feeders a follower has: few, for all its channels together."""

from __future__ import annotations

from cliquenntp.clique import edges
from cliquenntp.clique.channel import ChannelState, Kind, Link
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import DIAL_AGAIN, EDGES_WANTED, SOURCES_AT_MOST, SOURCES_ENOUGH, SOURCES_WANTED


def wanted(state: ChannelState) -> int:
    """Return how many edges that bring documents this channel shall have."""
    return EDGES_WANTED if state.is_full or not state.degree(Kind.FEEDER) else SOURCES_WANTED


def lacking(state: ChannelState) -> int:
    """Return how many edges a channel lacks; followers do not count for one that has feeders."""
    counted = edges.sources(state) if state.is_full else state.degree(Kind.FEEDER) or state.degree(Kind.PEER)
    return wanted(state) - counted


def trim(node: Node, state: ChannelState) -> None:
    """Let a follower that has feeders give up what does not push to it: other followers, then feeders too many."""
    fed = sum(1 for edge in state.open_edges() if edge.kind == Kind.FEEDER)
    if state.is_full or not fed:
        return
    kept = _kept_feeders(node, state.scope)
    for edge in list(state.open_edges()):
        if edge.kind == Kind.PEER:
            # one that asked us may lack feeders, and would ask again
            spare = (fed >= SOURCES_ENOUGH and edge.requested) or edges.sources(state) > SOURCES_AT_MOST
        else:
            spare = (
                edge.kind == Kind.FEEDER and edge.link.contact.key not in kept
                and state.degree(Kind.FEEDER) > SOURCES_WANTED)
        if spare and not edge.in_tree:
            # it is told of nobody, since it would ask who is as full as we are, and so on
            edges.part(node, edge)


def _kept_feeders(node: Node, scope: bytes) -> set[bytes]:
    """Return the feeders that all our channels of a forum keep: parents, then those of the most channels."""
    fed: dict[bytes, tuple[bool, int]] = {}
    for state in node.channels.values():
        for edge in state.open_edges() if state.scope == scope else ():
            if edge.kind == Kind.FEEDER:
                is_parent, count = fed.get(edge.link.contact.key, (False, 0))
                fed[edge.link.contact.key] = is_parent or edge.in_tree, count + 1
    return set(sorted(fed, key=lambda key: fed[key], reverse=True)[:SOURCES_WANTED])


def feeders_of(node: Node, scope: bytes) -> dict[bytes, Link]:
    """Return the nodes that feed any of our channels of a forum, in the order in which they came."""
    return {
        edge.link.contact.key: edge.link for state in node.channels.values() if state.scope == scope
        for edge in state.open_edges() if edge.kind == Kind.FEEDER}


def has_feeders_enough(node: Node, state: ChannelState) -> bool:
    """Return whether a further node is not to be asked to feed this channel.

    So a follower has few links, however many channels it follows.
    """
    if not state.degree(Kind.FEEDER):
        return False
    asked = {
        edge.link.contact.key for other in node.channels.values() if other.scope == state.scope
        for edge in other.edges.values() if not edge.open}
    return len(feeders_of(node, state.scope).keys() | asked) >= SOURCES_WANTED


def looks_for_all(node: Node, state: ChannelState) -> bool:
    """Return whether this one of a forum's narrow channels looks for feeders for all of them.

    So a follower has few links, however many channels it follows.
    """
    if len(feeders_of(node, state.scope)) >= SOURCES_WANTED:
        return False
    others = [
        other.channel for other in node.channels.values()
        if other.scope == state.scope and not other.is_full and lacking(other) > 0]
    return state.channel == min(others, default=state.channel)


def ask_present_feeders(node: Node, state: ChannelState) -> None:
    """Let a follower's channel ask the nodes that feed its other channels: that costs no link."""
    for key, link in feeders_of(node, state.scope).items():
        if state.degree(Kind.FEEDER) >= SOURCES_WANTED:
            return
        known = edges.get_to_know(node, state, link.contact)
        if known is not None and known.again_at <= node.now and state.edge_with(key) is None and (
                edges.has_room(node, state, link.contact, "feeder")):
            known.again_at = node.spread(DIAL_AGAIN)
            edges.request(node, state, link)
