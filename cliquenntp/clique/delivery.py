"""How a new document reaches everybody: pushed along the tree, offered beside it, asked for where it is missed."""

from __future__ import annotations

from collections.abc import Container
from itertools import zip_longest

from cliquenntp.clique import admission, adverts, asking, ghosts, reconcile
from cliquenntp.clique.channel import ChannelState, Edge, Kind, Wanted
from cliquenntp.clique.effects import DropDocument, StoreDocument
from cliquenntp.clique.events import DocumentReceived, DocumentUnwanted
from cliquenntp.clique.messages import RECONCILED, Advert, Channel, Gone, Offer, Want
from cliquenntp.clique.node import FOREVER, Node
from cliquenntp.clique.parameters import (
    BLOCKED_FOR,
    EAGER_FROM,
    IN_FLIGHT_KEPT,
    LATE_PARENT,
    LAZY_DELAY,
    LAZY_TIMEOUT,
    OFFER_AT_MOST,
    OFFERS_JUDGED_AFTER,
    OFFERS_WANTED,
    RECENT_FOR,
    RECENT_KEPT,
    WANT_AT_MOST,
    WANT_TIMEOUT,
    WANTED_KEPT,
    YOUNG,
)
from cliquenntp.interfaces import Place

ASKED_FOR = 200
"""Push.hop in answer to a WANT: more than any EAGER_HOPS"""


def within(node: Node, place: Place, channel: Channel) -> bool:
    """Return whether a document, held already or not, belongs to a channel."""
    return _belongs(place, channel, node.documents.above(place.parents))


def _belongs(place: Place, channel: Channel, above: Container[bytes]) -> bool:
    if place.id == channel.document:
        return True
    return channel.document in (place.parents if channel.comments else above)


def received(node: Node, event: DocumentReceived) -> None:
    """Take a document that came over an edge."""
    edge = node.edges.get(event.push.to)
    if edge is None or edge.link.number != event.link:
        node.effect(DropDocument(event.place.id, "from an edge that is closed"))
        return
    state, place = edge.state, event.place
    prefix = place.id[:8]
    if node.documents.contains(place.id):
        _known_to(node, state, prefix, edge)
        reconcile.arrived(node, edge, place.id)
        node.effect(DropDocument(place.id, "held already"))
        return
    wanted = state.wanted.get(prefix)
    is_within = within(node, place, state.channel)
    if not is_within and place.id not in state.ancestors and not (wanted is not None and wanted.ancestor):
        reconcile.arrived(node, edge, place.id)
        node.effect(DropDocument(place.id, "outside the channel"))
        return
    compared = event.push.hop == RECONCILED
    budget = admission.judge(node, edge, place, compared=compared)
    if budget:
        admission.put_off(node, edge, place, is_within)
        _want_no_more(node, state, prefix)
        reconcile.arrived(node, edge, place.id)
        node.effect(DropDocument(place.id, "there is no room", budget))
        return
    node.documents.add(place)
    ghosts.came(node, place.id)
    node.effect(StoreDocument(place.id))
    admission.stored(node, place)
    if wanted is not None:
        del state.wanted[prefix]
        node.timers.cancel("want", (state.channel, prefix))
        _judge_parent(node, state, edge, wanted)
    elif edge is state.parent:
        edge.late = 0
    was_compared = reconcile.arrived(node, edge, place.id)
    if not is_within and place.id not in state.ancestors:
        return  # of another forum, and here only because a document of both stands below it
    is_news = not compared and not was_compared and not (wanted is not None and wanted.ancestor)
    spread_document(node, place, min(event.push.hop + 1, ASKED_FOR) if is_news else RECONCILED, edge)


def unwanted(node: Node, event: DocumentUnwanted) -> None:
    """Take note of a document that came over an edge and that this node does not want."""
    edge = node.edges.get(event.push.to)
    if edge is None or edge.link.number != event.link:
        return
    state, place = edge.state, event.place
    is_within = within(node, place, edge.channel) or _is_below_refused(node, place, edge.channel)
    ghosts.refuse(node, edge, place.id, place.time, is_within)
    _want_no_more(node, state, place.id[:8])
    reconcile.arrived(node, edge, place.id)


