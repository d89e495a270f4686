"""Finding neighbours: invitations, introductions, random walks, and when to look for more."""

from __future__ import annotations

from collections.abc import Iterator

from cliquenntp.clique import adverts, edges, feeders, probes
from cliquenntp.clique.channel import ChannelState, Edge, Kind, Link
from cliquenntp.clique.effects import Dial
from cliquenntp.clique.messages import Channel, Contact, Walk
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import (
    DIAL_AGAIN,
    DIAL_AGAIN_AT_MOST,
    DIAL_AGAIN_NEEDY_AT_MOST,
    EDGES_AT_MOST,
    EDGES_WANTED,
    FEEDER_WAITS,
    FILL_DOUBLINGS,
    FILL_DOUBLINGS_NEEDY,
    FILL_INTERVAL,
    FOLLOWERS_AT_MOST,
    IDLE_LINK_AFTER,
    INTRODUCED_AT_MOST,
    INTRODUCTIONS_A_ROUND,
    LINK_REQUEST_TIMEOUT,
    PASSIVE_AT_MOST,
    PROBE_LINK_FOR,
    WALK_EXTRA,
    WALK_HOPS,
    WALKS_BEFORE_ADDRESSES,
    WALKS_PER_MINUTE,
)


def pending(node: Node, state: ChannelState) -> int:
    """Return how many nodes are being dialled for an edge of this channel."""
    return sum(1 for _ in _dialled(node, state))


def _dialled(node: Node, state: ChannelState) -> Iterator[bytes]:
    """Yield the keys of these nodes."""
    wished = {(why, state.channel) for why in edges.FOR_AN_EDGE}
    return (key for key, reasons in node.dialling.items() if not wished.isdisjoint(reasons))


def fill(node: Node, state: ChannelState) -> None:
    """Look for edges while there are too few, ever more rarely."""
    if not state.is_full:
        feeders.ask_present_feeders(node, state)
        feeders.trim(node, state)
    missing = feeders.lacking(state) - pending(node, state)
    # of followers that are cut off one looks on for a feeder, however many they are
    alone = not any(True for _ in state.open_edges())
    looks_on = state.is_cut_off and state.is_center(node.me.key) and not alone
    if looks_on:
        _look_for_feeder(node, state)
    elif feeders.lacking(state) <= 0:
        state.fill_round = 0
        return
    needy = looks_on or alone
    delay = FILL_INTERVAL * 2 ** min(state.fill_round, FILL_DOUBLINGS_NEEDY if needy else FILL_DOUBLINGS)
    node.timers.set("fill", state.channel, node.spread(delay))
    state.fill_round += 1
    if missing <= 0:
        return
    open_edges = [edge for edge in state.open_edges() if edge.kind != Kind.FOLLOWER]
    neighbours = {edge.link.contact.key for edge in state.edges.values()}
    candidates = [
        known for key, known in state.known.items()
        if known.again_at <= node.now and key not in neighbours and key not in node.dialling
        and (known.linked or known.introducer not in node.distrusted)
        and (known.linked or not open_edges or key in node.links_by_key or state.fill_round > WALKS_BEFORE_ADDRESSES)]
    candidates = sorted(
        node.shuffled(candidates), key=lambda known: (
            known.elsewhere, known.contact.key not in node.links_by_key, known.failures, not known.linked,
            not known.invited))
    if not open_edges:
        candidates = candidates[:2]
    may_walk = True
    if not state.is_full and open_edges:
        may_walk = feeders.looks_for_all(node, state)
        if not may_walk or state.degree(Kind.FEEDER):
            # other followers are of no use to one that has a feeder, and its feeders are asked already
            candidates = []
    tries = min(missing, INTRODUCTIONS_A_ROUND)
    for known in candidates:
        if not tries:
            break
        is_new = open_edges and not known.linked and known.contact.key not in node.links_by_key
        if is_new and not _may_introduce(node, state, known.introducer):
            continue
        # a refusal moves this on; whoever answers sets it right
        known.again_at = node.spread(DIAL_AGAIN)
        edges.connect(node, state, known.contact)
        tries -= 1
        missing -= 1
    if open_edges and may_walk:
        walks = min(missing, WALKS_PER_MINUTE)
        if _has_all(state):
            # to the same few nodes again; a walk now and then, as a count may be old
            walks = 1 if state.fill_round > WALKS_BEFORE_ADDRESSES else 0
        for _ in range(walks):
            walk(node, state)


