"""Waiting for what a newsgroup lacks when somebody looks into it for the first time."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet import defer
from twisted.internet.task import deferLater
from twisted.logger import Logger

from cliquenntp.clique.messages import Channel
from cliquenntp.service.clique_side import CliqueSide
from cliquenntp.service.turn import Turn

LOOK_SECONDS = 0.05
"""between two looks how far it is: a reader does not notice it, and sixty looks cost some 1 ms"""


@attrs.define(eq=False)
class _Fetching:
    channel: Channel
    until: float
    """by the reactor's clock"""
    waiting: list[defer.Deferred[None]] = attrs.field(factory=list)


class CatchUp:
    """The newsgroups that are being fetched for somebody's first look."""

    _log = Logger()

    def __init__(self, reactor: Any, turn: Turn, clique: CliqueSide, seconds: float) -> None:
        """``seconds`` is how long somebody waits at most."""
        self._reactor = reactor
        self._turn = turn
        self._clique = clique
        self._seconds = seconds
        self._fetching: dict[int, _Fetching] = {}

    def is_under_way(self, group: int) -> bool:
        """Tell whether a newsgroup is being fetched."""
        return group in self._fetching

    def begin(self, group: int, channel: Channel) -> None:
        """Fetch a newsgroup whose channel is about to be subscribed to."""
        fetching = self._fetching[group] = _Fetching(channel, self._reactor.seconds() + self._seconds)
        following = defer.ensureDeferred(self._follow(fetching))
        following.addErrback(lambda failure: self._log.failure("A newsgroup could not be fetched", failure))
        following.addCallback(lambda _: self._end(group))

    def wait(self, group: int) -> defer.Deferred[None]:
        """Return what fires when a newsgroup has what was to be fetched, or its time is over."""
        fetching = self._fetching.get(group)
        if fetching is None:
            return defer.succeed(None)
        answer: defer.Deferred[None] = defer.Deferred()
        fetching.waiting.append(answer)
        return answer

    def _end(self, group: int) -> None:
        for answer in self._fetching.pop(group).waiting:
            answer.callback(None)

    async def _follow(self, fetching: _Fetching) -> None:
        """Come back when all that the neighbours had is stored, or the time is over."""
        compared = quiet = False
        while self._reactor.seconds() < fetching.until:
            await deferLater(self._reactor, LOOK_SECONDS)
            state = self._clique.channel(fetching.channel)
            if state is None or not any(True for _ in state.open_edges()):
                continue
            is_behind = bool(state.wanted) or any(edge.differs for edge in state.open_edges())
            if is_behind and not compared:
                # the core would wait half a second, and longer for documents of the last minute, lest it asks for
                # what is on its way already; to somebody who has just come nothing is on its way
                self._clique.resync(fetching.channel)
                compared = True
                continue
            is_busy = state.is_fetching or (state.reconciling and not state.reconciled)
            if not is_busy and (quiet or compared):
                # what came is in the turn's queue; this step is behind it
                await self._turn.submit(lambda writer: None)
                return
            quiet = not is_busy
