"""Importing an archive of news or mail into forums: two readings of it, and a commit every few hundred articles.

The first reading notes Message-IDs, references and dates.  Then articles are taken oldest first, each behind what it
answers, whatever the archive's order.  Everything about a document follows from the archive, the forum's root and the
key that signs, its Clique-Time too, so an import that is run again makes the same documents, and finds those that it
has made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cliquenntp.document import DEFAULT_LIMITS, Document, DocumentError, Signer, address_of, check_forum_name, parse
from cliquenntp.interfaces import IArchive, IWriter
from cliquenntp.newsgroup.importers import is_importer
from cliquenntp.newsgroup.importing import ArticleRefused, ForeignArticle, read_article, unsigned_document
from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.service.arrival import accept
from cliquenntp.service.forums import OWNER_LOCAL_PART, root_document
from cliquenntp.service.import_index import Entry, Held, ImportIndex
from cliquenntp.service.import_report import ImportProgress, ImportReport
from cliquenntp.service.import_sources import LARGEST_ARTICLE, Source, open_source
from cliquenntp.service.turn import Turn

BATCH_ARTICLES = 300
"""articles a step; more a commit were measured to gain nothing"""
BATCH_OCTETS = 2 << 20
"""document bytes a step: others' posts wait for at most two of them"""
STEPS_AHEAD = 2
"""one is committed while the next one waits and a third is signed"""
LOOK_UPS = 2000
"""Message-IDs looked up in one step"""
SCAN_SECONDS = 0.25
"""of reading between two reports of progress"""
MOST_PARENTS = DEFAULT_LIMITS.parents

TOO_MANY_THREADS = f"it answers in more than {MOST_PARENTS} threads: it stands in the first {MOST_PARENTS}"
LOST_PARENT = "what it answers was taken and is gone again"

Progress = Callable[[ImportProgress], None]


class ImportRefused(Exception):
    """An archive cannot be imported; the text says why."""


class _Outcome(Enum):
    TAKEN = auto()
    HELD = auto()
    ORPHANED = auto()


