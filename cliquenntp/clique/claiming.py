"""Becoming the center because nobody leads to one, and handing that on."""

from __future__ import annotations

from cliquenntp.clique import election
from cliquenntp.clique.channel import ChannelState, Edge, Kind
from cliquenntp.clique.messages import Abdicate, Key
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import CLAIM_ONCE_IN


def claim(node: Node, state: ChannelState) -> None:
    """Become the center under the next term, because nobody leads to one."""
    if state.key is not None and state.orphan_since is None:
        return
    if not any(True for _ in state.open_edges()):
        _become(node, state, Key(0, state.is_full, election.ALONE, state.subscribed, node.me.key))
        return
    if node.now - state.claimed_at < CLAIM_ONCE_IN:
        node.timers.set("claim", state.channel, state.claimed_at + CLAIM_ONCE_IN)
        return
    state.claimed_at = node.now
    take_term(node, state)


def take_term(node: Node, state: ChannelState) -> None:
    """Claim the next term at once."""
    old = state.key
    if state.is_full:
        key = Key(0, True, (old.term if old else 0) + 1, state.subscribed, node.me.key)
    else:
        key = Key((old.channel_term if old else 0) + 1, False, 1, state.subscribed, node.me.key)
    _become(node, state, key)


def _become(node: Node, state: ChannelState, key: Key) -> None:
    """Be the center under a key; one that we had claimed before goes on with its numbers."""
    best = state.feasibility.get(key)
    election.sign(node, state, key, 0 if best is None else best[0] + 1)
    node.timers.cancel("ask all", state.channel)
    node.timers.cancel("claim", state.channel)
    election.recompute(node, state)


def abdicate(node: Node, state: ChannelState) -> None:
    """Hand the center's part to a child that wants the channel, because we leave."""
    if not state.is_center(node.me.key) or state.key is None:
        return
    for edge in state.open_edges():
        if edge.kind == Kind.PEER and edge.is_child and edge.advert is not None and edge.advert.wants:
            node.send(edge.link, Abdicate(edge.remote, state.key))
            return


def abdicated(node: Node, edge: Edge, message: Abdicate) -> None:
    """Take an ABDICATE: only from the center itself, our parent."""
    state = edge.state
    if state.parent is edge and state.key == message.key and message.key.center == edge.link.contact.key:
        take_term(node, state)
