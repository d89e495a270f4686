"""Importing an archive into the real store: threads, cross-posts, duplicates, repairs, refusals, and another run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.threads import deferToThread

from cliquenntp.document import DEFAULT_LIMITS, Signer, parse
from cliquenntp.service.forums import NotImporterError
from cliquenntp.service.imports import importing
from cliquenntp.service.imports.importing import Import
from cliquenntp.service.imports.reading import BATCH_ARTICLES, TOO_MANY_THREADS
from cliquenntp.service.imports.report import ImportProgress, ImportReport
from cliquenntp.service.imports.sources import SourceError
from cliquenntp.service.imports.worker import Worker, WorkerLost
from cliquenntp.service.turn import NotStored, TurnLimits
from tests.service.stored_case import StoredCase

OWNER = Signer(bytes(range(32)))
MANY = 5 * BATCH_ARTICLES
ARCHIVE = Path(__file__).parents[1] / "data" / "archive"


def article(name: str, *references: str, groups: str = "misc.garden", date: str = "5 Apr 1993 19:08:25 GMT") -> bytes:
    answered = "References: " + " ".join(f"<{each}@example.com>" for each in references) + "\n" if references else ""
    text = (
        f"From: a@example.com\nSubject: {name}\nDate: {date}\nMessage-ID: <{name}@example.com>\n{answered}"
        f"Newsgroups: {groups}\n\nText of {name}.\n"
    )
    return text.encode()


class ImportTestCase(StoredCase):
    limits = TurnLimits(retry_seconds=0.05)

    def setUp(self) -> None:
        super().setUp()
        self.told: list[ImportProgress] = []

    def new_import(self, signer: Signer = OWNER, progress: Callable[[ImportProgress], None] | None = None) -> Import:
        return Import(
            self.turn, signer, "not-for-mail", time.time, deferToThread, progress=progress or self.told.append
        )

    async def take(self, path: Path, group: str | None = None, signer: Signer = OWNER) -> ImportReport:
        report = await self.new_import(signer).run(path, group)
        assert report.read == report.taken + report.held + report.duplicates + report.refused
        return report

    def lay(self, articles: dict[str, bytes]) -> Path:
        archive = self.folder / "archive"
        for name, raw in articles.items():
            (archive / name).parent.mkdir(parents=True, exist_ok=True)
            (archive / name).write_bytes(raw)
        return archive

    def record(self, name: str) -> Any:
        docno = self.store.reader.by_message_id(b"<%b@example.com>" % name.encode())
        assert docno is not None, name
        return self.store.reader.record(docno)

    def parents(self, name: str) -> list[str]:
        """Return the subjects of an article's parents; of a root that is the forum's name."""
        return [self.store.reader.record(docno).subject for docno in self.record(name).parents]

    def everything(self) -> list[bytes]:
        return [self.store.reader.raw(docno) for docno in self.store.reader.since(0)]


def run(test: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let trial await a test."""
    return lambda self: ensureDeferred(test(self))


class ThreadTests(ImportTestCase):
    @run
    async def test_last_reference_held_is_the_parent(self) -> None:
        await self.take(
            self.lay(
                {
                    "misc.garden/1": article("answer", "start", "middle", "never-seen"),
                    "misc.garden/2": article("middle", "start"),
                    "misc.garden/3": article("start", "long-gone"),
                    "misc.garden/4": article("mail").replace(b"Newsgroups:", b"In-Reply-To: Your <start@example.com>"),
                    "misc.garden/5": article("itself", "itself"),
                }
            )
        )
        assert self.parents("start") == ["misc.garden"]
        assert self.parents("middle") == ["start"]
        assert self.parents("answer") == ["middle"]
        assert self.parents("mail") == ["start"]
        assert self.parents("itself") == ["misc.garden"]

    @run
    async def test_numbers_follow_dates_and_answers_stand_behind_what_they_answer(self) -> None:
        await self.take(
            self.lay(
                {
                    "misc.garden/1": article("third", date="5 Apr 1995 00:00:00 GMT"),
                    "misc.garden/2": article("second", date="5 Apr 1994 00:00:00 GMT"),
                    "misc.garden/3": article("wrong-clock", "second", date="5 Apr 1990 00:00:00 GMT"),
                    "misc.garden/4": article("first", date="5 Apr 1993 00:00:00 GMT"),
                    "misc.garden/5": article("in-2099", date="5 Apr 2099 00:00:00 GMT"),
                }
            )
        )
        records = [self.store.reader.record(docno) for docno in self.store.reader.since(1)]
        assert [each.subject for each in records] == ["first", "in-2099", "second", "wrong-clock", "third"]
        assert [each.numbers[-1][1] for each in records] == [2, 3, 4, 5, 6]
        assert [each.time for each in records] == sorted(each.time for each in records)
        assert self.record("wrong-clock").time == self.record("second").time

    @run
    async def test_references_in_a_circle_are_cut(self) -> None:
        circle = {f"misc.garden/{number}": article(f"c{number}", f"c{(number + 1) % 5}") for number in range(5)}
        report = await self.take(self.lay(circle))
        assert report.taken == 5
        assert sum(self.parents(f"c{number}") == ["misc.garden"] for number in range(5)) == 1

    @run
    async def test_threads_of_any_depth(self) -> None:
        deep = {
            f"misc.garden/{number}": article(f"d{number}", *(f"d{each}" for each in range(max(0, number - 5), number)))
            for number in range(400)
        }
        report = await self.take(self.lay(deep))
        assert report.taken == 400
        assert self.record("d399").depth == 400

    @run
    async def test_an_archive_continues_what_an_earlier_one_began(self) -> None:
        await self.take(self.lay({"misc.garden/1": article("start")}))
        await self.take(self.lay({"misc.garden/2": article("answer", "start")}))
        assert self.parents("answer") == ["start"]


