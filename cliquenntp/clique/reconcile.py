"""Comparing the documents of two nodes: range-based set reconciliation, one neighbour at a time.

A SYNC carries spans of time.  A fingerprint that differs is answered by a listing of short ids where few documents are
concerned, else by the fingerprints of parts of the span.  A complete listing is answered by a bitmap of what the
receiver wants of it, piece by piece (`asking`), and a listing of what the sender lacks.  Every step is stateless but
the listings, which are kept for their bitmaps, and what is still to be asked for.
"""

from __future__ import annotations

from itertools import pairwise

from cliquenntp.clique import admission, asking, ghosts
from cliquenntp.clique.blinding import short_id
from cliquenntp.clique.channel import ChannelState, Edge, Kind
from cliquenntp.clique.listing import fingerprint_of, list_page, listing
from cliquenntp.clique.messages import (
    RECONCILED,
    Announce,
    Channel,
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
    LISTED_TOGETHER,
    LISTING_AT_MOST,
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
        ghosts.fingerprint(node, edge.link, edge.channel, low, until) != fingerprint)
    members = ghosts.members(node, edge.channel, edge.link.contact.key)
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
    differing = [edge for edge in state.open_edges() if edge.differs and not admission.shuns(node, edge)]
    if not differing:
        return
    edge = min(differing, key=lambda one: (one is not state.parent, one.kind == Kind.FOLLOWER, one.opened_at))
    edge.differs = False
    state.reconciling, state.reconciled = edge.incarnation, 0
    node.timers.set("reconciled", state.channel, node.now + RECONCILE_TIMEOUT)
    now = node.clique_time()
    since = max(state.since, edge.since)
    bounds = [since, *(now - age for age in reversed(CUTS) if now - age > since), FOREVER]
    members = ghosts.members(node, edge.channel, edge.link.contact.key)
    if members.count(since, FOREVER) <= SPAN_PARTS:
        spans: list[Span] = [listing(node, edge, since, FOREVER)]
    else:
        spans = [fingerprint_of(node, edge, low, high) for low, high in pairwise(bounds)]
    node.send(edge.link, Sync(edge.remote, state.since, tuple(spans)))


def compared(node: Node, edge: Edge, message: Sync) -> None:
    """Take a SYNC and answer what differs."""
    state = edge.state
    if len(message.spans) > SPANS_AT_MOST:
        node.close(edge.link, "too many spans in a SYNC")
        return
    if admission.shuns(node, edge):
        return
    edge.differs = False
    edge.since = message.since
    since = max(message.since, state.since)
    answers: list[Span] = []
    for span in message.spans:
        if isinstance(span, SpanFingerprint):
            if not asking.put_off(edge, span):
                _compare(node, edge, span, max(span.low, since), span.high, answers)
        elif isinstance(span, SpanListing):
            _answer_listing(node, edge, span, max(span.low, since), answers)
        else:
            _answer_wanted(node, edge, span)
    _send(node, edge, answers)
    _ask(node, edge)
    if state.reconciling == edge.incarnation:
        patience = RECONCILE_TIMEOUT if answers or _under_way(edge) else 3.0
        node.timers.set("reconciled", state.channel, node.now + patience)


def _under_way(edge: Edge) -> bool:
    return edge.comparison is not None and edge.comparison.under_way


def _send(node: Node, edge: Edge, answers: list[Span]) -> None:
    """Send spans in as few messages as their number and size allow."""
    together: list[Span] = []
    listed = 0
    for span in answers:
        documents = len(span.documents) if isinstance(span, SpanListing) else 0
        if together and (len(together) >= SPANS_AT_MOST or listed + documents > LISTED_TOGETHER):
            node.send(edge.link, Sync(edge.remote, edge.state.since, tuple(together)))
            together, listed = [], 0
        together.append(span)
        listed += documents
    if together:
        node.send(edge.link, Sync(edge.remote, edge.state.since, tuple(together)))


def _ask(node: Node, edge: Edge) -> None:
    """Ask for documents, and where none is left to ask for answer the fingerprints that were put off."""
    answers: list[Span] = []
    for span in asking.ask(node, edge):
        _compare(node, edge, span, max(span.low, edge.since, edge.state.since), span.high, answers)
    _send(node, edge, answers)


def ask_everywhere(node: Node, state: ChannelState) -> None:
    """Go on asking after nothing came for long, or where another neighbour was asked first."""
    for edge in list(state.open_edges()):
        if _under_way(edge):
            _ask(node, edge)


def _compare(node: Node, edge: Edge, span: SpanFingerprint, low: int, high: int, answers: list[Span]) -> None:
    if ghosts.fingerprint(node, edge.link, edge.channel, span.low, high) != span.fingerprint:
        _answer_fingerprint(node, edge, low, high, span.count, answers)


