"""What happens to a node: the arguments of `Core.handle`.

Events arrive verified.  `link` has proved the peer's node key, `document` has verified each document's id and
signature.  The signatures of centers are checked by the core itself through the door `IClaims`, since it alone knows
which of them are new.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from cliquenntp.clique.messages import Channel, Contact, Message, Push
from cliquenntp.interfaces import Place


@frozen
class LinkOpened:
    """A link is live: the peer's key is proved.  At most one link a peer is open at a time."""

    link: int
    """any number that no other link of this process had"""
    contact: Contact
    """the peer; its address as it gave it, to be passed on to others"""
    secret: bytes
    """at least 16 bytes that only the two ends know (both nonces, hashed): the key of hashes on this link"""
    dialled: bool
    """by us"""
    latency: float
    """one way, seconds, as the handshake measured it"""


@frozen
class LinkClosed:
    """A link is gone, whoever closed it."""

    link: int


@frozen
class DialFailed:
    """A Dial effect came to nothing."""

    contact: Contact


@frozen
class MessageReceived:
    """A message came on a link; any but Push."""

    link: int
    message: Message


@frozen
class DocumentReceived:
    """A whole document came on a link: verified, and its first parent is held (or it is a root)."""

    link: int
    push: Push
    place: Place


@frozen
class ParentMissing:
    """A verified document waits in the shell for its first parent: ask for that on the same link."""

    link: int
    push: Push
    parent: bytes
    place: Place | None = None
    """the document's"""


@frozen
class DocumentRefused:
    """A document that came on a link was not lawful, or was dropped while it waited; it counts as never sent."""

    link: int
    push: Push
    reason: str


@frozen
class DocumentUnwanted:
    """A lawful document came on a link that the operator has blocked: it is not stored, nor asked for again."""

    link: int
    push: Push
    place: Place


@frozen
class WantedAgain:
    """What was unwanted may be wanted now: it is asked for like all else."""

    documents: tuple[bytes, ...] | None = None
    """ids, parents before what answers them; None: all that was unwanted"""


@frozen
class AuthorRead:
    """Accounts here opened articles of an author."""

    author: bytes
    """the key, 32 bytes"""


@frozen
class NodeStops:
    """The node stops: what is kept every now and then is kept now."""


@frozen
class PiecesReceived:
    """Bytes of a document under way came on a link: what waits for it shall wait on."""

    link: int
    push: Push


@frozen
class LocalDocument:
    """A document was written or imported here; the shell stores it in this turn."""

    place: Place


@frozen
class DocumentGone:
    """A held document was cancelled or has expired: its id stays in the set, its body is no more."""

    document: bytes
    why: str
    """``cancelled`` or ``expired``"""


@frozen
class Follow:
    """Follow a channel from now on.  A channel that another one covers costs nothing."""

    channel: Channel
    ancestors: tuple[bytes, ...] = ()
    """ids of the document's first-parent chain, its parent first, the root last; empty: a root"""
    since: int = 0
    """horizon (Clique-Time): older documents come only as ancestors"""
    founded: bool = False
    """the document was made here just now: nobody else can have it"""
    contacts: tuple[Contact, ...] = ()
    """nodes that may hold it, as far as the shell knows"""


@frozen
class HorizonMoved:
    """From a time on this node keeps a forum: of what is older it has no more than ancestors and what was chosen."""

    root: bytes
    since: int
    """Clique-Time; a horizon never moves back"""


@frozen
class Unfollow:
    """Follow it no more; leaves the channel where nothing else needs it."""

    channel: Channel


@frozen
class CompareNow:
    """Compare a channel's documents with its neighbours now, as an operator wants to be sure."""

    channel: Channel


@frozen
class InvitationTaken:
    """Nodes that hold a root, or a document in question, as an invitation names them; never evicted."""

    root: bytes
    contacts: tuple[Contact, ...]


@frozen
class AddressChanged:
    """Where this node itself can be reached."""

    address: str


@frozen
class ClockSet:
    """What Clique-Time it is: the wall clock was set, or differs from what the core was made with."""

    epoch: float
    """Clique-Time at ``now`` = 0: wall clock minus monotonic clock, seconds"""


@frozen
class TimerDue:
    """``next_deadline()`` has come."""


Event: TypeAlias = (
    LinkOpened | LinkClosed | DialFailed | MessageReceived | DocumentReceived | ParentMissing | DocumentRefused
    | DocumentUnwanted | WantedAgain | AuthorRead | NodeStops
    | PiecesReceived | LocalDocument | DocumentGone | Follow | HorizonMoved | Unfollow | CompareNow | InvitationTaken
    | AddressChanged | ClockSet | TimerDue
)