def _want_no_more(node: Node, state: ChannelState, prefix: bytes) -> None:
    if state.wanted.pop(prefix, None) is not None:
        node.timers.cancel("want", (state.channel, prefix))


def _is_below_refused(node: Node, place: Place, channel: Channel) -> bool:
    """Tell whether a document belongs to a channel by a parent that is not here because it was unwanted."""
    parents = (node.refused.get(parent) for parent in place.parents)
    return not channel.comments and any(ghost is not None and channel in ghost.channels for ghost in parents)


def _judge_parent(node: Node, state: ChannelState, edge: Edge, wanted: Wanted) -> None:
    parent = state.parent
    if parent is None or parent is edge or wanted.asked != edge.incarnation or wanted.ancestor:
        return
    parent.late += 1
    others = any(one is not parent and one.kind != Kind.FOLLOWER for one in state.open_edges())
    if parent.late >= LATE_PARENT and others:
        parent.late = 0
        parent.blocked_until = node.now + BLOCKED_FOR
        node.timers.set("recompute", state.channel, node.now)


def spread_document(node: Node, place: Place, hop: int, source: Edge | None) -> None:
    """Push and offer a document that was just taken in, in every channel of ours that it belongs to.

    Args:
        place: the document.
        hop: of our pushes; 0: written here; RECONCILED: it is not news, so it is offered if young, else not at all.
        source: where it came from; None: written here.
    """
    above = node.documents.above(place.parents)
    for state in node.channels.values():
        if (source is not None and state is source.state) or _belongs(place, state.channel, above):
            _spread(node, state, place, hop, source)


def _spread(node: Node, state: ChannelState, place: Place, hop: int, source: Edge | None) -> None:
    prefix = place.id[:8]
    offerers = _offerers(node, state, prefix)
    if source is not None:
        _known_to(node, state, prefix, source)
    _judge_offers(node, state)
    young = place.time > node.clique_time() - YOUNG
    if hop == RECONCILED and not young:
        return
    if hop != RECONCILED:
        if state.last_document:
            state.gap += (min(node.now - state.last_document, 3600.0) - state.gap) / 8
        state.last_document = node.now
        node.timers.set("silence", state.channel, node.now + reconcile.silence(state))
    eager_hops = 0
    if hop <= 2:
        count = adverts.nodes(state)
        eager_hops = next((hops for least, hops in EAGER_FROM if count >= least), 0)
    eager = hop < eager_hops or (hop == 0 and not state.is_full)
    for edge in state.edges.values():
        advert = edge.advert
        if not edge.remote or advert is None or not advert.wants or edge.incarnation in offerers:
            continue
        if edge.kind == Kind.FOLLOWER and not within(node, place, edge.channel):
            continue
        # Its advert was made before the edge was open: that it is no child and wants no offers is not said yet.
        unsettled = edge.is_unsettled(node.now)
        in_tree = edge is state.parent or advert.is_parent or (unsettled and edge.urgent)
        if hop != RECONCILED and (eager or in_tree):
            node.push(edge, place.id, hop)
            offerers.append(edge.incarnation)
        elif advert.offer or unsettled or hop == RECONCILED:
            _offer_soon(node, edge, place.id)


def _offer_soon(node: Node, edge: Edge, document: bytes) -> None:
    if edge.offers is None:
        edge.offers = []
    edge.offers.append(document)
    node.timers.at_latest("offer", edge.incarnation, node.now + LAZY_DELAY)


def offer_what_it_missed(node: Node, edge: Edge, before: Advert | None) -> None:
    """Offer what is young to a peer that has just told that it is our child, or that it wants offers.

    It was so before it was told: what came meanwhile was neither pushed to it nor offered.
    """
    advert = edge.advert
    if advert is None or not advert.wants:
        return
    is_child = advert.is_parent and not (before is not None and before.is_parent)
    asks = advert.offer and not (before is not None and before.offer)
    if is_child or asks:
        members = ghosts.members(node, edge.channel, edge.link.contact.key)
        for _, document in members.items(int(node.clique_time()) - YOUNG, FOREVER):
            if edge.incarnation not in _offerers(node, edge.state, document[:8]):
                _offer_soon(node, edge, document)


