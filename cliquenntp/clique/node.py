"""What all rules of the core share: the node's own identity, links, channels, timers, and the effects under way."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING, TypeVar

from cliquenntp.clique.channel import ChannelState, Edge, Ghost, Link, Tombstone
from cliquenntp.clique.effects import Close, Effect, Persist, Piece, Send, SendDocument
from cliquenntp.clique.messages import RECONCILED, AdvertAck, Channel, Contact, Message, Push
from cliquenntp.clique.parameters import PARENTS_ELSEWHERE_AT_MOST, SPREAD
from cliquenntp.clique.timers import Timers
from cliquenntp.interfaces import IClaims, IDice, IDocuments

if TYPE_CHECKING:
    from cliquenntp.clique.admission import Admission

T = TypeVar("T")

FOREVER = 1 << 40
"""a Clique-Time after all others"""


class Node:
    """The state that every module of the core works on, and the ways to have an effect."""

    def __init__(
        self, me: Contact, documents: IDocuments, claims: IClaims, dice: IDice, epoch: float, now: float,
    ) -> None:
        self.me = me
        self.documents = documents
        self.claims = claims
        self.dice = dice
        self.epoch = epoch
        self.now = now
        self.timers = Timers()
        self.links: dict[int, Link] = {}
        self.links_by_key: dict[bytes, Link] = {}
        self.channels: dict[Channel, ChannelState] = {}
        self.edges: dict[int, Edge] = {}
        self.leaving: dict[int, tuple[Link, Message]] = {}
        """{our incarnation: (link, BYE)} until acknowledged"""
        self.dialling: dict[bytes, set[tuple[str, Channel]]] = {}
        """{node key: why it is dialled: (``edge``, ``priority`` or ``probe``, channel)}"""
        self.invitations: dict[bytes, dict[bytes, Contact]] = {}
        """{root: contacts that invitations named}"""
        self.tombstones: dict[Channel, Tombstone] = {}
        """{channel left: what is remembered of it}"""
        self.ghosts: dict[bytes, Ghost] = {}
        """{document's id: what is known of one that is gone}"""
        self.refused: dict[bytes, Ghost] = {}
        """{document's id: what is known of one that this node does not want, or puts off}; oldest first, not kept"""
        self.refused_ids: dict[bytes, bytes] = {}
        """{first 8 bytes: id} of these"""
        self.gone_towards: dict[tuple[Channel, bytes], list[tuple[int, bytes]]] = {}
        """{(channel, peer's key): (Clique-Time, id) of these and of ghosts that count towards it}, until they change"""
        self.distrusted: Container[bytes] = ()
        """keys of nodes that introduce nobody to this one"""
        self.admission: Admission | None = None
        """how much is taken of whom; None: everything"""
        self.dirty: dict[Piece, None] = {}
        self.next_incarnation = 1
        self._effects: list[Effect] = []
        self._documents: list[SendDocument] = []
        self._outbox: dict[int, list[Message]] = {}

    def clique_time(self) -> int:
        """Return the Clique-Time now."""
        return int(self.now + self.epoch)

    def spread(self, seconds: float, share: float = SPREAD) -> float:
        """Return a time from now, drawn around ``seconds``."""
        return self.now + seconds * (1 - share + 2 * share * self.dice.random())

    def uniform(self, low: float, high: float) -> float:
        """Return a time from now, drawn between two spans in seconds."""
        return self.now + low + (high - low) * self.dice.random()

    def shuffled(self, items: Iterable[T]) -> list[T]:
        """Return the items in random order."""
        rest = list(items)
        for index in range(len(rest) - 1, 0, -1):
            other = self.dice.randrange(index + 1)
            rest[index], rest[other] = rest[other], rest[index]
        return rest

    def incarnation(self) -> int:
        """Return a number for our end of an edge that none had before in this process."""
        self.next_incarnation += 1
        return self.next_incarnation - 1

    def touch(self, part: str, state: ChannelState) -> None:
        """Have a part of a channel's state persisted in this turn."""
        self.dirty[part, state.channel.document, state.channel.comments] = None

    def effect(self, effect: Effect) -> None:
        """Have an effect, in order."""
        self._effects.append(effect)

    def send(self, link: Link, message: Message) -> None:
        """Send a message on a link, together with all others of this turn."""
        box = self._outbox.get(link.number)
        if box is None:
            self._outbox[link.number] = [message]
        else:
            box.append(message)

    def acknowledgements(self, link: Link) -> list[AdvertAck]:
        """Return and forget what is to be acknowledged on a link."""
        incarnations, link.acknowledgements = link.acknowledgements, ()
        edges = [self.edges.get(incarnation) for incarnation in incarnations]
        return [AdvertAck(edge.remote, edge.heard) for edge in edges if edge is not None and edge.remote]

    def push(self, edge: Edge, document: bytes, hop: int) -> None:
        """Send a document over an edge; its first parent, where that lies in another forum, may be asked for then."""
        parents = self.documents.parents(document)
        known = edge.parents_elsewhere
        if len(parents) > 1 or (parents and known is not None and document in known):
            if known is None:
                known = edge.parents_elsewhere = {}
            known[parents[0]] = None
            if len(known) > PARENTS_ELSEWHERE_AT_MOST:
                del known[next(iter(known))]
        named = b"" if hop == RECONCILED else document
        self._documents.append(SendDocument(edge.link.number, Push(edge.remote, named, hop), document))

    def close(self, link: Link, reason: str) -> None:
        """Close a link because the peer broke the protocol, or nothing uses it (empty reason)."""
        self._effects.append(Close(link.number, reason))

    def take_effects(self, persist: list[Persist]) -> list[Effect]:
        """Return and forget what came together: pieces to persist first, then frames, then documents."""
        effects: list[Effect] = [*persist, *self._effects]
        self._effects.clear()
        links = self.links
        if self._outbox:
            for number, messages in self._outbox.items():
                link = links.get(number)
                if link is None:
                    continue
                if link.acknowledgements:
                    messages += self.acknowledgements(link)
                    self.timers.cancel("acknowledge", number)
                effects.append(Send(number, tuple(messages)))
            self._outbox.clear()
        if self._documents:
            effects += [one for one in self._documents if one.link in links]
            self._documents.clear()
        return effects
