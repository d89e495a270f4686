"""The messages between two nodes, as frozen values with typed fields; `wire` knows their bytes.

A **link** is one authenticated stream between two nodes; all channels that the two share travel on it.  Inside a link
each shared channel is an **edge**.  Each side names its end of an edge by a number of its own, never used twice in the
life of the process: its *incarnation*.  LINK_REQ and LINK_OK tell it, every other message carries the receiver's
(``to``).  The link's nonces are random, so (link, number) is unique for good, and since an edge is opened by exactly
one LINK_REQ and one LINK_OK, the receiver's incarnation also names the sender's: a message for an incarnation that is
gone is dropped by its receiver, and whatever was said or acknowledged before is void.

Times in messages are Clique-Times (seconds since 1970 UTC).  All ids are 32 bytes unless said.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from attrs import frozen


class Channel(NamedTuple):
    """A document with a depth: all that is below it, or its own comments alone."""

    document: bytes
    """the document's id, 32 bytes"""
    comments: bool = False
    """True: (document, comments); False: (document, all)"""


class Contact(NamedTuple):
    """Where a node can be reached."""

    key: bytes
    """its Ed25519 node key, 32 bytes"""
    address: str
    """what `link` dials: ``i2p:....b32.i2p``, ``tls:host:port``, ``tcp:127.0.0.1:port``"""


class Key(NamedTuple):
    """A center's claim; the larger one wins, field by field."""

    channel_term: int
    """0 among full nodes; a channel that lost its feeders raises it"""
    rooted: bool
    """the center is a full node of the forum, not one of followers cut off from it"""
    term: int
    subscribed: bool
    center: bytes
    """the center's node key, 32 bytes"""


@frozen(weakref_slot=False)
class Advert:
    """What a node says of its place in a channel's tree; each replaces the one before."""

    serial: int
    """1, 2, ... within the edge's incarnations; an advert that is not newer than the last one is ignored"""
    key: Key | None
    """None: no center heard of yet"""
    seq: int
    """the center's sequence number"""
    signature: bytes
    """the center's over (channel, key, seq), 64 bytes; empty where key and seq are those of the last advert on this
    edge"""
    distance: int
    """cost to the center, in units of 0.1 s; what the receiver compares with its feasibility distance"""
    is_parent: bool
    """the receiver is the sender's parent"""
    wants: bool
    """the sender, or somebody beyond it as seen from the receiver, wants this channel's documents"""
    offer: bool
    """the sender asks the receiver to offer new documents to it (IHAVE)"""
    count: int
    """nodes beyond the sender as seen from the receiver, the sender included; 0: unknown"""
    orphan: bool = False
    """the sender has lost its way to the center"""


@frozen
class LinkRequest:
    """LINK_REQ: may we share this channel?  Answered by LINK_OK or LINK_NO."""

    incarnation: int
    """the sender's number for this edge"""
    scope: bytes
    """keyed hash of the topmost document that both shall hold, 16 bytes (`blinding.blind`)"""
    below: Channel | None
    """the channel inside that scope, in clear; None: (scope's document, all)"""
    since: int
    """the sender's horizon: it holds this channel from this time on; 0: from the beginning"""
    until: int
    """the fingerprint's upper end, exclusive"""
    fingerprint: bytes
    """8 bytes: of the sender's documents of the channel, since <= time < until"""
    advert: Advert
    priority: bool = False
    """from a node without any source, or whose probe found another key: make room"""
    contacts_wanted: int = 0
    """addresses that the sender lacks, at most 8"""


@frozen
class LinkAccept:
    """LINK_OK: the edge is open."""

    to: int
    incarnation: int
    proof: bytes
    """keyed hash as in LINK_REQ under the answering node's key: it knows the scope's document; 16 bytes"""
    feeder: bool
    """the sender's channel covers the one asked for: it feeds, and counts as no neighbour of the same kind"""
    since: int
    until: int
    fingerprint: bytes
    advert: Advert
    contacts: tuple[Contact, ...] = ()
    """nodes of the channel to know, at most 8"""


@frozen
class LinkRefuse:
    """LINK_NO: no edge; also the answer to whatever comes for a channel that was left."""

    to: int
    """the incarnation that was asked with or written to; of the receiver"""
    contacts: tuple[Contact, ...] = ()
    """at most 3 nodes to try instead"""
    left: bool = False
    """the sender has left the channel or never held it; False: it has no place"""


@frozen
class Bye:
    """BYE: the sender closes the edge; repeated until BYE_ACK or the link's end."""

    to: int
    incarnation: int
    """the sender's, which BYE_ACK names"""
    contacts: tuple[Contact, ...] = ()
    """at most 3 nodes to try instead"""
    left: bool = False
    """the sender leaves the channel for good"""


