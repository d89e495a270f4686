"""Making bridges: what belongs together, and what is told where a server is away."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import ensureDeferred

from cliquenntp.service.bridging.bridge import Bridge, BridgeError, Inward, Outward
from cliquenntp.service.bridging.bridges import Bridges
from cliquenntp.service.forums import NotImporterError
from tests.service.bridges_case import STRANGER, BridgesCase, values_of
from tests.service.test_feeding import article, message_id


class BridgesTests(BridgesCase):
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
                await self.refused(self.bridges, Bridge(**values_of(self.bridge) | changes), why)
            await self.refused(self.opened("not-for-mail"), self.bridge, "path_identity")
            await self.bridges.add(Bridge(**values_of(self.bridge) | {"name": "second"}))
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
