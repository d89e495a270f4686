"""One simulated node: the real core behind the real wire encoding, and the shell's part of the contract.

A turn handles events, commits, and only then performs what is to be sent; a crash falls back to the last commit.
Bodies are not carried, only counted; signatures are a keyed hash, since what they cost is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha256
from random import Random
from time import perf_counter
from typing import Any

import attrs

from cliquenntp.clique import Core
from cliquenntp.clique import effects as do
from cliquenntp.clique import events as on
from cliquenntp.clique.admission import Admission
from cliquenntp.clique.budgets import BudgetLimits, Budgets
from cliquenntp.clique.documents import Documents
from cliquenntp.clique.messages import Channel, Key, Message, Push
from cliquenntp.interfaces import Place
from cliquenntp.wire import LinkCodec

from . import parcels
from .disorder import in_disorder
from .identity import Claims, contact_of, node_key, number_of
from .parcels import Parcel
from .worlds import EPOCH, World

WAIT_FOR_PARENT = 600.0
"""seconds that a document waits for its first parent"""

WAITED = 0.005
"""seconds by the clock in which the core cannot have worked all the time: the processor was another's.  The thread's
own clock is a system call, which took longer than most events, and other processes' time with it"""


@attrs.define
class Committed:
    """What survives a crash."""

    pieces: dict[Any, Any] = attrs.field(factory=dict)
    places: dict[bytes, Place] = attrs.field(factory=dict)


@attrs.frozen
class NodeOptions:
    """How nodes are run."""

    commit_time: float = 0.0
    """seconds that a commit takes; events wait meanwhile, and a crash loses what was under way"""
    send_before_commit: bool = False
    """the mutant: effects are performed at once, what they build on is committed later"""
    datagrams: bool = False
    """adverts and their acknowledgements are lost, doubled and overtaken, as if each were a datagram"""
    budgets: BudgetLimits | None = None
    """how much is taken of authors and peers; None: everything"""


