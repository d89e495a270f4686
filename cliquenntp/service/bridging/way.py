"""What both ways of a bridge have in common: going on step by step, the connection, waits, and telling the operator."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.task import deferLater
from twisted.logger import Logger

from cliquenntp.link.backoff import Schedule
from cliquenntp.nntp.client_connection import NewsServer
from cliquenntp.service.bridging.bridge import Bridge, Trouble
from cliquenntp.service.bridging.server import Unreachable, connect
from cliquenntp.service.turn import TurnRefused

AWAY = Schedule(1.0, 300.0)
"""waits while a server is away or puts articles off: a restart is noticed within seconds, a day costs 300 attempts"""

IDLE_SECONDS = 20.0
"""after which a connection that is not needed is closed: it costs the server a process or a slot"""

UNTIL_WOKEN = math.inf
BACK_OFF = -1.0

T = TypeVar("T")


class Way:
    """One way of a bridge, walked by ``step`` again and again while it runs."""

    log = Logger()

    def __init__(
        self, reactor: Any, bridge: Bridge, direction: str, dice: Callable[[], float] = random.random,
    ) -> None:
        """``direction`` is ``in`` or ``out``, for the log."""
        self._reactor = reactor
        self._bridge = bridge
        self.direction = direction
        self._dice = dice
        self._server: NewsServer | None = None
        self._is_stopped = False
        self._has_news = False
        self._woken: Deferred[None] | None = None
        self._running: Deferred[None] | None = None
        self.trouble = Trouble()

    async def step(self) -> float:
        """Do what is to be done; return the seconds to wait then, UNTIL_WOKEN, or BACK_OFF where it stands still."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin, where it ended last."""
        self._running = Deferred.fromCoroutine(self._run())
        self._running.addErrback(self._ended)

    def _ended(self, failure: Any) -> None:
        if self._is_stopped:  # whatever was under way was cancelled
            return
        self.log.failure("bridge {name}: the way {way} ended by an error of this program", failure,
                         name=self._bridge.name, way=self.direction)
        self.trouble.text = f"an error of this program: {failure.getErrorMessage()}"

    def stop(self) -> None:
        """End at once; what was not settled and stored is done again after the next start."""
        self._is_stopped = True
        if self._running is not None:
            self._running.cancel()
        self._hang_up()

    def wake(self) -> None:
        """Take the next step soon, unless it waits because the server is away."""
        self._has_news = True
        if self._woken is not None and not self._woken.called:
            self._woken.callback(None)

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection just now."""
        return self._server is not None

    async def _run(self) -> None:
        failures = 0
        while True:
            self._has_news = False
            try:
                wait = await self.step()
                self.trouble.text = ""
            except (*Unreachable, TurnRefused) as error:
                self._hang_up()
                if self._is_stopped:  # a connection that is being made fails so when it is cancelled
                    return
                self._stuck(str(error) or type(error).__name__)
                wait = BACK_OFF
            if wait == BACK_OFF:
                failures += 1
                await deferLater(self._reactor, AWAY.wait(failures, self._dice))
            else:
                failures = 0
                await self._sleep(wait)

    def _stuck(self, why: str) -> None:
        why = _printable(why)
        if self.trouble.text != why:
            self.log.warn("bridge {name}, way {way}: {why}", name=self._bridge.name, way=self.direction, why=why)
        self.trouble.text = why

    async def _sleep(self, seconds: float) -> None:
        """Wait, at most until there is something to do; hang up where that takes long."""
        if self._has_news or not seconds:
            return
        self._woken = Deferred()
        timers = [self._reactor.callLater(IDLE_SECONDS, self._hang_up)]
        if seconds != UNTIL_WOKEN:
            timers.append(self._reactor.callLater(seconds, self.wake))
        try:
            await self._woken
        finally:
            self._woken = None
            for timer in timers:
                if timer.active():
                    timer.cancel()

    async def _connected(self, as_reader: bool) -> NewsServer:
        """Return the connection, which is made where there is none.  Raises what Unreachable names."""
        if self._server is None or self._server.is_over:
            self._server = await connect(self._reactor, self._bridge, as_reader)
            await self._greeted(self._server)
        return self._server

    async def _greeted(self, server: NewsServer) -> None:
        """Find out what a server can that was just connected to."""

    def _hang_up(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _refused(self, message_id: bytes, why: str) -> None:
        """Tell the operator of an article that did not go over."""
        shown, why = _printable(message_id.decode("utf-8", "replace")), _printable(why)
        self.trouble.refusals.append((shown, why))
        self.log.warn(
            "bridge {name}, way {way}: {message_id} was refused: {why}",
            name=self._bridge.name, way=self.direction, message_id=shown, why=why)


def _printable(text: str) -> str:
    """Return what another server said without what would do something to a terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)


async def all_of(asked: Sequence[Deferred[T]]) -> list[T]:
    """Return the results of all.  Raises the first reason why some have none."""
    try:
        return await gatherResults(asked, consumeErrors=True)
    except FirstError as error:
        error.subFailure.raiseException()
        raise
