"""A few cores on a wire without delay, for rules that one node alone cannot show."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Container
from typing import Any

import attrs
from zope.interface import implementer

from cliquenntp.clique import Core, effects, events
from cliquenntp.clique.admission import Admission
from cliquenntp.clique.documents import Documents
from cliquenntp.clique.messages import Channel, Contact, Push
from cliquenntp.interfaces import IClaims, Place

ROOT = hashlib.sha256(b"root").digest()
FORUM = Channel(ROOT)
EPOCH = 1_700_000_000


def key_of(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def contact_of(name: str) -> Contact:
    return Contact(key_of(name), f"tcp:{name}:1")


def place(name: str, time: float = 0, *parents: bytes) -> Place:
    return Place(key_of(name), EPOCH + int(time), parents or (ROOT,), 100)


@implementer(IClaims)
class Claims:
    def __init__(self, key: bytes) -> None:
        self.key = key

    def sign(self, statement: bytes) -> bytes:
        return hashlib.sha512(self.key + statement).digest()

    def verify(self, key: bytes, statement: bytes, signature: bytes) -> bool:
        return signature == hashlib.sha512(key + statement).digest()


class Wire:
    """Carries effects between cores at once, in order; time moves only by ``pass_time``."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cores: dict[str, Core] = {}
        self.pieces: dict[str, dict[Any, Any]] = {}
        self.places: dict[bytes, Place] = {ROOT: Place(ROOT, EPOCH)}
        self.links: dict[tuple[str, int], tuple[str, int]] = {}
        self.sent: list[tuple[str, Any]] = []
        self.dropped: list[effects.DropDocument] = []
        self.closed: list[effects.Close] = []
        self.unwanted: dict[str, set[bytes]] = {}
        """ids of what a node's operator has blocked, by the node's name"""
        self._count = 0
        self._queue: list[tuple[str, Any]] = []
        self._waiting: dict[tuple[str, bytes], list[events.DocumentReceived]] = {}

    def add(
        self, name: str, pieces: dict[Any, Any] | None = None, documents: Documents | None = None,
        distrusted: Container[bytes] = (), admitting: Admission | None = None,
    ) -> Core:
        documents = documents or Documents()
        self.pieces[name] = dict(pieces or {})
        self.cores[name] = Core(
            contact_of(name), documents, Claims(key_of(name)), random.Random(name), EPOCH, pieces, self.now,
            distrusted, admitting)
        return self.cores[name]

    def event(self, name: str, event: Any) -> None:
        self.events((name, event))

    def events(self, *happened: tuple[str, Any]) -> None:
        """Have all happen before any of their consequences."""
        self._queue += happened
        while self._queue:
            target, one = self._queue.pop(0)
            if target in self.cores:
                if isinstance(one, events.DocumentReceived):
                    one = self._wait(target, one)
                for effect in self.cores[target].handle(one, self.now):
                    self._perform(target, effect)

    def _wait(self, name: str, event: events.DocumentReceived) -> Any:
        """Hold a document until its first parent is held, and refuse what is unwanted, as a node does."""
        parents = event.place.parents
        blocked = self.unwanted.get(name, ())
        if event.place.id in blocked or any(parent in self.cores[name].refused for parent in parents):
            self._queue[:0] = [(name, child) for child in self._waiting.pop((name, event.place.id), ())]
            return events.DocumentUnwanted(event.link, event.push, event.place)
        if parents and not self.cores[name].node.documents.contains(parents[0]):
            self._waiting.setdefault((name, parents[0]), []).append(event)
            return events.ParentMissing(event.link, event.push, parents[0], event.place)
        self._queue[:0] = [(name, child) for child in self._waiting.pop((name, event.place.id), ())]
        return event

    def _perform(self, name: str, effect: Any) -> None:
        if isinstance(effect, effects.Persist):
            self.pieces[name][effect.piece] = effect.value
        elif isinstance(effect, effects.Dial):
            other = effect.contact.address.split(":")[1]
            if other in self.cores:
                self.link(name, other)
            else:
                self._queue.append((name, events.DialFailed(effect.contact)))
        elif isinstance(effect, effects.Send) and (name, effect.link) in self.links:
            target, number = self.links[name, effect.link]
            for message in effect.messages:
                self.sent.append((name, message))
                self._queue.append((target, events.MessageReceived(number, message)))
        elif isinstance(effect, effects.SendDocument) and (name, effect.link) in self.links:
            target, number = self.links[name, effect.link]
            push = attrs.evolve(effect.push, document=effect.document)
            self.sent.append((name, push))
            self._queue.append((target, events.DocumentReceived(number, push, self.places[effect.document])))
        elif isinstance(effect, effects.DropDocument):
            self.dropped.append(effect)
        elif isinstance(effect, effects.Close):
            self.closed.append(effect)
            self.cut(name, effect.link)

    def link(self, one: str, other: str) -> None:
        self._count += 2
        self.links[one, self._count] = (other, self._count + 1)
        self.links[other, self._count + 1] = (one, self._count)
        secret = hashlib.sha256(str(self._count).encode()).digest()
        self._queue.append((other, events.LinkOpened(self._count + 1, contact_of(one), secret, False, 0.1)))
        self._queue.append((one, events.LinkOpened(self._count, contact_of(other), secret, True, 0.1)))

    def cut(self, name: str, number: int) -> None:
        if (name, number) in self.links:
            other = self.links.pop((name, number))
            self.links.pop(other)
            self._queue.append((name, events.LinkClosed(number)))
            self._queue.append((other[0], events.LinkClosed(other[1])))

    def kill(self, name: str) -> None:
        del self.cores[name]
        for (one, number) in [end for end in self.links if end[0] == name]:
            self.cut(one, number)
        for other in self.cores:
            self.event(other, events.TimerDue())
            break

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            due = [(core.next_deadline(), name) for name, core in self.cores.items()]
            soonest = min((one for one in due if one[0] is not None and one[0] <= end), default=None)
            if soonest is None:
                break
            self.now = max(self.now, soonest[0] or 0.0)
            self.event(soonest[1], events.TimerDue())
        self.now = end

    def found(self, name: str) -> None:
        self.cores[name].node.documents.add(self.places[ROOT])
        self.event(name, events.Follow(FORUM, founded=True))

    def join(self, name: str, inviter: str, channel: Channel = FORUM, *ancestors: bytes) -> None:
        self.event(name, events.InvitationTaken(ROOT, (contact_of(inviter),)))
        self.event(name, events.Follow(channel, ancestors))

    def write(self, name: str, document: Place) -> None:
        self.places[document.id] = document
        self.event(name, events.LocalDocument(document))

    def forum(self, *names: str, **admitting: Admission) -> None:
        for name in names:
            self.add(name, admitting=admitting.get(name))
        self.found(names[0])
        for name in names[1:]:
            self.join(name, names[0])
        self.pass_time(200)

    def pushed(self, document: bytes) -> list[str]:
        return [name for name, message in self.sent if isinstance(message, Push) and message.document == document]
