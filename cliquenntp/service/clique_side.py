"""The node's other face: brings core, links and turn together.

What comes from links becomes events of the core.  Of its effects, what is to be stored goes into one step of the turn,
and the rest is performed, in the order of events, once everything that came before is on disk.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from twisted.internet import defer
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.clique import Core, effects, events
from cliquenntp.clique.channel import ChannelState
from cliquenntp.clique.messages import Channel, Contact, Push
from cliquenntp.document import Document, DocumentError, check_time, id_text, parse, verify
from cliquenntp.interfaces import Changes, IArchive, IRecord, IWriter
from cliquenntp.link.address import BadAddressError
from cliquenntp.link.handshake import Identity
from cliquenntp.link.manager import LinkManager
from cliquenntp.link.traffic import Traffic
from cliquenntp.link.transports import I2PTransport
from cliquenntp.service.clique_state import held_documents, persist, pieces, place_of
from cliquenntp.service.node_key import NodeKey
from cliquenntp.service.turn import Turn
from cliquenntp.service.waiting import WaitingRoom
from cliquenntp.wire import LinkCodec

Effects = Sequence[effects.Effect]

SWEEP_SECONDS = 60.0
"""between two looks for documents that have waited too long; they wait for ten minutes"""


class CliqueSide:
    """This node among other nodes.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        archive: IArchive,
        turn: Turn,
        key: NodeKey,
        clock: Callable[[], float],
        accept: Callable[[IWriter, Document], IRecord],
        i2p: I2PTransport | None = None,
    ) -> None:
        """Make the side.

        ``clock`` is the time of day in seconds; ``accept`` stores a document in a step of the turn; ``i2p`` (link.i2p)
        makes I2P the only way in and out.
        """
        self._reactor = reactor
        self._archive = archive
        self._turn = turn
        self._clock = clock
        self._accept = accept
        self._documents = held_documents(archive)
        self._waiting = WaitingRoom()
        self._pushes: dict[bytes, dict[int, Push]] = {}
        """by the id of a document that waits, with the link that brought it"""
        self._uncommitted: deque[list[Effects]] = deque()
        self._timer: Any = None
        self._sweep_timer: Any = None
        self._stopped = False
        self.received = 0
        """documents that links brought and that were new, since the start"""
        self.repeated = 0
        """documents that links brought and that were held already"""
        self.sent = 0
        """documents whose bytes were handed to links"""
        self.on_founded: Callable[[bytes], None] = lambda root: None
        """is called with the id of each root that was made here"""
        identity = Identity(key.public, key.prove, secrets.token_bytes(8))
        traffic = Traffic()
        self.links = LinkManager(reactor, identity, lambda: LinkCodec(traffic.sent), self, i2p=i2p, traffic=traffic)
        dice: Any = secrets.SystemRandom()
        self._core = Core(
            Contact(key.public, ""), self._documents, key, dice,
            clock() - reactor.seconds(), pieces(archive), reactor.seconds(),
        )  # fmt: skip

    async def start(self, addresses: Iterable[str]) -> None:
        """Take connections at these addresses and go on with what was followed.  Fails as LinkManager.listen does."""
        self._turn.listen(self.moved)
        for address in await self.links.listen(addresses):
            self._handle(events.AddressChanged(address))
        self._handle(events.TimerDue())
        self._sweep()

    async def stop(self) -> None:
        """Say good-bye on all links."""
        self._stopped = True
        for timer in (self._timer, self._sweep_timer):
            if timer is not None and timer.active():
                timer.cancel()
        await self.links.shutdown()

    def moved(self, changes: Changes) -> None:
        """Tell the core of documents that were written or imported here."""
        for place in changes.places:
            if not self._documents.contains(place.id):
                self._handle(events.LocalDocument(place))
                if not place.parents:
                    self.on_founded(place.id)
            self._release(place.id)
        for docno in changes.gone:
            self._handle(events.DocumentGone(self._archive.record(docno).id, self._archive.gone(docno)))

    def _release(self, parent: bytes) -> None:
        """Go on with what waited for a document that is held now."""
        for link, document in self._waiting.take(parent):
            pushes = self._pushes.pop(document.id)
            self._received(pushes.pop(link), document, link)
            for other, push in pushes.items():
                self._handle(events.DocumentRefused(other, push, "another link brought it too"))

    def invited(self, root: bytes, contacts: tuple[Contact, ...]) -> None:
        """Take the nodes that hold a root, as an invitation names them."""
        self._handle(events.InvitationTaken(root, contacts))

    def follow(
        self, channel: Channel, ancestors: tuple[bytes, ...], since: int = 0, contacts: tuple[Contact, ...] = (),
        founded: bool = False,
    ) -> None:
        """Follow a channel.

        ``ancestors`` are the document's first parents up to the root, its parent first; of documents before ``since``
        (Clique-Time) only ancestors are taken; ``contacts`` are nodes that may hold it; ``founded`` says that the
        document was made here, so that nobody else can hold it.
        """
        self._handle(events.Follow(channel, ancestors, since, founded, contacts))

    def contacts(self, channel: Channel) -> tuple[Contact, ...]:
        """Return the nodes that are known to follow a channel, those with a link first."""
        known = sorted(self._core.channels[channel].known.values(), key=lambda one: not one.linked)
        return tuple(one.contact for one in known)

    def unfollow(self, channel: Channel) -> None:
        """Follow a channel no more; what is held stays."""
        self._handle(events.Unfollow(channel))

    def resync(self, channel: Channel) -> None:
        """Compare what is held with the channel's neighbours now."""
        self._handle(events.CompareNow(channel))

    @property
    def channels(self) -> Mapping[Channel, ChannelState]:
        """The channels that this node follows, to look at."""
        return self._core.channels

    # What the core says

    def _handle(self, event: events.Event) -> None:
        """Let the core decide on one event that brings no document."""
        self._do(self._core.handle(event, self._reactor.seconds()), None)

    def _do(self, found: Effects, document: Document | None) -> None:
        """Store what is to be stored, then perform the rest."""
        kept = [effect for effect in found if isinstance(effect, effects.Persist)]
        is_stored = any(isinstance(effect, effects.StoreDocument) for effect in found)
        rest = [effect for effect in found if not isinstance(effect, (effects.Persist, effects.StoreDocument))]
        stored = document if is_stored else None
        if kept or stored is not None:
            following: list[Effects] = [rest]
            self._uncommitted.append(following)

            def step(writer: IWriter) -> None:
                if stored is not None:
                    self._accept(writer, stored)
                persist(writer, kept)

            committing = self._turn.submit(step, len(stored.raw) if stored is not None else 0)
            committing.addCallbacks(self._committed, self._failed, (following,), errbackArgs=(following,))
        elif self._uncommitted:
            self._uncommitted[-1].append(rest)
        else:
            self._perform(rest)
        self._schedule()

    def _committed(self, _: None, following: list[Effects]) -> None:
        self._uncommitted.remove(following)
        for rest in following:
            self._perform(rest)

    def _failed(self, failure: Failure, following: list[Effects]) -> None:
        """The core knows more than the disk: nothing of it may be said, and the node has to start again."""
        self._uncommitted.remove(following)
        if self._stopped:
            return
        self._log.failure("The network's state could not be stored; all links are closed", failure)
        self._stopped = True
        defer.ensureDeferred(self.stop())

    def _perform(self, found: Effects) -> None:
        if self._stopped:
            return
        for effect in found:
            if isinstance(effect, effects.Send):
                self.links.send(effect.link, effect.messages)
            elif isinstance(effect, effects.SendDocument):
                self.links.send_document(effect.link, effect.push, self._body(effect.push.document))
            elif isinstance(effect, effects.Dial):
                self._dial(effect.contact)
            elif isinstance(effect, effects.Close):
                self.links.close(effect.link, effect.reason)
            elif isinstance(effect, effects.Note):
                self._log.debug("{text}", text=effect.text)
            elif isinstance(effect, effects.DropDocument):
                self._log.debug("{id} dropped: {reason}", id=id_text(effect.document), reason=effect.reason)

    def _body(self, document_id: bytes) -> Callable[[], bytes | None]:
        def fetch() -> bytes | None:
            docno = self._archive.find(document_id)
            if docno is None or self._archive.gone(docno):
                return None
            self.sent += 1
            return self._archive.raw(docno)

        return fetch

    def _dial(self, contact: Contact) -> None:
        try:
            self.links.dial(contact.address, contact.key)
        except BadAddressError as error:
            self._log.info("cannot dial {address}: {error}", address=contact.address, error=error)
            self._reactor.callLater(0, self._handle, events.DialFailed(contact))

    def _schedule(self) -> None:
        """Come back when the core's next timer is due."""
        due = self._core.next_deadline()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if due is not None and not self._stopped:
            self._timer = self._reactor.callLater(max(0.0, due - self._reactor.seconds()), self._timer_due)

    def _timer_due(self) -> None:
        self._handle(events.TimerDue())

    def _sweep(self) -> None:
        """Give up documents whose parent does not come."""
        if self._stopped:
            return
        for link, document in self._waiting.expire(self._reactor.seconds()):
            push = self._pushes[document.id].pop(link)
            self._handle(events.DocumentRefused(link, push, "its parent did not come"))
        self._sweep_timer = self._reactor.callLater(SWEEP_SECONDS, self._sweep)

    # What the links say

    def on_opened(self, link_id: int, node_key: bytes, address: str) -> None:
        """A link is open."""
        info = self.links.info(link_id)
        assert info is not None
        contact = Contact(node_key, address)
        self._handle(events.LinkOpened(link_id, contact, info.blinding_key, info.dialled, info.latency))

    def on_message(self, link_id: int, message: Any, body: bytes | None) -> None:
        """A message came; ValueError ends the link."""
        if isinstance(message, Push) != (body is not None):
            raise ValueError("a document comes with PUSH, and nothing else does")
        if body is not None:
            self._pushed(link_id, message, body)
        else:
            self._handle(events.MessageReceived(link_id, message))

    def on_pieces(self, link_id: int, message: Any) -> None:
        """A part of a document came."""
        if isinstance(message, Push):
            self._handle(events.PiecesReceived(link_id, message))

    def on_closed(self, link_id: int, reason: str) -> None:
        """A link is closed."""
        self._waiting.drop(link_id)
        for pushes in self._pushes.values():
            pushes.pop(link_id, None)
        self._pushes = {document: pushes for document, pushes in self._pushes.items() if pushes}
        self._handle(events.LinkClosed(link_id))

    def on_dial_failed(self, address: str, node_key: bytes | None, reason: str) -> None:
        """A dial was given up."""
        self._handle(events.DialFailed(Contact(node_key or b"", address)))

    def _pushed(self, link_id: int, push: Push, body: bytes) -> None:
        """Hold a document that came against the rules, then hand it on."""
        try:
            document = parse(body)
            if document.id != push.document:
                raise ValueError("a document that is not the one announced")
            verify(document)
            check_time(document, int(self._clock()))
        except DocumentError as error:
            self._handle(events.DocumentRefused(link_id, push, error.reason))
            return
        self._received(push, document, link_id)

    def _received(self, push: Push, document: Document, link_id: int) -> None:
        if document.parents and not self._documents.contains(document.parents[0]):
            if self._waiting.add(link_id, document, self._reactor.seconds()):
                self._pushes.setdefault(document.id, {})[link_id] = push
                self._handle(events.ParentMissing(link_id, push, document.parents[0]))
            else:
                self._handle(events.DocumentRefused(link_id, push, "too many documents wait on this link"))
            return
        found = self._core.handle(
            events.DocumentReceived(link_id, push, place_of(document)), self._reactor.seconds()
        )
        if any(isinstance(effect, effects.StoreDocument) for effect in found):
            self.received += 1
        elif self._documents.contains(document.id):
            self.repeated += 1
        self._do(found, document)
