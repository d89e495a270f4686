"""What a node remembers of a channel that it left, and until when."""

from __future__ import annotations

from cliquenntp.clique import ghosts
from cliquenntp.clique.channel import ChannelState, Kind, Tombstone
from cliquenntp.clique.messages import Contact
from cliquenntp.clique.node import FOREVER, Node
from cliquenntp.clique.parameters import CONTACTS_AT_MOST, TOMBSTONE_KEPT


def leave(node: Node, state: ChannelState) -> None:
    """Remember a channel that is being left; to be called while its edges are still there."""
    until = node.clique_time() + TOMBSTONE_KEPT
    node.tombstones[state.channel] = Tombstone(state.scope, until, _members(node, state), dict(state.feasibility))
    node.dirty[("node",)] = None
    ghosts.forget_before(node, state.channel, FOREVER)
    schedule(node)


def _members(node: Node, state: ChannelState) -> tuple[Contact, ...]:
    """Return the neighbours that are members, then those that were, then those by whom we came."""
    live = [
        edge.link.contact for edge in state.open_edges()
        if edge.kind != Kind.FOLLOWER and edge.link.contact.address]
    known = sorted(state.known.values(), key=lambda known: (not known.linked, not known.invited, known.failures))
    members = dict.fromkeys([*node.shuffled(live), *(one.contact for one in known)])
    return tuple(members)[:CONTACTS_AT_MOST]


def enter(node: Node, state: ChannelState) -> None:
    """Take back what we advertised in a channel that we had left."""
    left = node.tombstones.pop(state.channel, None)
    if left is not None:
        state.feasibility = left.feasibility
        node.dirty[("node",)] = None


def forget_old(node: Node) -> None:
    """Forget the channels that were left long enough ago."""
    now = node.clique_time()
    for channel in [channel for channel, left in node.tombstones.items() if left.until <= now]:
        del node.tombstones[channel]
        node.dirty[("node",)] = None
    schedule(node)


def schedule(node: Node) -> None:
    """Come back when the oldest is to be forgotten, by the clock that there is now."""
    if node.tombstones:
        soonest = min(left.until for left in node.tombstones.values())
        node.timers.set("tombstones", None, node.now + max(soonest - node.clique_time(), 1))