class CrosspostTests(ImportTestCase):
    @run
    async def test_a_cross_post_is_stored_once_under_its_parent_in_each_forum(self) -> None:
        both = "sci.plants,misc.garden,alt.elsewhere"
        report = await self.take(
            self.lay(
                {
                    "misc.garden/1": article("here", groups="misc.garden"),
                    "sci.plants/1": article("there", groups="sci.plants"),
                    "misc.garden/2": article("both", "there", "here", groups=both),
                    "sci.plants/2": article("both", "there", "here", groups=both),
                    "sci.plants/3": article("new", groups=both),
                    "misc.garden/3": article("under-both", "both", groups=both),
                }
            )
        )
        assert (report.taken, report.duplicates) == (5, 1)
        assert self.parents("both") == ["there", "here"]
        assert self.parents("new") == ["sci.plants", "misc.garden"]
        assert self.parents("under-both") == ["both"]
        assert self.store.reader.forum("clique.alt.elsewhere") is None
        forums = {self.store.reader.record(root).name for root in self.record("under-both").roots}
        assert forums == {"clique.sci.plants", "clique.misc.garden"}
        assert report.forums == {"misc.garden": 4, "sci.plants": 4}

    @run
    async def test_more_threads_than_a_document_has_parents(self) -> None:
        groups = [f"g{number}" for number in range(10)]
        files = {f"{group}/1": article(group, groups=group) for group in groups}
        report = await self.take(self.lay({**files, "g0/2": article("all-over", groups=",".join(groups))}))
        assert self.parents("all-over") == groups[: DEFAULT_LIMITS.parents]
        assert report.repairs == [("g0/2", TOO_MANY_THREADS)]


class ReportTests(ImportTestCase):
    @run
    async def test_small_archive_of_broken_articles(self) -> None:
        report = await self.take(ARCHIVE)
        names = sorted(str(path.relative_to(ARCHIVE)) for path in ARCHIVE.rglob("*") if path.is_file())
        assert report.read == len(names)
        refused = dict(report.refusals)
        assert set(refused) == {name for name in names if "refused" in name}
        assert report.duplicates == sum("duplicate" in name for name in names)
        assert {name for name, _ in report.repairs} == {name for name in names if "repaired" in name}
        assert all(refused.values())
        text = "\n".join(report.lines())
        for name, reason in report.refusals:
            assert f"refused {name}: {reason}" in text
        assert f"{report.taken} taken" in text

    @run
    async def test_forum_names_that_cannot_be_refuse_their_articles(self) -> None:
        files = {"bad name/1": article("a"), "x/all/1": article("b"), "Fine/1": article("c")}
        report = await self.take(self.lay(files))
        assert [name for name, _ in report.refusals] == ["bad name/1", "x/all/1"]
        assert self.store.reader.forum("clique.fine") is not None

    @run
    async def test_what_cannot_be_imported(self) -> None:
        with self.assertRaises(SourceError):
            await self.take(self.lay({"x": b"no mbox"}) / "x")
        with self.assertRaises(OSError):
            await self.take(self.folder / "nothing")

    @run
    async def test_progress_tells_both_passes_to_their_ends(self) -> None:
        await self.take(self.lay({f"misc.garden/{number}": article(f"a{number}") for number in range(700)}))
        storing = [each for each in self.told if each.phase == "storing"]
        assert len(storing) >= 3
        assert (storing[-1].done, storing[-1].total, storing[-1].articles) == (700, 700, 700)
        assert storing[-1].articles_per_second > 0
        assert storing[-1].seconds_left == 0
        assert [each.done for each in self.told] == [each.done for each in self.told if each.done <= each.total]

    @run
    async def test_an_error_of_ours_costs_one_article(self) -> None:
        accept = importing.accept

        def broken(writer: Any, document: Any, *rest: Any) -> Any:
            record = accept(writer, document, *rest)
            if record.subject == "bad":
                raise RuntimeError("broken")
            return record

        self.patch(importing, "accept", broken)
        files = {f"misc.garden/{number}": article(f"a{number}") for number in range(5)}
        report = await self.take(self.lay({**files, "misc.garden/9": article("bad")}))
        assert report.taken == 5
        assert report.refusals == [("misc.garden/9", "an error of this program: broken")]


