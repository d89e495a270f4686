"""The turn: every change of what a node keeps goes through here, in batches, and is answered only once it is on disk.

    reactor:        submit(step) ... queue ... take a batch ->                    -> reader forward, listeners, answers,
    writer thread:                                begin, step, step, ..., commit       next batch

A step is a function of the writer (IWriter); its Deferred fires with what it returned, after the commit.  Steps must
have no effect but on the writer and may run more than once:

- A step that raises before it wrote anything fails alone.
- After one that raised in the middle the transaction is dropped and the other steps of the batch run again without it.
- If the commit fails, nothing of the batch has happened: its Deferreds fail with NotStored, steps are refused, and the
  turn tries every few seconds whether the database can be written again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, TypeVar

import attrs
from twisted.internet.defer import Deferred, fail
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from cliquenntp.interfaces import Changes, IWriter
from cliquenntp.store import SeatLost, Store, Writer

T = TypeVar("T")
Step = Callable[[Any], Any]
Listener = Callable[[Changes], None]

_log = Logger()

_PROBE = "turn.probe"
"""name of the piece that is written to see whether the database can be written"""


class TurnRefused(Exception):
    """A step was not taken, and nothing of it has happened."""


class QueueFull(TurnRefused):
    """More steps wait than the turn's limits allow; to be tried again later."""


class NotStored(TurnRefused):
    """The database could not be written: the disk is full or broken."""


class TurnHeld(TurnRefused):
    """Nothing is changed for a while, though everything can be read."""


class TurnStopped(TurnRefused):
    """The node is shutting down."""


@attrs.frozen
class TurnLimits:
    """Bounds of the queue and of a batch."""

    batch_steps: int = 500
    """steps a commit.  Measured: beyond 300 documents a commit throughput does not rise; 500 hold the reader back by at
    most 100 ms"""

    batch_octets: int = 8 * 1024 * 1024
    """document bytes a commit, as ``submit`` was told; one larger step goes alone"""

    queue_steps: int = 10_000
    """steps that wait; about 5 s of work, longer than any client waits patiently"""

    queue_octets: int = 64 * 1024 * 1024
    """document bytes that wait: an eighth of the memory that a node may use"""

    commit_delay: float = 0.0
    """seconds (0 to 0.2) between the first step that waits and its commit, so that more may join it: for SD cards,
    which take 50 ms and wear for each commit"""

    retry_seconds: float = 5.0
    """between two looks whether a database that could not be written can be written again"""


LONGEST_COMMIT_DELAY = 0.2
"""seconds: a newsreader waits for its 240 that long"""


@attrs.define(eq=False)
class _Queued:
    step: Step
    octets: int
    answer: Deferred[Any]


@attrs.frozen
class _BatchDone:
    outcomes: Sequence[tuple[_Queued, Any]]
    """each step with what it returned, or a Failure"""
    changes: Changes
    error: Failure | None
    """why the commit failed; None if it did not"""
    seconds: float = 0.0
    """that the commit took"""