def _look_for_feeder(node: Node, state: ChannelState) -> None:
    """Probe addresses by which feeders may be back; whoever feeds this channel answers, and is asked then."""
    silent = [known for known in state.known.values() if known.again_at <= node.now]
    for known in node.shuffled(silent)[:INTRODUCTIONS_A_ROUND]:
        if probes.ask_contact(node, state, known.contact):
            known.again_at = node.spread(DIAL_AGAIN_NEEDY_AT_MOST)


def _has_all(state: ChannelState) -> bool:
    """Return whether we have edges to as many nodes as the tree is said to have."""
    is_known = all(edge.advert and edge.advert.count for edge in state.open_edges() if edge.in_tree)
    if not is_known or not state.is_full:
        return False
    return adverts.nodes(state) <= 1 + sum(1 for edge in state.open_edges() if edge.kind == Kind.PEER)


def _may_introduce(node: Node, state: ChannelState, introducer: bytes) -> bool:
    """Return whether a node whose address we have from another one may get an edge: each introduces only so many."""
    if not introducer:
        return True
    brought = sum(1 for edge in state.edges.values() if edge.introducer == introducer)
    dialled = (state.known.get(key) for key in _dialled(node, state))
    brought += sum(1 for known in dialled if known is not None and known.introducer == introducer)
    return brought < INTRODUCED_AT_MOST


def walk(node: Node, state: ChannelState) -> None:
    """Start a random walk whose end shall ask us for an edge."""
    if not node.me.address:
        return
    starts = [edge for edge in state.open_edges() if edge.kind != Kind.FOLLOWER]
    if starts:
        edge = starts[node.dice.randrange(len(starts))]
        state.walked_at = node.now
        node.send(edge.link, Walk(
            edge.remote, node.me, None if state.is_full else state.channel, WALK_HOPS + WALK_EXTRA,
            edges.sources(state)))


def remix(node: Node, state: ChannelState) -> None:
    """Walk once more some time after joining, so that those who joined together do not stay together."""
    if edges.sources(state) < EDGES_AT_MOST - 1:
        walk(node, state)


def walked(node: Node, edge: Edge, message: Walk) -> None:
    """Pass a WALK on, or end it here by asking its origin for an edge."""
    link, state = edge.link, edge.state
    used = max(link.walks_until, node.now) + 60.0 / (WALKS_PER_MINUTE * max(1, link.edge_count))
    if used > node.now + 60.0:
        return
    link.walks_until = used
    origin = message.origin
    if origin.key == node.me.key or not origin.address or link.contact.key in node.distrusted:
        return
    hops = min(message.hops, WALK_HOPS + WALK_EXTRA) - 1
    if not message.below and edges.strangers(state) < PASSIVE_AT_MOST // 2:
        # walks bring addresses from all over the channel for nothing
        edges.get_to_know(node, state, origin, link.contact.key)
    ways = [
        other for other in state.open_edges()
        if other is not edge and other.kind != Kind.FOLLOWER and other.link.contact.key != origin.key]
    channel = message.below or Channel(state.scope)
    mine = node.channels.get(channel)
    linked = mine is not None and mine.edge_with(origin.key) is not None
    feeds = mine is None and _may_feed(node, channel, origin)
    if (hops > WALK_EXTRA or linked or (mine is None and not feeds)) and ways and hops > 0:
        other = ways[node.dice.randrange(len(ways))]
        node.send(other.link, Walk(other.remote, origin, message.below, hops, message.degree))
        return
    if feeds and origin.key not in node.links_by_key and origin.key not in node.dialling:
        # a follower asks each link that comes to it for what it lacks
        node.dialling[origin.key] = {("feed", channel)}
        node.effect(Dial(origin))
    if linked or mine is None:
        return
    edges.get_to_know(node, mine, origin, link.contact.key)
    fed = not mine.is_full and mine.degree(Kind.FEEDER) > 0
    if edges.sources(mine) < (edges.at_most(mine) if message.degree else EDGES_AT_MOST):
        edges.connect(node, mine, origin)
    elif message.degree < (1 if fed else EDGES_WANTED) and edges.split(node, mine, origin):
        edges.connect(node, mine, origin, "priority")


