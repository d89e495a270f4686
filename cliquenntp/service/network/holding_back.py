"""Posts that leave later than they are written, so that their time does not tell when somebody sat here.

A document that is held back is stored and has its numbers, but no node of the process holds it (interfaces.NOBODY): a
core answers from what its node holds, so nothing can tell it early, neither a push nor a comparison.  When it is due,
its node comes to hold it in a step of the turn, as if it had been posted then; its Clique-Time and Date say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import attrs
import cbor2
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.document import Document, parse
from cliquenntp.interfaces import NOBODY, IArchive, Identity, IDice, IRecord, IWriter, Right
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.retraction import CANCELLED, appoints, retracted_by
from cliquenntp.service.arrival import accept
from cliquenntp.service.network.routes import Route, missing
from cliquenntp.service.turn import Turn

DELAYS = "delay/"
"""pieces with the longest delay of each persona, in seconds"""

HELD_BACK = "held-back/"
"""pieces with what waits, by docno"""

LONGEST_DELAY = 24 * 3600
"""seconds: until then an article shows here with a time that is still to come, which readers take for a wrong clock"""

SPREAD_SECONDS = 600
"""in which leaves what would leave together: an answer behind what waited when it was written, and what became due
while the node was off.  Posts that come in one second, or with their node, tell that they come from one machine."""

SLEPT_SECONDS = 60.0
"""by which a timer must be late for the machine to have slept"""

LOOK_SECONDS = 10.0
"""between two looks at most: the time of day may be set while a post waits"""


@attrs.frozen
class Waiting:
    """A document that waits."""

    docno: int
    due: int
    """seconds since 1970 UTC"""
    node: int
    """that will tell others of it"""
    account: str
    """whose it is"""


def waiting_for(archive: Any, docno: int) -> Waiting | None:
    """Return what a document waits for; None where it is not held back.  ``archive`` has ``piece`` as IWriter."""
    piece = archive.piece(f"{HELD_BACK}{docno}")
    return None if piece is None else Waiting(docno, *cbor2.loads(piece))


class HoldingBack:
    """The delays of personas, and what waits.  All methods are for the reactor's thread, but ``take_in``."""

    _log = Logger()

    def __init__(
        self, reactor: Any, archive: IArchive, turn: Turn, clock: Callable[[], float], dice: IDice, path_identity: str
    ) -> None:
        """``clock`` gives seconds since 1970 UTC; ``dice`` draw the delays."""
        self._reactor = reactor
        self._archive = archive
        self._turn = turn
        self._clock = clock
        self._dice = dice
        self._path_identity = path_identity
        stored: Any = archive
        self._delays = {name.removeprefix(DELAYS): int(piece) for name, piece in stored.pieces(DELAYS)}
        self._waiting = {
            waiting.docno: waiting for name, _ in stored.pieces(HELD_BACK)
            if (waiting := waiting_for(stored, int(name.removeprefix(HELD_BACK)))) is not None
        }
        self._timer: Any = None
        self._looks_at = 0.0
        """when the timer is due, by the reactor's clock"""
        self._is_releasing = self._is_stopped = False
        self.on_left: Callable[[Identity, IRecord], None] = lambda identity, record: None
        """is called with whose document it is, and the document, when one that was held back may leave"""

    def start(self) -> None:
        """Wait for what is due; what became so while the node was off leaves in the next minutes, one by one."""
        self._spread()

    def stop(self) -> None:
        """Wait no more; what waits is kept."""
        self._is_stopped = True
        self._cancel_timer()

    def delay(self, persona: str) -> int:
        """Return the seconds that a persona's posts are held back at most."""
        return self._delays.get(persona, 0)

    def set_delay(self, persona: str, seconds: int) -> Deferred[None]:
        """Hold a persona's posts back for up to so long; what waits already keeps its time.  Fails as Turn.submit."""
        setting = self._turn.submit(lambda writer: writer.piece_set(f"{DELAYS}{persona}", b"%d" % seconds))
        return setting.addCallback(lambda _: self._delays.__setitem__(persona, seconds))

    def waiting(self, account: str) -> list[Waiting]:
        """Return what of an account's waits, what is due first at the beginning."""
        gone = self._archive.gone
        return [one for one in self._in_order() if one.account == account and not gone(one.docno)]

    def _in_order(self) -> list[Waiting]:
        """Return all that waits, what is due first at the beginning, parents before what answers them."""
        return sorted(self._waiting.values(), key=lambda one: (one.due, one.docno))

    def due(self, persona: str, parents: Iterable[bytes], now: int, takes_back: bytes | None = None) -> int:
        """Return when a persona's document with these parents (ids) is to leave: ``now`` where it is not held back.

        What answers a document that waits leaves some time after that.  What takes one back (``takes_back``: its id)
        leaves in its stead.  A root leaves at once: nobody asks for it who was not invited.
        """
        above = {parent: docno for parent in parents if (docno := self._archive.find(parent)) is not None}
        if not above:
            return now
        waiting = {parent: waiting_for(self._archive, docno) for parent, docno in above.items()}
        replaced = waiting.get(takes_back or b"")
        if replaced is not None:
            return max(now, replaced.due)
        answered = max((one.due for one in waiting.values() if one is not None), default=None)
        return max(
            now + self._drawn(self.delay(persona)), 0 if answered is None else answered + self._drawn(SPREAD_SECONDS))

    def _drawn(self, most: int) -> int:
        """Return a number of seconds from 1 to ``most``, each as likely; 0 where that is 0."""
        return 1 + int(self._dice.random() * most) if most else 0

    def take_in(self, writer: IWriter, document: Document, now: int, route: Route, account: str, due: int) -> IRecord:
        """Store a document of somebody's here; it is held back until ``due``, or for as long as something above it is.

        A step of the turn.  Raises PostRefused where it is below what was taken back before it left: to others that
        never was.
        """
        above = [docno for docno in map(writer.find, document.parents) if docno is not None]
        unheard = [waiting_for(writer, docno) for docno in above if writer.holds(NOBODY, docno)]
        for waiting in unheard:
            if waiting is None:
                raise PostRefused("what it answers was taken back before another node had it")
            due = max(due, waiting.due)
        if due <= now and not unheard:
            route.adopt(writer)
            return accept(writer, document, now, self._path_identity, route.node)
        record = accept(writer, document, now, self._path_identity, NOBODY)
        retracted = document.cancel or document.supersedes
        target = None if retracted is None else writer.find(retracted)
        if target is not None and waiting_for(writer, target) is not None:
            writer.drop(target, CANCELLED)
            answers = (child for child in writer.children(target) if child != record.docno and not writer.gone(child))
            if document.cancel is not None and not any(answers):
                # nobody has heard of the target, and nobody will, nor of what cancels it
                writer.piece_delete(f"{HELD_BACK}{target}")
                writer.drop(record.docno, CANCELLED)
                return record
        writer.piece_set(*_kept(Waiting(record.docno, due, route.node, account)))
        return record

    def stored(self, record: IRecord) -> Waiting | None:
        """Take note of a document that ``take_in`` has stored, once that is on disk; return what it waits for."""
        waiting = waiting_for(self._archive, record.docno)
        if waiting is not None:
            self._waiting[waiting.docno] = waiting
            self._schedule()
        return waiting

    def _schedule(self) -> None:
        if self._waiting and not self._is_releasing:
            first = min(waiting.due for waiting in self._waiting.values())
            self._look_in(min(max(first - self._clock(), 0.0), LOOK_SECONDS))

    def _look_in(self, seconds: float, look: Callable[[], None] | None = None) -> None:
        self._cancel_timer()
        if not self._is_stopped:
            self._looks_at = self._reactor.seconds() + seconds
            self._timer = self._reactor.callLater(seconds, look or self._look)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _look(self) -> None:
        """Let go what is due."""
        if self._reactor.seconds() - self._looks_at > SLEPT_SECONDS:
            self._spread()
            return
        now = self._clock()
        due = [one for one in self._in_order() if one.due <= now]
        if not due:
            self._schedule()
            return
        self._is_releasing = True
        releasing = self._turn.submit(partial(_release_all, due), is_bounded=True)
        releasing.addCallbacks(self._left, self._not_written, (due,), errbackArgs=(self._look,))
        releasing.addErrback(lambda failure: self._log.failure("What has left could not be told", failure))

    def _spread(self) -> None:
        """Give what is overdue times that lie ahead, in the order that it has."""
        now = int(self._clock())
        late = [one for one in self._in_order() if one.due <= now + SPREAD_SECONDS]
        if not late or late[0].due > now:
            self._look_in(0.0)
            return
        drawn = sorted(self._drawn(SPREAD_SECONDS) for _ in late)
        put_off = [
            attrs.evolve(one, due=max(one.due, now + seconds)) for one, seconds in zip(late, drawn, strict=True)]
        self._is_releasing = True
        writing = self._turn.submit(partial(_put_off, put_off), is_bounded=True)
        writing.addCallbacks(self._was_put_off, self._not_written, (put_off,), errbackArgs=(self._spread,))

    def _was_put_off(self, _: None, put_off: list[Waiting]) -> None:
        self._is_releasing = False
        self._waiting.update((one.docno, one) for one in put_off)
        self._schedule()

    def _left(self, left: list[IRecord], due: list[Waiting]) -> None:
        self._is_releasing = False
        accounts = {waiting.docno: waiting.account for waiting in due}
        for docno in accounts:
            self._waiting.pop(docno, None)
        self._schedule()
        for record in left:
            self.on_left(Identity(accounts[record.docno] or None, Right.NONE), self._archive.record(record.docno))

    def _not_written(self, failure: Failure, again: Callable[[], None]) -> None:
        self._is_releasing = False
        self._log.info("What was held back could not leave: {reason}", reason=failure.getErrorMessage())
        self._look_in(LOOK_SECONDS, again)


