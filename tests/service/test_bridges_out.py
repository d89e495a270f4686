"""What goes over a bridge to a news server, once, and what is told where it does not."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import ensureDeferred

from cliquenntp.interfaces import NOBODY, SHARED
from cliquenntp.service.bridging.bridge import Bridge, Inward, Outward
from tests.service.bridges_case import BridgesCase, id_of, message_id_at, values_of
from tests.service.news_server import field
from tests.service.test_feeding import article, message_id


class OutwardTests(BridgesCase):
    def test_a_forum_goes_out_without_what_is_its_own(self) -> Any:
        async def run() -> None:
            root = await self.root()
            start = await self.post("start", root)
            self.server.add(article("foreign"))
            await self.bridges.add(self.bridge)
            await self.until(lambda: self.there(start))
            imported = await self.until(lambda: self.store.reader.by_message_id(message_id("foreign")))
            answer = await self.post(
                "answer", root, (b"Clique-Parent", id_of(self.store.reader.record(imported))), (b"Approved", b"me"),
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
            assert [line for line in self.server.said(b"CHECK") if message_id_at(first) in line] == [
                b"CHECK " + message_id_at(first)]
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
            assert self.server.find(message_id_at(held_back)) < self.server.find(message_id_at(behind))

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
            assert [*self.way("out").trouble.refusals] == [(message_id_at(records[1]).decode(), "439 no? thanks")]
            assert [self.there(record) is not None for record in records] == [True, False, True]

        return ensureDeferred(run())

    def test_a_server_without_streaming(self) -> Any:
        async def run() -> None:
            self.server.streams = False
            root = await self.root()
            records = [await self.post(str(number), root) for number in range(3)]
            self.server.add(article("held", Message_ID=message_id_at(records[0]).decode()))
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
            self.server.add(article("held", Message_ID=message_id_at(records[0]).decode()))
            self.server.answers[b"article"] = [b"441 twice", b"441 no"]
            changes: dict[str, Any] = {"outward": Outward.POST, "inward": Inward.OFF, "login": str(login)}
            await self.bridges.add(Bridge(**values_of(self.bridge) | changes))
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
            await self.bridges.add(Bridge(**values_of(self.bridge) | {"login": str(login)}))
            await self.until(lambda: "chmod 600" in self.way("in").trouble.text)
            assert self.server.said(b"AUTHINFO") == []
            assert any("chmod 600" in line for line in self.bridges.troubles())

        return ensureDeferred(run())
