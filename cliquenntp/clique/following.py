"""Entering and leaving channels."""

from __future__ import annotations

from cliquenntp.clique import admission, adverts, claiming, edges, election, ghosts, tombstones
from cliquenntp.clique.channel import ChannelState, Kind
from cliquenntp.clique.events import Follow, InvitationTaken
from cliquenntp.clique.messages import Channel
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import (
    CONTACTS_AT_MOST,
    NO_KEY_TIMEOUT,
    PROBE_INTERVAL,
    REMIX_AFTER,
)


def follow(node: Node, event: Follow) -> None:
    """Enter a channel; narrower ones that it covers are left to it."""
    channel = event.channel
    if channel in node.channels:
        return
    if any(edges.covers(node, wide, channel, event.ancestors) for wide in node.channels):
        return
    scope = event.ancestors[-1] if event.ancestors else channel.document
    state = node.channels[channel] = ChannelState(channel, scope, event.ancestors, event.since)
    tombstones.enter(node, state)
    for narrow in [other for other in node.channels.values() if edges.covers(
            node, channel, other.channel, other.ancestors)]:
        for known in narrow.known.values():
            edges.get_to_know(node, state, known.contact, known.introducer, known.invited)
        _drop(node, narrow, left=False)
    for other in node.channels.values():
        if other.scope == scope and other is not state:
            for known in other.known.values():
                edges.get_to_know(node, state, known.contact, known.introducer, known.invited)
    for contact in node.invitations.get(scope, {}).values():
        edges.get_to_know(node, state, contact, invited=True)
    for contact in event.contacts:
        edges.get_to_know(node, state, contact)
    for part in ("follow", "position", "known"):
        node.touch(part, state)
    if event.founded:
        claiming.take_term(node, state)
    else:
        node.timers.set("no key", channel, node.uniform(*NO_KEY_TIMEOUT))
    admission.joined(node, scope)
    start(node, state)
    for seconds in REMIX_AFTER:
        node.timers.set("remix", (channel, seconds), node.spread(seconds))


def start(node: Node, state: ChannelState) -> None:
    """Set the timers of a channel that was entered or read back."""
    node.timers.set("probe", state.channel, node.spread(PROBE_INTERVAL, 0.5))
    node.timers.set("fill", state.channel, node.now)
    if state.key is not None:
        election.recompute(node, state)
    elif node.timers.get("no key", state.channel) is None:
        node.timers.set("no key", state.channel, node.uniform(*NO_KEY_TIMEOUT))


def horizon_moved(node: Node, root: bytes, since: int) -> None:
    """Compare a forum's channels from a later time on; neighbours hear of it with the next comparison."""
    for state in node.channels.values():
        if state.scope == root and since > state.since:
            state.since = since
            node.touch("follow", state)
            ghosts.forget_before(node, state.channel, since)


def unfollow(node: Node, channel: Channel) -> None:
    """Leave a channel for good."""
    state = node.channels.get(channel)
    if state is None:
        return
    claiming.abdicate(node, state)
    _drop(node, state, left=True)


def _drop(node: Node, state: ChannelState, left: bool) -> None:
    tombstones.leave(node, state)
    for edge in list(state.edges.values()):
        contacts = edges.contacts_of(node, state, edge.link.contact.key, CONTACTS_AT_MOST)
        edges.part(node, edge, contacts, left)
    del node.channels[state.channel]
    for part in ("follow", "position", "links", "known"):
        node.touch(part, state)


def invitation_taken(node: Node, event: InvitationTaken) -> None:
    """Note the nodes that an invitation names, and ask them."""
    invited = node.invitations.setdefault(event.root, {})
    for contact in event.contacts:
        invited[contact.key] = contact
    node.dirty[("node",)] = None
    for state in node.channels.values():
        if state.scope == event.root:
            for contact in event.contacts:
                edges.get_to_know(node, state, contact, invited=True)
            state.fill_round = 0
            node.timers.set("fill", state.channel, node.now)


def heard_from_follower(node: Node, state: ChannelState, channel: Channel, channel_term: int) -> None:
    """Take over the larger channel_term of a channel that we feed."""
    if channel_term > state.channel_terms.get(channel, 0):
        state.channel_terms[channel] = channel_term
        for edge in state.edges.values():
            if edge.kind == Kind.FOLLOWER and edge.remote:
                adverts.review_edge(node, state, edge)