def _kept(waiting: Waiting) -> tuple[str, bytes]:
    """Return name and content of the piece that keeps what a document waits for."""
    return f"{HELD_BACK}{waiting.docno}", cbor2.dumps([waiting.due, waiting.node, waiting.account])


def _put_off(later: Iterable[Waiting], writer: IWriter) -> None:
    """Let what still waits wait until other times.  A step of the turn."""
    for waiting in later:
        if waiting_for(writer, waiting.docno) is not None:
            writer.piece_set(*_kept(waiting))


def _release_all(due: Iterable[Waiting], writer: IWriter) -> list[IRecord]:
    """Let nodes hold what is due; return the records of what has left.  A step of the turn."""
    return [writer.record(waiting.docno) for waiting in due if _release(waiting, writer)]


def _release(waiting: Waiting, writer: IWriter) -> bool:
    docno, node = waiting.docno, waiting.node
    if waiting_for(writer, docno) is None or writer.gone(docno):
        writer.piece_delete(f"{HELD_BACK}{docno}")
        return False
    writer.piece_delete(f"{HELD_BACK}{docno}")
    for parent in writer.record(docno).parents:
        Route(node, tuple(reversed([*missing(writer, node, parent)]))).adopt(writer)
    for target in [*retracted_by(parse(writer.raw(docno)), docno, writer)]:
        writer.drop(target, CANCELLED)
    writer.hold(docno, node)
    if appoints(writer.record(docno), writer):
        writer.appoint(docno, writer.record(docno).parents[0])  # nodes take note of it only now
    return True
