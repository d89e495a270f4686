"""cliquectl graph: what this node sees of a document's overlay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cliquenntp.clique.channel import ChannelState, Edge, Kind
from cliquenntp.clique.messages import Channel
from cliquenntp.control.protocol import CommandError
from cliquenntp.document import key_text
from cliquenntp.service.commands.acting import acting
from cliquenntp.service.commands.follow import find_document, newsgroup_name
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.network.overlay_picture import Other, Overlay, Role, dot, svg

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

FORMATS = {"dot": dot, "svg": svg}

NAME_CHARACTERS = 8
"""of a node's key, to tell nodes apart in a picture: chance gives two nodes the same once in 10 million pictures"""


def graph(node: Node, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a picture of the overlay in which a document's own documents travel.  Raises CommandError."""
    draw = FORMATS.get(str(arguments.get("format") or "dot"))
    if draw is None:
        raise CommandError(f"the format is one of {', '.join(FORMATS)}, not {arguments.get('format')!r}")
    document, name = find_document(node, arguments)
    clique = acting(node, arguments).clique
    state = _state(node, clique, document)
    if state is None:
        raise CommandError(f"{name} is not followed: `cliquectl follow {name}` first")
    return {"name": name, "text": draw(_overlay(node, clique.key, state))}


def _state(node: Node, clique: CliqueSide, document: bytes) -> ChannelState | None:
    """Return the channel that brings a document's comments: its own, or one that covers it."""
    channels = clique.channels
    wide = [Channel(above) for above in (document, *node.follows.ancestors(document))]
    return next((channels[channel] for channel in (*wide, Channel(document, True)) if channel in channels), None)


def _overlay(node: Node, me: bytes, state: ChannelState) -> Overlay:
    depth = "its own comments" if state.channel.comments else "all below it"
    center = None if state.key is None else state.key.center
    is_center = center == me
    return Overlay(
        f"{newsgroup_name(node, state.channel.document)}, {depth}",
        _short(me),
        ("this node", "center" if is_center else f"{state.distance / 10:g} s from the center"),
        is_center,
        tuple(_others(state, me, center)),
    )


def _others(state: ChannelState, me: bytes, center: bytes | None) -> Iterator[Other]:
    shown = {me}
    for edge in sorted(state.open_edges(), key=lambda edge: edge.link.contact.key):
        key = edge.link.contact.key
        shown.add(key)
        yield Other(_short(key), role_of(state, edge), tuple(_details(edge)), key == center)
    if center is not None and center not in shown:
        shown.add(center)
        yield Other(_short(center), Role.CENTER, (), True)
    for key, known in sorted(state.known.items()):
        if key not in shown:
            yield Other(_short(key), Role.KNOWN, (_shortened(known.contact.address),))


def role_of(state: ChannelState, edge: Edge) -> Role:
    """Return what the node at the other end of an edge is to this one."""
    if edge is state.parent:
        return Role.PARENT
    if edge.kind == Kind.FOLLOWER:
        return Role.FOLLOWER
    return Role.CHILD if edge.is_child else Role.BESIDE


def _details(edge: Edge) -> Iterator[str]:
    yield _shortened(edge.link.contact.address) or "no address"
    if edge.kind == Kind.FEEDER:
        yield "follows more than this"
    if edge.advert is not None and edge.in_tree and edge.advert.count > 1:
        yield f"leads to {edge.advert.count} nodes"


def _short(key: bytes) -> str:
    return key_text(key)[:NAME_CHARACTERS]


def _shortened(address: str) -> str:
    return address if len(address) <= 28 else f"{address[:15]}...{address[-10:]}"