def _offerers(node: Node, state: ChannelState, prefix: bytes) -> list[int]:
    offerers = state.offerers.get(prefix)
    if offerers is None:
        if node.now > state.offerers_from + RECENT_FOR or len(state.offerers) >= RECENT_KEPT:
            forget_offerers(node, state)
        offerers = state.offerers[prefix] = state.offerers_before.get(prefix, [])
    return offerers


def forget_offerers(node: Node, state: ChannelState) -> None:
    """Begin a span of remembering who has which document, and forget the span before the last."""
    state.offerers_before, state.offerers, state.offerers_from = state.offerers, {}, node.now


def _known_to(node: Node, state: ChannelState, prefix: bytes, edge: Edge) -> None:
    """Note that an edge's peer has a document, once however often it says so."""
    offerers = _offerers(node, state, prefix)
    if edge.incarnation not in offerers:
        offerers.append(edge.incarnation)


def _judge_offers(node: Node, state: ChannelState) -> None:
    for edge in state.edges.values():
        if edge.asks:
            edge.judged += 1
            if edge.judged >= OFFERS_JUDGED_AFTER:
                if edge.offered == 0:
                    edge.asks = False
                    ask_for_offers(node, state, edge)
                    adverts.review(node, state)
                edge.judged = edge.offered = 0


def ask_for_offers(node: Node, state: ChannelState, but: Edge | None = None) -> None:
    """Choose the edges that shall offer new documents to us: some beside the tree, all for an orphan."""
    orphan = state.orphan_since is not None
    lazy = []
    asked = 0
    for edge in state.edges.values():
        possible = edge.remote and not edge.in_tree and edge.kind != Kind.FOLLOWER
        if edge.asks and not possible:
            edge.asks = False
        elif edge.asks:
            asked += 1
        elif possible and edge is not but:
            lazy.append(edge)
    missing = len(lazy) if orphan else OFFERS_WANTED - asked
    if missing > 0 and lazy:
        for edge in node.shuffled(lazy)[:missing]:
            edge.asks, edge.judged, edge.offered = True, 0, 0


def offer(node: Node, edge: Edge) -> None:
    """Send the offers that have come together, but what the peer has offered to us meanwhile."""
    prefixes = [
        document[:8] for document in edge.offers or ()
        if edge.incarnation not in _offerers(node, edge.state, document[:8])]
    edge.offers = None
    if prefixes and edge.remote:
        for start in range(0, len(prefixes), OFFER_AT_MOST):
            node.send(edge.link, Offer(edge.remote, tuple(prefixes[start:start + OFFER_AT_MOST])))


def offered(node: Node, edge: Edge, message: Offer) -> None:
    """Take an IHAVE: what is unknown is asked for if the tree does not bring it soon, by an orphan at once."""
    state = edge.state
    orphan = state.orphan_since is not None
    if len(message.documents) > OFFER_AT_MOST:
        node.close(edge.link, "too many documents in an IHAVE")
        return
    for prefix in message.documents:
        _known_to(node, state, prefix, edge)
        edge.offered += 1
        if node.documents.find(prefix) or not _may_be_wanted(node, edge, prefix):
            continue
        wanted = state.wanted.get(prefix)
        if wanted is None:
            if len(state.wanted) >= OFFER_AT_MOST:
                continue
            state.wanted[prefix] = Wanted([edge.incarnation], node.now + WANTED_KEPT)
            node.timers.set("want", (state.channel, prefix), node.now if orphan else node.spread(LAZY_TIMEOUT))
        else:
            wanted.until = node.now + WANTED_KEPT
            if edge.incarnation not in wanted.sources and wanted.asked != edge.incarnation:
                wanted.sources.append(edge.incarnation)
                if node.timers.get("want", (state.channel, prefix)) is None:
                    node.timers.set("want", (state.channel, prefix), node.now)