@frozen
class ByeAck:
    """BYE_ACK: the receiver of BYE has forgotten the edge."""

    to: int


@frozen
class Walk:
    """WALK: a random walk over a channel's edges; the node at its end answers the origin by LINK_REQ."""

    to: int
    origin: Contact
    below: Channel | None
    """the channel that the origin wants fed; None: the edge's own"""
    hops: int
    """steps left"""
    degree: int
    """edges the origin has: with few, a full node at the end makes room"""


@frozen
class AdvertMessage:
    """ADV."""

    to: int
    advert: Advert


@frozen
class AdvertAck:
    """ADV_ACK: the receiver's advert of that serial, and all before, are committed here."""

    to: int
    serial: int


@frozen
class SequenceRequest:
    """SEQREQ: an orphan asks for a sequence number of at least ``seq`` for that center."""

    to: int
    key: Key
    seq: int
    hops: int
    """steps left"""


@frozen
class Abdicate:
    """ABDICATE: the center leaves; a subscribed child claims the next term."""

    to: int
    key: Key


@frozen
class Push:
    """PUSH: a document; its bytes follow in pieces of 16 KiB, control frames between."""

    to: int
    document: bytes
    """its id; empty on the wire where the receiver asked for it by a bitmap, since its bytes tell the id"""
    hop: int
    """steps from the author; RECONCILED when it comes in answer to a comparison"""


@frozen
class Offer:
    """IHAVE: new documents that the receiver may ask for."""

    to: int
    documents: tuple[bytes, ...]
    """first 8 bytes of their ids; at most 1,000"""


@frozen
class Want:
    """WANT: send these documents."""

    to: int
    documents: tuple[bytes, ...]
    """first 8 bytes of their ids, or whole ids (parents); at most 256"""


@frozen
class Gone:
    """GONE: documents asked for that the sender knew and keeps no more."""

    to: int
    documents: tuple[bytes, ...]
    """whole ids"""
    why: str
    """``cancelled`` or ``expired``"""
    times: tuple[int, ...] = ()
    """their Clique-Times, in the same order"""


@frozen
class SpanFingerprint:
    """In SYNC: the sender's documents of low <= time < high, as a fingerprint."""

    low: int
    high: int
    count: int
    fingerprint: bytes
    """8 bytes"""


@frozen
class SpanListing:
    """In SYNC: the sender's documents of low <= time < high, one by one."""

    low: int
    high: int
    documents: tuple[bytes, ...]
    """keyed short ids, 6 bytes each (`blinding.short_id`), in the set's order"""
    complete: bool
    """True: all that the sender holds there, so say what it lacks; False: what the receiver lacks, alone"""
    number: int = 0
    """by which bitmaps name it: 1, 2, ... of the sender's on this edge; 0: it names no documents"""


@frozen
class SpanWanted:
    """In SYNC: which documents of a listing to send."""

    listing: int
    """its number"""
    bitmap: bytes
    """bit i % 8 (from the least) of byte i // 8 stands for the listing's document i"""


Span: TypeAlias = SpanFingerprint | SpanListing | SpanWanted


@frozen
class Sync:
    """SYNC: one step of comparing the documents of a channel (range-based set reconciliation)."""

    to: int
    since: int
    """the sender's horizon"""
    spans: tuple[Span, ...]


@frozen
class Announce:
    """ANNOUNCE: the sender's fingerprint up to a time; a receiver that differs compares."""

    to: int
    since: int
    until: int
    fingerprint: bytes


@frozen
class Meet:
    """MEET: a probe found another center; here is a node of the other side, to be linked with priority."""

    to: int
    contact: Contact


@frozen
class Probe:
    """PROBE: a question outside any edge, and its answer: which center, which documents?"""

    scope: bytes
    """as in LINK_REQ"""
    below: Channel | None
    key: Key | None
    since: int
    until: int
    fingerprint: bytes
    answer: bool
    """False: a question.  It carries no key and, for a fingerprint, `blinding.question` of fingerprint and key; a node
    that differs answers by the same message about itself, with both"""


Message: TypeAlias = (
    LinkRequest | LinkAccept | LinkRefuse | Bye | ByeAck | Walk | AdvertMessage | AdvertAck
    | SequenceRequest | Abdicate | Push | Offer | Want | Gone | Sync | Announce | Meet | Probe
)

RECONCILED = 255
"""Push.hop of a document that was asked for: it is not pushed on along the tree by reason of its hop."""
