"""Asking other addresses now and then: how a partition is found and healed."""

from __future__ import annotations

from cliquenntp.clique import edges
from cliquenntp.clique.blinding import blind, question
from cliquenntp.clique.channel import ChannelState, Edge, Kind, Link
from cliquenntp.clique.effects import Dial
from cliquenntp.clique.messages import Channel, Meet, Probe
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import PROBE_INTERVAL, YOUNG


def probe(node: Node, state: ChannelState) -> None:
    """Ask a node that is no neighbour which center and which documents it has."""
    node.timers.set("probe", state.channel, node.spread(PROBE_INTERVAL, 0.5))
    strangers = [
        known for key, known in state.known.items() if state.edge_with(key) is None and key not in node.dialling]
    if not strangers:
        return
    known = strangers[node.dice.randrange(len(strangers))]
    link = node.links_by_key.get(known.contact.key)
    if link is not None:
        ask(node, state, link)
        return
    node.dialling[known.contact.key] = {("probe", state.channel)}
    node.effect(Dial(known.contact))


def ask(node: Node, state: ChannelState, link: Link, answer: bool = False) -> None:
    """Send a PROBE on a link; a question is answered only where the two nodes differ."""
    until = node.clique_time() - YOUNG
    fingerprint = node.fingerprint(link, state.channel, state.since, until)
    if not answer:
        fingerprint = question(link.secret, fingerprint, state.key)
    node.send(link, Probe(
        blind(link.secret, node.me.key, state.scope), None if state.is_full else state.channel,
        state.key if answer else None, state.since, until, fingerprint, answer))


def asked(node: Node, link: Link, message: Probe) -> None:
    """Answer a PROBE, and link to its sender if it is of another part of the forum."""
    root = edges.scope_named(node, link, message.scope)
    state = node.channels.get(message.below or Channel(root)) if root is not None else None
    if state is None:
        return
    low = max(message.since, state.since)
    fingerprint = node.fingerprint(link, state.channel, low, message.until)
    if not message.answer:
        if question(link.secret, fingerprint, state.key) != message.fingerprint:
            ask(node, state, link, answer=True)
        return
    if state.edge_with(link.contact.key) is not None:
        return
    if message.key is not None and state.key is not None and message.key != state.key:
        _join(node, state, link)
        parent = state.parent
        if parent is not None and link.contact.address:
            node.send(parent.link, Meet(parent.remote, link.contact))
        return
    if fingerprint != message.fingerprint:
        _join(node, state, link)


def _join(node: Node, state: ChannelState, link: Link) -> None:
    """Link to the node that answered, in the place of another neighbour if need be."""
    if edges.sources(state) < edges.at_most(state) or edges.split(node, state, link.contact):
        edges.request(node, state, link, priority=True)


def met(node: Node, edge: Edge, message: Meet) -> None:
    """Take a MEET: a neighbour found a node of another part; link to it too."""
    state = edge.state
    known = edges.get_to_know(node, state, message.contact, edge.link.contact.key)
    if known is None or state.edge_with(message.contact.key) is not None or message.contact.key in node.dialling:
        return
    if edge.kind != Kind.FOLLOWER and edges.sources(state) < edges.at_most(state):
        edges.connect(node, state, message.contact, "priority")
