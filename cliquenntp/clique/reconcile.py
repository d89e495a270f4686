"""Comparing the documents of two nodes: range-based set reconciliation, one neighbour at a time.

A SYNC carries spans of time.  A fingerprint that differs is answered by a listing of short ids where few documents are
concerned, else by the fingerprints of parts of the span.  A complete listing is answered by a bitmap of what the
receiver wants of it and a listing of what the sender lacks.  Every step is stateless but the listings, which are kept
until their bitmap comes.
"""

from __future__ import annotations

from itertools import pairwise

from cliquenntp.clique.blinding import short_id
from cliquenntp.clique.channel import ChannelState, Edge, Kind
from cliquenntp.clique.messages import (
    RECONCILED,
    Announce,
    Channel,
    Gone,
    Offer,
    Span,
    SpanFingerprint,
    SpanListing,
    SpanWanted,
    Sync,
)
from cliquenntp.clique.node import FOREVER, Node
from cliquenntp.clique.parameters import (
    CUTS,
    IN_FLIGHT_KEPT,
    LISTING_AT_MOST,
    LISTING_PAGE,
    OFFER_AT_MOST,
    RECONCILE_AFTER,
    RECONCILE_TIMEOUT,
    SILENCE_AT_LEAST,
    SILENCE_GAPS,
    SPAN_PARTS,
    SPANS_AT_MOST,
    YOUNG,
)


def silence(state: ChannelState) -> float:
    """Return the seconds without a document after which we ask whether we missed one."""
    return max(SILENCE_AT_LEAST, SILENCE_GAPS * state.gap)


def opened(node: Node, edge: Edge, since: int, until: int, fingerprint: bytes) -> None:
    """Compare fingerprints as an edge opens, and offer what is too young for them."""
    low = max(since, edge.state.since)
    edge.since = since
    # from a horizon before ours the peer's fingerprint tells nothing; the peer can compare with ours
    edge.differs = since >= edge.state.since and (
        node.fingerprint(edge.link, edge.channel, low, until) != fingerprint)
    members = node.documents.channel(*edge.channel)
    young = [document[:8] for _, document in members.items(until, FOREVER)]
    if young:
        node.send(edge.link, Offer(edge.remote, tuple(young[:OFFER_AT_MOST])))
    if edge.differs:
        wait = RECONCILE_AFTER[0 if edge.requested else 1]
        node.timers.at_latest("reconcile", edge.state.channel, node.spread(wait))


def compare_now(node: Node, channel: Channel) -> None:
    """Compare with a neighbour, and have the others compare with us; a comparison under way is given up."""
    state = node.channels.get(channel)
    if state is None:
        return
    for edge in state.open_edges():
        edge.differs = True
    state.reconciling = 0
    begin(node, state)


def begin(node: Node, state: ChannelState) -> None:
    """Compare with one of the neighbours that differ, the parent first, unless a comparison is under way."""
    if state.reconciling in state.edges:
        return
    state.reconciling = 0
    differing = [edge for edge in state.open_edges() if edge.differs]
    if not differing:
        return
    edge = min(differing, key=lambda one: (one is not state.parent, one.kind == Kind.FOLLOWER, one.opened_at))
    edge.differs = False
    state.reconciling, state.reconciled = edge.incarnation, 0
    node.timers.set("reconciled", state.channel, node.now + RECONCILE_TIMEOUT)
    now = node.clique_time()
    since = max(state.since, edge.since)
    bounds = [since, *(now - age for age in reversed(CUTS) if now - age > since), FOREVER]
    members = node.documents.channel(*edge.channel)
    if members.count(since, FOREVER) <= SPAN_PARTS:
        spans: list[Span] = [_listing(node, edge, since, FOREVER)]
    else:
        spans = [_fingerprint(node, edge, low, high) for low, high in pairwise(bounds)]
    node.send(edge.link, Sync(edge.remote, state.since, tuple(spans)))


