"""The way out of a bridge: a forum's new documents go to a news server, in order, each until it is settled.

A batch is offered at once and its articles follow at once, so the way takes two turns of the network a batch, and at
most BATCH_OCTETS wait for a slow server.  The place up to which all is settled is stored after each batch; what was
sent again after a kill or a server's restart the server knows by its Message-ID.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from twisted.internet.task import deferLater

from cliquenntp.interfaces import NOBODY, IArchive
from cliquenntp.newsgroup.gateway import Gateway, OutgoingArticle
from cliquenntp.nntp.client import Reply
from cliquenntp.nntp.client_connection import NewsServer
from cliquenntp.service.bridging.bridge import OUTWARD_STATES, Bridge, Outward, OutwardState, read_state, write_state
from cliquenntp.service.bridging.server import expect
from cliquenntp.service.bridging.way import BACK_OFF, UNTIL_WOKEN, Way, all_of
from cliquenntp.service.turn import Turn

BATCH_ARTICLES = 100
BATCH_OCTETS = 1 << 20
"""at most so much waits in memory for a server that takes it slowly; one larger article goes alone"""

DOCUMENTS_LOOKED_AT = 500
"""between two chances for others: of other forums some may be passed over, 26 us each when cold"""

MOST_LOOKED_AT_AGAIN = 1000
"""documents of other forums that are passed over before that is stored: at a start they are passed over again"""

MOST_LATER = 20
"""times that a server may put an article off before that counts as a refusal; with the waits below, an hour or so"""

_SENT, _HELD, _LATER, _REFUSED = "sent", "held", "later", "refused"
_CHECKED = {238: _SENT, 438: _HELD, 431: _LATER}
_TAKEN = {239: _SENT, 439: _REFUSED}
_OFFERED = {235: _SENT, 435: _HELD, 436: _LATER, 437: _REFUSED}

Outcome = tuple[str, Reply]
Batch = Sequence[tuple[int, OutgoingArticle]]


class OutwardWay(Way):
    """Sends one forum's documents to one server while it runs."""

    def __init__(self, reactor: Any, bridge: Bridge, archive: IArchive, turn: Turn, gateway: Gateway) -> None:
        super().__init__(reactor, bridge, "out")
        self._archive = archive
        self._turn = turn
        self._gateway = gateway
        self._streams = False
        self.state = read_state(archive, OUTWARD_STATES, bridge.name, OutwardState)
        self.settled = self.state.docno
        """documents up to this docno went over, were refused, or stay here; may be ahead of what is stored"""
        self._later: dict[int, int] = {}
        """how often an article was put off, by docno"""
        self._ahead: set[int] = set()
        """docnos beyond that are done with: they came behind one that was put off"""

    async def step(self) -> float:
        """Send the next batch, or find that there is none."""
        batch, last = await self._next_batch()
        if not batch:
            self.settled = last
            if last - self.state.docno > MOST_LOOKED_AT_AGAIN:
                await self._store(last)
            return UNTIL_WOKEN
        server = await self._connected(self._bridge.outward is Outward.POST)
        outcomes = await self._hand_over(server, batch)
        put_off = [
            docno for (docno, article), outcome in zip(batch, outcomes, strict=True)
            if not self._note(docno, article, *outcome)]
        self.settled = put_off[0] - 1 if put_off else last
        self._ahead = {docno for docno in self._ahead if docno > self.settled}
        await self._store(self.settled)
        return BACK_OFF if put_off else 0

    async def _greeted(self, server: NewsServer) -> None:
        if self._bridge.outward is Outward.FEED:
            self._streams = (await server.ask(b"MODE STREAM")).code == 203

    async def _next_batch(self) -> tuple[list[tuple[int, OutgoingArticle]], int]:
        """Return the next articles with their docnos, and the last docno that was looked at."""
        found: list[tuple[int, OutgoingArticle]] = []
        octets = 0
        last = self.settled
        is_injected = self._bridge.outward is Outward.FEED
        while not found:
            for looked_at, docno in enumerate(self._archive.since(last)):
                if looked_at == DOCUMENTS_LOOKED_AT:
                    break
                if self._archive.holds(NOBODY, docno) and not self._archive.gone(docno):
                    return found, last  # what comes behind it waits too: the place that is kept is one number
                article = None if docno in self._ahead else self._gateway.article(docno, self._forum, is_injected)
                if article is not None:
                    octets += len(article.raw)
                    if found and octets > BATCH_OCTETS:
                        return found, last
                    found.append((docno, article))
                last = docno
                if len(found) == BATCH_ARTICLES:
                    return found, last
            else:
                break
            await deferLater(self._reactor, 0)
        return found, last

    @property
    def _forum(self) -> str:
        return f"clique.{self._bridge.forum}"

    async def _hand_over(self, server: NewsServer, batch: Batch) -> list[Outcome]:
        """Return what became of each article.  Raises what Unreachable names."""
        if self._bridge.outward is Outward.POST:
            return [await self._post(server, article) for _, article in batch]
        if not self._streams:
            return [await self._offer(server, article) for _, article in batch]
        checks = await all_of([server.ask(b"CHECK " + article.message_id) for _, article in batch])
        outcomes = [(_CHECKED[expect(reply, *_CHECKED).code], reply) for reply in checks]
        wanted = [at for at, (what, _) in enumerate(outcomes) if what is _SENT]
        articles = [batch[at][1] for at in wanted]
        taken = await all_of([server.ask(b"TAKETHIS " + article.message_id, article.raw) for article in articles])
        for at, reply in zip(wanted, taken, strict=True):
            outcomes[at] = _TAKEN[expect(reply, *_TAKEN).code], reply
        return outcomes

    async def _offer(self, server: NewsServer, article: OutgoingArticle) -> Outcome:
        reply = expect(await server.give(b"IHAVE " + article.message_id, article.raw), *_OFFERED)
        return _OFFERED[reply.code], reply

    async def _post(self, server: NewsServer, article: OutgoingArticle) -> Outcome:
        reply = expect(await server.give(b"POST", article.raw), 240, 441)
        if reply.code == 240:
            return _SENT, reply
        # 441 says of an article that is there already what it says of a bad one
        there = await server.ask(b"STAT " + article.message_id)
        return _HELD if there.code == 223 else _REFUSED, reply

    def _note(self, docno: int, article: OutgoingArticle, what: str, reply: Reply) -> bool:
        """Count what became of an article; return whether it is settled."""
        if what is _LATER:
            put_off = self._later[docno] = self._later.get(docno, 0) + 1
            if put_off < MOST_LATER:
                return False
            what = _REFUSED
        self._ahead.add(docno)
        self._later.pop(docno, None)
        setattr(self.state, what, getattr(self.state, what) + 1)
        if what is _REFUSED:
            self._refused(article.message_id, str(reply))
        return True

    async def _store(self, settled: int) -> None:
        """Keep the place up to which all is settled."""
        state = attrs.evolve(self.state, docno=settled)
        await self._turn.submit(lambda writer: write_state(writer, OUTWARD_STATES, self._bridge.name, state))
        self.state.docno = settled