def _may_be_wanted(node: Node, edge: Edge, prefix: bytes) -> bool:
    if ghosts.is_refused(node, edge, prefix):
        return admission.offered(node, edge, node.refused_ids[prefix])
    return not admission.shuns(node, edge)


def want(node: Node, state: ChannelState, prefix: bytes) -> None:
    """Ask the next one for a document that did not come in time; forget it when nobody turned up."""
    wanted = state.wanted.get(prefix)
    if wanted is None:
        return
    while wanted.sources:
        edge = state.edges.get(wanted.sources.pop(0))
        if edge is not None and edge.remote:
            wanted.asked = edge.incarnation
            node.send(edge.link, Want(edge.remote, (prefix,)))
            node.timers.set("want", (state.channel, prefix), node.spread(WANT_TIMEOUT))
            return
    if wanted.until > node.now:
        node.timers.set("want", (state.channel, prefix), wanted.until)
        wanted.until = node.now
    else:
        del state.wanted[prefix]


def parent_missing(node: Node, edge: Edge, parent: bytes, child: Place | None) -> None:
    """Ask the sender of a document for its first parent, unless that was put off and stays so."""
    if child is None or admission.need(node, edge, child, parent):
        want_parent(node, edge, parent)
    else:
        admission.put_off(node, edge, child, _is_below_refused(node, child, edge.channel))
        _want_no_more(node, edge.state, child.id[:8])
        reconcile.arrived(node, edge, child.id)


def want_parent(node: Node, edge: Edge, parent: bytes) -> None:
    """Ask the sender of a document for its first parent, which is not held."""
    state = edge.state
    prefix = parent[:8]
    if node.documents.contains(parent):
        return
    wanted = state.wanted.get(prefix)
    if wanted is not None and wanted.asked == edge.incarnation:
        return
    node.timers.set("want", (state.channel, prefix), node.spread(WANT_TIMEOUT))
    if asking.is_on_its_way(edge, parent):
        state.wanted.setdefault(prefix, Wanted([edge.incarnation], node.now + WANTED_KEPT, ancestor=True))
        return
    asking.asked_out_of_turn(edge, parent)
    state.wanted[prefix] = Wanted([], node.now + WANTED_KEPT, edge.incarnation, ancestor=True)
    node.send(edge.link, Want(edge.remote, (parent,)))


def wanted_by(node: Node, edge: Edge, message: Want) -> None:
    """Take a WANT: send what belongs to the channel, or lies above it or above something that was sent."""
    if len(message.documents) > WANT_AT_MOST:
        node.close(edge.link, "too many documents in a WANT")
        return
    lost = []
    documents, channel = node.documents, edge.channel
    for prefix in message.documents:
        for document in documents.find(prefix):
            place = Place(document, documents.time(document), documents.parents(document))
            is_parent = edge.parents_elsewhere is not None and document in edge.parents_elsewhere
            if not is_parent and not within(node, place, channel) and not documents.below(channel.document, document):
                continue
            if documents.gone(document):
                lost.append(document)
            else:
                node.push(edge, document, ASKED_FOR)
                _known_to(node, edge.state, document[:8], edge)
    ghosts.answer(node, edge, lost)


def gone(node: Node, edge: Edge, message: Gone) -> None:
    """Take a GONE: that neighbour has it no more."""
    state = edge.state
    for document, time in zip_longest(message.documents, message.times[:len(message.documents)]):
        if reconcile.arrived(node, edge, document) and time is not None:
            ghosts.hear(node, edge, document, time, message.why)
        wanted = state.wanted.get(document[:8])
        if wanted is not None and wanted.asked == edge.incarnation:
            node.timers.set("want", (state.channel, document[:8]), node.now)


def pieces(node: Node, edge: Edge, document: bytes) -> None:
    """Let what waits for a document wait on while its bytes arrive."""
    state, prefix = edge.state, document[:8]
    if prefix in state.wanted and node.timers.get("want", (state.channel, prefix)) is not None:
        node.timers.set("want", (state.channel, prefix), node.spread(WANT_TIMEOUT))
    if document:
        state.in_flight[document] = node.now + IN_FLIGHT_KEPT
    reconcile.goes_on(node, edge)
