"""One connection to another node: a Twisted protocol around the handshake, the frames and the life of a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Protocol as Typed

import attrs
from twisted.internet import interfaces
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from cliquenntp.link import framing
from cliquenntp.link.handshake import Dialler, HandshakeError, Listener, Peer, Refusal
from cliquenntp.link.lifecycle import Life, new_life
from cliquenntp.link.outbox import Body, Outbox
from cliquenntp.link.rate import Rate
from cliquenntp.link.settings import LinkSettings

_WRITE_SIZE = 64 * 1024
"""Bytes given to the transport at a time: its own buffer's bound, so that it says when to pause."""

_CHECKS_PER_PING = 3
"""How often a link looks at its time limits while it waits for one pong."""


class Owner(Typed):
    """Whoever has sessions: is told what happens to them."""

    def session_proved(self, session: LinkSession) -> Refusal | None:
        """Return why the peer (``session.peer``, just proved) may not open a link, or None."""

    def session_opened(self, session: LinkSession) -> None:
        """Take a session whose link is open."""

    def session_message(self, session: LinkSession, message: bytes, body: bytes | None) -> None:
        """Take a message from an open link; ValueError when it breaks the protocol."""

    def session_pieces(self, session: LinkSession, message: bytes) -> None:
        """Take note that a part of the body behind ``message`` has come; ValueError as above."""

    def session_failed(self, session: LinkSession, reason: str, refusal: Refusal | None) -> None:
        """Take note that a connection closed before its link was open."""

    def session_closed(self, session: LinkSession, reason: str, at_fault: bool) -> None:
        """Take note that an open link is closed; ``at_fault``: the peer broke the protocol."""

    def session_gone(self, session: LinkSession) -> None:
        """Take note that nothing is left of a connection."""


@attrs.frozen
class Surroundings:
    """What every session of a node shares."""

    clock: Any
    """IReactorTime"""
    settings: LinkSettings
    owner: Owner
    dice: Callable[[], float]
    rate: Rate
    """of the bodies of all links together"""


