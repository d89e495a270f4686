"""The state of a channel, of its edges and of the links they travel on: data, with questions that need nothing else.

A node with 200 channels has some thousand edges, so an edge's rarely used containers are None while there is nothing in
them, and equal keys, signatures and addresses are one object (`benchmarks.core_memory`).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from attrs import define, field

from cliquenntp.clique.messages import Advert, Channel, Contact, Key, SpanFingerprint
from cliquenntp.clique.parameters import UNSETTLED_FOR
from cliquenntp.interfaces import Place


class Kind(IntEnum):
    """What the peer of an edge is to us."""

    PEER = 0
    """it follows the same channel"""
    FEEDER = 1
    """its channel covers ours"""
    FOLLOWER = 2
    """our channel covers its"""


@define(eq=False, weakref_slot=False)
class Link:
    """A live link."""

    number: int
    contact: Contact
    secret: bytes
    dialled: bool
    cost: int
    """of its latency, in COST_UNITs"""
    edge_count: int = 0
    acknowledgements: tuple[int, ...] = ()
    """our incarnations of the edges whose last advert is to be acknowledged with the next frame"""
    has_asked: bool = False
    """the peer asked for an edge, or probed: it is no feeder that opened the link to be asked"""
    walks_until: float = 0.0
    """the time up to which the walks that came have used up what this link may send"""


@define(eq=False, weakref_slot=False)
class Missing:
    """What a listing of the peer's named, is not held, and has not been asked for yet."""

    listing: int
    """its number"""
    low: int
    """where its span begins"""
    length: int
    """documents in the listing"""
    documents: dict[bytes, int]
    """{short id: place in the listing}, in that order"""


@define(eq=False, weakref_slot=False)
class Comparison:
    """What comparing documents with the peer of an edge has left to do, on both sides."""

    listings: int = 0
    """the number of our last listing"""
    listed: dict[int, tuple[bytes, ...]] = field(factory=dict)
    """{listing's number: ids} that we listed, for the bitmaps to come"""
    missing: list[Missing] = field(factory=list)
    put_off: list[SpanFingerprint] = field(factory=list)
    """the peer's fingerprints to be answered when nothing is missing any more"""
    asked: dict[bytes, None] = field(factory=dict)
    """short ids of the documents that the peer was asked for and that have not come"""
    asked_until: float = 0.0
    """when they are given up, unless something comes before"""
    brought: int = 0
    """documents that came since nothing was to come"""
    vain: int = 0
    """times that what was asked for was given up, since one came"""

    @property
    def under_way(self) -> bool:
        """Whether documents or answers are to come."""
        return bool(self.asked or self.missing or self.put_off)


@define(eq=False, weakref_slot=False)
class Edge:
    """A channel shared on a link, from the first LINK_REQ on."""

    incarnation: int
    link: Link
    state: ChannelState
    channel: Channel
    """the peer's when it is a FOLLOWER, else ours"""
    kind: Kind
    opened_at: float
    remote: int = 0
    """the peer's incarnation; 0 until LINK_OK"""
    introducer: bytes = b""
    advert: Advert | None = None
    """the peer's last, with its center's signature even where that came with an earlier one"""
    heard: int = 0
    """the serial of that advert"""
    serial: int = 0
    """of our last advert"""
    acknowledged: int = 0
    said: Advert | None = None
    """our last advert"""
    repeat: float = 0.0
    """seconds until it is repeated"""
    blocked_until: float = 0.0
    late: int = 0
    """documents in a row that came elsewhere because this parent did not push them"""
    asks: bool = False
    """we ask the peer to offer"""
    judged: int = 0
    """documents since we asked"""
    offered: int = 0
    """of these, how many it offered"""
    offers: list[bytes] | None = None
    """to be offered to the peer with the next IHAVE"""
    requested: bool = False
    """we sent the LINK_REQ"""
    urgent: bool = False
    """the peer sent the LINK_REQ as a node without any source"""
    since: int = 0
    """the peer's horizon"""
    differs: bool = False
    """its fingerprint differed from ours, and has not been compared since"""
    comparison: Comparison | None = None
    """of both sides' documents; None: none yet"""
    parents_elsewhere: dict[bytes, None] | None = None
    """ids of first parents of documents that were sent here, which may lie in other forums and be asked for"""

    @property
    def open(self) -> bool:
        """Whether both sides have agreed on the edge."""
        return self.remote != 0

    @property
    def is_child(self) -> bool:
        """Whether the peer calls us its parent."""
        return self.advert is not None and self.advert.is_parent

    def is_unsettled(self, now: float) -> bool:
        """Whether the peer has told nothing yet that it did not say before the edge was there."""
        return self.heard <= 1 and now < self.opened_at + UNSETTLED_FOR

    @property
    def in_tree(self) -> bool:
        """Whether documents are pushed over this edge."""
        return self.state.parent is self or (self.advert is not None and self.advert.is_parent)


@define(weakref_slot=False)
class Known:
    """An address known in a channel."""

    contact: Contact
    invited: bool = False
    """from the invitation: never evicted"""
    linked: bool = False
    """had an edge when it was last seen: tried first"""
    elsewhere: bool = False
    """it answered that it has left the channel or never held it"""
    introducer: bytes = b""
    failures: int = 0
    again_at: float = 0.0


