"""Documents of a span of time, told to a neighbour: as a fingerprint, one by one, or the oldest one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from cliquenntp.clique import asking, ghosts
from cliquenntp.clique.blinding import short_id
from cliquenntp.clique.channel import Edge
from cliquenntp.clique.messages import Span, SpanFingerprint, SpanListing
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import LISTING_PAGE, MISSING_AT_MOST
from cliquenntp.interfaces import IDocuments


def fingerprint_of(node: Node, edge: Edge, low: int, high: int) -> SpanFingerprint:
    """Return the fingerprint of a span of an edge's channel."""
    count = ghosts.members(node, edge.channel, edge.link.contact.key).count(low, high)
    return SpanFingerprint(low, high, count, ghosts.fingerprint(node, edge.link, edge.channel, low, high))


def listing(
    node: Node, edge: Edge, low: int, high: int, only: Sequence[bytes] | None = None,
) -> SpanListing:
    """List all documents of a span, or only some of them; parents before their children where they can be."""
    secret, comparison = edge.link.secret, asking.comparison(edge)
    if only is None:
        only = [document for _, document in ghosts.members(node, edge.channel, edge.link.contact.key).items(low, high)]
        complete = True
    else:
        complete = False
    gone = [document for document in only if ghosts.known(node, document)]
    ids = (*parents_first(node.documents, [document for document in only if not ghosts.known(node, document)]), *gone)
    comparison.listings += 1
    listed = comparison.listed
    listed[comparison.listings] = ids
    while sum(map(len, listed.values())) > MISSING_AT_MOST and len(listed) > 1:
        del listed[next(iter(listed))]
    return SpanListing(
        low, high, tuple(short_id(secret, document) for document in ids), complete, comparison.listings)


def parents_first(documents: IDocuments, ids: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return held documents in an order where each comes after those of its parents that are among them."""
    left = dict.fromkeys(ids)
    ordered = []
    for document in ids:
        chain = [document]
        while chain:
            above = [parent for parent in documents.parents(chain[-1]) if parent in left]
            if chain[-1] in left and above:
                chain.extend(above)
                continue
            last = chain.pop()
            if last in left:
                del left[last]
                ordered.append(last)
    return tuple(ordered)


def list_page(node: Node, edge: Edge, low: int, high: int, only: Sequence[bytes] | None, answers: list[Span]) -> None:
    """List the oldest documents of a span, all or some, and give the rest as a fingerprint, to be asked for later.

    A page ends between two seconds.  Documents of one second that are more than a page are listed in parts.
    """
    def time(document: bytes) -> int:
        return ghosts.time_of(node, document)

    if only is None:
        members = ghosts.members(node, edge.channel, edge.link.contact.key)
        page = [document for _, document in islice(members.items(low, high), LISTING_PAGE + 1)]
    else:
        page = list(only[:LISTING_PAGE + 1])
    end = high
    if len(page) > LISTING_PAGE:
        end = time(page[LISTING_PAGE])
        if end == time(page[0]):
            end += 1
    if only is None:
        page = [document for _, document in members.items(low, end)]
    else:
        page = [document for document in only if time(document) < end]
    if len(page) > LISTING_PAGE:
        page = [*parents_first(node.documents, [document for document in page if not ghosts.known(node, document)])]
        for part in range(-(-len(page) // LISTING_PAGE)):
            ids = page[part * LISTING_PAGE:(part + 1) * LISTING_PAGE]
            answers.append(listing(node, edge, low, end, ids))
        if only is None:
            answers.append(SpanListing(low, end, (), True))  # no part says what we lack, so have the peer list its own
    else:
        answers.append(listing(node, edge, low, end, None if only is None else page))
    if end < high:
        answers.append(fingerprint_of(node, edge, end, high))