def _may_feed(node: Node, channel: Channel, origin: Contact) -> bool:
    served = edges.serving(node, channel)
    if served is None or served[1] != Kind.FOLLOWER:
        return False
    state = served[0]
    return (state.has_place_for_follower(origin.key, FOLLOWERS_AT_MOST)
            and state.edge_with(origin.key, channel) is None)


def link_opened(node: Node, link: Link) -> None:
    """Use a new link for what it was dialled for."""
    reasons = sorted(node.dialling.pop(link.contact.key, ()))
    probing = bool(reasons) and all(why == "probe" for why, _ in reasons)
    node.timers.set("idle", link.number, node.now + (PROBE_LINK_FOR if probing else IDLE_LINK_AFTER))
    for why, channel in reasons:
        state = node.channels.get(channel)
        if state is not None and why == "probe":
            probes.ask(node, state, link)
        elif state is not None and why in edges.FOR_AN_EDGE and edges.has_room(node, state, link.contact, why):
            edges.request(node, state, link, why == "priority")
    if not link.dialled:
        node.timers.set("feeder", link.number, node.now + FEEDER_WAITS)


def ask_dialler(node: Node, link: Link) -> None:
    """Ask a node that dialled us and asked for nothing to feed us: a feeder does so at the end of a walk of ours."""
    if link.edge_count or link.has_asked:
        return
    for state in list(node.channels.values()):
        expected = any(
            other.scope == state.scope and other.walked_at > node.now - 2 * LINK_REQUEST_TIMEOUT
            for other in node.channels.values())
        lacks = not state.is_full and feeders.lacking(state) > 0 and not feeders.has_feeders_enough(node, state)
        if expected and lacks and edges.has_room(node, state, link.contact, "feeder"):
            edges.request(node, state, link)


def dial_failed(node: Node, contact: Contact) -> None:
    """Try that address again later, and another one now."""
    for _, channel in sorted(node.dialling.pop(contact.key, ())):
        state = node.channels.get(channel)
        if state is None:
            continue
        known = state.known.get(contact.key)
        if known is not None:
            known.failures += 1
            known.linked = False
            needy = state.is_cut_off or not any(True for _ in state.open_edges())
            at_most = DIAL_AGAIN_NEEDY_AT_MOST if needy else DIAL_AGAIN_AT_MOST
            known.again_at = node.spread(min(DIAL_AGAIN * 2 ** min(known.failures, 8), at_most), 0.5)
        node.timers.at_latest("fill", channel, node.spread(FILL_INTERVAL / 4))


def link_closed(node: Node, link: Link) -> None:
    """Drop all edges of a link that is gone, and remember where they led."""
    for edge in [one for one in node.edges.values() if one.link is link]:
        state = edge.state
        known = None if edge.kind == Kind.FOLLOWER else edges.get_to_know(node, state, link.contact)
        if known is not None and edge.open:
            known.linked = True
            known.again_at = node.spread(2.0, 0.5)
        edges.forget(node, edge)
    for incarnation in [one for one, (other, _) in node.leaving.items() if other is link]:
        del node.leaving[incarnation]
    node.timers.cancel("idle", link.number)
    node.timers.cancel("feeder", link.number)
    node.timers.cancel("acknowledge", link.number)


def request_timed_out(node: Node, edge: Edge) -> None:
    """Give up a LINK_REQ that nobody answered."""
    if edge.open:
        return
    state = edge.state
    known = state.known.get(edge.link.contact.key)
    if known is not None:
        known.failures += 1
    edges.forget(node, edge)
    node.timers.at_latest("fill", state.channel, node.now)