@define(weakref_slot=False)
class Wanted:
    """A document that was offered, or is needed as a parent, and is not held."""

    sources: list[int]
    """incarnations of edges that may still be asked"""
    until: float
    asked: int = 0
    """incarnation of the edge asked last"""
    ancestor: bool = False
    """needed as a parent: not news"""


@define(weakref_slot=False)
class Ghost:
    """A document that was cancelled or expired before we could have it."""

    time: int
    """its Clique-Time, as the first witness said"""
    why: str
    witnesses: frozenset[bytes] = frozenset()
    """keys of the nodes that said so, as many as it takes"""
    channels: frozenset[Channel] = frozenset()
    """in which they said so"""
    place: Place | None = None
    """of one that was put off, as there was no room for it; else None"""


@define
class Tombstone:
    """What is remembered of a channel that was left."""

    scope: bytes
    """the root's id"""
    until: int
    """Clique-Time when it is forgotten"""
    contacts: tuple[Contact, ...]
    """nodes of the channel, for those who come for it"""
    feasibility: dict[Key, tuple[int, int]]
    """what we advertised binds us when we enter again: a peer may not have heard yet that we left"""


@define(eq=False, weakref_slot=False)
class ChannelState:
    """One channel that this node follows."""

    channel: Channel
    scope: bytes
    """the root's id"""
    ancestors: tuple[bytes, ...]
    since: int
    subscribed: bool = True
    key: Key | None = None
    seq: int = 0
    signature: bytes = b""
    distance: int = 0
    parent: Edge | None = None
    orphan_since: float | None = None
    feasibility: dict[Key, tuple[int, int]] = field(factory=dict)
    """{key: (seq, distance)}: the best we ever advertised, for the last keys"""
    channel_terms: dict[Channel, int] = field(factory=dict)
    """{followers' channel: the largest channel_term heard}"""
    claimed_at: float = -1e9
    raised_at: float = -1e9
    """when we last followed a larger term"""
    raises: int = 0
    """larger terms followed before it without a pause"""
    edges: dict[int, Edge] = field(factory=dict)
    """by our incarnation"""
    known: dict[bytes, Known] = field(factory=dict)
    """by node key"""
    refusals: dict[bytes, int] = field(factory=dict)
    """{key of a node that had no source: how often it got no place here}"""
    requests_seen: dict[tuple[Key, int], float] = field(factory=dict)
    requests_waiting: dict[tuple[Key, int], set[int]] = field(factory=dict)
    """{(key, seq): incarnations of edges that wait for it}"""
    wanted: dict[bytes, Wanted] = field(factory=dict)
    """by the id's first 8 bytes"""
    in_flight: dict[bytes, float] = field(factory=dict)
    """{id of a document whose bytes are arriving: until when it is not asked for elsewhere}"""
    offerers: dict[bytes, list[int]] = field(factory=dict)
    """{id's first 8 bytes: incarnations of edges known to have it}, since ``offerers_from``"""
    offerers_before: dict[bytes, list[int]] = field(factory=dict)
    """the same of the span of time before"""
    offerers_from: float = 0.0
    fill_round: int = 0
    walked_at: float = -1e9
    last_document: float = 0.0
    gap: float = 60.0
    """usual seconds between documents"""
    reconciling: int = 0
    """incarnation of the edge with which we compare"""
    reconciled: int = 0
    """documents that came by that comparison"""
    few_since: float | None = None
    """when links ended and left few peers (`budgets`), where there were several; None: there are again"""

    @property
    def is_full(self) -> bool:
        """Whether this is the whole of a forum."""
        return self.channel.document == self.scope and not self.channel.comments

    @property
    def is_fetching(self) -> bool:
        """Whether documents that comparisons found missing are to come."""
        return bool(self.in_flight) or any(
            edge.comparison is not None and edge.comparison.under_way for edge in self.open_edges())

    @property
    def is_cut_off(self) -> bool:
        """Whether no way leads to a full node of the forum, as far as we know."""
        return self.key is not None and not self.key.rooted

    def is_center(self, node_key: bytes) -> bool:
        """Whether the node of that key is this channel's center, as far as it knows."""
        return self.key is not None and self.key.center == node_key

    def open_edges(self) -> Iterator[Edge]:
        """Yield the edges that both sides agreed on."""
        return (edge for edge in self.edges.values() if edge.remote)

    def edge_with(self, node_key: bytes, channel: Channel | None = None) -> Edge | None:
        """Return the edge, open or requested, with the node of that key (for a follower's channel), or None."""
        wanted = channel or self.channel
        for edge in self.edges.values():
            if edge.link.contact.key == node_key and edge.channel == wanted:
                return edge
        return None

    def has_place_for_follower(self, node_key: bytes, at_most: int) -> bool:
        """Return whether a node may hang on us: each takes one place, however many channels it follows."""
        nodes = {edge.link.contact.key for edge in self.edges.values() if edge.kind == Kind.FOLLOWER}
        return node_key in nodes or len(nodes) < at_most

    def degree(self, *kinds: Kind) -> int:
        """Return how many edges, open or requested, are of these kinds."""
        return sum(1 for edge in self.edges.values() if edge.kind in kinds)