@implementer(interfaces.IHandshakeListener, interfaces.IPushProducer)
class LinkSession(Protocol):
    """One connection.

    ``make_handshake`` gets the channel binding and returns this side of the handshake; ``encrypted`` says that the
    transport is TLS, whose own handshake comes first.
    """

    transport: Any

    def __init__(
        self,
        surroundings: Surroundings,
        make_handshake: Callable[[bytes], Dialler | Listener],
        dialled: bool,
        encrypted: bool = False,
        handshake_time: float = 30.0,
    ) -> None:
        self.dialled = dialled
        self.encrypted = encrypted
        self.link_id = 0
        self.is_open = False
        self.latency = 0.0
        """one way in seconds, half of the shortest recent round trip"""
        self.bytes_received = 0
        self.bytes_sent = 0
        self._shared = surroundings
        self._settings = surroundings.settings
        self._clock = surroundings.clock
        self._make_handshake = make_handshake
        self._handshake: Dialler | Listener | None = None
        self._handshake_time = handshake_time
        self._handshake_sent = 0.0
        self._refusal: Refusal | None = None
        self._at_fault = False
        self._decoder = framing.FrameDecoder()
        self._outbox = Outbox()
        self._frames = Rate(surroundings.settings.max_frames_per_second)
        self._read_stops: set[str] = set()
        self._write_stopped_at: float | None = None
        self._flush_call: Any = None
        self._rate_waits = False
        self._farewell: str | None = None
        self._deadline: Any = None
        self._check_call: Any = None
        self._resume_call: Any = None
        self._heard_at = 0.0
        self._progress_at = 0.0
        self._pinged_at: float | None = None
        self._pings = 0
        self._ping_after = surroundings.settings.ping_after
        self._life: Life = new_life(self)

    # What the owner asks for

    @property
    def peer(self) -> Peer | None:
        """The other node once it has proved itself, else None."""
        return self._handshake.peer if self._handshake is not None else None

    @property
    def waiting(self) -> int:
        """Bytes that wait to be sent."""
        return self._outbox.waiting

    def send(self, message: bytes, body: Body | None = None) -> None:
        """Queue a message of an open link; ignored on any other.  framing.FrameError when it is too long."""
        if self.is_open:
            self._outbox.put(message, body)
            self._queued()

    def drain(self, reason: str) -> None:
        """Close once what waits has been sent, within the drain time."""
        self._life.drain(reason)

    def fail(self, reason: str, at_fault: bool = False) -> None:
        """Tell the other end why, and close."""
        self._at_fault = self._at_fault or at_fault
        self._life.fail(reason)

    def expire(self, reason: str) -> None:
        """Cut the connection."""
        self._life.expire(reason)

    def probe(self) -> None:
        """Ask at once whether the other end still lives."""
        if self.is_open and self._pinged_at is None:
            self._ping()

    def stop_reading(self, who: str) -> None:
        """Take nothing from the peer until ``who`` lets it go on; several may ask."""
        if not self._read_stops and self.transport is not None:
            self.transport.pauseProducing()
        self._read_stops.add(who)

    def go_on_reading(self, who: str) -> None:
        """Take back one stop_reading."""
        if who in self._read_stops:
            self._read_stops.discard(who)
            if not self._read_stops and self.transport is not None:
                self._heard_at = self._progress_at = self._clock.seconds()
                self.transport.resumeProducing()

    # What Twisted tells

    def connectionMade(self) -> None:
        """Begin with the time limit, and with the handshake unless TLS has one of its own first."""
        if interfaces.ITCPTransport.providedBy(self.transport) or hasattr(self.transport, "setTcpNoDelay"):
            try:
                self.transport.setTcpNoDelay(True)
            except (AttributeError, OSError):
                pass  # a Unix socket, or a wrapper around one
        self._deadline = self._clock.callLater(
            self._handshake_time, self.expire, f"no handshake within {self._handshake_time:g} s"
        )
        if not self.encrypted:
            self._life.connected()

    def handshakeCompleted(self) -> None:
        """TLS stands: its exporter can bind our handshake to it."""
        self._life.connected()

    def dataReceived(self, data: bytes) -> None:
        """Take bytes of the handshake or of frames."""
        self.bytes_received += len(data)
        self._heard_at = self._clock.seconds()
        if self._handshake is None:
            return
        if not self._handshake.finished:
            self._continue_handshake(data)
            data = self._handshake.rest
        if data and self.is_open:
            self._take_frames(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Stop all timers and report."""
        for call in (self._flush_call, self._deadline, self._check_call, self._resume_call):
            if call is not None and call.active():
                call.cancel()
        self._life.lost("the connection was lost: " + reason.getErrorMessage())

    def pauseProducing(self) -> None:
        """The transport holds enough."""
        if self._write_stopped_at is None:
            self._write_stopped_at = self._clock.seconds()

    def resumeProducing(self) -> None:
        """The transport has written what it held."""
        self._write_stopped_at = None
        self._queued()

    def stopProducing(self) -> None:
        """The transport is gone; connectionLost follows."""

    # What the machine has it do

    def start_handshake(self) -> None:
        """Say hello, or wait for it."""
        binding = b""
        if self.encrypted:
            handle = self.transport.getHandle()
            binding = handle.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
        self._handshake = self._make_handshake(binding)
        self._handshake_sent = self._clock.seconds()
        if isinstance(self._handshake, Dialler):
            self._write(self._handshake.begin())

    def report_opened(self) -> None:
        """Change from the handshake's time limit to the link's own."""
        self._deadline.cancel()
        now = self._clock.seconds()
        self._heard_at = self._progress_at = now
        self.is_open = True
        self.transport.registerProducer(self, True)
        # Two ends that opened together shall not ping together.
        self._ping_after = self._settings.ping_after * (0.75 + 0.5 * self._shared.dice())
        self._check_later()
        self._shared.owner.session_opened(self)

    def report_closed(self, reason: str) -> None:
        """Tell the owner."""
        self.is_open = False
        self._shared.owner.session_closed(self, reason, self._at_fault)

    def report_failed(self, reason: str) -> None:
        """Tell the owner."""
        self._shared.owner.session_failed(self, reason, self._refusal)

    def report_gone(self) -> None:
        """Tell the owner."""
        self._shared.owner.session_gone(self)

    def begin_drain(self, reason: str) -> None:
        """Put the farewell behind what waits."""
        self._limit_closing()
        self._queued()
        self._farewell = reason

    def say_why(self, reason: str) -> None:
        """Send a refusal or a farewell, past everything that waits."""
        if self._handshake is not None and not self._handshake.finished:
            if self._refusal is not None:
                self._write(self._handshake.refuse(self._refusal))
        elif self._handshake is not None:
            self._write(_farewell(reason))

    def close(self) -> None:
        """Close behind what the transport holds, within the drain time."""
        self._limit_closing()
        if self._handshake is not None and self._handshake.finished:
            self.transport.unregisterProducer()
        self.transport.loseConnection()

    def cut(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abortConnection()

    # The handshake

    def _continue_handshake(self, data: bytes) -> None:
        handshake = self._handshake
        assert handshake is not None
        unproved = handshake.peer is None
        try:
            reply = handshake.receive(data)
            if unproved and handshake.peer is not None:
                self.latency = (self._clock.seconds() - self._handshake_sent) / 2
                refusal = self._shared.owner.session_proved(self)
                if refusal is not None:
                    raise HandshakeError(refusal)
                if isinstance(handshake, Listener):
                    reply += handshake.accept()
        except HandshakeError as error:
            self._refusal = error.refusal
            if error.remote or error.refusal is Refusal.GARBAGE:
                self._life.expire(str(error))
            else:
                self._life.fail(str(error))
            return
        self._write(reply)
        self._handshake_sent = self._clock.seconds()
        if handshake.finished:
            self._life.proved()

    # Frames

    def _take_frames(self, data: bytes) -> None:
        before, step = self._decoder.frames, self._decoder.step
        try:
            for received in self._decoder.feed(data):
                if isinstance(received, framing.Control):
                    self._take_control(received)
                elif isinstance(received, framing.Progress):
                    self._shared.owner.session_pieces(self, received.message)
                else:
                    self._shared.owner.session_message(self, received.message, received.body)
                if not self.is_open:
                    return
        except ValueError as error:
            self.fail(f"the peer broke the protocol: {error}", at_fault=True)
            return
        now = self._clock.seconds()
        taken = self._decoder.frames - before
        if self._decoder.step != step or not self._decoder.unfinished:
            self._progress_at = now
        self._frames.take(taken, now)
        wait = self._frames.wait(now)
        if wait and "rate" not in self._read_stops:
            self.stop_reading("rate")
            self._resume_call = self._clock.callLater(wait, self.go_on_reading, "rate")

    def _take_control(self, control: framing.Control) -> None:
        if control.kind is framing.Kind.PING:
            self._outbox.put_frame(framing.frame(framing.Kind.PONG, control.payload))
            self._queued()
        elif control.kind is framing.Kind.PONG:
            if self._pinged_at is not None and control.payload == self._pings.to_bytes(8, "big"):
                trip = (self._clock.seconds() - self._pinged_at) / 2
                # A single slow trip says little about the way; a fast one proves it.
                self.latency = min(trip, self.latency * 7 / 8 + trip / 8)
                self._pinged_at = None
        else:
            text = control.payload.decode("ascii", "replace")
            self._life.expire("closed by the other end: " + "".join(c if c.isprintable() else "?" for c in text))

    def _ping(self) -> None:
        self._pings += 1
        self._pinged_at = self._clock.seconds()
        self._outbox.put_frame(framing.frame(framing.Kind.PING, self._pings.to_bytes(8, "big")))
        self._queued()

    # Sending

    def _write(self, data: bytes) -> None:
        if data:
            self.bytes_sent += len(data)
            self.transport.write(data)

    def _queued(self) -> None:
        """See to it that what waits is sent at the end of this turn of the reactor, in one write."""
        if self._outbox.waiting > self._settings.max_waiting_bytes:
            self.expire(f"the peer does not keep up: {self._outbox.waiting} bytes wait for it")
            return
        if self._flush_call is not None and self._rate_waits and self._outbox.has_urgent:
            self._flush_call.cancel()
            self._flush_call = None
        if self._flush_call is None and self._write_stopped_at is None:
            self._flush_call, self._rate_waits = self._clock.callLater(0, self._flush), False

    def _flush(self) -> None:
        self._flush_call = None
        rate = self._shared.rate
        try:
            while self._outbox and self._write_stopped_at is None:
                batch = self._outbox.take_urgent()
                size = sum(map(len, batch))
                now = self._clock.seconds()
                while size < _WRITE_SIZE and not rate.wait(now):
                    piece = self._outbox.take_piece()
                    if piece is None:
                        break
                    rate.take(len(piece), now)
                    batch.append(piece)
                    size += len(piece)
                self._write(b"".join(batch))
                wait = rate.wait(now)
                if wait and self._outbox and not self._outbox.has_urgent:
                    self._flush_call, self._rate_waits = self._clock.callLater(wait, self._flush), True
                    return
        except framing.FrameError as error:
            self.fail(f"this node had something to send that is too long: {error}")
            return
        if self._farewell is not None and not self._outbox:
            self._write(_farewell(self._farewell))
            self._farewell = None
            self._life.emptied()

    # Time limits

    def _limit_closing(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = self._clock.callLater(self._settings.drain_time, self.expire, "not drained in time")

    def _check_later(self) -> None:
        self._check_call = self._clock.callLater(self._settings.ping_time / _CHECKS_PER_PING, self._check)

    def _check(self) -> None:
        if not self.is_open:
            return
        self._check_later()
        now, stall = self._clock.seconds(), self._settings.stall_time
        if self._write_stopped_at is not None and now - self._write_stopped_at >= stall:
            self.expire(f"the peer has read nothing for {stall:g} s")
        elif self._read_stops:
            return  # what the peer says can't be heard just now
        elif self._decoder.unfinished and now - self._progress_at >= stall:
            self.expire(f"a frame or a body did not go on for {stall:g} s")
        elif self._pinged_at is not None:
            if now - max(self._pinged_at, self._heard_at) >= self._settings.ping_time:
                self.expire(f"nothing heard for {now - self._heard_at:.0f} s")
        elif now - self._heard_at >= self._ping_after:
            self._ping()


def _farewell(reason: str) -> bytes:
    text = reason.encode("ascii", "replace")[:200]
    return framing.frame(framing.Kind.CLOSE, text)
