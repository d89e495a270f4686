"""What the articles that accounts open tell of their authors: nothing, unless the operator lets it."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from cliquenntp.document import Signer
from cliquenntp.interfaces import FEEDER, OWNER
from cliquenntp.service.node import Node
from cliquenntp.service.processes.desk import Desk
from cliquenntp.service.processes.remote import RemoteReading
from cliquenntp.service.readers.opened import AUTHORS_KEPT, OpenedArticles
from cliquenntp.service.settings import Settings
from tests.link.linkhelp import until
from tests.service.own_nodes import CLIQUE, LOOPBACK, OwnNodesCase
from tests.service.sides import NOW, ROOT
from tests.signed_documents import signed

NEWCOMER = Signer(b"n" * 32)


@attrs.frozen
class Record:
    author: bytes


class Archive:
    """Article n is by author n // 10."""

    def record(self, docno: int) -> Record:
        return Record(b"author %d" % (docno // 10))


def test_an_author_is_known_once_so_many_of_his_articles_were_opened() -> None:
    opened = OpenedArticles(Archive(), 3)
    assert [opened.known_by(OWNER, docno) for docno in (10, 20, 11, 12, 13)] == [b"", b"", b"", b"author 1", b""]


def test_nothing_is_counted_of_who_has_no_account_nor_where_it_shall_not_count() -> None:
    assert not any(OpenedArticles(Archive(), 1).known_by(FEEDER, docno) for docno in range(10, 20))
    assert not any(OpenedArticles(Archive(), 0).known_by(OWNER, docno) for docno in range(10, 20))


def test_so_many_authors_are_remembered() -> None:
    opened = OpenedArticles(Archive(), 2)
    opened.known_by(OWNER, 0)
    opened.known_by(OWNER, 10)
    for author in range(2, AUTHORS_KEPT + 1):
        opened.known_by(OWNER, 10 * author)
    assert opened.known_by(OWNER, 10) == b"author 1"
    assert opened.known_by(OWNER, 0) == b"", "the first one was forgotten"


def test_a_reader_process_tells_the_writer_once() -> None:
    calls: list[tuple[Any, ...]] = []

    def call(*told: Any) -> Deferred[Any]:
        calls.append(told)
        return succeed(None)

    reading = RemoteReading(Clock(), call, lambda: True, Archive(), OpenedArticles(Archive(), 2))
    for docno in (10, 11, 12):
        reading.opened(OWNER, docno)
    assert calls == [("known", b"author 1")]


class ReadAtANode(OwnNodesCase):
    async def is_known(self, author: bytes) -> bool:
        """Return whether the core knows an author, once all that it was told is done."""
        await self.node.turn.submit(lambda writer: None)
        return author in self.node.clique._decider._core.node.admission.standing

    async def read_two_of(self, known_after: int) -> bool:
        """Open two articles at a node as its owner does; return whether their author is known then."""
        self.node = Node(reactor, Settings(
            data=self.folder / "data", nntp=(LOOPBACK,), clique=(CLIQUE,), web=(), known_after_articles=known_after))
        self.node.startService()
        self.addCleanup(self.node.stopService)
        side = await self.side("talk", ROOT)
        await self.join(side, ROOT)
        articles = [signed(f"post {number}", ROOT, time=NOW, author=NEWCOMER) for number in range(2)]
        for article in articles:
            await side.write(article)
        for article in articles:
            await until(lambda article=article: self.holds(self.node.clique, article))
            self.node.reading.opened(OWNER, self.node.store.reader.find(article.id))
        return await self.is_known(articles[0].author)

    async def test_who_is_read_is_known_where_the_operator_wants_it(self) -> None:
        self.assertTrue(await self.read_two_of(known_after=2))

    async def test_by_default_reading_tells_nothing(self) -> None:
        self.assertFalse(await self.read_two_of(known_after=0))

    async def test_whom_a_reader_process_tells_of_is_known(self) -> None:
        self.start()
        Desk(self.node, b"").handlers()["known"](b"a" * 32)
        self.assertTrue(await self.is_known(b"a" * 32))