class CliqueNode:
    """A node of the clique in the simulator."""

    def __init__(self, world: World, number: int, committed: Committed | None, options: NodeOptions) -> None:
        self.number = number
        self.alive = True
        self.handled = 0
        self.notes: list[str] = []
        self._world = world
        self._options = options
        self._committed = committed if committed is not None else Committed()
        self.documents = Documents()
        for place in self._committed.places.values():
            self.documents.add(place)
        dice = Random(f"dice {world.seed} {number} {world.engine.now}")
        self.core = Core(
            contact_of(number), self.documents, Claims(node_key(number)), dice, EPOCH, self._committed.pieces,
            world.engine.now, admitting=Admission(Budgets(options.budgets)) if options.budgets else None,
        )  # fmt: skip
        self.put_off = Counter[str]()
        """documents for which there was no room, by the budget"""
        self._disorder = Random(f"disorder {world.seed} {number} {world.engine.now}")
        self._link_count = 0
        self._links: dict[int, int] = {}
        self._peers: dict[int, int] = {}
        self._codecs: dict[int, LinkCodec] = {}
        self._waiting: dict[bytes, list[tuple[float, int, Push]]] = {}
        self._wake = float("inf")
        self._queue: list[on.Event] = []
        self._committing = False
        self._storing: dict[bytes, Place] = {}
        self.said: dict[tuple[Channel, Key], tuple[int, int]] = {}
        """the feasible distances when effects were last performed: what was decided later may be lost in a crash"""

    # Lifecycle

    def start(self) -> None:
        """Go on from what was committed, if anything was."""
        self._sleep()

    def join(self, inviter: int | None) -> None:
        """Follow this node's channels, by an invitation that names one node; None: found the first one."""
        for channel in self._world.follows.get(self.number, ()):
            if inviter is not None:
                root = self._world.paths[channel.document][0]
                self.event(on.InvitationTaken(root, (contact_of(inviter),)))
            self.follow(channel, founded=inviter is None)

    def follow(self, channel: Channel, *, founded: bool = False, since: int = 0) -> None:
        """Follow one channel from now on."""
        self.event(on.Follow(channel, self._world.paths[channel.document][-2::-1], since, founded))

    def unfollow(self, channel: Channel) -> None:
        """Follow it no more."""
        self.event(on.Unfollow(channel))

    def publish(self, place: Place) -> None:
        """Store a document written here and spread it."""
        self._committed.places[place.id] = place
        self.documents.add(place)
        self.event(on.LocalDocument(place))

    @property
    def commits_later(self) -> bool:
        """Whether a crash may lose what the core knows already."""
        return self._options.commit_time > 0

    @property
    def stored(self) -> dict[bytes, Place]:
        """The documents whose bodies are stored, or will be with the turn under way."""
        return self._committed.places if not self._committing else {**self._committed.places, **self._storing}

    def persisted(self) -> Committed:
        """Return what is committed; this node handles nothing more."""
        self.alive = False
        return self._committed

    # From the network

    def opened(self, peer: int, outbound: bool) -> None:
        """A stream is open at this end."""
        self._link_count += 1
        link = self._link_count
        self._links[peer], self._peers[link] = link, peer
        self._codecs[link] = LinkCodec()
        network = self._world.network
        secret = sha256(f"stream {network.serial(self.number, peer)}".encode()).digest()
        self.event(on.LinkOpened(link, contact_of(peer), secret, outbound, network.delay(self.number, peer)))

    def failed(self, peer: int) -> None:
        """A dial came to nothing."""
        self.event(on.DialFailed(contact_of(peer)))

    def closed(self, peer: int) -> None:
        """A stream is gone."""
        link = self._links.pop(peer, None)
        if link is not None:
            self._forget(link)
            self.event(on.LinkClosed(link))

    def received(self, peer: int, payload: Any) -> None:
        """A parcel came: frames, each with a document's id where a body follows it."""
        for content, body in payload:
            link = self._links.get(peer)
            if link is None or not self.alive:
                return
            messages: Sequence[Message] = self._codecs[link].decode(content)
            if body is not None:
                push = messages[0]
                assert isinstance(push, Push)
                self._world.recorder.body(body)
                self._arrive(link, attrs.evolve(push, document=body))
                continue
            if self._options.datagrams:
                messages = in_disorder(self._disorder, messages, partial(self._come_late, link))
            self.events([on.MessageReceived(link, message) for message in messages])

    def _come_late(self, link: int, seconds: float, message: Message) -> None:
        self._world.engine.after(seconds, self._come, link, message)

    def _come(self, link: int, message: Message) -> None:
        if link in self._peers:
            self.event(on.MessageReceived(link, message))

    # Turns

    def event(self, event: on.Event) -> None:
        """Handle one event in a turn."""
        self.events([event])

    def events(self, events: list[on.Event]) -> None:
        """Handle events in one turn."""
        if not self.alive:
            return
        if not self._options.commit_time:
            self._turn(events)
            return
        self._queue += events
        if not self._committing:
            self._begin()

    def _turn(self, events: list[on.Event]) -> None:
        for event in events:
            effects = self._handle(event)
            self._store(effects)
            self._perform(effects)
        self._sleep()

    def _begin(self) -> None:
        events, self._queue = self._queue, []
        effects = [effect for event in events for effect in self._handle(event)]
        self._committing = True
        documents = self._world.documents
        self._storing = {
            effect.document: documents[effect.document] for effect in effects if type(effect) is do.StoreDocument
        }
        if self._options.send_before_commit:
            self._perform(effects)
        self._world.engine.after(self._options.commit_time, self._commit, effects)

    def _commit(self, effects: list[do.Effect]) -> None:
        if not self.alive:
            return
        self._committing = False
        self._store(effects)
        if not self._options.send_before_commit:
            self._perform(effects)
        if self._committing:
            return
        if self._queue:
            self._begin()
        else:
            self._sleep()

    def _handle(self, event: on.Event) -> list[do.Effect]:
        self.handled += 1
        world = self._world
        world.core_events += 1
        begun = perf_counter()
        effects = self.core.handle(event, world.engine.now)
        took = perf_counter() - begun
        if took < WAITED:
            world.core_seconds += took
        return effects

    def _store(self, effects: list[do.Effect]) -> None:
        for effect in effects:
            kind = type(effect)
            if kind is do.Persist:
                if effect.value is None:
                    self._committed.pieces.pop(effect.piece, None)
                else:
                    self._committed.pieces[effect.piece] = effect.value
            elif kind is do.StoreDocument:
                place = self._world.documents[effect.document]
                self._committed.places[place.id] = place
                self.documents.add(place)
                self._world.recorder.delivered(self.number, place.id, self._world.engine.now)

    def _perform(self, effects: list[do.Effect]) -> None:
        if self._options.commit_time:
            self.said = {
                (channel, key): best
                for channel, state in self.core.channels.items()
                for key, best in state.feasibility.items()
            }
        stored: list[bytes] = []
        bodies: dict[int, list[do.SendDocument]] = {}
        for effect in effects:
            kind = type(effect)
            if kind is do.Send:
                self._send(effect)
            elif kind is do.SendDocument:
                bodies.setdefault(effect.link, []).append(effect)
            elif kind is do.Dial:
                self._world.network.connect(self.number, number_of(effect.contact))
            elif kind is do.Close:
                self._close(effect)
            elif kind is do.StoreDocument:
                stored.append(effect.document)
            elif kind is do.DropDocument and effect.budget:
                self.put_off[effect.budget] += 1
            elif kind is do.Note:
                self.notes.append(effect.text)
        for link, sent in bodies.items():
            self._send_documents(link, sent)
        for document in stored:
            self._admit_waiting(document)

    # Documents that wait for their first parent

    def _arrive(self, link: int, push: Push) -> None:
        place = self._world.documents[push.document]
        if not place.parents or self.documents.contains(place.parents[0]):
            self.event(on.DocumentReceived(link, push, place))
            return
        waiting = self._waiting.setdefault(place.parents[0], [])
        waiting.append((self._world.engine.now, link, push))
        self._world.engine.after(WAIT_FOR_PARENT, self._give_up, place.parents[0])
        self.event(on.ParentMissing(link, push, place.parents[0], place))

    def _admit_waiting(self, parent: bytes) -> None:
        for _, link, push in self._waiting.pop(parent, ()):
            if link in self._peers:
                self.event(on.DocumentReceived(link, push, self._world.documents[push.document]))

    def _give_up(self, parent: bytes) -> None:
        now = self._world.engine.now
        waiting = self._waiting.pop(parent, [])
        late = [one for one in waiting if one[0] + WAIT_FOR_PARENT <= now]
        if len(late) < len(waiting):
            self._waiting[parent] = [one for one in waiting if one not in late]
        for _, link, push in late:
            self.event(on.DocumentRefused(link, push, "its first parent did not come"))

    # Performing

    def _send(self, effect: do.Send) -> None:
        peer = self._peers.get(effect.link)
        if peer is not None:
            self._transmit(peer, parcels.of_messages(self._codecs[effect.link], effect))

    def _send_documents(self, link: int, sent: list[do.SendDocument]) -> None:
        peer = self._peers.get(link)
        if peer is None:
            return
        held = [
            (effect, self._committed.places.get(effect.document) or self._world.documents[effect.document])
            for effect in sent if not self.documents.gone(effect.document)
        ]
        overhead = self._world.network.model.frame_overhead
        self._transmit(peer, parcels.of_documents(self._codecs[link], held, overhead))

    def _transmit(self, peer: int, made: Iterable[Parcel]) -> None:
        world = self._world
        for parcel in made:
            size = parcel.control + parcel.body + world.network.model.frame_overhead
            if world.network.send(self.number, peer, parcel.frames, size):
                world.recorder.frame(peer, parcel.word, size, parcel.body)

    def _close(self, effect: do.Close) -> None:
        peer = self._peers.get(effect.link)
        if peer is None:
            return
        if effect.reason:
            self.notes.append(f"closed: {effect.reason}")
        self._links.pop(peer, None)
        self._forget(effect.link)
        self._world.network.close(self.number, peer)
        # not within the turn whose effects are being performed
        self._world.engine.after(0.0, self.event, on.LinkClosed(effect.link))

    def _forget(self, link: int) -> None:
        self._peers.pop(link, None)
        self._codecs.pop(link, None)

    # Timers

    def _sleep(self) -> None:
        deadline = self.core.next_deadline()
        if deadline is not None and deadline < self._wake:
            self._wake = max(deadline, self._world.engine.now)
            self._world.engine.at(self._wake, self._awake, self._wake)

    def _awake(self, when: float) -> None:
        if when != self._wake or not self.alive:
            return
        self._wake = float("inf")
        deadline = self.core.next_deadline()
        if deadline is not None and deadline <= self._world.engine.now:
            self.event(on.TimerDue())
        else:
            self._sleep()