def _answer_fingerprint(node: Node, edge: Edge, low: int, high: int, count: int, answers: list[Span]) -> None:
    members = ghosts.members(node, edge.channel, edge.link.contact.key)
    mine = members.count(low, high)
    if mine <= LISTING_AT_MOST:
        answers.append(listing(node, edge, low, high))
    elif count * 4 < mine:
        list_page(node, edge, low, high, None, answers)  # the other side lacks most of it
    else:
        step = -(-mine // SPAN_PARTS)
        inner = {time for index, (time, _) in enumerate(members.items(low, high)) if index and not index % step}
        bounds = sorted({low, high, *inner})
        if len(bounds) == 2:
            list_page(node, edge, low, high, None, answers)
        else:
            answers.extend(fingerprint_of(node, edge, one, other) for one, other in pairwise(bounds))


def _answer_listing(node: Node, edge: Edge, span: SpanListing, low: int, answers: list[Span]) -> None:
    state, secret = edge.state, edge.link.secret
    members = ghosts.members(node, edge.channel, edge.link.contact.key)
    held = {short_id(secret, document): (time, document) for time, document in members.items(span.low, span.high)}
    arriving = state.in_flight
    for document in [one for one, until in arriving.items() if until <= node.now]:
        del arriving[document]
    known = {*held, *(short_id(secret, document) for document in arriving)}
    if edge.comparison is not None:
        known.update(edge.comparison.asked)
    theirs = set(span.documents)
    for document, ghost in list(node.refused.items()):
        if not span.low <= ghost.time < span.high:
            continue
        short = short_id(secret, document)
        if short in theirs and short not in held:
            ghosts.refuse(node, edge, document, ghost.time)
            known.add(short)
    places = {short: place for place, short in enumerate(span.documents) if short not in known}
    asking.note_missing(node, edge, span, places)
    if span.complete:
        lacking = [
            document for short, (time, document) in held.items() if short not in theirs and time >= low]
        if lacking:
            list_page(node, edge, span.low, span.high, lacking, answers)


def _answer_wanted(node: Node, edge: Edge, span: SpanWanted) -> None:
    if edge.comparison is None:
        return
    lost = []
    for document in asking.asked_of(edge.comparison, span):
        if ghosts.why_gone(node, document):
            lost.append(document)
        else:
            node.push(edge, document, RECONCILED)
    ghosts.answer(node, edge, lost)


def arrived(node: Node, edge: Edge, document: bytes) -> bool:
    """Note that a document came; return whether a comparison had asked for it."""
    state = edge.state
    state.in_flight.pop(document, None)
    asking.miss_no_more(state, document)
    if not asking.came(node, edge, document):
        return False
    _ask(node, edge)
    under_way = _under_way(edge)
    if state.reconciling == edge.incarnation:
        state.reconciled += 1
        node.timers.set("reconciled", state.channel, node.now + (RECONCILE_TIMEOUT if under_way else 1.0))
    elif not under_way:
        node.timers.at_latest("announce", state.channel, node.now + 1.0)
    if not under_way:
        ask_everywhere(node, state)
    return True


def goes_on(node: Node, edge: Edge) -> None:
    """Wait on for what was asked for, as parts of a document come."""
    if edge.comparison is not None and edge.comparison.asked:
        edge.comparison.asked_until = node.now + IN_FLIGHT_KEPT
        if edge.state.reconciling == edge.incarnation:
            node.timers.set("reconciled", edge.state.channel, node.now + RECONCILE_TIMEOUT)


def finish(node: Node, state: ChannelState) -> None:
    """End a comparison: tell the neighbours if it brought anything, and compare with the next that differs."""
    edge = state.edges.get(state.reconciling)
    state.reconciling = 0
    if state.reconciled:
        announce(node, state, edge)
    state.reconciled = 0
    ask_everywhere(node, state)
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
    fingerprint = ghosts.fingerprint(node, edge.link, edge.channel, since, until)
    node.send(edge.link, Announce(edge.remote, since, until, fingerprint))


def announced(node: Node, edge: Edge, message: Announce) -> None:
    """Take an ANNOUNCE: compare if it differs."""
    state = edge.state
    edge.since = message.since
    if message.since < state.since:
        announce_to(node, edge)
    elif ghosts.fingerprint(node, edge.link, edge.channel, message.since, message.until) != message.fingerprint:
        edge.differs = True
        node.timers.at_latest("reconcile", state.channel, node.spread(RECONCILE_AFTER[0]))


def fell_silent(node: Node, state: ChannelState) -> None:
    """Ask one neighbour that does not offer to us whether we missed something."""
    silent = [
        edge for edge in state.open_edges()
        if not edge.asks and edge.kind != Kind.FOLLOWER and edge is not state.parent]
    if silent:
        announce_to(node, node.shuffled(silent)[0])
