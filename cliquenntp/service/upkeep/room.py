"""Room on the disk: documents expire by the operator's rules and the quota, and packing frees what they took.

A look runs in a thread on a snapshot; what has to go is dropped in small steps of the turn, between posts; and a pack
gives the octets back to the disk, while the node goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import attrs
from twisted.internet import defer
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.document import id_from_text, id_text
from cliquenntp.interfaces import SHARED, IArchive, IWriter
from cliquenntp.newsgroup.expiry import EXPIRED, Expiring, Expiry, Rule
from cliquenntp.newsgroup.retraction import is_kept
from cliquenntp.service.readers.follows import Follows
from cliquenntp.service.turn import Turn
from cliquenntp.store import Store

DISK_FOR_AN_OCTET = 2.5
"""octets on disk for one of a document, with its records, numbers and indexes; measured after a pack: 1.93 at 2 KB a
document, with room for what is written until the next pack"""

LOOK_SECONDS = 3600.0
"""between two looks for what has to go; without rules, and below the quota, a look costs nothing"""

DROPPED_A_STEP = 100
"""documents: a step of some 20 ms, so that posts hardly wait"""

PACK_AT_GROWTH = 1.25
"""the database file's size against that after the last pack; a pack reads and writes all of it once"""

OTHER_NODES = "(forums of accounts' own nodes)"
"""what a report calls them"""

BOOKMARK = "bookmark/"
"""prefix of the pieces that name what is kept whatever expires"""


@attrs.frozen
class PackReport:
    """What a pack did."""

    before: int
    """octets of the database file"""
    after: int
    seconds: float


@attrs.frozen
class ExpiryReport:
    """What went, or would go."""

    documents: int
    octets: int
    by_reason: dict[str, int]
    """{why: documents}"""
    by_forum: dict[str, int]
    """{forum: documents}"""


