"""The core inside the turn: one event as one step, which decides, stores and keeps what is to be kept.

The core runs in the writer's thread on the documents of the database, in the transaction that is under way, so what it
decides and what it decided upon are stored together.  It decides once: where the turn runs a step again, because
another one of its batch was dropped, the step writes what it wrote before.  Where a decision can't be written, the core
knows more than the disk; then it has to be made anew of what it last kept (``forget``).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy

import attrs

from cliquenntp.clique import Core, effects, events
from cliquenntp.clique.channel import ChannelState
from cliquenntp.clique.messages import Channel, Gone, Push
from cliquenntp.document import Document
from cliquenntp.interfaces import SHARED, IArchive, IDocuments, IRecord, IWriter, Place
from cliquenntp.newsgroup.expiry import EXPIRED
from cliquenntp.newsgroup.retraction import stub_of
from cliquenntp.service.network.clique_state import persist, place_of
from cliquenntp.service.network.unwanted import Unwanted, Why
from cliquenntp.service.network.waiting import WaitingRoom
from cliquenntp.store import Store, StoredDocuments

SWEEP_SECONDS = 60.0
"""between two looks for documents that have waited too long; they wait for ten minutes"""

HEARD_GONE_KEPT = 10_000
"""documents remembered that are gone at a peer: 1 MB; what is forgotten is heard again at the next comparison"""

Accept = Callable[[IWriter, Document], IRecord]


@attrs.frozen
class Outcome:
    """What an event led to besides what was stored."""

    effects: Sequence[effects.Effect]
    """to be performed in order, once the step is on disk"""
    deadline: float | None
    """when to come back with TimerDue, in monotonic seconds; None: never"""
    received: int
    """documents that links brought and that were stored"""
    brought: Sequence[tuple[int, bytes]]
    """these by the number of the link and their id, where they came whole"""
    repeated: int
    """documents that links brought and that were held already"""
    shared: tuple[bytes, ...]
    """ids of the roots of which some channel is shared with other nodes than before"""
    errors: Sequence[Exception] = ()
    """what the core raised about some of several events"""
    without_work: int = 0
    """documents that links brought and that have too little work for their forum"""


class Decider:
    """The core of a node with the documents that wait for their parents.

    ``make_core`` makes a core upon documents and of what is kept in an archive, ``accept`` stores a document in a step
    of the turn, ``seconds`` is the monotonic clock.  ``step`` and ``channels`` are for the reactor's thread, and the
    steps for the writer's.
    """

    def __init__(
        self, store: Store, make_core: Callable[[IDocuments, IArchive], Core], accept: Accept,
        seconds: Callable[[], float], node: int = SHARED,
        refuses: Callable[[Document, IArchive], bool] = lambda document, archive: False,
        withholds: Callable[[int, IArchive], bool] = lambda docno, archive: False,
    ) -> None:
        """``refuses`` tells which documents the operator has blocked, ``withholds`` which of those that are held."""
        self.node = node
        self._documents = StoredDocuments(
            store.writer, self._store, node, lambda docno: EXPIRED if withholds(docno, store.writer) else "")
        self._make_core = make_core
        self._accept = accept
        self._seconds = seconds
        self.unwanted = Unwanted(refuses)
        self._deciding = threading.Lock()
        self._step: Step | None = None
        self._document: Document | None = None
        self.brought: set[bytes] = set()
        """ids of documents that steps have stored and that nobody has taken out yet"""
        self.forget(store.reader)

    def forget(self, archive: IArchive) -> None:
        """Go on with what the core last kept; ``archive`` has it, and is for the thread that calls."""
        with self._deciding:
            self._core = self._make_core(self._documents, archive)
        self.followed: Collection[Channel] = frozenset(self._core.channels)
        """the channels that the core follows; replaced when they change"""
        self._waiting = WaitingRoom()
        self._pushes: dict[bytes, dict[int, Push]] = {}
        """by the id of a document that waits, with the link that brought it"""
        self._heard_gone: dict[bytes, None] = {}
        """documents of which peers said that they are gone, and that were never here"""
        self._sweep_at = self._seconds() + SWEEP_SECONDS
        self._unkept: dict[effects.Piece, effects.Persist] = {}
        """what the core wants kept, of an event about which it raised"""
        self.brought.clear()

    def step(self, event: events.Event, document: Document | None = None) -> Step:
        """Return the step of the turn that lets the core take an event; ``document`` came with a DocumentReceived."""
        return Step(self, [event], document)

    def step_of_all(self, several: Sequence[events.Event]) -> Step:
        """Return the step that lets the core take events of this node; one about which it raises is passed over."""
        return Step(self, several)

    def channels(self) -> Mapping[Channel, ChannelState]:
        """Return the channels that the core follows as they are now, to look at."""
        with self._deciding:
            return {channel: _seen(state) for channel, state in self._core.channels.items()}

    def channel(self, channel: Channel) -> ChannelState | None:
        """Return one of these, or None where the core does not follow it."""
        with self._deciding:
            state = self._core.channels.get(channel)
            return None if state is None else _seen(state)

    # In the writer's thread

    def _store(self, place: Place) -> None:
        """Store the document that the core has just taken in."""
        document, step = self._document, self._step
        if document is None or step is None or document.id != place.id:
            raise RuntimeError("the core took a document in that no event brought")
        self._accept(step.writer, document)
        self.brought.add(document.id)
        step.stored.append(document)

    def decide(self, step: Step) -> Outcome:
        """Let the core take the step's event, and then what that lets go on."""
        self._step = step
        step.kept, self._unkept = self._unkept, {}
        try:
            performed, repeated, errors = self._decide(step)
        except BaseException:
            self._unkept = step.kept
            raise
        finally:
            self._step = self._document = None
        deadline = self._core.next_deadline()
        if len(self._waiting):
            deadline = self._sweep_at if deadline is None else min(deadline, self._sweep_at)
        return Outcome(
            performed, deadline, len(step.stored), step.brought, repeated, tuple(self._shared(step)), errors,
            step.without_work)

    def _shared(self, step: Step) -> Iterator[bytes]:
        for (part, *names), effect in step.kept.items():
            if part == "links" and effect.value:
                yield self._core.channels[Channel(*names)].scope  # type: ignore[arg-type]

    def _decide(self, step: Step) -> tuple[list[effects.Effect], int, list[Exception]]:
        queue = deque([*self._expired(), *((event, step.document) for event in step.events)])
        performed: list[effects.Effect] = []
        errors: list[Exception] = []
        repeated = 0
        while queue:
            event, document = queue.popleft()
            if isinstance(event, events.DocumentReceived) and document is not None:
                repeated += self._documents.contains(document.id)
                event = self._admit(event, document, step)
                if isinstance(event, events.DocumentUnwanted):
                    queue.extend(self._freed(document.id))
            elif isinstance(event, events.LinkClosed):
                self._drop(event.link)
            self._document = document
            try:
                with self._deciding:
                    found = self._core.handle(event, self._seconds())
            except Exception as error:
                if len(step.events) == 1:
                    raise
                errors.append(error)
                continue
            for effect in found:
                if isinstance(effect, effects.Persist):
                    step.kept[effect.piece] = effect
                elif isinstance(effect, effects.StoreDocument):
                    if isinstance(event, events.DocumentReceived):
                        step.brought.append((event.link, effect.document))
                    queue.extend(self._freed(effect.document))
                    queue.extend(self._placed(step, document.parents if document is not None else ()))
                else:
                    performed.append(effect)
            if isinstance(event, events.MessageReceived) and isinstance(event.message, Gone):
                queue.extend(self._placed(step, self._heard(event.message)))
            if isinstance(event, events.LocalDocument):
                queue.extend(self._freed(event.place.id))
            elif isinstance(event, (events.Follow, events.Unfollow)):
                self.followed = frozenset(self._core.channels)
        return performed, repeated, errors

    def _heard(self, message: Gone) -> tuple[bytes, ...]:
        """Note that a peer has no octets of these documents any more."""
        for document in message.documents:
            self._heard_gone[document] = None
            if len(self._heard_gone) > HEARD_GONE_KEPT:
                del self._heard_gone[next(iter(self._heard_gone))]
        return message.documents

    def _placed(self, step: Step, documents: Iterable[bytes]) -> Iterator[tuple[events.Event, Document | None]]:
        """Store the places of documents that are gone at a peer and taken back by what is held here.

        Yield the events that waited for them: what answers such a document can be stored too.
        """
        for document_id in documents:
            if document_id not in self._heard_gone or self._documents.contains(document_id):
                continue
            found = stub_of(document_id, step.writer, self.node)
            if found is not None and found.parents and self._documents.contains(found.parents[0]):
                del self._heard_gone[document_id]
                self._accept(step.writer, found)
                self.brought.add(found.id)
                step.stored.append(found)
                yield from self._freed(found.id)

    def write_again(self, step: Step) -> None:
        """Store again what a step stored in a transaction that was dropped."""
        for document in step.stored:
            self._accept(step.writer, document)

    def _admit(self, event: events.DocumentReceived, document: Document, step: Step) -> events.Event:
        """Let a document wait whose first parent is not held; return what the core is to be told."""
        if self._is_unwanted(document, step):
            return events.DocumentUnwanted(event.link, event.push, event.place)
        if not document.parents or self._documents.contains(document.parents[0]):
            return event
        if not self._waiting.add(event.link, document, self._seconds()):
            return events.DocumentRefused(event.link, event.push, "too many documents wait on this link")
        self._pushes.setdefault(document.id, {})[event.link] = event.push
        return events.ParentMissing(event.link, event.push, document.parents[0], event.place)

    def _is_unwanted(self, document: Document, step: Step) -> bool:
        """Tell whether a document is not to be stored, though it keeps the format."""
        if self._documents.contains(document.id):
            return False
        why = self.unwanted.why(document, self._core.refused, step.writer)
        step.without_work += why is Why.WORK
        return why is not None

    def _freed(self, parent: bytes) -> Iterator[tuple[events.Event, Document | None]]:
        """Yield the events that waited for a document that is held now."""
        for link, document in self._waiting.take(parent):
            pushes = self._pushes.pop(document.id)
            yield events.DocumentReceived(link, pushes.pop(link), place_of(document)), document
            for other, push in pushes.items():
                yield events.DocumentRefused(other, push, "another link brought it too"), None

    def _expired(self) -> Iterator[tuple[events.Event, Document | None]]:
        """Yield events about documents whose parent does not come, every now and then."""
        now = self._seconds()
        if now < self._sweep_at:
            return
        self._sweep_at = now + SWEEP_SECONDS
        for link, document in self._waiting.expire(now):
            pushes = self._pushes[document.id]
            yield events.DocumentRefused(link, pushes.pop(link), "its parent did not come"), None
            if not pushes:
                del self._pushes[document.id]

    def _drop(self, link: int) -> None:
        """Forget what waits on a link that has ended."""
        self._waiting.drop(link)
        for pushes in self._pushes.values():
            pushes.pop(link, None)
        self._pushes = {document: pushes for document, pushes in self._pushes.items() if pushes}