class AgainTests(ImportTestCase):
    @run
    async def test_run_again_nothing_doubles(self) -> None:
        archive = self.lay({f"misc.garden/{number}": article(f"a{number}", f"a{number // 2}") for number in range(50)})
        (archive / "misc.garden/51").write_bytes(b"From: a@example.com\n\nno Message-ID\n")
        await self.take(archive)
        before = self.everything()
        report = await self.take(archive)
        assert (report.taken, report.held) == (0, 51)
        assert self.everything() == before

    def lay_many(self) -> Path:
        """Lay more articles than a few steps take."""
        return self.lay({f"misc.garden/{number}": article(f"a{number}", f"a{number // 2}") for number in range(MANY)})

    @run
    async def test_stopped_and_run_again_makes_the_same_documents(self) -> None:
        archive = self.lay_many()

        def stop_soon(progress: ImportProgress) -> None:
            if progress.phase == "storing" and progress.done >= BATCH_ARTICLES:
                stopping.stop()

        stopping = self.new_import(progress=stop_soon)
        stopped = await stopping.run(archive)
        assert stopped.stopped
        assert 0 < stopped.taken < MANY
        report = await self.take(archive)
        assert (report.taken, report.held) == (MANY - stopped.taken, stopped.taken)
        subjects = {parse(raw).headers.get(b"Subject") for raw in self.everything()}
        assert len(self.everything()) == len(subjects) == MANY + 1
        assert all(self.parents(f"a{number}") == [f"a{number // 2}"] for number in range(1, MANY))

    @run
    async def test_a_database_that_cannot_be_written_ends_the_run_and_a_later_one_goes_on(self) -> None:
        archive = self.lay_many()
        whole = self.store.writer._transactions.commit

        def fail_later(progress: ImportProgress) -> None:
            if progress.phase == "storing" and progress.articles:
                self.store.writer._transactions.commit = fail

        def fail() -> None:
            raise OSError(28, "No space left on device")

        with self.assertRaises(NotStored):
            await self.new_import(progress=fail_later).run(archive)
        self.flushLoggedErrors(OSError)
        self.store.writer._transactions.commit = whole
        while self.turn.failure is not None:
            await deferToThread(time.sleep, 0.05)
        report = await self.take(archive)
        assert report.taken + report.held == MANY
        assert report.held > 0

    @run
    async def test_articles_stored_in_one_forum_are_no_parents_in_another(self) -> None:
        await self.take(self.lay({"misc.garden/1": article("start")}))
        await self.take(
            self.lay(
                {
                    "sci.plants/1": article("start", groups="sci.plants"),
                    "sci.plants/2": article("answer", "start", groups="sci.plants"),
                }
            )
        )
        assert self.parents("answer") == ["sci.plants"]

    @run
    async def test_a_reading_process_that_dies_ends_the_run_with_a_clear_error(self) -> None:
        archive = self.lay_many()
        call = Worker.call

        def killed(worker: Worker, method: str, *arguments: Any) -> Any:
            if method == "batch":
                worker._process.kill()
            return call(worker, method, *arguments)

        self.patch(Worker, "call", killed)
        with self.assertRaises(WorkerLost):
            await self.take(archive)

    @run
    async def test_another_key_is_no_importer(self) -> None:
        archive = self.lay({"misc.garden/1": article("a")})
        await self.take(archive)
        with self.assertRaises(NotImporterError):
            await self.take(archive, signer=Signer(bytes(32)))