class Room:
    """Keeps a node's database within its bounds.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(
        self, reactor: Any, store: Store, turn: Turn, follows: Follows, clock: Callable[[], float], quota: int,
        rules: Sequence[Rule],
    ) -> None:
        """``quota`` is the room on the disk in octets, ``clock`` the time of day in seconds."""
        self._reactor = reactor
        self._store = store
        self._turn = turn
        self._follows = follows
        self._clock = clock
        self.configure(quota, rules)
        self.on_horizon: Callable[[bytes, int], None] = lambda root, since: None
        """is called with a forum's root (id) and the Clique-Time from which on it is kept, when that has moved"""
        self._one_at_a_time = defer.DeferredLock()
        self._packed_to = 0
        self._looking = LoopingCall(self._look)
        self._looking.clock = reactor
        self.last_pack: PackReport | None = None
        self.last_expiry: ExpiryReport | None = None

    def configure(self, quota: int, rules: Sequence[Rule]) -> None:
        """Take other bounds, from the next look on."""
        self._quota = quota
        self._rules = rules

    @property
    def octets_kept(self) -> int:
        """How many octets of documents fit into the quota."""
        return int(self._quota / DISK_FOR_AN_OCTET)

    def start(self) -> defer.Deferred[LoopingCall]:
        """Look now and then; fires when that was stopped and no look is under way."""
        self._packed_to = self._store.octets()
        return self._looking.start(LOOK_SECONDS, now=False)

    async def stop(self) -> None:
        """Look no more; a pack under way is waited for, as it must not lose its file."""
        if self._looking.running:
            self._looking.stop()
        await self._one_at_a_time.acquire()

    async def _look(self) -> None:
        try:
            await self.expire()
            if self._store.octets() > self._packed_to * PACK_AT_GROWTH:
                await self.pack()
        except Exception:
            self._log.failure("Room could not be made", Failure())

    async def expire(self, dry_run: bool = False) -> ExpiryReport:
        """Drop what has to go, and pack where anything went; a dry run only tells.  Fails as Turn.submit does."""
        return await self._one_at_a_time.run(lambda: defer.ensureDeferred(self._expire(dry_run)))

    async def _expire(self, dry_run: bool) -> ExpiryReport:
        looked = self._looked()
        going, horizons = await deferToThread(self._find, int(self._clock()), looked)
        report = self._report(going)
        if dry_run or not going:
            return report
        for first in range(0, len(going), DROPPED_A_STEP):
            part = [expiry.docno for expiry in going[first:first + DROPPED_A_STEP]]
            await self._turn.submit(partial(_drop, part))
        for root, since in horizons.items():
            self.on_horizon(self._store.reader.record(root).id, since)
        self.last_expiry = report
        self._log.info(
            "{documents} documents expired, {octets} octets", documents=report.documents, octets=report.octets)
        await self._pack()
        return report

    def _find(self, now: int, looked: dict[int, int]) -> tuple[list[Expiry], dict[int, int]]:
        with self._store.snapshot() as archive:
            bookmarks = {id_from_text(name.removeprefix(BOOKMARK)) for name, _ in archive.pieces(BOOKMARK)}
            expiring = Expiring(archive, self._rules, now, looked, bookmarks)
            going = list(expiring.find(archive.by_time(), archive.octets_held(), self.octets_kept))
            return going, expiring.horizons()

    def _looked(self) -> dict[int, int]:
        """Return when somebody looked last into each forum, or into anything in it."""
        archive = self._store.reader
        looked: dict[int, int] = {}
        for _, follow in self._follows.all():
            root = archive.find(self._follows.scope(follow.document))
            if root is not None:
                looked[root] = max(looked.get(root, 0), follow.looked)
        return looked

    def _report(self, going: Sequence[Expiry]) -> ExpiryReport:
        archive = self._store.reader
        return ExpiryReport(
            len(going),
            sum(expiry.size for expiry in going),
            dict(Counter(expiry.why.value for expiry in going).most_common()),
            dict(Counter(_forum_told(expiry.root, archive) for expiry in going).most_common()),
        )

    async def drop_below(self, document_id: bytes) -> int:
        """Drop a document that is blocked and all below it, and pack; return how many went.  Fails as Turn.submit does.

        A forum's own document stays, and so does what takes others back.
        """
        return await self._one_at_a_time.run(lambda: defer.ensureDeferred(self._drop_below(document_id)))

    async def _drop_below(self, document_id: bytes) -> int:
        going = await deferToThread(self._below, document_id)
        for first in range(0, len(going), DROPPED_A_STEP):
            await self._turn.submit(partial(_drop_all, going[first:first + DROPPED_A_STEP]))
        if going:
            await self._pack()
        return len(going)

    def _below(self, document_id: bytes) -> list[int]:
        with self._store.snapshot() as archive:
            docno = archive.find(document_id)
            found: dict[int, None] = {} if docno is None else {docno: None}
            waiting = [*found]
            while waiting:
                children = [child for child in archive.children(waiting.pop()) if child not in found]
                found.update(dict.fromkeys(children))
                waiting += children
            records = ((docno, archive.record(docno)) for docno in found if not archive.gone(docno))
            return [docno for docno, record in records if record.parents and not is_kept(record, archive)]

    async def pack(self) -> PackReport:
        """Free on the disk what is no longer needed."""
        return await self._one_at_a_time.run(lambda: defer.ensureDeferred(self._pack()))

    async def _pack(self) -> PackReport:
        before, started = self._store.octets(), self._reactor.seconds()
        await deferToThread(self._store.pack)
        report = PackReport(before, self._store.octets(), self._reactor.seconds() - started)
        self._packed_to = report.after
        self.last_pack = report
        self._log.info(
            "the database was packed from {before} to {after} octets in {seconds:.1f} s",
            **attrs.asdict(report))
        return report

    async def bookmark(self, document_id: bytes, kept: bool) -> None:
        """Keep a document whatever expires, or no longer.  Fails as Turn.submit does."""
        name = BOOKMARK + id_text(document_id)

        def step(writer: IWriter) -> None:
            if kept:
                writer.piece_set(name, b"")
            else:
                writer.piece_delete(name)

        await self._turn.submit(step)


def _drop(docnos: Sequence[int], writer: IWriter) -> None:
    """Drop documents, but those that were answered since they were looked at."""
    for docno in docnos:
        if not writer.gone(docno) and all(writer.gone(child) for child in writer.children(docno)):
            writer.drop(docno, EXPIRED)


def _drop_all(docnos: Sequence[int], writer: IWriter) -> None:
    for docno in docnos:
        writer.drop(docno, EXPIRED)


def _forum_told(root: int, archive: IArchive) -> str:
    """Return what a report calls a forum: nothing names those that accounts' own nodes alone hold."""
    return archive.record(root).name if archive.holds(SHARED, root) else OTHER_NODES
