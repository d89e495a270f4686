"""Fetching at once what a channel lacks that somebody has just begun to follow, and waiting for it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from twisted.internet import defer
from twisted.internet.task import deferLater
from twisted.logger import Logger

from cliquenntp.clique.messages import Channel
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.turn import Turn, TurnRefused

LOOK_SECONDS = 0.05
"""between two looks how far it is: a reader does not notice it, and all looks together cost some 20 ms"""

FETCH_SECONDS = 60.0
"""after which a channel is left to the core's own pace: over I2P a first link takes half a minute"""


class CatchUp:
    """The channels that are being fetched."""

    _log = Logger()

    def __init__(self, reactor: Any, turn: Turn, clique: CliqueSide, seconds: float) -> None:
        """``seconds`` is how long somebody waits at most."""
        self._reactor = reactor
        self._turn = turn
        self._clique = clique
        self._seconds = seconds
        self._waiting: dict[Channel, list[defer.Deferred[None]]] = {}
        """by each channel that is being fetched, whoever waits for it"""
        self._stopped = False

    def stop(self) -> None:
        """Fetch and wait no more."""
        self._stopped = True

    def is_under_way(self, channel: Channel) -> bool:
        """Tell whether a channel is being fetched."""
        return channel in self._waiting

    def begin(self, channel: Channel) -> None:
        """Fetch a channel that is about to be subscribed to."""
        if channel in self._waiting:
            return
        self._waiting[channel] = []
        fetching = defer.ensureDeferred(self._fetch(channel))
        fetching.addErrback(lambda failure: self._log.failure("A channel could not be fetched", failure))
        fetching.addCallback(lambda _: self._end(channel))

    def wait(self, channel: Channel) -> defer.Deferred[None]:
        """Return what fires when a channel has what was to be fetched, or was waited for long enough."""
        waiting = self._waiting.get(channel)
        if waiting is None:
            return defer.succeed(None)
        answer: defer.Deferred[None] = defer.Deferred()
        waiting.append(answer)
        return answer.addTimeout(self._seconds, self._reactor, onTimeoutCancel=lambda result, timeout: None)

    def _end(self, channel: Channel) -> None:
        for answer in self._waiting.pop(channel):
            if not answer.called:
                answer.callback(None)

    async def _fetch(self, channel: Channel) -> None:
        """Come back when all that the neighbours had is stored, or the time is over."""
        compared = quiet = False
        until = self._reactor.seconds() + FETCH_SECONDS
        while self._reactor.seconds() < until and not self._stopped:
            await deferLater(self._reactor, LOOK_SECONDS)
            state = self._clique.channel(channel)
            if state is None or not any(True for _ in state.open_edges()):
                continue
            is_behind = bool(state.wanted) or any(edge.differs for edge in state.open_edges())
            if is_behind and not compared:
                # the core would wait half a second, and longer for documents of the last minute, lest it asks for
                # what is on its way already; to somebody who has just come nothing is on its way
                self._clique.resync(channel)
                compared = True
                continue
            is_busy = state.is_fetching or (state.reconciling and not state.reconciled)
            if not is_busy and (quiet or compared):
                # what came is in the turn's queue; this step is behind it
                with suppress(TurnRefused):
                    await self._turn.submit(lambda writer: None)
                return
            quiet = not is_busy
