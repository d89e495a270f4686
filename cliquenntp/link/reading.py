"""Whether a link's bytes are taken just now: its owner may have enough to do, and a peer may send too many frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cliquenntp.link.rate import Rate

_TOO_FAST = "rate"


class Reading:
    """Stops and goes on reading one transport, which has none of it before ``start``.

    ``resumed`` is called whenever reading goes on; ``frames_per_second`` is the bound on what is taken.
    """

    def __init__(self, clock: Any, frames_per_second: float, resumed: Callable[[], None]) -> None:
        self._clock = clock
        self._frames = Rate(frames_per_second)
        self._resumed = resumed
        self._stops: set[str] = set()
        self._transport: Any = None
        self._call: Any = None

    @property
    def stopped(self) -> bool:
        """Whether nothing is taken."""
        return bool(self._stops)

    def start(self, transport: Any) -> None:
        """Take charge of a link's transport (IPushProducer)."""
        self._transport = transport

    def end(self) -> None:
        """Leave the transport alone from now on."""
        self._transport = None
        if self._call is not None and self._call.active():
            self._call.cancel()

    def stop(self, who: str) -> None:
        """Take nothing until ``who`` lets it go on; several may ask."""
        if not self._stops and self._transport is not None:
            self._transport.pauseProducing()
        self._stops.add(who)

    def go_on(self, who: str) -> None:
        """Take back one stop."""
        if who in self._stops:
            self._stops.discard(who)
            if not self._stops and self._transport is not None:
                self._resumed()
                self._transport.resumeProducing()

    def took(self, frames: int, now: float) -> None:
        """Count frames; pause where they come too fast."""
        self._frames.take(frames, now)
        wait = self._frames.wait(now)
        if wait and _TOO_FAST not in self._stops:
            self.stop(_TOO_FAST)
            self._call = self._clock.callLater(wait, self.go_on, _TOO_FAST)
