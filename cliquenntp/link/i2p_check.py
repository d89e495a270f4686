"""Whether a node's own I2P address still answers: a router can become deaf without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import defer
from twisted.internet.protocol import Factory

from cliquenntp.link.i2p_streams import Discard


class AddressCheck:
    """Dials the node itself whenever nobody else has dialled it for a while.

    ``dial`` opens a stream to the node's own address with a factory; ``deaf`` is called when none comes in.  Seconds:
    ``after`` without a stream (0: never), ``patience`` until one must have come.
    """

    def __init__(
        self,
        clock: Any,
        after: float,
        patience: float,
        dial: Callable[[Factory], defer.Deferred[Any]],
        deaf: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._after = after
        self._patience = patience
        self._dial = dial
        self._deaf = deaf
        self._last_stream = 0.0
        self._call: Any = None

    def start(self) -> None:
        """Begin, in a session that has just come up."""
        self.stream_came()
        if self._after:
            self._look_after(self._after)

    def stop(self) -> None:
        """Look no more."""
        if self._call is not None and self._call.active():
            self._call.cancel()

    def stream_came(self) -> None:
        """Take note that a stream came in."""
        self._last_stream = self._clock.seconds()

    def _look_after(self, seconds: float) -> None:
        self._call = self._clock.callLater(seconds, self._look)

    def _look(self) -> None:
        idle = self._clock.seconds() - self._last_stream
        if idle < self._after:
            self._look_after(self._after - idle)
            return
        self._dial(Discard()).addTimeout(self._patience, self._clock).addErrback(lambda _: None)
        self._call = self._clock.callLater(self._patience, self._judge, self._last_stream)

    def _judge(self, before: float) -> None:
        if self._last_stream == before:
            self._deaf()
        else:
            self._look_after(self._after)
