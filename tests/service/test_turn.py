"""The turn: one commit a batch, answers after it, and what fails fails without a trace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from cliquenntp.interfaces import Changes, IWriter
from cliquenntp.service.turn import NotStored, QueueFull, Turn, TurnLimits, TurnStopped
from cliquenntp.store import Store
from tests.sample_documents import store_sample


def storing(raw: bytes, *parents: int) -> Callable[[IWriter], int]:
    """Return a step that stores a small document and returns its docno."""
    return lambda writer: store_sample(writer, raw, parents).docno


class Refused(Exception):
    """What a test's step raises."""


class DiskFull(OSError):
    """What a test's broken commit raises."""


class TurnTests(TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = Store.open(Path(folder.name) / "store")
        self.addCleanup(self.store.close)
        self.commits: list[Changes] = []

    def turn(self, **limits: Any) -> Turn:
        turn = Turn(reactor, self.store, TurnLimits(**limits))
        turn.listen(self.commits.append)
        turn.start()
        self.addCleanup(turn.stop)
        return turn

    def break_commits(self) -> Callable[[], None]:
        """Let every commit fail as on a full disk, until the returned function is called."""
        whole = self.store.writer._transactions.commit
        broken = True

        def commit() -> None:
            if broken:
                raise DiskFull(28, "No space left on device")
            whole()

        def mend() -> None:
            nonlocal broken
            broken = False

        self.patch(self.store.writer._transactions, "commit", commit)
        return mend

    async def test_a_step_is_answered_after_its_commit(self) -> None:
        turn = self.turn()
        docno = await turn.submit(storing(b"root"))
        self.assertEqual(self.store.reader.raw(docno), b"root")
        self.assertEqual(self.commits, [Changes((docno,), ())])

    async def test_steps_run_in_the_writer_thread_and_are_answered_in_the_reactor(self) -> None:
        here = threading.get_ident()
        there = await self.turn().submit(lambda writer: threading.get_ident())
        self.assertNotEqual(there, here)
        self.assertEqual(threading.get_ident(), here)

    async def test_steps_that_wait_together_share_a_commit_in_order(self) -> None:
        turn = self.turn()
        docnos = await gatherResults([turn.submit(storing(b"%d" % number)) for number in range(20)])
        self.assertEqual(docnos, list(range(1, 21)))
        self.assertEqual(self.commits, [Changes(tuple(range(1, 21)), ())])

    async def test_a_batch_has_bounds(self) -> None:
        turn = self.turn(batch_steps=3, batch_octets=100)
        await gatherResults([turn.submit(storing(b"%d" % number)) for number in range(7)])
        self.assertEqual([len(changes.documents) for changes in self.commits], [3, 3, 1])
        self.commits.clear()
        octets = (60, 60, 40, 500, 1)
        await gatherResults([turn.submit(storing(b"octets %d" % each), each) for each in set(octets)])
        self.assertEqual(sum(len(changes.documents) for changes in self.commits), 4)
        self.assertGreater(len(self.commits), 2)

    async def test_a_full_queue_refuses(self) -> None:
        turn = self.turn(queue_steps=3)
        waiting = [turn.submit(storing(b"%d" % number)) for number in range(3)]
        refused = self.failureResultOf(turn.submit(storing(b"one too many")), QueueFull)
        self.assertIn("3 changes", refused.getErrorMessage())
        self.assertEqual(await gatherResults(waiting), [1, 2, 3])
        self.assertEqual(await turn.submit(storing(b"room again")), 4)

    async def test_a_queue_of_large_steps_refuses(self) -> None:
        turn = self.turn(queue_octets=1000)
        waiting = [turn.submit(storing(b"larger than the queue"), 5000)]
        self.failureResultOf(turn.submit(storing(b"one too many"), 1), QueueFull)
        await gatherResults(waiting)
        self.assertEqual(await turn.submit(storing(b"room again"), 1000), 2)

    async def test_a_step_that_refuses_before_writing_fails_alone(self) -> None:
        runs = []

        def refuse(writer: IWriter) -> None:
            runs.append("refuse")
            raise Refused("no such group")

        turn = self.turn()
        results = await DeferredList(
            [turn.submit(storing(b"before")), turn.submit(refuse), turn.submit(storing(b"after"))], consumeErrors=True
        )
        self.assertEqual([success for success, _ in results], [True, False, True])
        results[1][1].trap(Refused)
        self.assertEqual((runs, len(self.commits)), (["refuse"], 1))
        self.assertEqual(self.store.reader.newest(), 2)

    async def test_a_step_that_breaks_in_the_middle_leaves_nothing(self) -> None:
        def break_in_the_middle(writer: IWriter) -> None:
            store_sample(writer, b"half")
            raise Refused("in the middle")

        turn = self.turn()
        results = await DeferredList(
            [turn.submit(storing(b"before")), turn.submit(break_in_the_middle), turn.submit(storing(b"after"))],
            consumeErrors=True,
        )
        results[1][1].trap(Refused)
        self.assertEqual([results[0], results[2]], [(True, 1), (True, 2)])
        self.assertEqual([self.store.reader.raw(docno) for docno in (1, 2)], [b"before", b"after"])
        self.assertEqual(self.store.reader.newest(), 2)

    async def test_a_failed_commit_drops_all_and_recovers(self) -> None:
        turn = self.turn(batch_steps=2, retry_seconds=0.01)
        await turn.submit(storing(b"root"))
        mend = self.break_commits()
        results = await DeferredList(
            [turn.submit(storing(b"%d" % number, 1)) for number in range(5)], consumeErrors=True
        )
        for success, failure in results:
            self.assertFalse(success)
            failure.trap(NotStored)
        self.assertIn("No space left", results[0][1].getErrorMessage())
        self.failureResultOf(turn.submit(storing(b"refused at once")), NotStored)
        self.assertEqual(self.store.reader.newest(), 1)
        self.assertEqual(len(self.flushLoggedErrors(DiskFull)), 1)
        mend()
        while turn.failure is not None:
            await deferLater(reactor, 0.005)
        self.assertEqual(await turn.submit(storing(b"room again", 1)), 2)
        self.assertEqual(self.store.reader.numbers(1).high, 2)
        self.assertEqual(list(self.store.reader.pieces("")), [])

    async def test_listeners_see_the_new_state_before_answers_go_out(self) -> None:
        turn = self.turn()
        order: list[object] = []
        turn.listen(lambda changes: order.append(self.store.reader.newest()))
        answer = turn.submit(storing(b"root"))
        answer.addCallback(lambda docno: order.append("answered"))
        await answer
        self.assertEqual(order, [1, "answered"])

    async def test_a_broken_listener_holds_up_nobody(self) -> None:
        turn = self.turn()

        def broken(changes: Changes) -> None:
            raise Refused("a broken cache")

        heard: list[Changes] = []
        turn.listen(broken)
        turn.listen(heard.append)
        await turn.submit(storing(b"root"))
        self.assertEqual(len(self.flushLoggedErrors(Refused)), 1)
        self.assertEqual(len(heard), 1)

    async def test_an_answer_may_submit_the_next_step(self) -> None:
        turn = self.turn()
        first = turn.submit(storing(b"root"))
        docno = await first.addCallback(lambda root: turn.submit(storing(b"child", root)))
        self.assertEqual(docno, 2)

    async def test_the_commit_delay_gathers_steps(self) -> None:
        turn = self.turn(commit_delay=0.1)
        first = turn.submit(storing(b"first"))
        later: Deferred[int] = deferLater(reactor, 0.01, turn.submit, storing(b"later"))
        await gatherResults([first, later])
        self.assertEqual(self.commits, [Changes((1, 2), ())])

    async def test_a_full_batch_does_not_wait_for_the_commit_delay(self) -> None:
        turn = self.turn(commit_delay=0.2, batch_steps=2)
        begun = reactor.seconds()
        await gatherResults([turn.submit(storing(b"%d" % number)) for number in range(2)])
        self.assertLess(reactor.seconds() - begun, 0.2)

    def test_the_commit_delay_has_bounds(self) -> None:
        for delay in (-0.1, 0.3):
            self.assertRaises(ValueError, Turn, reactor, self.store, TurnLimits(commit_delay=delay))

    async def test_stopping_finishes_what_waits_and_refuses_the_rest(self) -> None:
        turn = self.turn(batch_steps=2, commit_delay=0.2)
        answered: list[int] = []
        for number in range(5):
            turn.submit(storing(b"%d" % number)).addCallback(answered.append)
        stopped = turn.stop()
        self.failureResultOf(turn.submit(storing(b"too late")), TurnStopped)
        await stopped
        self.assertEqual(answered, [1, 2, 3, 4, 5])

    async def test_a_turn_that_cannot_write_stops(self) -> None:
        turn = self.turn(retry_seconds=60)
        self.break_commits()
        await self.assertFailure(turn.submit(storing(b"root")), NotStored)
        await turn.stop()
        self.flushLoggedErrors(DiskFull)

    def test_limits_are_values(self) -> None:
        self.assertRaises(attrs.exceptions.FrozenInstanceError, setattr, TurnLimits(), "batch_steps", 1)
