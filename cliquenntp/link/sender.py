"""The sending half of a link: one write a turn of the reactor, no more than the transport takes and the rate allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from cliquenntp.link.outbox import Body, Encode, Outbox
from cliquenntp.link.rate import Rate

_WRITE_SIZE = 64 * 1024
"""Bytes given to the transport at a time: its own buffer's bound, so that it says when to pause."""


@implementer(IPushProducer)
class Sender:
    """Writes what waits.

    ``write`` takes bytes; ``rate`` bounds the bodies of all links together; ``failed`` gets the reason when something
    turns out too long to be sent.
    """

    def __init__(
        self, clock: Any, encode: Encode, rate: Rate, write: Callable[[bytes], None], failed: Callable[[str], None]
    ) -> None:
        self._clock = clock
        self._outbox = Outbox(encode)
        self._rate = rate
        self._write = write
        self._failed = failed
        self._call: Any = None
        self._rate_waits = False
        self._at_end: tuple[bytes, Callable[[], None]] | None = None
        self.stopped_at: float | None = None
        """since when the transport takes nothing (monotonic), None while it does"""

    @property
    def waiting(self) -> int:
        """Bytes that wait."""
        return self._outbox.waiting

    @property
    def bodies(self) -> int:
        """Bodies that wait to be fetched."""
        return self._outbox.bodies

    def send(self, messages: Iterable[Any]) -> None:
        """Queue messages without bodies; ValueError when one is beyond the protocol's limits."""
        self._outbox.put(messages)
        self._soon()

    def send_document(self, message: Any, body: Body) -> None:
        """Queue a message with its body; ValueError when the body is too long."""
        self._outbox.put_document(message, body)
        self._soon()

    def send_frame(self, frame: bytes) -> None:
        """Queue a frame of the link's own."""
        self._outbox.put_frame(frame)
        self._soon()

    def finish(self, last: bytes, then: Callable[[], None]) -> None:
        """Write ``last`` behind all that waits, then call ``then``."""
        self._at_end = (last, then)
        self._soon()

    def stop(self) -> None:
        """Write nothing more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self.stopped_at = self._clock.seconds()

    def pauseProducing(self) -> None:
        """The transport holds enough."""
        if self.stopped_at is None:
            self.stopped_at = self._clock.seconds()

    def resumeProducing(self) -> None:
        """The transport has written what it held."""
        self.stopped_at = None
        self._soon()

    def stopProducing(self) -> None:
        """The transport is gone."""
        self.stop()

    def _soon(self) -> None:
        """Write at the end of this turn of the reactor."""
        if self._call is not None and self._rate_waits and self._outbox.has_urgent:
            self._call.cancel()
            self._call = None
        if self._call is None and self.stopped_at is None:
            self._call, self._rate_waits = self._clock.callLater(0, self._flush), False

    def _flush(self) -> None:
        self._call = None
        try:
            while self._outbox and self.stopped_at is None:
                batch = self._batch()
                if batch:
                    self._write(batch)
                elif not self._outbox.has_urgent and self._outbox:
                    wait = self._rate.wait(self._clock.seconds())
                    if wait:
                        self._call, self._rate_waits = self._clock.callLater(wait, self._flush), True
                        return
        except ValueError as error:
            self._failed(f"this node had something to send that is beyond the limits: {error}")
            return
        if self._at_end is not None and not self._outbox:
            (last, then), self._at_end = self._at_end, None
            self._write(last)
            then()

    def _batch(self) -> bytes:
        parts = self._outbox.take_urgent()
        size = sum(map(len, parts))
        now = self._clock.seconds()
        while size < _WRITE_SIZE and not self._rate.wait(now):
            piece = self._outbox.take_piece()
            if piece is None:
                break
            self._rate.take(len(piece), now)
            parts.append(piece)
            size += len(piece)
        return b"".join(parts)
