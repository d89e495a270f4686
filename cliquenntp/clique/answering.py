"""Answering LINK_REQ: whether there is such a channel here, and a place."""

from __future__ import annotations

from cliquenntp.clique import adverts, edges, ghosts, graft
from cliquenntp.clique.blinding import blind
from cliquenntp.clique.channel import ChannelState, Kind, Link
from cliquenntp.clique.messages import Channel, Contact, LinkAccept, LinkRefuse, LinkRequest
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import (
    CONTACTS_AT_MOST,
    EDGES_AT_MOST,
    LINK_REQUEST_TIMEOUT,
    PASSIVE_ENOUGH,
    YOUNG,
)


def requested(node: Node, link: Link, message: LinkRequest) -> None:
    """Answer a LINK_REQ."""
    link.has_asked = True
    root = edges.scope_named(node, link, message.scope)
    channel = None if root is None else message.below or Channel(root)
    served = None if channel is None else edges.serving(node, channel)
    if served is None or channel is None or root is None:
        contacts = () if root is None else _elsewhere(node, root, link.contact.key)
        node.send(link, LinkRefuse(message.incarnation, contacts, left=True))
        edges.idle(node, link)
        return
    state, kind = served
    existing = state.edge_with(link.contact.key, channel)
    if existing is not None:
        if not existing.open and existing.link is link and node.me.key < link.contact.key:
            return  # both asked at once: the smaller key's request counts
        edges.forget(node, existing)
    if not _has_place(node, state, kind, channel, message.priority, link.contact):
        followers = graft.instead(node, state, channel, link.contact.key) if message.priority else ()
        others = edges.contacts_of(node, state, link.contact.key, CONTACTS_AT_MOST - len(followers))
        node.send(link, LinkRefuse(message.incarnation, (*followers, *others)))
        edges.idle(node, link)
        return
    edge = edges.make(node, state, link, channel, kind)
    edge.remote, edge.urgent = message.incarnation, message.priority
    if kind == Kind.PEER:
        edges.get_to_know(node, state, link.contact)
    until = node.clique_time() - YOUNG
    # followers that know each other can go on without a feeder
    contacts = graft.instead(node, state, channel, link.contact.key) if kind == Kind.FOLLOWER else ()
    enough = min(message.contacts_wanted, PASSIVE_ENOUGH - len(contacts) if message.priority else 1)
    contacts = (*contacts, *edges.contacts_of(node, state, link.contact.key, enough))
    node.send(link, LinkAccept(
        edge.remote, edge.incarnation, blind(link.secret, node.me.key, root), kind == Kind.FOLLOWER, state.since, until,
        ghosts.fingerprint(node, link, channel, max(message.since, state.since), until),
        adverts.opening(state, edge, message.advert), contacts))
    node.timers.set("repeat", edge.incarnation, node.now + LINK_REQUEST_TIMEOUT)
    edge.repeat = LINK_REQUEST_TIMEOUT
    adverts.hear(node, edge, message.advert)
    edges.opened(node, edge, message.since, message.until, message.fingerprint)


def _elsewhere(node: Node, root: bytes, but: bytes) -> tuple[Contact, ...]:
    """Return nodes that may have what we do not follow: our feeders, else who was there when we left or invited us."""
    states = [state for state in node.channels.values() if state.scope == root]
    found = {
        edge.link.contact: None for state in states for edge in state.open_edges()
        if edge.kind == Kind.FEEDER and edge.link.contact.address}
    if not found:
        found = {
            contact: None for left in node.tombstones.values() if left.scope == root for contact in left.contacts}
    if not found:
        found = {known.contact: None for state in states for known in state.known.values() if known.invited}
    return tuple(node.shuffled(contact for contact in found if contact.key != but)[:CONTACTS_AT_MOST])


def _has_place(
    node: Node, state: ChannelState, kind: Kind, channel: Channel, priority: bool, contact: Contact,
) -> bool:
    """Return whether one more edge may open, giving one up for a node that needs it."""
    if kind == Kind.FOLLOWER:
        return graft.has_place(node, state, channel, priority, contact)
    if edges.sources(state) < (EDGES_AT_MOST if priority else edges.at_most(state)):
        return True
    return priority and edges.split(node, state, contact)
