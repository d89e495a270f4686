"""Bridges between a node's store and a small news server: what goes over, once, and what is told where it does not."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from cliquenntp.document import Signer, address_of, build, parse
from cliquenntp.interfaces import NOBODY, SHARED, IRecord
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.retraction import retraction_fields
from cliquenntp.service.arrival import accept
from cliquenntp.service.bridging.bridge import Bridge, BridgeError, Inward, Outward
from cliquenntp.service.bridging.bridges import Bridges
from cliquenntp.service.forums import NotImporterError, root_document
from cliquenntp.service.settings import Settings
from cliquenntp.service.turn import Turn
from cliquenntp.store import Store
from tests.service.news_server import NewsServer, field
from tests.service.test_feeding import article, message_id

OWNER, WRITER, STRANGER = (Signer(bytes([number]) * 32) for number in range(3))


class BridgesTests(TestCase):
    timeout = 20

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.store = Store.open(self.folder / "store")
        self.addCleanup(self.store.close)
        self.turn = Turn(reactor, self.store)
        self.turn.start()
        self.addCleanup(self.turn.stop)
        self.server = NewsServer()
        port = self.server.listen()
        self.addCleanup(port.stopListening)
        self.addCleanup(self.hang_up)
        self.bridges = self.opened()
        self.bridge = Bridge(
            name="garden", server=f"tcp:127.0.0.1:{port.getHost().port}", newsgroup="misc.garden", forum="garden",
            interval=1)

    def opened(self, path_identity: str = "node.example") -> Bridges:
        settings = Settings(path_identity=path_identity)
        bridges = Bridges(reactor, self.store.reader, self.turn, OWNER, settings, time.time)
        self.addCleanup(bridges.stop)
        bridges.start()
        return bridges

    async def hang_up(self) -> None:
        self.bridges.stop()
        for connection in [*self.server.connections]:
            connection.transport.abortConnection()
        await self.until(lambda: not self.server.connections)

    def way(self, direction: str) -> Any:
        [(_, inward, outward)] = [*self.bridges]
        return inward if direction == "in" else outward

    async def until(self, look: Any) -> Any:
        while not (found := look()):
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]
        return found

    async def root(self, signer: Signer = OWNER) -> IRecord:
        return await self.stored(root_document("garden", "", signer, int(time.time())))

    async def stored(self, document: Any, node: int = SHARED) -> IRecord:
        return await self.turn.submit(lambda writer: accept(writer, document, int(time.time()), "node.example", node))

    async def post(
        self, subject: str, parent: IRecord, *more: tuple[bytes, bytes], signer: Signer = WRITER, node: int = SHARED
    ) -> IRecord:
        now = int(time.time())
        fields = [
            (b"From", b"W <" + address_of(signer.key, "w").encode() + b">"), (b"Subject", subject.encode()),
            (b"Date", b"Sat, 28 Nov 2026 10:00:00 +0000"), *(more or [(b"Clique-Parent", _id(parent))]),
        ]
        return await self.stored(parse(signer.sign(build(fields, f".Text of {subject}\r\n".encode()), now)), node)

    def there(self, record: IRecord) -> bytes | None:
        number = self.server.find(_message_id(record))
        return None if number is None else self.server.articles[number]

    # out

    def test_a_forum_goes_out_without_what_is_its_own(self) -> Any:
        async def run() -> None:
            root = await self.root()
            start = await self.post("start", root)
            self.server.add(article("foreign"))
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.there(start))
            imported = await self.until(lambda: self.store.reader.by_message_id(message_id("foreign")))
            answer = await self.post(
                "answer", root, (b"Clique-Parent", _id(self.store.reader.record(imported))), (b"Approved", b"me"),
                (b"Followup-To", b"clique.garden"), (b"X-Trace", b"my host"))
            raw = await self.until(lambda: self.there(answer))
            assert field(raw, b"References") == message_id("foreign")
            assert field(raw, b"Newsgroups") == field(raw, b"Followup-To") == b"misc.garden"
            assert field(raw, b"Path") == b"node.example!.POSTED!not-for-mail"
            assert field(raw, b"Date") == b"Sat, 28 Nov 2026 10:00:00 +0000"
            assert raw.endswith(b"\r\n\r\n.Text of answer\r\n")
            assert not any(name in raw for name in (b"Clique-", b"Approved", b"X-Trace", b"Xref"))
            assert self.server.find(message_id("foreign")) == 1  # as it was, and not again
            assert len(self.server.articles) == 3
            assert self.way("out").state.sent == 2

        return ensureDeferred(run())

    def test_the_place_is_kept_and_the_server_knows_what_comes_again(self) -> Any:
        async def run() -> None:
            root = await self.root()
            await self.bridges.add(self.bridge)
            first = await self.post("first", root)
            await self.until(lambda: self.way("out").state.docno >= first.docno)
            self.bridges.stop()
            second = await self.post("second", root)
            self.bridges = self.opened()
            await self.until(lambda: self.there(second))
            assert [line for line in self.server.said(b"CHECK") if _message_id(first) in line] == [
                b"CHECK " + _message_id(first)]
            # a place that was not stored: as if killed in between
            await self.bridges.remove("garden")
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.way("out").state.held == 2)
            assert len(self.server.articles) == 2
            assert self.way("out").state.sent == 0

        return ensureDeferred(run())

    def test_what_is_held_back_goes_out_when_it_is_due_and_what_stands_behind_it_after_it(self) -> Any:
        async def run() -> None:
            root = await self.root()
            await self.bridges.add(self.bridge)
            first = await self.post("first", root)
            held_back = await self.post("held back", root, node=NOBODY)
            behind = await self.post("behind it", root)
            await self.until(lambda: self.there(first))
            await self.until(lambda: self.way("out").settled == first.docno)
            assert not self.there(held_back) and not self.there(behind)
            await self.turn.submit(lambda writer: writer.hold(held_back.docno, SHARED))
            await self.until(lambda: self.there(held_back) and self.there(behind))
            assert self.server.find(_message_id(held_back)) < self.server.find(_message_id(behind))

        return ensureDeferred(run())

    def test_what_is_put_off_comes_later_and_what_is_refused_is_told(self) -> Any:
        async def run() -> None:
            root = await self.root()
            records = [await self.post(str(number), root) for number in range(3)]
            self.server.answers[b"CHECK"] = [b"431 x"]
            self.server.answers[b"TAKETHIS"] = [b"439 no\x1b thanks"]
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.way("out").state.docno >= records[2].docno)
            state = self.way("out").state
            assert (state.sent, state.held, state.refused) == (2, 0, 1)
            assert [*self.way("out").trouble.refusals] == [(_message_id(records[1]).decode(), "439 no? thanks")]
            assert [self.there(record) is not None for record in records] == [True, False, True]

        return ensureDeferred(run())

    def test_a_server_without_streaming(self) -> Any:
        async def run() -> None:
            self.server.streams = False
            root = await self.root()
            records = [await self.post(str(number), root) for number in range(3)]
            self.server.add(article("held", Message_ID=_message_id(records[0]).decode()))
            self.server.answers[b"article"] = [b"437 not this one"]
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.way("out").state.docno >= records[2].docno)
            state = self.way("out").state
            assert (state.sent, state.held, state.refused) == (1, 1, 1)

        return ensureDeferred(run())

    def test_posting_as_a_reader(self) -> Any:
        async def run() -> None:
            self.server.login = b"PASS secret"
            login = self.folder / "login"
            login.write_text("somebody\nsecret\n")
            login.chmod(0o600)
            root = await self.root()
            records = [await self.post(str(number), root) for number in range(3)]
            self.server.add(article("held", Message_ID=_message_id(records[0]).decode()))
            self.server.answers[b"article"] = [b"441 twice", b"441 no"]
            changes: dict[str, Any] = {"outward": Outward.POST, "inward": Inward.OFF, "login": str(login)}
            await self.bridges.add(Bridge(**_values(self.bridge) | changes))
            await self.until(lambda: self.way("out").state.docno >= records[2].docno)
            state = self.way("out").state
            assert (state.sent, state.held, state.refused) == (1, 1, 1)
            raw = self.there(records[2]) or b""
            assert field(raw, b"Path") == b"node.example!not-for-mail"
            assert b"Injection" not in raw
            assert b"MODE READER" in self.server.commands
            assert b"AUTHINFO USER somebody" in self.server.commands

        return ensureDeferred(run())

    def test_a_login_file_that_others_read_is_not_used(self) -> Any:
        async def run() -> None:
            login = self.folder / "login"
            login.write_text("somebody\nsecret\n")
            login.chmod(0o644)
            await self.root()
            await self.bridges.add(Bridge(**_values(self.bridge) | {"login": str(login)}))
            await self.until(lambda: "chmod 600" in self.way("in").trouble.text)
            assert self.server.said(b"AUTHINFO") == []
            assert any("chmod 600" in line for line in self.bridges.troubles())

        return ensureDeferred(run())

    # in

    def test_articles_come_once_whatever_the_server_does_with_numbers(self) -> Any:
        async def run() -> None:
            for number in range(4):
                self.server.add(article(f"n{number}"))
            del self.server.articles[2]
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.way("in").state.number == 4)
            assert self.way("in").state.taken == 3
            # a server that was made anew: other articles under the same numbers
            kept = [self.server.articles[number] for number in (4, 1)]
            self.server.articles = dict(enumerate([*kept, article("later"), article("latest")], 1))
            await self.until(lambda: self.store.reader.by_message_id(message_id("latest")))
            await self.until(lambda: self.way("in").state.number == 4)
            state = self.way("in").state
            assert (state.taken, state.refused) == (5, 0)
            root = self.store.reader.forum("clique.garden")
            assert self.store.reader.numbers(root).count == 6

        return ensureDeferred(run())

    def test_an_answer_comes_behind_what_it_answers(self) -> Any:
        async def run() -> None:
            self.server.add(article("answer", "start"))
            self.server.add(article("start"))
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.way("in").state.number == 2)
            answer = self.store.reader.record(self.store.reader.by_message_id(message_id("answer")))
            parents = [self.store.reader.record(docno).subject for docno in answer.parents]
            assert parents == ["start"]

        return ensureDeferred(run())

    def test_nothing_goes_in_a_circle(self) -> Any:
        async def run() -> None:
            root = await self.root()
            await self.bridges.add(self.bridge)
            mine = await self.post("mine", root)
            await self.until(lambda: self.there(mine))
            self.server.add(article("round", Path="a.example!node.example!not-for-mail"))
            await self.until(lambda: self.way("in").state.number == 2)
            assert self.way("in").state.held == 1
            assert self.way("in").state.refused == 1
            assert "has been at node.example already" in self.way("in").trouble.refusals[0][1]
            assert self.store.reader.newest() == mine.docno

        return ensureDeferred(run())

    # taking back

    def test_cancels_from_there_count_when_their_server_obeyed(self) -> Any:
        async def run() -> None:
            for name in ("one", "two", "three"):
                self.server.add(article(name))
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.way("in").state.control is not None and self.way("in").state.number == 3)
            self.server.cancels += [b"cancel " + message_id("one"), b"cancel " + message_id("two"), b"newgroup x"]
            del self.server.articles[1]
            await self.until(lambda: self.way("in").state.cancelled)
            archive = self.store.reader
            assert archive.gone(archive.by_message_id(message_id("one")))
            await self.until(lambda: b"STAT " + message_id("two") in self.server.commands)
            assert not archive.gone(archive.by_message_id(message_id("two")))
            # an article that replaces another one
            self.server.add(article("four", Supersedes=message_id("three").decode()))
            del self.server.articles[3]
            await self.until(lambda: self.way("in").state.cancelled == 2)
            assert archive.gone(archive.by_message_id(message_id("three")))
            assert not [raw for raw in self.server.articles.values() if b"Control" in raw]  # nothing went back

        return ensureDeferred(run())

    def test_cancels_on_the_feed_wait_for_the_servers_word(self) -> Any:
        async def run() -> None:
            take = self.bridges.feeding.take
            control = f"cancel {message_id('one').decode()}"
            refused = await take(message_id("c"), article("c", Control=control))
            assert "no bridge asks" in refused.text
            self.server.add(article("one"))
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.way("in").state.taken)
            nothing = await take(message_id("d"), article("d", Control="cancel <nothing@example.com>"))
            assert "nothing that was brought here" in nothing.text
            self.server.articles.clear()
            assert (await take(message_id("c"), article("c", Control=control))).accepted
            await self.until(lambda: self.way("in").state.cancelled)

        return ensureDeferred(run())

    def test_what_people_take_back_here_goes_there_too(self) -> Any:
        async def run() -> None:
            root = await self.root()
            await self.bridges.add(self.bridge)
            first = await self.post("first", root)
            archive = self.store.reader
            second = await self.post("second", root, *retraction_fields(b"Clique-Supersedes", first.docno, archive))
            raw = await self.until(lambda: self.there(second))
            assert field(raw, b"Supersedes") == _message_id(first)
            cancel = await self.post("", root, *retraction_fields(b"Clique-Cancel", second.docno, archive))
            raw = await self.until(lambda: self.there(cancel))
            assert field(raw, b"Control") == b"cancel " + _message_id(second)
            assert field(raw, b"Newsgroups") == b"misc.garden"

        return ensureDeferred(run())

    # making them

    def test_a_newsgroup_and_a_forum_belong_together(self) -> Any:
        async def run() -> None:
            await self.bridges.add(self.bridge)
            for changes, why in [
                ({}, "there is a bridge garden"),
                ({"name": "x", "newsgroup": "misc.other"}, "is misc.garden elsewhere already"),
                ({"name": "x", "forum": "other"}, "is clique.garden here already"),
                ({"name": "x", "server": "news.example.org"}, "is no server"),
                ({"name": "x", "server": "tcp:news.example.org:119", "login": "/x"}, "anybody could read it"),
                ({"name": "x", "inward": Inward.OFF, "outward": Outward.OFF}, "neither in nor out"),
                ({"name": "x", "interval": 0}, "interval"),
                ({"name": "x", "newsgroup": "a..b"}, "no newsgroup's name"),
                ({"name": "x", "inward": Inward.FED}, "set feed"),
                ({"name": "x", "newsgroup": "y", "forum": "y", "inward": Inward.OFF}, "no forum clique.y"),
            ]:
                await self.refused(self.bridges, Bridge(**_values(self.bridge) | changes), why)
            await self.refused(self.opened("not-for-mail"), self.bridge, "path_identity")
            await self.bridges.add(Bridge(**_values(self.bridge) | {"name": "second"}))
            assert len([*self.bridges]) == 2

        return ensureDeferred(run())

    async def refused(self, bridges: Bridges, bridge: Bridge, why: str) -> None:
        try:
            await bridges.add(bridge)
        except BridgeError as error:
            assert why in str(error), error
        else:
            raise AssertionError(why)

    def test_a_forum_has_one_importer(self) -> Any:
        async def run() -> None:
            await self.root(STRANGER)
            await self.assertFailure(ensureDeferred(self.bridges.add(self.bridge)), NotImporterError)
            assert [*self.bridges] == []

        return ensureDeferred(run())

    def test_from_now_on(self) -> Any:
        async def run() -> None:
            root = await self.root()
            old = await self.post("old", root)
            self.server.add(article("old"))
            await self.bridges.add(self.bridge, from_now_on=True)
            await self.until(lambda: self.way("in").state.number == 1)
            self.server.add(article("new"))
            new = await self.post("new", root)
            await self.until(lambda: self.store.reader.by_message_id(message_id("new")) and self.there(new))
            assert self.there(old) is None
            assert self.store.reader.by_message_id(message_id("old")) is None

        return ensureDeferred(run())

    def test_a_server_that_is_away_is_told_and_tried_again(self) -> Any:
        async def run() -> None:
            self.server.answers[b"GROUP"] = [b"400 shutting down"]
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.way("in").trouble.text)
            assert self.bridges.troubles()[0].startswith("bridge garden, way in: the server said 400 shutting down")
            self.server.add(article("one"))
            await self.until(lambda: self.way("in").state.taken == 1)
            await self.until(lambda: not self.bridges.troubles())

        return ensureDeferred(run())


def _id(record: IRecord) -> bytes:
    return _message_id(record)[1:53]


def _message_id(record: IRecord) -> bytes:
    return message_id_of(record.id)


def _values(bridge: Bridge) -> dict[str, Any]:
    return {name: getattr(bridge, name) for name in Bridge.__slots__ if not name.startswith("__")}
