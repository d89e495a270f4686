"""Asking other addresses now and then: how a partition is found and healed."""

from __future__ import annotations

from cliquenntp.clique import adverts, edges, ghosts
from cliquenntp.clique.blinding import blind, question
from cliquenntp.clique.channel import ChannelState, Edge, Kind, Link
from cliquenntp.clique.effects import Dial
from cliquenntp.clique.messages import Channel, Contact, Key, Meet, Probe
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import ANSWERED_LINK_FOR, PROBE_INTERVAL, TWO_KEYS_FOR, YOUNG


def probe(node: Node, state: ChannelState) -> None:
    """Ask a node that is no neighbour which center and which documents it has.

    A follower whose feeders have the forum's center leaves that to the full nodes.
    """
    node.timers.set("probe", state.channel, node.spread(PROBE_INTERVAL, 0.5))
    if state.degree(Kind.FEEDER) and state.key is not None and state.key.rooted:
        return
    neighbours = {edge.link.contact.key for edge in state.edges.values()}
    strangers = [
        known for key, known in state.known.items()
        if key not in neighbours and key not in node.dialling]
    if not strangers:
        return
    ask_contact(node, state, strangers[node.dice.randrange(len(strangers))].contact)


def ask_contact(node: Node, state: ChannelState, contact: Contact) -> bool:
    """Probe a node, dialling it if need be; return False where it is a neighbour, or dialled already."""
    if state.edge_with(contact.key) is not None or contact.key in node.dialling:
        return False
    link = node.links_by_key.get(contact.key)
    if link is not None:
        ask(node, state, link)
    else:
        node.dialling[contact.key] = {("probe", state.channel)}
        node.effect(Dial(contact))
    return True


def ask(
    node: Node, state: ChannelState, link: Link, channel: Channel | None = None, key: Key | None = None,
) -> None:
    """Send a PROBE on a link: a question, answered only where the two nodes differ, or for a channel an answer."""
    until = node.clique_time() - YOUNG
    asked_for = channel or state.channel
    fingerprint = ghosts.fingerprint(node, link, asked_for, state.since, until)
    if channel is None:
        fingerprint = question(link.secret, fingerprint, state.key)
    node.send(link, Probe(
        blind(link.secret, node.me.key, state.scope), None if asked_for == Channel(state.scope) else asked_for,
        key, state.since, until, fingerprint, channel is not None))


def asked(node: Node, link: Link, message: Probe) -> None:
    """Answer a PROBE, and link to its sender if it is of another part of the forum."""
    link.has_asked = True
    root = edges.scope_named(node, link, message.scope)
    channel = None if root is None else message.below or Channel(root)
    served = None if channel is None else edges.serving(node, channel)
    if served is None or channel is None:
        _end_soon(node, link)
        return
    state, kind = served
    key = adverts.key_to_tell(state, channel)
    fingerprint = ghosts.fingerprint(node, link, channel, max(message.since, state.since), message.until)
    if not message.answer:
        if question(link.secret, fingerprint, key) != message.fingerprint:
            ask(node, state, link, channel, key)
        else:
            _end_soon(node, link)
        return
    if kind == Kind.FOLLOWER:
        return
    if state.edge_with(link.contact.key) is not None:
        return
    if message.key is not None and state.key is not None and message.key[1:] != state.key[1:]:
        _join(node, state, link)
        parent = state.parent
        if parent is not None and link.contact.address:
            node.send(parent.link, Meet(parent.remote, link.contact))
        return
    if fingerprint != message.fingerprint:
        _join(node, state, link)


def _end_soon(node: Node, link: Link) -> None:
    """Close a link that was dialled for nothing but a probe; that it ends says that there is no answer."""
    if not link.edge_count and not link.dialled:
        node.timers.at_latest("idle", link.number, node.now + ANSWERED_LINK_FOR)


def _join(node: Node, state: ChannelState, link: Link) -> None:
    """Link to the node that answered, in the place of another neighbour if need be."""
    if state.is_cut_off:
        room = edges.has_room(node, state, link.contact, "feeder")
    else:
        room = edges.sources(state) < edges.at_most(state) or edges.split(node, state, link.contact)
    if room:
        edges.request(node, state, link, priority=state.is_full or state.is_cut_off)


def met(node: Node, edge: Edge, message: Meet) -> None:
    """Take a MEET: a neighbour found a node of another part; link to it too."""
    state = edge.state
    if edge.link.contact.key in node.distrusted:
        return
    known = edges.get_to_know(node, state, message.contact, edge.link.contact.key)
    if known is None or state.edge_with(message.contact.key) is not None or message.contact.key in node.dialling:
        return
    if edges.sources(state) < edges.at_most(state) or edges.split(node, state, message.contact):
        edges.connect(node, state, message.contact, "priority")


def look_for_two_keys(node: Node, state: ChannelState) -> None:
    """Set a time to introduce a follower's feeders to each other if they have different centers until then."""
    if not state.is_full and len(_feeders_by_key(state)) > 1:
        if node.timers.get("two keys", state.channel) is None:
            node.timers.set("two keys", state.channel, node.now + TWO_KEYS_FOR)
    else:
        node.timers.cancel("two keys", state.channel)


def introduce(node: Node, state: ChannelState) -> None:
    """Tell the feeders under smaller keys of one under the largest, by MEET."""
    groups = _feeders_by_key(state)
    if len(groups) < 2:
        return
    largest = max(groups)
    contact = groups.pop(largest)[0].link.contact
    for edges_of_group in groups.values():
        node.send(edges_of_group[0].link, Meet(edges_of_group[0].remote, contact))
    node.timers.set("two keys", state.channel, node.now + 8 * TWO_KEYS_FOR)


def _feeders_by_key(state: ChannelState) -> dict[tuple[int, bool, bytes], list[Edge]]:
    groups: dict[tuple[int, bool, bytes], list[Edge]] = {}
    for edge in state.open_edges():
        key = edge.advert.key if edge.advert is not None else None
        if edge.kind == Kind.FEEDER and key is not None and key.rooted:
            groups.setdefault((key.term, key.subscribed, key.center), []).append(edge)
    return groups
