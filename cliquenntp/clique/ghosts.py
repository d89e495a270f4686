"""Ids of documents that were cancelled or expired before we could have them.

A neighbour that held such a document keeps its id in its set.  Towards it the id counts as ours too, else the two would
find the same difference at each comparison.  Towards others it counts once a second one has said so: what a single
neighbour says hides no document from us, and the document itself, if it comes, ends it.

A document that the operator does not want is known in the same way, but counts towards those alone who have it: it is
not stored, and comes from each of them once.  So is one that was put off, as there was no room for it (`admission`).
That is not kept across a restart.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from attrs import frozen

from cliquenntp.clique.blinding import fingerprint as blinded_fingerprint
from cliquenntp.clique.channel import Edge, Ghost, Link
from cliquenntp.clique.messages import Channel, Gone
from cliquenntp.clique.node import Node
from cliquenntp.clique.parameters import GHOST_WITNESSES, GHOSTS_AT_MOST, REFUSED_AT_MOST, WANT_AT_MOST
from cliquenntp.interfaces import IDocumentSet, Place

UNWANTED = "expired"
"""what others are told who ask for a document that this node does not want: what it blocks is its own affair"""


@frozen
class Members:
    """A channel's set with ids of documents that are gone; methods as IDocumentSet says."""

    held: IDocumentSet
    gone: list[tuple[int, bytes]]
    """(Clique-Time, id), in order"""

    def _between(self, low: int, high: int) -> list[tuple[int, bytes]]:
        first = bisect_left(self.gone, (low, b""))
        return self.gone[first:max(first, bisect_left(self.gone, (high, b"")))]

    def count(self, low: int, high: int) -> int:
        """See IDocumentSet."""
        return self.held.count(low, high) + len(self._between(low, high))

    def fingerprint(self, low: int, high: int) -> int:
        """See IDocumentSet."""
        more = sum(int.from_bytes(document, "big") for _, document in self._between(low, high))
        return (self.held.fingerprint(low, high) + more) % (1 << 256)

    def items(self, low: int, high: int) -> Iterator[tuple[int, bytes]]:
        """See IDocumentSet."""
        return iter(sorted([*self.held.items(low, high), *self._between(low, high)]))


def members(node: Node, channel: Channel, peer: bytes) -> IDocumentSet | Members:
    """Return our documents of a channel as a peer (its key) shall see them."""
    held = node.documents.channel(*channel)
    if not node.ghosts and not node.refused:
        return held
    gone = node.gone_towards.get((channel, peer))
    if gone is None:
        gone = node.gone_towards[channel, peer] = _gone(node, channel, peer)
    return Members(held, gone)


def _gone(node: Node, channel: Channel, peer: bytes) -> list[tuple[int, bytes]]:
    gone = [
        (ghost.time, document) for document, ghost in node.ghosts.items()
        if channel in ghost.channels and (peer in ghost.witnesses or len(ghost.witnesses) >= GHOST_WITNESSES)]
    gone += (
        (ghost.time, document) for document, ghost in node.refused.items()
        if channel in ghost.channels and peer in ghost.witnesses and document not in node.ghosts)
    return sorted(gone)


def fingerprint(node: Node, link: Link, channel: Channel, low: int, high: int) -> bytes:
    """Return the fingerprint on a link of our documents of a channel, low <= time < high."""
    known = members(node, channel, link.contact.key)
    return blinded_fingerprint(link.secret, known.count(low, high), known.fingerprint(low, high))


def hear(node: Node, edge: Edge, document: bytes, time: int, why: str) -> None:
    """Note that a neighbour said of a document which we had asked it for that it is gone."""
    if node.documents.contains(document) or time < edge.state.since or time > node.clique_time():
        return
    ghost = node.ghosts.get(document)
    if ghost is None:
        if len(node.ghosts) >= GHOSTS_AT_MOST:
            return
        ghost = node.ghosts[document] = Ghost(time, why)
    witnesses = {*ghost.witnesses, edge.link.contact.key} if len(ghost.witnesses) < GHOST_WITNESSES else ghost.witnesses
    ghost.witnesses, ghost.channels = frozenset(witnesses), ghost.channels | {edge.channel}
    node.dirty["ghosts",] = None
    node.gone_towards.clear()


def refuse(
    node: Node, edge: Edge, document: bytes, time: int, is_within: bool = True, place: Place | None = None,
) -> None:
    """Note that a neighbour has a document which is not wanted here; ``is_within``: it is of the edge's channel.

    ``place`` is given where it is only put off.
    """
    ghost = node.refused.get(document)
    if ghost is None:
        if len(node.refused) >= REFUSED_AT_MOST:
            forget(node, next(iter(node.refused)))
        ghost = node.refused[document] = Ghost(time, UNWANTED, place=place)
        node.refused_ids[document[:8]] = document
    ghost.witnesses |= {edge.link.contact.key}
    if is_within:
        ghost.channels |= {edge.channel}
    node.gone_towards.clear()


def is_refused(node: Node, edge: Edge, prefix: bytes) -> bool:
    """Tell whether what a neighbour offers (first 8 bytes of an id) is unwanted, and note that it has it."""
    document = node.refused_ids.get(prefix)
    if document is None:
        return False
    refuse(node, edge, document, node.refused[document].time)
    return True


def forget(node: Node, document: bytes) -> None:
    """Forget that a document was refused or put off."""
    if node.refused.pop(document, None) is not None:
        node.refused_ids.pop(document[:8], None)
        node.gone_towards.clear()


def forget_refused(node: Node) -> None:
    """Forget what was unwanted."""
    node.refused.clear()
    node.refused_ids.clear()
    node.gone_towards.clear()


def known(node: Node, document: bytes) -> Ghost | None:
    """Return what is known of a document that is not here, or None where nothing is."""
    return node.ghosts.get(document) or node.refused.get(document)


def came(node: Node, document: bytes) -> None:
    """Note that a document is held after all."""
    forget(node, document)
    if node.ghosts.pop(document, None) is not None:
        node.dirty["ghosts",] = None
        node.gone_towards.clear()


def forget_before(node: Node, channel: Channel, since: float) -> None:
    """Forget what is gone of a channel and older than a time; of a channel that we leave, everything."""
    for document, ghost in list(node.ghosts.items()):
        if channel in ghost.channels and ghost.time < since:
            ghost.channels -= {channel}
            if not ghost.channels:
                del node.ghosts[document]
            node.dirty["ghosts",] = None
            node.gone_towards.clear()


def why_gone(node: Node, document: bytes) -> str:
    """Return why a document's body is not to be had here, or an empty string."""
    ghost = known(node, document)
    return node.documents.gone(document) if ghost is None else ghost.why


def time_of(node: Node, document: bytes) -> int:
    """Return the Clique-Time of a document of ours, also of one that is gone."""
    ghost = known(node, document)
    return node.documents.time(document) if ghost is None else ghost.time


def answer(node: Node, edge: Edge, documents: Iterable[bytes]) -> None:
    """Send GONE for documents that a neighbour asked for."""
    by_reason: dict[str, list[bytes]] = {}
    for document in documents:
        by_reason.setdefault(why_gone(node, document), []).append(document)
    for why, ids in by_reason.items():
        for start in range(0, len(ids), WANT_AT_MOST):
            some = ids[start:start + WANT_AT_MOST]
            node.send(edge.link, Gone(edge.remote, tuple(some), why, tuple(time_of(node, one) for one in some)))
