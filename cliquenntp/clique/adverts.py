"""What a node tells each neighbour of its place in the tree, when, and until it is acknowledged."""

from __future__ import annotations

from attrs import evolve

from cliquenntp.clique.blinding import statement
from cliquenntp.clique.channel import ChannelState, Edge, Kind
from cliquenntp.clique.messages import Advert, AdvertMessage, Channel, Key
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import (
    ACKNOWLEDGE_WITHIN,
    ADVERT_BATCH,
    ADVERT_COUNT_WITHIN,
    ADVERT_DISTANCE_CHANGE,
    ADVERT_DISTANCE_WITHIN,
    ADVERT_OFFER_WITHIN,
    ADVERT_REPEAT,
    ADVERT_REPEAT_AT_MOST,
    COUNT_CHANGE,
)


def key_for(state: ChannelState, edge: Edge) -> Key | None:
    """Return our key as the edge's peer shall see it: a follower's carries the channel_term that was heard."""
    return key_to_tell(state, edge.channel) if edge.kind == Kind.FOLLOWER else state.key


def key_to_tell(state: ChannelState, channel: Channel) -> Key | None:
    """Return our key in a channel as its followers shall see it."""
    key = state.key
    if key is not None:
        heard = max(key.channel_term, state.channel_terms.get(channel, 0))
        if heard != key.channel_term:
            return key._replace(channel_term=heard)
    return key


def current(state: ChannelState, edge: Edge, serial: int) -> Advert:
    """Return the advert that is true now for an edge's peer, with its signature."""
    wants = state.subscribed
    count = 1
    parent = state.parent
    for other in state.edges.values():
        if other is edge or other.advert is None:
            continue
        if other.advert.is_parent:
            wants = wants or other.advert.wants
            if other.kind == Kind.PEER:
                count += other.advert.count
        elif other is parent and edge.is_child:
            wants = wants or other.advert.wants
            count += other.advert.count
    if not edge.in_tree:
        count = 0
    return Advert(
        serial, key_for(state, edge), state.seq, state.signature, state.distance, parent is edge, wants, edge.asks,
        count, state.orphan_since is not None,
    )


def nodes(state: ChannelState) -> int:
    """Return about how many nodes the channel's tree has."""
    return 1 + sum(edge.advert.count for edge in state.edges.values() if edge.advert and edge.in_tree)


def review(node: Node, state: ChannelState) -> None:
    """Set the time by which each neighbour must hear what changed."""
    for edge in state.edges.values():
        if edge.remote:
            review_edge(node, state, edge)


def review_edge(node: Node, state: ChannelState, edge: Edge) -> None:
    """Set the time by which one neighbour must hear what changed."""
    said = edge.said
    new = current(state, edge, edge.serial)
    if said is None or (new.key, new.is_parent, new.wants) != (said.key, said.is_parent, said.wants):
        node.timers.at_latest("say", edge.incarnation, node.now + ADVERT_BATCH)
    elif new.offer != said.offer:
        # an orphan gets nothing but what it is offered
        wait = ADVERT_BATCH if new.orphan and new.offer else ADVERT_OFFER_WITHIN
        node.timers.at_latest("say", edge.incarnation, node.now + wait)
    elif abs(new.distance - said.distance) >= ADVERT_DISTANCE_CHANGE or new.orphan != said.orphan:
        node.timers.at_latest("say", edge.incarnation, node.now + ADVERT_DISTANCE_WITHIN)
    elif abs(new.count - said.count) > COUNT_CHANGE * max(said.count, 1):
        node.timers.at_latest("say", edge.incarnation, node.now + ADVERT_COUNT_WITHIN)
    else:
        node.timers.cancel("say", edge.incarnation)