def _fingerprint(node: Node, edge: Edge, low: int, high: int) -> SpanFingerprint:
    count = node.documents.channel(*edge.channel).count(low, high)
    return SpanFingerprint(low, high, count, node.fingerprint(edge.link, edge.channel, low, high))


def _listing(
    node: Node, edge: Edge, low: int, high: int, only: tuple[bytes, ...] | None = None,
) -> SpanListing:
    secret = edge.link.secret
    if only is None:
        ids = tuple(document for _, document in node.documents.channel(*edge.channel).items(low, high))
    else:
        ids = only
    if edge.listed is None:
        edge.listed = {}
    edge.listed[low, high] = ids
    if len(edge.listed) > SPANS_AT_MOST * SPAN_PARTS:
        del edge.listed[next(iter(edge.listed))]
    return SpanListing(low, high, tuple(short_id(secret, document) for document in ids), only is None)


def compared(node: Node, edge: Edge, message: Sync) -> None:
    """Take a SYNC and answer what differs."""
    state = edge.state
    if len(message.spans) > SPANS_AT_MOST:
        node.close(edge.link, "too many spans in a SYNC")
        return
    edge.differs = False
    since = max(message.since, state.since)
    answers: list[Span] = []
    for span in message.spans:
        low, high = max(span.low, since), span.high
        if isinstance(span, SpanFingerprint):
            if node.fingerprint(edge.link, edge.channel, span.low, high) != span.fingerprint:
                _answer_fingerprint(node, edge, low, high, span.count, answers)
        elif isinstance(span, SpanListing):
            _answer_listing(node, edge, span, low, answers)
        else:
            _answer_wanted(node, edge, span)
    for start in range(0, len(answers), SPANS_AT_MOST):
        node.send(edge.link, Sync(edge.remote, state.since, tuple(answers[start:start + SPANS_AT_MOST])))
    if state.reconciling == edge.incarnation:
        if answers or state.in_flight:
            node.timers.set("reconciled", state.channel, node.now + RECONCILE_TIMEOUT)
        if not answers:
            node.timers.set("reconciled", state.channel, node.now + (RECONCILE_TIMEOUT if state.in_flight else 3.0))


