"""What a feeder does for followers when it has no place left for them.

A place is given up by one that only stands by here, or the asker is sent to a follower that has what it asks for.  Who
is refused again and again is taken in above the bound, and then one a minute is passed on to other followers.
"""

from __future__ import annotations

from cliquenntp.clique import edges
from cliquenntp.clique.channel import ChannelState, Edge, Kind
from cliquenntp.clique.messages import Channel, Contact
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import (
    CONTACTS_AT_MOST,
    FOLLOWERS_AFTER_REFUSALS,
    FOLLOWERS_AT_MOST,
    PASS_ON_EVERY,
    REFUSALS_BEFORE_MORE,
    REFUSALS_KEPT,
)


def has_place(node: Node, state: ChannelState, channel: Channel, urgent: bool, contact: Contact) -> bool:
    """Return whether a node may hang on us, giving up another's place for one that has no source at all."""
    if state.has_place_for_follower(contact.key, FOLLOWERS_AT_MOST):
        return True
    if not urgent:
        return False
    idle = [found for found in _followers(state).values() if _stands_by(node, found)]
    if idle:
        _part(node, state, node.shuffled(idle)[0], ())
        return True
    refusals = state.refusals
    refusals[contact.key] = refusals.pop(contact.key, 0) + 1
    while len(refusals) > REFUSALS_KEPT:
        del refusals[next(iter(refusals))]
    if refusals[contact.key] <= REFUSALS_BEFORE_MORE or len(_followers(state)) >= FOLLOWERS_AFTER_REFUSALS:
        return False
    del refusals[contact.key]
    node.timers.at_latest("pass on", state.channel, node.now + PASS_ON_EVERY)
    return True


def pass_on(node: Node, state: ChannelState) -> None:
    """Give up one of the followers that are too many: one that stands by, else one that can hang on another."""
    followers = _followers(state)
    if len(followers) <= FOLLOWERS_AT_MOST:
        return
    node.timers.set("pass on", state.channel, node.now + PASS_ON_EVERY)
    waiting = node.shuffled(followers.values())
    waiting.sort(key=lambda found: not _stands_by(node, found))
    for found in waiting:
        contacts = instead(node, state, found[0].channel, found[0].link.contact.key)
        if _stands_by(node, found) or (contacts and len(found) == 1):
            _part(node, state, found, contacts)
            return


def instead(node: Node, state: ChannelState, channel: Channel, but: bytes) -> tuple[Contact, ...]:
    """Return followers of ours that follow what another node asks for."""
    found = dict.fromkeys(
        edge.link.contact for edge in state.open_edges()
        if edge.kind == Kind.FOLLOWER and edge.link.contact.key != but and edge.link.contact.address
        and edge.is_child and (edge.channel == channel or edges.covers(node, edge.channel, channel)))
    return tuple(node.shuffled(found)[:CONTACTS_AT_MOST - 1])


def _followers(state: ChannelState) -> dict[bytes, list[Edge]]:
    """Return the edges of the nodes that hang on us, by node."""
    followers: dict[bytes, list[Edge]] = {}
    for edge in state.edges.values():
        if edge.kind == Kind.FOLLOWER:
            followers.setdefault(edge.link.contact.key, []).append(edge)
    return followers


def _stands_by(node: Node, found: list[Edge]) -> bool:
    return not any(edge.is_child or edge.is_unsettled(node.now) for edge in found)


def _part(node: Node, state: ChannelState, found: list[Edge], contacts: tuple[Contact, ...]) -> None:
    others = edges.contacts_of(node, state, found[0].link.contact.key, CONTACTS_AT_MOST - len(contacts))
    for edge in found:
        edges.part(node, edge, (*contacts, *others))