class Turn:
    """The queue of steps, and the writer thread behind it.  All methods are for the reactor's thread."""

    def __init__(self, reactor: Any, store: Store, limits: TurnLimits | None = None) -> None:
        self._reactor = reactor
        self._store = store
        self._limits = limits or TurnLimits()
        if not 0 <= self._limits.commit_delay <= LONGEST_COMMIT_DELAY:
            raise ValueError(f"commit_delay must lie between 0 and {LONGEST_COMMIT_DELAY} s")
        self._listeners: list[Listener] = []
        self.on_doubt: Callable[[], None] = lambda: None
        """is called when the reader has moved forward after a commit of which nobody knows whether it happened: a
        server may have gone after it had written and before it could say so"""
        self.on_commit: Callable[[float], None] = lambda seconds: None
        """is called after each commit with how long it took"""
        self.on_seat_lost: Callable[[], None] = lambda: None
        """is called when another process writes to the database: this one never will again"""
        self._queue: deque[_Queued] = deque()
        self._queued_octets = 0
        self._pool = ThreadPool(1, 1, "writer")
        self._scheduled: Any = None
        self._retry: Any = None
        self._busy = False
        self._held = ""
        """why no step is taken; empty while they are"""
        self._stopping: Deferred[None] | None = None
        self.failure: Failure | None = None
        """why the database could not be written last time; None while it can"""

    def start(self) -> None:
        """Start the writer thread; steps may be submitted before."""
        self._pool.start()
        self._schedule()

    def stop(self) -> Deferred[None]:
        """Refuse further steps; the Deferred fires when those that wait are done and the thread has ended."""
        if self._stopping is None:
            self._stopping = Deferred()
            if not self._pool.started:
                self._pool.start()
            self._schedule()
        return self._stopping

    def listen(self, listener: Listener) -> None:
        """Call ``listener(changes)`` after each commit, once the reader has moved forward, before answers go out."""
        self._listeners.append(listener)

    def listen_no_more(self, listener: Listener) -> None:
        """Call ``listener`` no more; nothing happens if it is not called."""
        self._listeners = [other for other in self._listeners if other != listener]

    @property
    def waiting(self) -> int:
        """How many steps wait."""
        return len(self._queue)

    def hold(self, reason: str) -> Deferred[None]:
        """Refuse further steps with TurnHeld and a reason; fires when those that wait are done, or fails as they do."""
        done = self.submit(lambda writer: None, is_bounded=True)
        self._held = reason
        return done

    def release(self) -> None:
        """Take steps again."""
        self._held = ""

    def submit(self, step: Callable[[IWriter], T], octets: int = 0, is_bounded: bool = False) -> Deferred[T]:
        """Queue a step; the Deferred fires with what it returned once that is on disk, or fails with what it raised.

        ``octets`` is the size of what the step carries.  ``is_bounded`` says that whoever queues it bounds how many
        wait, so that it is taken however long the queue is.  Fails with QueueFull, NotStored or TurnStopped.
        """
        limits = self._limits
        if self._stopping is not None:
            return fail(TurnStopped("the node is shutting down"))
        if self.failure is not None:
            return fail(self._not_stored())
        if self._held:
            return fail(TurnHeld(self._held))
        if not is_bounded and (
            len(self._queue) >= limits.queue_steps
            or (self._queue and self._queued_octets + octets > limits.queue_octets)
        ):
            return fail(QueueFull(f"{len(self._queue)} changes of {self._queued_octets} octets wait already"))
        answer: Deferred[T] = Deferred()
        self._queue.append(_Queued(step, octets, answer))
        self._queued_octets += octets
        self._schedule()
        return answer

    def _schedule(self) -> None:
        if self._busy or not self._pool.started:
            return
        if self._queue:
            delay = self._delay()
            if self._scheduled is None:
                self._scheduled = self._reactor.callLater(delay, self._take_batch)
            elif not delay:
                self._scheduled.reset(0)
        elif self._stopping is not None and not self._stopping.called:
            if self._retry is not None:
                self._retry.cancel()
                self._retry = None
            self._pool.stop()
            self._stopping.callback(None)

    def _delay(self) -> float:
        full = len(self._queue) >= self._limits.batch_steps or self._queued_octets >= self._limits.batch_octets
        return 0.0 if full or self._stopping is not None else self._limits.commit_delay

    def _take_batch(self) -> None:
        self._scheduled = None
        batch: list[_Queued] = []
        octets = 0
        while self._queue and len(batch) < self._limits.batch_steps:
            if batch and octets + self._queue[0].octets > self._limits.batch_octets:
                break
            batch.append(self._queue.popleft())
            octets += batch[-1].octets
        self._queued_octets -= octets
        self._busy = True
        done = deferToThreadPool(self._reactor, self._pool, _run_batch, self._store.writer, batch)
        done.addCallback(self._finish_batch)
        done.addErrback(lambda failure: _log.failure("The turn failed", failure, LogLevel.critical))

    def _finish_batch(self, done: _BatchDone) -> None:
        answers = done.outcomes
        if done.error is None:
            self.on_commit(done.seconds)
            self._move_forward(done.changes)
        else:
            self._refuse(done.error)
            answers = [*answers, *((queued, None) for queued in self._queue)]
            answers = [(queued, Failure(self._not_stored())) for queued, _ in answers]
            self._queue.clear()
            self._queued_octets = 0
        self._busy = False
        if self._queue and not self._delay():
            self._take_batch()  # the writer thread works on while the answers are written here
        for queued, outcome in answers:
            queued.answer.callback(outcome)
        self._schedule()

    def _move_forward(self, changes: Changes) -> None:
        """Let the reader see what was committed; where the database's server went just then, that waits."""
        try:
            self._store.forward()
        except Exception:
            self._refuse(Failure())
        else:
            self._tell_listeners(changes)

    def _tell_listeners(self, changes: Changes) -> None:
        if not changes.documents and not changes.groups and not changes.held:
            return
        for listener in self._listeners:
            try:
                listener(changes)
            except Exception:
                _log.failure("A listener of the turn failed")

    def _not_stored(self) -> NotStored:
        assert self.failure is not None
        return NotStored(f"the database cannot be written: {self.failure.getErrorMessage()}")

    def _refuse(self, error: Failure) -> None:
        if self.failure is None:
            _log.failure("The database cannot be written; nothing new is taken until it can", error, LogLevel.critical)
        self.failure = error
        if error.check(SeatLost):
            self.on_seat_lost()
            return
        self._retry = self._reactor.callLater(self._limits.retry_seconds, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        self._busy = True
        done = deferToThreadPool(self._reactor, self._pool, _probe, self._store.writer)
        done.addCallback(self._recovered)
        done.addErrback(self._refuse)
        done.addCallback(self._finish_probe)

    def _recovered(self, _: None) -> None:
        self._store.forward()
        self.failure = None
        self.on_doubt()
        _log.info("The database can be written again")

    def _finish_probe(self, _: None) -> None:
        self._busy = False
        self._schedule()


def _run_batch(writer: Writer, batch: Sequence[_Queued]) -> _BatchDone:
    """Run a batch in one transaction and commit it; in the writer thread."""
    broken: list[tuple[_Queued, Any]] = []
    remaining = list(batch)
    try:
        while True:
            writer.begin()
            outcomes, failed = _run_steps(writer, remaining)
            if failed is None:
                began = perf_counter()
                changes = writer.commit()
                return _BatchDone([*broken, *outcomes], changes, None, perf_counter() - began)
            broken.append(failed)
            remaining.remove(failed[0])
    except Exception:
        error = Failure()
        with suppress(Exception):  # where the database's server is away; the next batch begins with it again
            writer.abort()
        return _BatchDone([(queued, None) for queued in batch], Changes((), ()), error)


def _run_steps(
    writer: Writer, batch: Sequence[_Queued]
) -> tuple[list[tuple[_Queued, Any]], tuple[_Queued, Failure] | None]:
    """Return each step with its outcome, and the first one that raised after it had written, which ends the run."""
    outcomes: list[tuple[_Queued, Any]] = []
    for queued in batch:
        writes = writer.writes
        try:
            outcomes.append((queued, queued.step(writer)))
        except Exception:
            failure = Failure()
            failure.cleanFailure()
            if writer.writes != writes:
                return outcomes, (queued, failure)
            outcomes.append((queued, failure))
    return outcomes, None


def _probe(writer: Writer) -> None:
    """Write a little, to see whether the database can be written; in the writer thread."""
    try:
        writer.begin()
        writer.piece_set(_PROBE, b"x" * 4096)
        writer.commit()
        writer.begin()
        writer.piece_delete(_PROBE)
        writer.commit()
    except Exception:
        writer.abort()
        raise