class Step:
    """A step of the turn (service.turn): one event for the core, or several that no link brought."""

    __slots__ = ("_decider", "brought", "document", "events", "kept", "outcome", "stored", "without_work", "writer")

    writer: IWriter

    def __init__(self, decider: Decider, several: Sequence[events.Event], document: Document | None = None) -> None:
        self._decider = decider
        self.events = several
        self.document = document
        self.outcome: Outcome | None = None
        """None until the core has decided"""
        self.stored: list[Document] = []
        self.brought: list[tuple[int, bytes]] = []
        self.without_work = 0
        self.kept: dict[effects.Piece, effects.Persist] = {}

    @property
    def octets(self) -> int:
        """The size of what the step brings."""
        return 0 if self.document is None else len(self.document.raw)

    def __call__(self, writer: IWriter) -> Outcome:
        """Decide, or write again what was decided."""
        self.writer = writer
        if self.outcome is None:
            self.outcome = self._decider.decide(self)
        else:
            self._decider.write_again(self)
        persist(writer, self.kept.values(), self._decider.node)
        return self.outcome


def _seen(state: ChannelState) -> ChannelState:
    """Return a state to be looked at while the core goes on."""
    seen = copy(state)
    seen.edges, seen.known = dict(state.edges), dict(state.known)
    return seen
