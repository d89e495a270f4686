"""The way in of a bridge: a newsgroup's new articles are asked for by number, and its server for what was cancelled.

By number, because servers switch NEWNEWS off and a number tells without a clock where one was.  The number up to which
all is settled is stored after each CHUNK; an article that comes twice is known by its Message-ID.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import attrs

from cliquenntp.document import Signer
from cliquenntp.interfaces import IArchive, IWriter
from cliquenntp.newsgroup.feeding import cancelled_by, is_held, is_ours
from cliquenntp.nntp.client_connection import NewsServer
from cliquenntp.nntp.session import PostResult
from cliquenntp.service.bridging.bridge import (
    AT_THE_END,
    INWARD_STATES,
    Bridge,
    BridgeError,
    Inward,
    InwardState,
    read_state,
    write_state,
)
from cliquenntp.service.bridging.cancels import forget_cancel, is_cancellable, note_cancel, noted_cancels
from cliquenntp.service.bridging.replies import Row, answers_last, batches, marks_of, row_of
from cliquenntp.service.bridging.server import expect
from cliquenntp.service.bridging.way import UNTIL_WOKEN, Way, all_of
from cliquenntp.service.feeding import HELD, Feeding
from cliquenntp.service.imports.sources import LARGEST_ARTICLE
from cliquenntp.service.turn import Turn

CHUNK = 2000
"""articles whose overview is asked for at once, some 800 KB; the place is stored after each.  Within one an answer is
taken behind what it answers, whatever their numbers: it could not be put below it later"""

CANCELS_GROUP = b"control.cancel"
"""where INN and others file cancels"""

_NOT_SHOWN = (411, 480, 502)
"""said of it where it is not there, or not for us"""

MOST_CANCELS = 5000
"""looked at in one go"""


class InwardWay(Way):
    """Takes one newsgroup's articles from one server while it runs."""

    def __init__(
        self, reactor: Any, bridge: Bridge, archive: IArchive, turn: Turn, feeding: Feeding, signer: Signer,
        obey: Callable[[IWriter, bytes], object],
    ) -> None:
        """``signer`` is the importer; ``obey`` is a step that cancels what was brought under a Message-ID."""
        super().__init__(reactor, bridge, "in")
        self._archive: Any = archive
        self._turn = turn
        self._feeding = feeding
        self._signer = signer
        self._obey = obey
        self.state = read_state(archive, INWARD_STATES, bridge.name, InwardState)

    async def step(self) -> float:
        """Take what is new.  Raises what Unreachable names, or TurnRefused."""
        if self._bridge.inward is Inward.PULL:
            server = await self._connected(as_reader=True)
            cancels = await self._new_cancels(server)
            group = expect(await server.ask(b"GROUP " + self._bridge.newsgroup.encode("ascii")), 211)
            await self._take_articles(server, *marks_of(group.text))
            if cancels is not None:
                await self._note_cancels(server, *cancels)
        if next(noted_cancels(self._archive, self._bridge.newsgroup), None) is not None:
            await self._ask_about_cancels(await self._connected(as_reader=True))
        return self._bridge.interval if self._bridge.inward is Inward.PULL else UNTIL_WOKEN

    # articles

    async def _take_articles(self, server: NewsServer, low: int, high: int) -> None:
        if self.state.number == AT_THE_END:
            await self._store(attrs.evolve(self.state, number=high))
        first = max(low, await self._next_number(server, high))
        while first <= high:
            last = min(first + CHUNK - 1, high)
            rows = await self._rows(server, first, last)
            for batch in batches(self._wanted(answers_last(rows))):
                await self._take_batch(server, batch)
            newest = [row.message_id for row in rows if row.number == last]
            await self._store(attrs.evolve(self.state, number=last, message_id=newest[0] if newest else b""))
            first = last + 1

    async def _next_number(self, server: NewsServer, high: int) -> int:
        """Return the number behind the last settled one; 1 where the server has begun to count anew."""
        state = self.state
        is_same = state.number <= high or not high  # some say 0 of any empty newsgroup
        if is_same and state.message_id:
            there = await server.ask(b"STAT %d" % state.number)
            is_same = there.code != 223 or state.message_id in there.text.split()
        if not is_same:
            self.log.warn(
                "bridge {name}: the server counts its articles anew; all are looked at again", name=self._bridge.name)
        return state.number + 1 if is_same else 1

    async def _rows(self, server: NewsServer, first: int, last: int) -> list[Row]:
        reply = expect(await server.ask(b"XOVER %d-%d" % (first, last)), 224, 420, 423)
        return [row for row in map(row_of, reply.lines) if row is not None]

    def _wanted(self, rows: Sequence[Row]) -> Iterator[Row]:
        for row in rows:
            if is_ours(row.message_id) or is_held(row.message_id, self._archive):
                self.state.held += 1
            elif row.octets > LARGEST_ARTICLE:
                self._refuse(row.message_id, f"{row.octets} octets; at most {LARGEST_ARTICLE} are read")
            else:
                yield row

    async def _take_batch(self, server: NewsServer, rows: Sequence[Row]) -> None:
        replies = await all_of([server.ask(b"ARTICLE %d" % row.number) for row in rows])
        taking = [
            (row, self._feeding.take(row.message_id, expect(reply, 220).raw))
            for row, reply in zip(rows, replies, strict=True) if reply.code not in (423, 430)  # gone meanwhile
        ]
        results = await all_of([taken for _, taken in taking])
        for (row, _), result in zip(taking, results, strict=True):
            self._note(row, result)

    def _note(self, row: Row, result: PostResult) -> None:
        if result.later:
            raise BridgeError(result.text)
        if result.accepted:
            self.state.taken += 1
        elif result is HELD:  # another server's bridge was faster
            self.state.held += 1
        else:
            self._refuse(row.message_id, result.text)

    def _refuse(self, message_id: bytes, why: str) -> None:
        self.state.refused += 1
        self._refused(message_id, why)

    async def _store(self, state: InwardState, *more: Callable[[IWriter], object]) -> None:
        """Keep how far the way is, and do more in the same step."""

        def step(writer: IWriter) -> None:
            for change in more:
                change(writer)
            write_state(writer, INWARD_STATES, self._bridge.name, state)

        await self._turn.submit(step)
        self.state = state

    # cancels

    async def _new_cancels(self, server: NewsServer) -> tuple[int, int] | None:
        """Return the numbers of the first and the last cancel that is new, or None where there is none.

        Asked before the articles: what was cancelled before the first look is not among them any more.
        """
        group = expect(await server.ask(b"GROUP " + CANCELS_GROUP), 211, *_NOT_SHOWN)
        if group.code != 211:
            return None
        low, high = marks_of(group.text)
        if self.state.control is None or self.state.control > high:
            await self._store(attrs.evolve(self.state, control=high))
        assert self.state.control is not None
        first = max(self.state.control + 1, low, high - MOST_CANCELS + 1)
        return (first, high) if first <= high else None

    async def _note_cancels(self, server: NewsServer, first: int, high: int) -> None:
        expect(await server.ask(b"GROUP " + CANCELS_GROUP), 211)
        reply = expect(await server.ask(b"XHDR Control %d-%d" % (first, high)), 221, 420, 423)
        named = (cancelled_by(line.partition(b" ")[2]) for line in reply.lines)
        targets = [target for target in named if target and is_cancellable(target, self._archive, self._signer)]
        newsgroup = self._bridge.newsgroup
        notes = [partial(note_cancel, newsgroup=newsgroup, target=target) for target in targets]
        await self._store(attrs.evolve(self.state, control=high), *notes)

    async def _ask_about_cancels(self, server: NewsServer) -> None:
        newsgroup = self._bridge.newsgroup
        for target in [*noted_cancels(self._archive, newsgroup)]:
            reply = expect(await server.ask(b"STAT " + target), 223, 430)
            forget = partial(forget_cancel, newsgroup=newsgroup, target=target)
            if reply.code == 430:
                state = attrs.evolve(self.state, cancelled=self.state.cancelled + 1)
                await self._store(state, self._obeying(target), forget)
            else:
                self.log.info(
                    "bridge {name}: {target} stays: somebody cancelled it, and its server still has it",
                    name=self._bridge.name, target=target.decode("utf-8", "replace"))
                await self._turn.submit(forget)

    def _obeying(self, target: bytes) -> Callable[[IWriter], object]:
        return lambda writer: self._obey(writer, target)
