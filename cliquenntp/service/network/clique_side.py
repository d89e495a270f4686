"""The node's other face: brings links, core and turn together.

What comes from links becomes an event of the core, and each event a step of the turn (`service.deciding`).  What it
leads to is performed, in the order of events, once the step is on disk.  If a step can't be stored, the core knows more
than the disk: all links are closed, and the core goes on with what it last kept as soon as the database takes it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.clique import Core, events
from cliquenntp.clique.budgets import BudgetLimits
from cliquenntp.clique.channel import ChannelState
from cliquenntp.clique.messages import Channel, Contact, Push
from cliquenntp.interfaces import NOBODY, SHARED, Changes, IArchive, IDocuments
from cliquenntp.link.identity import Identity
from cliquenntp.link.manager import LinkManager
from cliquenntp.link.settings import LinkSettings
from cliquenntp.link.traffic import Traffic
from cliquenntp.link.transports import I2PTransport
from cliquenntp.service.network.admitting import new_admission
from cliquenntp.service.network.clique_state import pieces
from cliquenntp.service.network.deciding import Accept, Decider, Outcome, Step
from cliquenntp.service.network.deliveries import Deliveries
from cliquenntp.service.network.incoming import Incoming
from cliquenntp.service.network.intake import Intake
from cliquenntp.service.network.performing import Performer
from cliquenntp.service.node_key import NodeKey
from cliquenntp.service.power import Power
from cliquenntp.service.turn import NotStored, Turn, TurnStopped
from cliquenntp.store import Store
from cliquenntp.wire import LinkCodec

CLOCK_STEP_SECONDS = 2.0
"""by which the time of day must have been set before the core is told; Clique-Time counts whole seconds"""

RESTART_SECONDS = 1.0
"""between two looks whether the database can be written again; the turn itself looks every five"""


class CliqueSide:
    """This node among other nodes.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        store: Store,
        turn: Turn,
        key: NodeKey,
        clock: Callable[[], float],
        accept: Accept,
        i2p: I2PTransport | None = None,
        node: int = SHARED,
        limits: LinkSettings | None = None,
        power: Power | None = None,
        budgets: BudgetLimits | None = None,
    ) -> None:
        """Make the side of a node of this process.

        ``clock`` is the time of day in seconds; ``accept`` stores a document in a step of the turn, for that node;
        ``i2p`` (link.i2p) makes I2P the only way in and out; ``limits`` are those of the links; ``power`` is what
        the operator blocks; ``budgets`` are those of what links bring.
        """
        self.node = node
        self._power = power or Power(store.reader, turn.submit)
        self._reactor = reactor
        self._store = store
        self._archive = store.reader
        self._turn = turn
        self._key = key
        self._clock = clock
        self._epoch = self._epoch_now()
        self._address = ""
        self._timer: Any = None
        self._due = 0.0
        """when the timer is due, while there is one"""
        self._stopped = False
        self.trouble = ""
        """why all links are closed, for the operator; empty while they are not"""
        self._budgets = budgets or BudgetLimits()
        self.on_founded: Callable[[bytes], None] = lambda root: None
        """is called with the id of each root that was made here"""
        self.is_foreign: Callable[[bytes], bool] = lambda root: False
        """tells of a root that came neither from here nor by a link"""
        self.on_shared: Callable[[bytes], None] = lambda root: None
        """is called with a root's id when another node has come to share something of that forum"""
        self.on_sent: Callable[[bytes, bytes], None] = lambda document, node_key: None
        """is called with a document's id and a node's key when its bytes were handed to the link with that node"""
        self.deliveries = Deliveries(clock)
        """what came and went last"""
        identity = Identity(key.public, key.prove, secrets.token_bytes(8))
        traffic = Traffic()
        self.links = LinkManager(
            reactor, identity, lambda: LinkCodec(traffic.sent), self, limits, i2p=i2p, traffic=traffic,
            unwanted=self._power.peers,
        )
        self.incoming = Incoming(self.links, self._budgets.checks, clock, reactor.seconds)
        self.performer = Performer(self.links, store.reader, lambda contact: self._handle(events.DialFailed(contact)))
        self.performer.on_sent = self._sent
        self._intake = Intake(self.links.stop_reading, self.links.go_on_reading)
        self._decider = Decider(store, self._make_core, accept, reactor.seconds, node, self._power.refuses,
            self._power.withholds)

    @property
    def key(self) -> bytes:
        """The node's key, 32 bytes."""
        return self._key.public

    @property
    def sent(self) -> int:
        """Documents whose bytes were handed to links."""
        return self.performer.sent

    def _make_core(self, documents: IDocuments, archive: IArchive) -> Core:
        dice: Any = secrets.SystemRandom()
        me = Contact(self._key.public, self._address)
        kept, now = pieces(archive, self.node), self._reactor.seconds()
        admission = new_admission(self._store.writer, self._power, self._budgets)
        return Core(me, documents, self._key, dice, self._epoch_now(), kept, now, self._power.introducers, admission)

    def _epoch_now(self) -> float:
        """Return the Clique-Time at which the reactor's clock was 0, by the time of day that there is now."""
        return self._clock() - self._reactor.seconds()

    async def start(self, addresses: Iterable[str]) -> None:
        """Take connections at these addresses and go on with what was followed.  Fails as LinkManager.listen does."""
        self._turn.listen(self.moved)
        for address in await self.links.listen(addresses):
            self._address = address
            self._handle(events.AddressChanged(address))
        self._handle(events.TimerDue())

    async def stop(self) -> None:
        """Keep what is kept every now and then, and say good-bye on all links."""
        self._handle(events.NodeStops())
        self._stopped = True
        self._turn.listen_no_more(self.moved)
        self._cancel_timer()
        await self.links.shutdown()

    def moved(self, changes: Changes) -> None:
        """Tell the core of documents that were written or imported here."""
        places = [held.place for held in changes.held if held.node == self.node]
        written = [place for place in places if place.id not in self._decider.brought]
        self._decider.brought.difference_update(place.id for place in places)
        told: list[events.Event] = [events.LocalDocument(place) for place in written]
        told += (events.DocumentGone(self._archive.record(docno).id, self._archive.gone(docno))
                 for docno in filter(partial(self._archive.holds, self.node), changes.gone))
        wanted = self._decider.unwanted.wanted_now(self._laid_down(changes.revised), self._archive)
        if wanted:
            told.append(events.WantedAgain(wanted))
        if told and not self.trouble and not self._stopped:
            self._submit(self._decider.step_of_all(told), 0)
        for place in written:
            if not place.parents and not self.is_foreign(place.id):
                self.on_founded(place.id)

    def _laid_down(self, revised: Iterable[int]) -> Iterator[int]:
        """Yield the docnos of the roots for which something else is laid down, so that less work may do there.

        Where that is held back, nothing is done that others would notice, until it leaves.
        """
        archive = self._archive
        for docno in revised:
            if not archive.record(docno).parents and not any(
                    archive.holds(NOBODY, rule) and not archive.gone(rule) for rule in archive.appointments(docno)):
                yield docno

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
        state = self.channel(channel)
        known = [] if state is None else sorted(state.known.values(), key=lambda one: not one.linked)
        return tuple(one.contact for one in known)

    def unfollow(self, channel: Channel) -> None:
        """Follow a channel no more; what is held stays."""
        self._handle(events.Unfollow(channel))

    def horizon_moved(self, root: bytes, since: int) -> None:
        """Tell that a forum is kept from a time (Clique-Time) on: what is older is not compared any more."""
        self._handle(events.HorizonMoved(root, since))

    def blocked(self) -> None:
        """Close the links with peers that are blocked now, and dial them no more."""
        for link in self.links.links():
            if link.node_key in self._power.peers:
                self.links.close(link.link_id, "this node does not want this link")
        self.links.forget_unwanted()

    def read(self, author: bytes) -> None:
        """Tell that an account opened an article of an author (a key)."""
        self._handle(events.AuthorRead(author))

    def wanted_again(self) -> None:
        """Ask for what was refused and is not any more."""
        self._handle(events.WantedAgain())

    def resync(self, channel: Channel) -> None:
        """Compare what is held with the channel's neighbours now."""
        self._handle(events.CompareNow(channel))

    @property
    def followed(self) -> Collection[Channel]:
        """The channels that this node follows; what was just followed or unfollowed counts when it is on disk."""
        return self._decider.followed

    @property
    def channels(self) -> Mapping[Channel, ChannelState]:
        """The channels that this node follows as they are now, copied to look at: for seldom questions."""
        return self._decider.channels()

    def channel(self, channel: Channel) -> ChannelState | None:
        """Return one of these, or None where it is not followed."""
        return self._decider.channel(channel)

    # What the core says

    def _handle(self, event: events.Event) -> None:
        """Let the core take an event that no link brought."""
        if not self.trouble and not self._stopped:
            self._submit(self._decider.step(event), 0)

    def _take(self, link_id: int, step: Step) -> None:
        """Let the core take what a link brought."""
        if not self.trouble and not self._stopped:
            self._intake.take(link_id, step.octets)
            self._submit(step, link_id)

    def _submit(self, step: Step, link_id: int) -> None:
        epoch = self._epoch_now()
        if abs(epoch - self._epoch) >= CLOCK_STEP_SECONDS:
            self._log.warn("The time of day was set by {seconds:.0f} s", seconds=epoch - self._epoch)
            self._epoch = epoch
            self._submit(self._decider.step(events.ClockSet(epoch)), 0)
        deciding = self._turn.submit(step, step.octets, is_bounded=True)
        deciding.addCallbacks(self._decided, self._failed, (step, link_id), errbackArgs=(step, link_id))
        deciding.addErrback(self._not_performed)

    def _decided(self, outcome: Outcome, step: Step, link_id: int) -> None:
        """Perform what was decided; it is on disk."""
        if link_id:
            self._intake.done(link_id, step.octets)
        self.incoming.decided(outcome, link_id, step.octets)
        for link, document in outcome.brought:
            info = self.links.info(link)
            if info is not None:
                self.deliveries.came(document, info.node_key)
        if self._stopped or self.trouble:
            return
        for error in outcome.errors:
            self._log.failure("an event of this node's own could not be handled", Failure(error))
        for root in outcome.shared:
            self.on_shared(root)
        if outcome.effects:
            self.performer.perform(outcome.effects)
        self._come_back(outcome.deadline)

    def _sent(self, document: bytes, node_key: bytes) -> None:
        self.deliveries.went(document, node_key)
        self.on_sent(document, node_key)

    def _come_back(self, deadline: float | None) -> None:
        """See to it that the core is asked at its deadline; to be asked earlier does no harm."""
        if deadline is None or (self._timer is not None and self._timer.active() and self._due <= deadline):
            return
        self._cancel_timer()
        self._due = deadline
        wait = max(0.0, deadline - self._reactor.seconds())
        self._timer = self._reactor.callLater(wait, self._handle, events.TimerDue())

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _not_performed(self, failure: Failure) -> None:
        self._log.failure("What the core decided could not be performed", failure)

    def _failed(self, failure: Failure, step: Step, link_id: int) -> None:
        if link_id:
            self._intake.done(link_id, step.octets)
        if self._stopped or self.trouble or failure.check(TurnStopped):
            return
        if step.outcome is None and not failure.check(NotStored):
            # A mistake of ours about one event must not stop the others.
            self._log.failure("link {link_id}: an event could not be handled", failure, link_id=link_id)
            self.links.close(link_id, "internal error")
            return
        self.trouble = failure.getErrorMessage()
        self._log.critical("All links are closed until the database can be written: {why}", why=self.trouble)
        self._cancel_timer()
        for link in self.links.links():
            self.links.close(link.link_id, "this node cannot store anything now")
        self._restart()

    def _restart(self) -> None:
        """Go on with what the core last kept, as soon as the turn takes steps."""
        if self._stopped:
            return

        def go_on(_: None) -> None:
            self._log.info("Links open again")
            self.trouble = ""
            self._handle(events.TimerDue())

        def wait(_: Failure) -> None:
            if not self._stopped:
                self._timer = self._reactor.callLater(RESTART_SECONDS, self._restart)

        self._turn.submit(self._decider.forget, is_bounded=True).addCallbacks(go_on, wait)

    # What the links say

    def on_opened(self, link_id: int, node_key: bytes, address: str) -> None:
        """A link is open."""
        if self.trouble:
            self.links.close(link_id, "this node cannot store anything now")
            return
        info = self.links.info(link_id)
        assert info is not None
        contact = Contact(node_key, address)
        opened = events.LinkOpened(link_id, contact, info.blinding_key, info.dialled, info.latency)
        self._take(link_id, self._decider.step(opened))

    def on_message(self, link_id: int, message: Any, body: bytes | None) -> None:
        """A message came; ValueError ends the link."""
        if isinstance(message, Push) != (body is not None):
            raise ValueError("a document comes with PUSH, and nothing else does")
        if body is None:
            self._take(link_id, self._decider.step(events.MessageReceived(link_id, message)))
        else:
            self._take(link_id, self._decider.step(*self.incoming.check(link_id, message, body)))

    def on_pieces(self, link_id: int, message: Any) -> None:
        """A part of a document came."""
        if isinstance(message, Push):
            self._take(link_id, self._decider.step(events.PiecesReceived(link_id, message)))

    def on_closed(self, link_id: int, reason: str) -> None:
        """A link is closed."""
        self._handle(events.LinkClosed(link_id))

    def on_dial_failed(self, address: str, node_key: bytes | None, reason: str) -> None:
        """A dial was given up."""
        self._handle(events.DialFailed(Contact(node_key or b"", address)))
