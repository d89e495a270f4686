"""Asking for what a comparison found missing: some documents at a time, from one neighbour at a time, oldest first.

What is asked for and has not come when a node or a link dies is sent again, so a node asks for few documents to begin
with, for more as more come, and for the next ones when half of the last have come.
"""

from __future__ import annotations

from itertools import islice

from cliquenntp.clique.blinding import short_id
from cliquenntp.clique.channel import ChannelState, Comparison, Edge, Missing
from cliquenntp.clique.messages import SpanFingerprint, SpanListing, SpanWanted, Sync
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import (
    ASKED_AT_LEAST,
    ASKED_SHARE,
    ASKED_WHOLE,
    COMPARE_DOUBLINGS,
    IN_FLIGHT_KEPT,
    LISTING_PAGE,
    MISSING_AT_MOST,
    SPANS_AT_MOST,
)

_TOGETHER = 8
"""so many at the end of a listing are asked for together, so that the last bitmap alone has its full length"""


def comparison(edge: Edge) -> Comparison:
    """Return what comparing with an edge's peer has left to do."""
    if edge.comparison is None:
        edge.comparison = Comparison()
    return edge.comparison


def at_a_time(found: Comparison) -> int:
    """Return how many documents may be under way."""
    missing = sum(len(one.documents) for one in found.missing)
    if not found.put_off and found.brought + len(found.asked) + missing <= ASKED_WHOLE:
        return ASKED_WHOLE
    return min(max(ASKED_AT_LEAST, found.brought // ASKED_SHARE), LISTING_PAGE)


def note_missing(node: Node, edge: Edge, span: SpanListing, places: dict[bytes, int]) -> None:
    """Keep what a listing names and is not held, {short id: place}, until it is asked for.

    What an earlier listing named too is asked for by the later one.  What is too much is left out; the next comparison
    finds it.
    """
    found = comparison(edge)
    for one in found.missing:
        for short in one.documents.keys() & places.keys():
            del one.documents[short]
    known = sum(len(one.documents) for one in found.missing)
    if places and known + len(places) <= MISSING_AT_MOST:
        found.missing.append(Missing(span.number, span.low, len(span.documents), places))
        found.missing.sort(key=lambda one: one.low)


def put_off(edge: Edge, span: SpanFingerprint) -> bool:
    """Return whether a fingerprint is to be answered later, when what the peer has listed so far was asked for."""
    found = edge.comparison
    if found is None or not found.missing or len(found.put_off) >= SPANS_AT_MOST:
        return False
    found.put_off.append(span)
    return True


def ask(node: Node, edge: Edge) -> list[SpanFingerprint]:
    """Ask for more where it is time to; return the fingerprints that are to be answered now."""
    found, state = edge.comparison, edge.state
    if found is None:
        return []
    if found.asked and found.asked_until <= node.now:
        found.asked.clear()
        found.vain += 1
        edge.differs = True
        wait = IN_FLIGHT_KEPT * 2 ** min(found.vain, COMPARE_DOUBLINGS)
        node.timers.at_latest("reconcile", state.channel, node.spread(wait))
    if found.missing and len(found.asked) <= at_a_time(found) // 2:
        if _asked_elsewhere(node, edge):
            node.timers.at_latest("ask", state.channel, node.now + IN_FLIGHT_KEPT)
            return []
        spans = _wanted(found, at_a_time(found) - len(found.asked))
        found.asked_until = node.now + IN_FLIGHT_KEPT
        node.timers.at_latest("ask", state.channel, found.asked_until)
        for start in range(0, len(spans), SPANS_AT_MOST):
            node.send(edge.link, Sync(edge.remote, state.since, tuple(spans[start:start + SPANS_AT_MOST])))
    if found.missing:
        return []
    later, found.put_off = found.put_off, []
    return later


def _asked_elsewhere(node: Node, edge: Edge) -> bool:
    return any(
        other.comparison is not None and other.comparison.asked and other.comparison.asked_until > node.now
        for other in edge.state.edges.values() if other is not edge)


def _wanted(found: Comparison, room: int) -> list[SpanWanted]:
    """Take the oldest of what is missing; return the bitmaps that ask for it."""
    spans = []
    while found.missing and room > 0:
        oldest = found.missing[0]
        places = oldest.documents
        taken = list(islice(places, len(places) if len(places) <= room + _TOGETHER else room))
        bits = bytearray(-(-oldest.length // 8))
        for short in taken:
            place = places.pop(short)
            bits[place // 8] |= 1 << (place % 8)
            found.asked[short] = None
        room -= len(taken)
        if not places:
            del found.missing[0]  # its bitmap has its full length, even where nothing is left to ask for
        spans.append(SpanWanted(oldest.listing, bytes(bits).rstrip(b"\0") if places else bytes(bits)))
    return spans


def asked_of(found: Comparison, span: SpanWanted) -> list[bytes]:
    """Return the documents that a bitmap asks for, of those that we listed; one of full length is a listing's last."""
    ids = found.listed.get(span.listing, ())
    if len(span.bitmap) * 8 >= len(ids):
        found.listed.pop(span.listing, None)
    return [
        document for index, document in enumerate(ids[:len(span.bitmap) * 8])
        if span.bitmap[index // 8] >> (index % 8) & 1]


def is_on_its_way(edge: Edge, document: bytes) -> bool:
    """Return whether the peer was asked for a document by a bitmap and it has not come."""
    found = edge.comparison
    return found is not None and short_id(edge.link.secret, document) in found.asked


def asked_out_of_turn(edge: Edge, document: bytes) -> None:
    """Note that the peer was asked for a document by its id, so that no bitmap asks for it."""
    found = edge.comparison
    if found is not None and found.missing:
        short = short_id(edge.link.secret, document)
        for one in found.missing:
            if one.documents.pop(short, None) is not None:
                found.asked[short] = None


def came(node: Node, edge: Edge, document: bytes) -> bool:
    """Note that a document came over an edge, or will not come; return whether it had been asked for by a bitmap."""
    found = edge.comparison
    if found is None or found.asked.pop(short_id(edge.link.secret, document), 0) is not None:
        return False
    found.brought += 1
    found.vain = 0
    found.asked_until = node.now + IN_FLIGHT_KEPT
    if not found.under_way:
        found.brought = 0
    return True


def miss_no_more(state: ChannelState, document: bytes) -> None:
    """Ask nobody for a document that is held now."""
    for edge in state.edges.values():
        if edge.comparison is not None and edge.comparison.missing:
            short = short_id(edge.link.secret, document)
            for one in edge.comparison.missing:
                one.documents.pop(short, None)
