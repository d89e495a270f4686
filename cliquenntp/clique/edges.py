"""Opening and closing edges: LINK_REQ, LINK_OK, LINK_NO, BYE."""

from __future__ import annotations

from collections.abc import Sequence

from cliquenntp.clique import adverts, delivery, election, ghosts, reconcile
from cliquenntp.clique.blinding import blind
from cliquenntp.clique.channel import ChannelState, Edge, Kind, Known, Link
from cliquenntp.clique.effects import Dial
from cliquenntp.clique.messages import Bye, ByeAck, Channel, Contact, LinkAccept, LinkRefuse, LinkRequest
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import (
    BYE_REPEAT,
    CONTACTS_AT_MOST,
    EDGES_AT_MOST,
    FILL_INTERVAL,
    IDLE_LINK_AFTER,
    KEPT_FROM_INVITATION,
    LINK_REQUEST_TIMEOUT,
    PASSIVE_AT_MOST,
    PASSIVE_ENOUGH,
    REFUSAL_DOUBLINGS,
    REFUSAL_DOUBLINGS_NEEDED,
    SOURCES_AT_MOST,
    SOURCES_WANTED,
    YOUNG,
)


def covers(node: Node, wide: Channel, narrow: Channel, ancestors: tuple[bytes, ...] = ()) -> bool:
    """Return whether one channel's documents are all in another, different one."""
    if wide == narrow or wide.comments:
        return False
    return (wide.document == narrow.document or wide.document in ancestors
            or node.documents.below(narrow.document, wide.document))


def get_to_know(
    node: Node, state: ChannelState, contact: Contact, introducer: bytes = b"", invited: bool = False,
) -> Known | None:
    """Note an address, evicting another one if there are too many; never our own."""
    if contact.key == node.me.key or not contact.address:
        return state.known.get(contact.key)
    known = state.known.get(contact.key)
    if known is None:
        if len(state.known) >= PASSIVE_AT_MOST:
            loose = [key for key, one in state.known.items() if not one.invited and state.edge_with(key) is None]
            if not loose:
                return None
            del state.known[max(loose, key=lambda key: (state.known[key].failures, node.dice.random()))]
        known = state.known[contact.key] = Known(contact, introducer=introducer)
        node.touch("known", state)
    elif known.contact != contact:
        known.contact = contact
        node.touch("known", state)
    known.invited = known.invited or invited
    return known


def introduced(node: Node, link: Link, contacts: Sequence[Contact]) -> Sequence[Contact]:
    """Return a neighbour's introductions, none where the operator does not want them."""
    return () if link.contact.key in node.distrusted else contacts


def shared_contact(node: Node, contact: Contact) -> Contact:
    """Return the equal contact that one of our channels knows, so that there is one object of it; else the contact."""
    for state in node.channels.values():
        known = state.known.get(contact.key)
        if known is not None and known.contact == contact:
            return known.contact
    return contact


def strangers(state: ChannelState) -> int:
    """Return how many addresses are known that are not neighbours'."""
    linked = {edge.link.contact.key for edge in state.edges.values()}
    return sum(1 for key in state.known if key not in linked)


def contacts_of(node: Node, state: ChannelState, but: bytes, limit: int) -> tuple[Contact, ...]:
    """Return live neighbours of the channel's own kind to tell another node of, in random order."""
    live = [
        edge.link.contact for edge in state.open_edges()
        if edge.kind != Kind.FOLLOWER and edge.link.contact.key != but and edge.link.contact.address]
    return tuple(node.shuffled(live)[:limit])


def request(node: Node, state: ChannelState, link: Link, priority: bool = False) -> Edge | None:
    """Send a LINK_REQ for a channel on a link, unless there is an edge with that node already."""
    if state.edge_with(link.contact.key) is not None:
        return None
    edge = make(node, state, link, state.channel, Kind.PEER)
    known = state.known.get(link.contact.key)
    edge.introducer, edge.requested = b"" if known is None else known.introducer, True
    until = node.clique_time() - YOUNG
    fingerprint = ghosts.fingerprint(node, link, state.channel, state.since, until)
    node.send(link, LinkRequest(
        edge.incarnation, blind(link.secret, node.me.key, state.scope), None if state.is_full else state.channel,
        state.since, until, fingerprint, adverts.opening(state, edge),
        priority or not any(True for _ in state.open_edges()), max(0, PASSIVE_ENOUGH - strangers(state))))
    node.timers.set("request", edge.incarnation, node.now + LINK_REQUEST_TIMEOUT)
    return edge


def make(node: Node, state: ChannelState, link: Link, channel: Channel, kind: Kind) -> Edge:
    """Return our end of an edge, which is not open yet."""
    edge = Edge(node.incarnation(), link, state, channel, kind, node.now)
    node.edges[edge.incarnation] = state.edges[edge.incarnation] = edge
    link.edge_count += 1
    node.timers.cancel("idle", link.number)
    return edge