def _answer_fingerprint(node: Node, edge: Edge, low: int, high: int, count: int, answers: list[Span]) -> None:
    members = node.documents.channel(*edge.channel)
    mine = members.count(low, high)
    if mine <= LISTING_AT_MOST:
        answers.append(_listing(node, edge, low, high))
        return
    items = list(members.items(low, high))
    if count * 4 < mine:
        # the other side lacks most of it: a page to begin with, and the rest as one span
        last = items[min(LISTING_PAGE, mine) - 1][0] + 1
        bounds = [low, last, high]
        answers.append(_listing(node, edge, low, last))
        if last < high and mine > LISTING_PAGE:
            answers.append(_fingerprint(node, edge, last, high))
        elif last < high:
            answers.append(_listing(node, edge, last, high))
        return
    step = -(-mine // SPAN_PARTS)
    bounds = sorted({low, high, *(items[index][0] for index in range(step, mine, step))})
    bounds = [bound for bound in bounds if low <= bound <= high]
    if len(bounds) == 2:
        answers.append(_listing(node, edge, low, high))
        return
    answers.extend(_fingerprint(node, edge, one, other) for one, other in pairwise(bounds))


def _answer_listing(node: Node, edge: Edge, span: SpanListing, low: int, answers: list[Span]) -> None:
    state, secret = edge.state, edge.link.secret
    members = node.documents.channel(*edge.channel)
    held = {short_id(secret, document): document for _, document in members.items(span.low, span.high)}
    bits = bytearray(-(-len(span.documents) // 8))
    flight = state.in_flight
    for short in [one for one, until in flight.items() if until <= node.now]:
        del flight[short]
    busy = {short_id(secret, document) for document in flight if len(document) == 32}
    wanted = False
    for index, short in enumerate(span.documents):
        if short not in held and short not in busy:
            bits[index // 8] |= 1 << (index % 8)
            wanted = True
            flight[short] = node.now + IN_FLIGHT_KEPT
    if wanted:
        answers.append(SpanWanted(span.low, span.high, bytes(bits)))
    if span.complete:
        theirs = set(span.documents)
        lacking = tuple(
            document for short, document in held.items()
            if short not in theirs and node.documents.time(document) >= low)
        if not span.documents and len(lacking) > LISTING_PAGE:
            _answer_fingerprint(node, edge, low, span.high, 0, answers)
        elif lacking:
            answers.append(_listing(node, edge, span.low, span.high, lacking))


def _answer_wanted(node: Node, edge: Edge, span: SpanWanted) -> None:
    ids = (edge.listed or {}).pop((span.low, span.high), ())
    if not edge.listed:
        edge.listed = None
    lost: dict[str, list[bytes]] = {}
    for index, document in enumerate(ids):
        asked = index // 8 < len(span.bitmap) and span.bitmap[index // 8] >> (index % 8) & 1
        why = node.documents.gone(document) if asked else ""
        if why:
            lost.setdefault(why, []).append(document)
        elif asked:
            node.push(edge, document, RECONCILED)
    for why, documents in lost.items():
        node.send(edge.link, Gone(edge.remote, tuple(documents), why))


def arrived(node: Node, edge: Edge, document: bytes) -> bool:
    """Note that a document came; return whether a comparison had asked for it."""
    state = edge.state
    flight = state.in_flight
    flight.pop(document, None)
    if not flight:
        return False
    if flight.pop(short_id(edge.link.secret, document), None) is None:
        return False
    if state.reconciling == edge.incarnation:
        state.reconciled += 1
        node.timers.set("reconciled", state.channel, node.now + (RECONCILE_TIMEOUT if flight else 1.0))
    elif not flight:
        node.timers.at_latest("announce", state.channel, node.now + 1.0)
    return True


def finish(node: Node, state: ChannelState) -> None:
    """End a comparison: tell the neighbours if it brought anything, and compare with the next that differs."""
    edge = state.edges.get(state.reconciling)
    state.reconciling = 0
    if state.reconciled:
        announce(node, state, edge)
    state.reconciled = 0
    for other in state.open_edges():
        if other.differs:
            other.differs = False
            if other.kind != Kind.FOLLOWER:
                announce_to(node, other)


def announce(node: Node, state: ChannelState, but: Edge | None = None) -> None:
    """Tell every neighbour what we hold now."""
    for edge in list(state.open_edges()):
        if edge is not but:
            edge.differs = False
            announce_to(node, edge)


def announce_to(node: Node, edge: Edge) -> None:
    """Tell one neighbour what we hold, up to a minute ago."""
    since, until = edge.state.since, node.clique_time() - YOUNG
    fingerprint = node.fingerprint(edge.link, edge.channel, since, until)
    node.send(edge.link, Announce(edge.remote, since, until, fingerprint))


def announced(node: Node, edge: Edge, message: Announce) -> None:
    """Take an ANNOUNCE: compare if it differs."""
    state = edge.state
    if message.since < state.since:
        announce_to(node, edge)
    elif node.fingerprint(edge.link, edge.channel, message.since, message.until) != message.fingerprint:
        edge.differs = True
        node.timers.at_latest("reconcile", state.channel, node.spread(RECONCILE_AFTER[0]))


def fell_silent(node: Node, state: ChannelState) -> None:
    """Ask one neighbour that does not offer to us whether we missed something."""
    silent = [
        edge for edge in state.open_edges()
        if not edge.asks and edge.kind != Kind.FOLLOWER and edge is not state.parent]
    if silent:
        announce_to(node, node.shuffled(silent)[0])
