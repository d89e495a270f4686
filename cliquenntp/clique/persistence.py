"""The state that outlives the process, in pieces of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cliquenntp.clique.channel import ChannelState, Ghost, Known, Tombstone
from cliquenntp.clique.effects import Persist, Piece, Plain
from cliquenntp.clique.messages import Channel, Contact, Key
from cliquenntp.clique.node import Node

PARTS = ("follow", "position", "links", "known")
"""the parts of a channel: what we follow; key, seq, feasibility; neighbours; addresses"""


def changed(node: Node) -> list[Persist]:
    """Return and forget the pieces that changed in this turn."""
    if not node.dirty:
        return []
    pieces = []
    for piece in node.dirty:
        if piece == ("node",):
            pieces.append(Persist(piece, _node(node)))
            continue
        if piece == ("ghosts",):
            pieces.append(Persist(piece, _ghosts(node) if node.ghosts else None))
            continue
        if piece == ("standing",):
            pieces.append(Persist(piece, _standing(node)))
            continue
        part, document, comments = piece
        state = node.channels.get(Channel(document, comments))  # type: ignore[arg-type]
        pieces.append(Persist(piece, None if state is None else _WRITERS[str(part)](state)))
    node.dirty.clear()
    return pieces


def _node(node: Node) -> Plain:
    """Tombstones, and what invitations said."""
    return (
        tuple(
            (*channel, left.scope, left.until, tuple(tuple(contact) for contact in left.contacts),
             _feasibility(left.feasibility))
            for channel, left in node.tombstones.items()),
        tuple(
            (root, tuple((contact.key, contact.address) for contact in contacts.values()))
            for root, contacts in node.invitations.items()),
    )


def _standing(node: Node) -> Plain:
    """Clique-Time at which it was kept, who has standing by whom, and what of the past is to come."""
    admission = node.admission
    if admission is None:
        return None
    return node.clique_time(), admission.standing.entries, admission.budgets.kept(node.now)


def _ghosts(node: Node) -> Plain:
    return tuple(
        (document, ghost.time, ghost.why, tuple(sorted(ghost.witnesses)), tuple(map(tuple, sorted(ghost.channels))))
        for document, ghost in node.ghosts.items())


def _follow(state: ChannelState) -> Plain:
    return state.scope, state.ancestors, state.since, state.subscribed


def _position(state: ChannelState) -> Plain:
    return (
        None if state.key is None else tuple(state.key), state.seq, state.signature, state.distance,
        _feasibility(state.feasibility))


def _feasibility(feasibility: Mapping[Key, tuple[int, int]]) -> Plain:
    return tuple((tuple(key), seq, distance) for key, (seq, distance) in feasibility.items())


def _restored_feasibility(plain: Any) -> dict[Key, tuple[int, int]]:
    return {Key(*key): (seq, distance) for key, seq, distance in plain}


def _links(state: ChannelState) -> Plain:
    return tuple(tuple(edge.link.contact) for edge in state.open_edges() if edge.link.contact.address)


def _known(state: ChannelState) -> Plain:
    return tuple((*known.contact, known.invited) for known in state.known.values())


_WRITERS = {"follow": _follow, "position": _position, "links": _links, "known": _known}


def restore_node(node: Node, pieces: Mapping[Piece, Any]) -> None:
    """Read back tombstones and invitations."""
    tombstones, invitations = pieces.get(("node",)) or ((), ())
    for document, comments, scope, until, contacts, feasibility in tombstones:
        node.tombstones[Channel(document, comments)] = Tombstone(
            scope, until, tuple(Contact(*contact) for contact in contacts), _restored_feasibility(feasibility))
    for document, time, why, witnesses, channels in pieces.get(("ghosts",)) or ():
        node.ghosts[document] = Ghost(time, why, frozenset(witnesses), frozenset(Channel(*one) for one in channels))
    for root, contacts in invitations:
        node.invitations[root] = {key: Contact(key, address) for key, address in contacts}


def restore_standing(node: Node, pieces: Mapping[Piece, Any]) -> None:
    """Read back who has standing and what is to come; a node that kept nothing of that is like one that joins."""
    if node.admission is None:
        return
    kept = pieces.get(("standing",))
    if kept is not None:
        node.admission.alone_since, entries, past = kept
        node.admission.standing.restore((author, by) for author, by in entries)
        node.admission.budgets.restore(past, node.now)
        return
    for state in node.channels.values():
        node.admission.budgets.joined(state.scope, node.now, node.clique_time())


def restore_channel(channel: Channel, pieces: Mapping[Piece, Any]) -> ChannelState:
    """Read back a channel; its neighbours become the addresses to be tried first, an orphan until one answers."""
    scope, ancestors, since, subscribed = pieces["follow", channel.document, channel.comments]
    state = ChannelState(channel, scope, tuple(ancestors), since, subscribed)
    position = pieces.get(("position", channel.document, channel.comments))
    if position is not None:
        key, state.seq, state.signature, state.distance, feasibility = position
        state.key = None if key is None else Key(*key)
        state.feasibility = _restored_feasibility(feasibility)
    for key, address, invited in pieces.get(("known", channel.document, channel.comments)) or ():
        state.known[key] = Known(Contact(key, address), invited)
    for key, address in pieces.get(("links", channel.document, channel.comments)) or ():
        known = state.known.setdefault(key, Known(Contact(key, address)))
        known.linked = True
    return state