def scope_named(node: Node, link: Link, scope: bytes) -> bytes | None:
    """Return the root that the peer of a link named by its hash, if we follow something of it or left it lately."""
    followed = {state.scope for state in node.channels.values()}
    for root in followed.union(left.scope for left in node.tombstones.values()):
        if blind(link.secret, link.contact.key, root) == scope:
            return root
    return None


def serving(node: Node, channel: Channel) -> tuple[ChannelState, Kind] | None:
    """Return our channel that is, or covers, one that a peer asks for, and what its peer would be to us."""
    state = node.channels.get(channel)
    if state is not None:
        return state, Kind.PEER
    for state in node.channels.values():
        if covers(node, state.channel, channel):
            return state, Kind.FOLLOWER
    return None


def split(node: Node, state: ChannelState, contact: Contact, force: bool = False) -> bool:
    """Give up one edge beside the tree and introduce its far end to another node; return whether there was one.

    Args:
        force: where there is none, give up one of the tree, not the parent's.
    """
    invited = sum(1 for edge in state.open_edges() if _is_invited(state, edge))
    lazy = [
        edge for edge in state.open_edges()
        if edge.kind == Kind.PEER and not edge.in_tree and edge.link.contact.key != contact.key
        and not (invited <= KEPT_FROM_INVITATION and _is_invited(state, edge))]
    if force and not lazy:
        lazy = [edge for edge in state.open_edges() if edge.kind == Kind.PEER and edge is not state.parent]
    if not lazy:
        return False
    part(node, node.shuffled(lazy)[0], (contact,))
    return True


def _is_invited(state: ChannelState, edge: Edge) -> bool:
    known = state.known.get(edge.link.contact.key)
    return known is not None and known.invited


def accepted(node: Node, link: Link, message: LinkAccept) -> None:
    """Take a LINK_OK."""
    edge = _own(node, link, message.to)
    if edge is None:
        # given up while the answer was on its way: else the peer would keep an edge that nobody is at the end of
        node.send(link, Bye(message.incarnation, message.to))
        return
    if edge.remote:
        return
    state = edge.state
    if message.proof != blind(link.secret, link.contact.key, state.scope):
        node.close(link, "a false proof of holding a document")
        return
    edge.remote = message.incarnation
    edge.kind = Kind.FEEDER if message.feeder else Kind.PEER
    node.timers.cancel("request", edge.incarnation)
    known = get_to_know(node, state, link.contact)
    if known is not None:
        known.failures = 0
        known.linked = True
    for contact in introduced(node, link, message.contacts):
        if strangers(state) < PASSIVE_ENOUGH:
            get_to_know(node, state, contact, link.contact.key)
    adverts.hear(node, edge, message.advert)
    edge.acknowledged = 1
    opened(node, edge, message.since, message.until, message.fingerprint)


def opened(node: Node, edge: Edge, since: int, until: int, fingerprint: bytes) -> None:
    """Begin to use an edge that both sides agreed on."""
    state = edge.state
    node.touch("links", state)
    if not state.is_full:
        node.timers.at_latest("fill", state.channel, node.now + FILL_INTERVAL)
    reconcile.opened(node, edge, since, until, fingerprint)
    if max(since, state.since):  # the channel's own document may be older, and then no comparison brings it
        wanted = state.wanted.get(state.channel.document[:8])
        if wanted is None:
            delivery.want_parent(node, edge, state.channel.document)
        else:
            wanted.sources.append(edge.incarnation)
    changed(node, state)


def changed(node: Node, state: ChannelState) -> None:
    """Draw all consequences of a change among a channel's edges and their adverts."""
    election.recompute(node, state)
    before = [edge for edge in state.edges.values() if edge.asks]
    delivery.ask_for_offers(node, state)
    if before != [edge for edge in state.edges.values() if edge.asks]:
        adverts.review(node, state)
    if sources(state) > at_most(state):
        node.timers.at_latest("fill", state.channel, node.now + FILL_INTERVAL)


def _own(node: Node, link: Link, incarnation: int) -> Edge | None:
    edge = node.edges.get(incarnation)
    return edge if edge is not None and edge.link is link else None


def refused(node: Node, link: Link, message: LinkRefuse) -> None:
    """Take a LINK_NO."""
    edge = _own(node, link, message.to)
    if edge is None:
        return
    state = edge.state
    known = state.known.get(link.contact.key)
    if known is not None:
        known.failures += 1
        needed = known.invited or not any(True for _ in state.open_edges())
        doublings = REFUSAL_DOUBLINGS_NEEDED if needed and not message.left else REFUSAL_DOUBLINGS
        known.again_at = node.spread(LINK_REQUEST_TIMEOUT * 2 ** min(known.failures, doublings))
        known.linked = known.linked and not message.left
        known.elsewhere = message.left
    forget(node, edge)
    before = len(state.known)
    for contact in introduced(node, link, message.contacts[:CONTACTS_AT_MOST]):
        get_to_know(node, state, contact, link.contact.key)
    if len(state.known) > before or node.timers.get("fill", state.channel) is None:
        node.timers.at_latest("fill", state.channel, node.now + (1.0 if len(state.known) > before else FILL_INTERVAL))


