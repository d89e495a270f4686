"""What a bridge takes from a news server, once, and what is taken back on either side."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import ensureDeferred

from cliquenntp.newsgroup.retraction import retraction_fields
from tests.service.bridges_case import BridgesCase, message_id_at
from tests.service.news_server import field
from tests.service.test_feeding import article, message_id


class InwardTests(BridgesCase):
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


class RetractionTests(BridgesCase):
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
            assert field(raw, b"Supersedes") == message_id_at(first)
            cancel = await self.post("", root, *retraction_fields(b"Clique-Cancel", second.docno, archive))
            raw = await self.until(lambda: self.there(cancel))
            assert field(raw, b"Control") == b"cancel " + message_id_at(second)
            assert field(raw, b"Newsgroups") == b"misc.garden"

        return ensureDeferred(run())