@attrs.frozen
class _Ready:
    entry: Entry
    document: Document
    forums: tuple[str, ...]
    repairs: tuple[str, ...]


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
        self._sender = address_of(signer.key, OWNER_LOCAL_PART)
        self._path_identity = path_identity
        self._clock = clock
        self._in_thread = in_thread
        self._progress = progress
        self._stored = stored
        self._index = ImportIndex()
        self._roots: dict[str, bytes] = {}
        self._forum_errors: dict[str, str | None] = {}
        self._started = clock()
        self._stopped = False
        self.report = ImportReport()

    def stop(self) -> None:
        """End the run after the step that is under way; the report says so."""
        self._stopped = True

    def run(self, path: Path, group: str | None = None) -> Deferred[ImportReport]:
        """Import what lies at a path (see import_sources.open_source); fires with the report.

        Fails with SourceError or OSError where it cannot be read, ImportRefused where a forum has another importer,
        TurnRefused where the node cannot store; run again, it goes on from there.
        """
        return Deferred.fromCoroutine(self._run(path, group))

    async def _run(self, path: Path, group: str | None) -> ImportReport:
        try:
            source = await self._in_thread(open_source, path, group)
            try:
                await self._scan(source)
                await self._prepare_forums()
                await self._look_up()
                await self._store(source)
            finally:
                source.close()
        finally:
            self._index.close()
        self.report.damage = source.damage
        self.report.stopped = self._stopped
        self.report.seconds = self._clock() - self._started
        return self.report

    async def _scan(self, source: Source) -> None:
        found = iter(source)
        began = self._clock()
        while not self._stopped and await self._in_thread(self._scan_some, found):
            done = min(source.position, source.size)
            seconds = self._clock() - began
            self._progress(ImportProgress("reading", done, source.size, self.report.read, seconds))

    def _scan_some(self, articles: Iterator[Any]) -> bool:
        until = self._clock() + SCAN_SECONDS
        for found in articles:
            self.report.read += 1
            problem = self._forum_error(found.group.lower())
            if found.raw is None:
                problem = f"more than {LARGEST_ARTICLE} octets"
            if problem is None:
                try:
                    article = read_article(found.raw)
                except ArticleRefused as refusal:
                    problem = refusal.reason
                else:
                    if not self._index.add(found, article, int(self._started)):
                        self.report.duplicates += 1
            if problem is not None:
                self.report.refuse(found.name, problem)
            if self._clock() >= until:
                return True
        return False

    def _forum_error(self, name: str) -> str | None:
        if name not in self._forum_errors:
            try:
                check_forum_name(name)
                self._forum_errors[name] = None
            except DocumentError as error:
                self._forum_errors[name] = error.reason
        return self._forum_errors[name]

    async def _prepare_forums(self) -> None:
        names = sorted(name for name, error in self._forum_errors.items() if error is None)
        for name in names:
            self._roots[name] = await self._turn.submit(partial(self._open_forum, name))
        self._index.keep_forums(frozenset(names))

    def _open_forum(self, name: str, writer: IWriter) -> bytes:
        """Return the id of a forum's root, which is made where it is not there; a step."""
        docno = writer.forum(f"clique.{name}")
        if docno is None:
            now = int(self._started)
            root = root_document(name, "", self._signer, now)
            return accept(writer, root, now, self._path_identity).id
        if not is_importer(self._signer.key, [docno], writer):
            raise ImportRefused(f"clique.{name} is there and does not name this node's key as an importer")
        return writer.record(docno).id

    async def _look_up(self) -> None:
        """Find what the node holds of the articles and of what they answer."""
        for batch in _batches(self._index.message_ids(), LOOK_UPS):
            message_ids = [message_id for _, message_id in batch]
            held = await self._turn.submit(partial(_held, message_ids))
            for number, message_id in batch:
                if message_id in held:
                    self._index.set_held(number, held[message_id].id, held[message_id].time)
                    self.report.held += 1
        for outside in _batches(self._index.outside_references(), LOOK_UPS):
            held = await self._turn.submit(partial(_held, outside))
            for message_id, document in held.items():
                self._index.set_earlier(message_id, document)

    async def _store(self, source: Source) -> None:
        order = await self._in_thread(self._index.order)
        missing = [number for number in order if not self._index.is_held(number)]
        entries = self._index.entries(missing)
        under_way: list[Deferred[None]] = []
        began = self._clock()
        left = len(missing)
        try:
            while left and not self._stopped:
                ready, looked_at = await self._in_thread(self._make_ready, entries, source)
                left -= looked_at
                if len(under_way) >= STEPS_AHEAD:
                    await under_way.pop(0)
                under_way.append(Deferred.fromCoroutine(self._submit(ready)))
                self._tell_stored(len(missing) - left, len(missing), began)
            while under_way:
                await under_way.pop(0)
        finally:
            for step in under_way:  # another one has failed, and that is told
                step.addErrback(lambda _: None)
        self._tell_stored(len(missing) - left, len(missing), began)

    def _tell_stored(self, done: int, total: int, began: float) -> None:
        self._progress(ImportProgress("storing", done, total, self.report.taken, self._clock() - began))

    def _make_ready(self, entries: Iterator[Entry], source: Source) -> tuple[list[_Ready], int]:
        """Return the next articles as signed documents, and how many were looked at; in a thread."""
        ready: list[_Ready] = []
        octets = looked_at = 0
        for entry in islice(entries, BATCH_ARTICLES):
            looked_at += 1
            try:
                article = read_article(source.read(entry.place))
                document, cut = self._document(entry, article)
            except (ArticleRefused, DocumentError) as refusal:
                self.report.refuse(entry.name, refusal.reason)
                continue
            except OSError as error:
                self.report.refuse(entry.name, f"cannot be read again: {error}")
                continue
            forums = self._index.forums(entry.number)
            repairs = (*article.repairs, TOO_MANY_THREADS) if cut else article.repairs
            ready.append(_Ready(entry, document, forums, repairs))
            self._index.set_held(entry.number, document.id, document.time)
            octets += len(document.raw)
            if octets >= BATCH_OCTETS:
                break
        return ready, looked_at

    def _document(self, entry: Entry, article: ForeignArticle) -> tuple[Document, bool]:
        """Return an article as a signed document, and whether it has more parents than a document may have."""
        answered, newest = self._index.parents_of(entry.number, article.references)
        forums = self._index.forums(entry.number)
        parents = tuple(dict.fromkeys(answered.get(forum) or self._roots[forum] for forum in forums))
        time = max(self._index.time(entry.number), newest)
        unsigned = unsigned_document(article, parents[:MOST_PARENTS], self._sender, time)
        return parse(self._signer.sign(unsigned, time)), len(parents) > MOST_PARENTS

    async def _submit(self, ready: list[_Ready]) -> None:
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

    async def _submit_alone(self, each: _Ready) -> None:
        try:
            outcomes = await self._turn.submit(partial(self._take, [each]), len(each.document.raw))
        except Exception:
            if self._turn.failure is not None:
                raise
            self.report.refuse(each.entry.name, f"an error of this program: {Failure().getErrorMessage()}")
        else:
            self._note([each], outcomes)

    def _take(self, ready: list[_Ready], writer: IWriter) -> list[_Outcome]:
        """Store documents and return what became of each; a step."""
        now = int(self._clock())
        outcomes: list[_Outcome] = []
        for each in ready:
            if writer.find(each.document.id) is not None or writer.by_message_id(each.entry.message_id) is not None:
                outcomes.append(_Outcome.HELD)
                continue
            try:
                accept(writer, each.document, now, self._path_identity)
                outcomes.append(_Outcome.TAKEN)
            except ParentMissing:
                outcomes.append(_Outcome.ORPHANED)
        return outcomes

    def _note(self, ready: list[_Ready], outcomes: list[_Outcome]) -> None:
        for each, outcome in zip(ready, outcomes, strict=True):
            if outcome is _Outcome.ORPHANED:
                self.report.refuse(each.entry.name, LOST_PARENT)
            elif outcome is _Outcome.HELD:
                self.report.held += 1
            else:
                self.report.taken += 1
                self.report.forums.update(each.forums)
                if each.repairs:
                    self.report.repair(each.entry.name, each.repairs)
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


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