def forget(node: Node, edge: Edge) -> None:
    """Drop an edge at our end; whoever calls it draws the consequences unless it was never open."""
    state = edge.state
    was_open = edge.open
    link = edge.link
    if node.edges.pop(edge.incarnation, None) is not None:
        link.edge_count -= 1
    state.edges.pop(edge.incarnation, None)
    for kind in ("say", "repeat", "offer", "request"):
        node.timers.cancel(kind, edge.incarnation)
    if not link.edge_count:
        idle(node, link)
    if was_open:
        node.touch("links", state)
        if state.reconciling == edge.incarnation:
            node.timers.at_latest("reconciled", state.channel, node.now)
        changed_soon(node, state)


def changed_soon(node: Node, state: ChannelState) -> None:
    """Recompute once all messages of this turn are read."""
    node.timers.set("recompute", state.channel, node.now)
    state.fill_round = 0
    node.timers.at_latest("fill", state.channel, node.spread(2.0, 0.5))


def idle(node: Node, link: Link) -> None:
    """Have a link that no edge uses closed after a while."""
    if not link.edge_count:
        node.timers.at_latest("idle", link.number, node.now + IDLE_LINK_AFTER)


def part(node: Node, edge: Edge, contacts: tuple[Contact, ...] = (), left: bool = False) -> None:
    """Close an edge by BYE, repeated until acknowledged."""
    if edge.remote:
        bye = Bye(edge.remote, edge.incarnation, contacts, left)
        node.leaving[edge.incarnation] = (edge.link, bye)
        node.send(edge.link, bye)
        node.timers.set("bye", edge.incarnation, node.now + BYE_REPEAT)
    forget(node, edge)


def parted(node: Node, link: Link, message: Bye) -> None:
    """Take a BYE: forget the edge, say so, and link to the nodes it names: they stand between us and its sender now."""
    node.send(link, ByeAck(message.incarnation))
    edge = _own(node, link, message.to)
    if edge is None or edge.remote != message.incarnation:
        return
    state = edge.state
    known = state.known.get(link.contact.key)
    if message.left and known is not None:
        # not forgotten, else the next who names it would have us ask it at once
        known.linked, known.failures = False, max(known.failures, REFUSAL_DOUBLINGS)
        known.again_at = node.spread(LINK_REQUEST_TIMEOUT * 2 ** REFUSAL_DOUBLINGS)
    forget(node, edge)
    if edge.kind == Kind.FOLLOWER:
        return
    for contact in introduced(node, link, message.contacts[:CONTACTS_AT_MOST]):
        known = get_to_know(node, state, contact, link.contact.key)
        if known is not None and sources(state) < (EDGES_AT_MOST if state.is_full else SOURCES_WANTED):
            connect(node, state, contact, "edge" if edge.kind == Kind.FEEDER else "priority")


FOR_AN_EDGE = ("edge", "priority")
"""why a node is dialled if not for a probe or to feed it"""


def has_room(node: Node, state: ChannelState, contact: Contact, why: str) -> bool:
    """Return whether we may ask a node for an edge; for its first feeder a follower gives another edge up."""
    if why == "edge":
        return sources(state) < at_most(state)
    if sources(state) < EDGES_AT_MOST:
        return True
    unfed = not state.is_full and not state.degree(Kind.FEEDER)
    return why == "feeder" and unfed and split(node, state, contact, force=True)


def connect(node: Node, state: ChannelState, contact: Contact, why: str = "edge") -> None:
    """Ask a node for an edge: on the link that there is, or on one to be dialled."""
    link = node.links_by_key.get(contact.key)
    if link is not None:
        if has_room(node, state, contact, why):
            request(node, state, link, why == "priority")
        return
    if not contact.address or contact.key == node.me.key:
        return
    reasons = node.dialling.get(contact.key)
    if reasons is None:
        reasons = node.dialling[contact.key] = set()
        node.effect(Dial(contact))
    reasons.add((why, state.channel))


def sources(state: ChannelState) -> int:
    """Return how many edges bring documents to us."""
    return state.degree(Kind.PEER, Kind.FEEDER)


def at_most(state: ChannelState) -> int:
    """Return how many such edges there may be, those apart that hang on us for want of a feeder."""
    feeders = state.degree(Kind.FEEDER)
    return SOURCES_AT_MOST if feeders and not state.is_full else EDGES_AT_MOST