def opening(state: ChannelState, edge: Edge, asker: Advert | None = None) -> Advert:
    """Return the first advert on an edge, for LINK_REQ and LINK_OK, and note that it was said.

    Args:
        asker: in LINK_OK what LINK_REQ said; where it names our key and seq, its sender has the signature.
    """
    edge.serial += 1
    edge.said = current(state, edge, edge.serial)
    if asker is not None and asker.signature and (asker.key, asker.seq) == (edge.said.key, edge.said.seq):
        return evolve(edge.said, signature=b"")
    return edge.said


def say(node: Node, edge: Edge) -> None:
    """Send our advert over an edge now."""
    state = edge.state
    if not edge.remote:
        return
    node.timers.cancel("say", edge.incarnation)
    before = edge.said
    edge.serial += 1
    advert = edge.said = current(state, edge, edge.serial)
    if before is not None and edge.acknowledged and (before.key, before.seq) == (advert.key, advert.seq):
        advert = evolve(advert, signature=b"")
    node.send(edge.link, AdvertMessage(edge.remote, advert))
    edge.repeat = ADVERT_REPEAT
    node.timers.set("repeat", edge.incarnation, node.now + edge.repeat)


def repeat(node: Node, edge: Edge) -> None:
    """Send the last advert again, with its signature, because it was not acknowledged in time."""
    if edge.said is None or not edge.remote or edge.acknowledged >= edge.serial:
        return
    node.send(edge.link, AdvertMessage(edge.remote, edge.said))
    edge.repeat = min(edge.repeat * 2, ADVERT_REPEAT_AT_MOST)
    node.timers.set("repeat", edge.incarnation, node.now + edge.repeat)


def acknowledged(node: Node, edge: Edge, serial: int) -> None:
    """Take an ADV_ACK."""
    if edge.acknowledged < serial <= edge.serial:
        edge.acknowledged = serial
        if serial == edge.serial:
            node.timers.cancel("repeat", edge.incarnation)


def hear(node: Node, edge: Edge, advert: Advert, acknowledge: bool = True) -> bool:
    """Take a neighbour's advert; return whether it is new and true.

    Its acknowledgement goes with the next frame, after this turn's commit.  One whose signature was left out although
    we do not know it is not acknowledged, so it comes again with it.
    """
    if advert.serial > edge.heard:
        signature = _signature(node, edge, advert)
        if signature is None:
            return False
        edge.heard = advert.serial
        edge.advert = evolve(advert, key=_shared_key(edge, advert.key), signature=signature)
        new = True
    else:
        new = False
    if acknowledge:
        if edge.incarnation not in edge.link.acknowledgements:
            edge.link.acknowledgements += (edge.incarnation,)
        node.timers.at_latest("acknowledge", edge.link.number, node.now + ACKNOWLEDGE_WITHIN)
    return new


def _shared_key(edge: Edge, key: Key | None) -> Key | None:
    """Return the object by which the channel knows an equal key already; else the key."""
    if key == edge.state.key:
        return edge.state.key
    if edge.advert is not None and key == edge.advert.key:
        return edge.advert.key
    return key


def _signature(node: Node, edge: Edge, advert: Advert) -> bytes | None:
    """Return the signature by which an advert's center said so; None: nobody proved it.

    A follower is not asked for one, since its feeder does not believe it.
    """
    key, state, signature = advert.key, edge.state, advert.signature
    if key is None or edge.kind == Kind.FOLLOWER:
        return b""
    last, said = edge.advert, edge.said
    if (key, advert.seq) == (state.key, state.seq):
        signature = state.signature
    elif said is not None and said.signature and (said.key, said.seq) == (key, advert.seq):
        signature = said.signature
    elif last is not None and (last.key, last.seq) == (key, advert.seq):
        signature = last.signature
    elif not signature:
        return None
    else:
        claimed = Channel(state.scope) if key.rooted else state.channel
        lawful = key.rooted or not state.is_full
        if not lawful or not node.claims.verify(key.center, statement(claimed, key, advert.seq), signature):
            node.close(edge.link, "a center's signature is false")
            return None
    return signature
