"""Asking the other end of an open link whether it still lives, as its watch says when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cliquenntp.link.watch import Dead, Ping, Watch

_CHECKS_PER_PING = 3
"""How often a link looks at its time limits while it waits for one pong."""


class Pulse:
    """The timer of one link's watch.

    ``check`` asks the watch at a time (monotonic seconds) how the link stands; ``ping`` sends a payload; ``dead`` gets
    the reason to give the link up.
    """

    def __init__(
        self,
        clock: Any,
        watch: Watch,
        ping_time: float,
        check: Callable[[Watch, float], Ping | Dead | None],
        ping: Callable[[bytes], None],
        dead: Callable[[str], None],
    ) -> None:
        self.watch = watch
        self._clock = clock
        self._every = ping_time / _CHECKS_PER_PING
        self._check = check
        self._ping = ping
        self._dead = dead
        self._call: Any = clock.callLater(self._every, self._look)

    def probe(self) -> None:
        """Ask at once."""
        self._do(self.watch.ping(self._clock.seconds()))

    def stop(self) -> None:
        """Ask no more."""
        if self._call.active():
            self._call.cancel()

    def _look(self) -> None:
        self._call = self._clock.callLater(self._every, self._look)
        self._do(self._check(self.watch, self._clock.seconds()))

    def _do(self, wanted: Ping | Dead | None) -> None:
        if isinstance(wanted, Ping):
            self._ping(wanted.payload)
        elif isinstance(wanted, Dead):
            self._dead(wanted.reason)
