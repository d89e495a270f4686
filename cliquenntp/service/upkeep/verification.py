"""``cliquectl verify``: looks at everything that the database holds, and says what is not as it was stored.

Two looks.  The file's sums find a bit that changed anywhere in it, also where nothing reads (states that were replaced
and not packed away).  The documents themselves tell what that means: an id is the sum of its document's bytes, a
signature holds or does not, and every number, index and overview line can be compared with what it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.threads import deferToThread

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer
from cliquenntp.document import Document, DocumentError, id_text, parse, verify
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.store import Archive, Store
from cliquenntp.store.classes import Record

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

DOCUMENTS_A_STEP = 100
"""looked at between two reports of progress: some 30 ms of a thread's time"""


@attrs.frozen
class Problem:
    """Something that is not as it was stored."""

    where: str
    """a stretch of the file, or a document by its number in the database, with its id where that can be read"""
    what: str


Look = Iterator[Problem | None]
"""yields for each thing looked at what is wrong with it, or None"""


def look_at_file(store: Store) -> Look:
    """Compare the database file with its sums."""
    for damage in store.damages():
        if damage is None:
            yield None
        else:
            yield Problem(f"octets {damage.start} to {damage.end} of the database file", "changed on the disk")


MISSING_IN_A_ROW = 1000
"""numbers without a document after which there is none behind them either: one bit makes the greatest number so great
that a look at each below it would take years"""


def look_at_documents(archive: Archive) -> Look:
    """Compare all that is kept about each document with the document."""
    missing = 0
    # by number and not by the index: where a part of that is damaged, those behind it are looked at all the same
    for docno in range(1, archive.newest() + 1):
        try:
            record = archive.record(docno)
            where = f"document {docno} ({id_text(record.id)})"
        except Exception as error:
            yield Problem(f"document {docno}", f"what is kept about it cannot be read: {_told(error)}")
            missing = missing + 1 if isinstance(error, KeyError) else 0
            if missing == MISSING_IN_A_ROW:
                rest = f"documents from {docno + 1} to {archive.newest()}"
                yield Problem(rest, f"not looked at: the {MISSING_IN_A_ROW} before them are missing")
                return
            continue
        found, missing = False, 0
        for check in (document_problem, _indexes, _numbers, overview_problem):
            try:
                what = check(archive, docno, record)
            except Exception as error:
                what = f"cannot be read: {_told(error)}"
            if what:
                found = True
                yield Problem(where, what)
        if not found:
            yield None


def look_at_forums(archive: Archive) -> Look:
    """Compare each forum's overview pages and its network's sum of ids with its documents."""
    for name, docno in archive.forum_names():
        where = f"forum {name}"
        try:
            record = archive.record(docno)
            yield Problem(where, "stands under another's name") if record.name != name else None
            for number, line in archive.overviews(docno, 1, archive.numbers(docno).high):
                article = archive.numbers(docno).at(number)
                same = article is not None and archive.record(archive.shown(article)).overview == line
                yield None if same else Problem(f"{where}, article {number}", "its overview line is not its document's")
            hold = all(channels.sums_hold(docno) for channels in archive.holdings.all())
            yield None if hold else Problem(where, "the sum of its ids is wrong")
        except Exception as error:
            yield Problem(where, f"cannot be read: {_told(error)}")


def _told(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()


def document_problem(archive: Archive, docno: int, record: Record) -> str:
    """Return what is wrong with a document's bytes, or kept wrongly of what they say; empty: nothing."""
    if archive.gone(docno):
        return ""
    try:
        document = parse(archive.raw(docno))
    except DocumentError as error:
        return f"its bytes are no document: {error.reason}"
    if document.id != record.id:
        return "its bytes are not those that its id names"
    try:
        verify(document)
    except DocumentError as error:
        return error.reason
    return _facts(archive, docno, record, document)


def _facts(archive: Archive, docno: int, record: Record, document: Document) -> str:
    place = archive.place(docno)
    facts = {
        "author": (place.author, document.author),
        "time": (place.time, document.time),
        "size": (place.size, len(document.raw)),
        "parents": (place.parents, document.parents),
    }
    wrong = [name for name, (kept, true) in facts.items() if kept != true]
    return f"kept with another {' and '.join(wrong)} than it has" if wrong else ""


def _indexes(archive: Archive, docno: int, record: Record) -> str:
    if archive.find(record.id) != docno:
        return "is not found by its id"
    if any(archive.by_message_id(message_id) is None for message_id in record.message_ids):
        return "is not found by a Message-ID of its own"
    return ""


def _numbers(archive: Archive, docno: int, record: Record) -> str:
    expected = None if archive.gone(docno) else docno
    if record.docno != docno:
        return f"stands in the place of document {record.docno}"
    wrong = [
        group for group, number in ((docno, 1), *record.numbers)
        if number and archive.numbers(group).at(number) != expected
    ]  # fmt: skip
    wrong += [root for root, number in archive.waits_in(docno) if archive.numbers(-root).at(number) != docno]
    return f"has not the number that it was given in {len(wrong)} newsgroups" if wrong else ""


def overview_problem(archive: Archive, docno: int, record: Record) -> str:
    """Return what is wrong with a document's overview line; empty: nothing."""
    if archive.gone(docno):
        return ""
    fields = archive.overview(docno).split(b"\t")
    if len(fields) < 8 or fields[3] != message_id_of(record.id):
        return "its overview line is not its own"
    return ""


def _next_of(look: Look) -> list[Problem | None]:
    return list(islice(look, DOCUMENTS_A_STEP))


async def verify_database(node: Node, answer: Answer) -> dict[str, Any]:
    """Look at everything, tell each problem as a row; return the counts.  Raises CommandError where there was any."""
    looked = problems = 0
    with node.store.snapshot() as archive:
        total = archive.newest()
        looks: tuple[tuple[str, Callable[[], Look]], ...] = (
            ("the database file", lambda: look_at_file(node.store)),
            ("documents", lambda: look_at_documents(archive)),
            ("forums", lambda: look_at_forums(archive)),
        )
        for phase, begin in looks:
            look, done = begin(), 0
            while step := await deferToThread(_next_of, look):
                found = [problem for problem in step if problem is not None]
                await answer.rows({"where": problem.where, "what": problem.what} for problem in found)
                problems += len(found)
                done += len(step)
                await answer.progress(done, total if phase == "documents" else None, phase)
            looked += done
    if problems:
        raise CommandError(
            f"{problems} things are not as they were stored: restore a backup, or stop the node and run "
            "`cliquectl repair` (docs/operating.md, When something is wrong)")
    return {"looked": looked, "documents": total, "text": f"{total} documents, all as they were stored"}
