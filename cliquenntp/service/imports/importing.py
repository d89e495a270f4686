"""Importing an archive of news or mail into forums: two readings of it, and a commit every few hundred articles.

The first reading notes Message-IDs, references and dates.  Then articles are taken oldest first, each behind what it
answers, whatever the archive's order.  Everything about a document follows from the archive, the forum's root and the
key that signs, its Clique-Time too, so an import that is run again makes the same documents, and finds those that it
has made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cliquenntp.document import Document, Signer, WorkMissing
from cliquenntp.interfaces import IArchive, IWriter
from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.service.arrival import accept
from cliquenntp.service.forums import importing_root
from cliquenntp.service.imports.index import Held
from cliquenntp.service.imports.reading import Batch, Ready, Scanned
from cliquenntp.service.imports.report import ImportProgress, ImportReport
from cliquenntp.service.imports.worker import Worker
from cliquenntp.service.turn import Turn

STEPS_AHEAD = 2
"""one is committed while the next one waits and a third is signed"""

WITHOUT_WORK = "it answers something in another forum, which takes a proof of work"

LOST_PARENT = "what it answers was taken and is gone again"

Progress = Callable[[ImportProgress], None]
_Call = Callable[..., Deferred[Any]]


class _Outcome(Enum):
    TAKEN = auto()
    HELD = auto()
    ORPHANED = auto()
    WITHOUT_WORK = auto()


class Import:
    """One run over one archive.  All methods are for the reactor's thread."""

    def __init__(
        self,
        turn: Turn,
        signer: Signer,
        path_identity: str,
        clock: Callable[[], float],
        in_thread: Callable[..., Deferred[Any]],
        progress: Progress = lambda progress: None,
        stored: Callable[[list[Document]], None] = lambda documents: None,
    ) -> None:
        """Make a run.

        ``signer`` signs the articles, and the roots of forums that are not there; ``clock`` gives seconds since 1970
        UTC; ``in_thread(function, *arguments)`` runs a function in a thread, one at a time; ``stored`` is told of
        the documents of each step once they are on disk.
        """
        self._turn = turn
        self._signer = signer
        self._path_identity = path_identity
        self._clock = clock
        self._in_thread = in_thread
        self._progress = progress
        self._stored = stored
        self._started = clock()
        self._stopped = False
        self.report = ImportReport()

    def stop(self) -> None:
        """End the run after the step that is under way; the report says so."""
        self._stopped = True

    def run(self, path: Path, group: str | None = None) -> Deferred[ImportReport]:
        """Import what lies at a path (see import_sources.open_source); fires with the report.

        Fails with SourceError or OSError where it cannot be read, NotImporterError where a forum has another importer,
        TurnRefused where the node cannot store; run again, it goes on from there.
        """
        return Deferred.fromCoroutine(self._run(path, group))

    async def _run(self, path: Path, group: str | None) -> ImportReport:
        worker = await self._in_thread(Worker, path, group, self._signer.seed, int(self._started))
        call = partial(self._in_thread, worker.call)
        try:
            await self._scan(call)
            await self._open_forums(call)
            await self._look_up(call)
            await self._store(call)
            self.report.damage = await call("damage")
        finally:
            await self._in_thread(worker.close)
        self.report.stopped = self._stopped
        self.report.seconds = self._clock() - self._started
        return self.report

    async def _scan(self, call: _Call) -> None:
        began = self._clock()
        is_done = False
        while not is_done and not self._stopped:
            scanned: Scanned = await call("scan")
            is_done = scanned.is_done
            self.report.read += scanned.read
            self.report.duplicates += scanned.duplicates
            for name, reason in scanned.refusals:
                self.report.refuse(name, reason)
            seconds = self._clock() - began
            self._progress(ImportProgress("reading", scanned.position, scanned.size, self.report.read, seconds))

    async def _open_forums(self, call: _Call) -> None:
        roots = {}
        for name in await call("forums"):
            roots[name] = await self._turn.submit(partial(self._open_forum, name))
        await call("set_roots", roots)

    def _open_forum(self, name: str, writer: IWriter) -> bytes:
        """Return the id of a forum's root, which is made where it is not there; a step."""
        return importing_root(writer, name, self._signer, int(self._started), self._path_identity).id

    async def _look_up(self, call: _Call) -> None:
        """Find what the node holds of the articles and of what they answer."""
        while not self._stopped and (wanted := await call("look_ups")):
            held = await self._turn.submit(partial(_held, wanted))
            self.report.held += await call("answers", held)

    async def _store(self, call: _Call) -> None:
        began = self._clock()
        total = await call("order")
        done = 0
        under_way: list[Deferred[None]] = []
        try:
            while done < total and not self._stopped:
                batch: Batch = await call("batch")
                done += batch.looked_at
                for name, reason in batch.refusals:
                    self.report.refuse(name, reason)
                if len(under_way) >= STEPS_AHEAD:
                    await under_way.pop(0)
                under_way.append(Deferred.fromCoroutine(self._submit(batch.ready)))
                self._tell_stored(done, total, began)
            while under_way:
                await under_way.pop(0)
        finally:
            for step in under_way:  # another one has failed, and that is told
                step.addErrback(lambda _: None)
        self._tell_stored(done, total, began)

    def _tell_stored(self, done: int, total: int, began: float) -> None:
        self._progress(ImportProgress("storing", done, total, self.report.taken, self._clock() - began))

    async def _submit(self, ready: list[Ready]) -> None:
        octets = sum(len(each.document.raw) for each in ready)
        try:
            outcomes = await self._turn.submit(partial(self._take, ready), octets)
        except Exception:
            if len(ready) < 2 or self._turn.failure is not None:
                raise
            # one of them broke something that none should: find out which, and keep the others
            for each in ready:
                await self._submit_alone(each)
            return
        self._note(ready, outcomes)

    async def _submit_alone(self, each: Ready) -> None:
        try:
            outcomes = await self._turn.submit(partial(self._take, [each]), len(each.document.raw))
        except Exception:
            if self._turn.failure is not None:
                raise
            self.report.refuse(each.name, f"an error of this program: {Failure().getErrorMessage()}")
        else:
            self._note([each], outcomes)

    def _take(self, ready: list[Ready], writer: IWriter) -> list[_Outcome]:
        """Store documents and return what became of each; a step."""
        now = int(self._clock())
        outcomes: list[_Outcome] = []
        for each in ready:
            if writer.find(each.document.id) is not None or writer.by_message_id(each.message_id) is not None:
                outcomes.append(_Outcome.HELD)
                continue
            try:
                accept(writer, each.document, now, self._path_identity)
                outcomes.append(_Outcome.TAKEN)
            except ParentMissing:
                outcomes.append(_Outcome.ORPHANED)
            except WorkMissing:
                outcomes.append(_Outcome.WITHOUT_WORK)
        return outcomes

    def _note(self, ready: list[Ready], outcomes: list[_Outcome]) -> None:
        for each, outcome in zip(ready, outcomes, strict=True):
            if outcome is _Outcome.ORPHANED:
                self.report.refuse(each.name, LOST_PARENT)
            elif outcome is _Outcome.WITHOUT_WORK:
                self.report.refuse(each.name, WITHOUT_WORK)
            elif outcome is _Outcome.HELD:
                self.report.held += 1
            else:
                self.report.taken += 1
                self.report.forums.update(each.forums)
                if each.repairs:
                    self.report.repair(each.name, each.repairs)
        taken = [each.document for each, what in zip(ready, outcomes, strict=True) if what is _Outcome.TAKEN]
        self._stored(taken)


def _held(message_ids: Iterable[bytes], archive: IArchive) -> dict[bytes, Held]:
    found: dict[bytes, Held] = {}
    for message_id in message_ids:
        docno = archive.by_message_id(message_id)
        if docno is not None:
            record = archive.record(docno)
            roots = (archive.record(root).name for root in record.roots)
            found[message_id] = Held(record.id, record.time, frozenset(name.removeprefix("clique.") for name in roots))
    return found
