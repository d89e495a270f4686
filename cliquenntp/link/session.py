"""One connection to another node: a Twisted protocol around the handshake, the frames and the life of a link."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet import interfaces
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from cliquenntp.link import framing
from cliquenntp.link.identity import Peer
from cliquenntp.link.lifecycle import Life, new_life
from cliquenntp.link.opening import MakeHandshake, Opening
from cliquenntp.link.outbox import Body
from cliquenntp.link.pulse import Pulse
from cliquenntp.link.reading import Reading
from cliquenntp.link.receiver import Receiver
from cliquenntp.link.refusal import HandshakeError, Refusal
from cliquenntp.link.sender import Sender
from cliquenntp.link.surroundings import Surroundings
from cliquenntp.link.watch import Dead, Ping, Watch


@implementer(interfaces.IHandshakeListener)
class LinkSession(Protocol):
    """One connection.

    ``make_handshake`` gets the channel binding and returns this side of the handshake; ``encrypted`` says that the
    transport is TLS, whose own handshake comes first.
    """

    transport: Any

    def __init__(
        self,
        surroundings: Surroundings,
        make_handshake: MakeHandshake,
        dialled: bool,
        encrypted: bool = False,
        handshake_time: float = 30.0,
    ) -> None:
        self.dialled = dialled
        self.encrypted = encrypted
        self.link_id = 0
        self.is_open = False
        self.bytes_received = 0
        self.bytes_sent = 0
        self._shared = surroundings
        self._settings = surroundings.settings
        self._clock = surroundings.clock
        self._opening = Opening(make_handshake, self._allow, self._say, surroundings.clock.seconds)
        self._handshake_time = handshake_time
        self._at_fault = False
        codec = surroundings.make_codec()
        self._sender = Sender(self._clock, codec.encode, surroundings.rate, self._write, self.fail)
        self._receiver = Receiver(
            codec.decode, self._take_message, self._take_pieces, self._take_control, lambda: self.is_open
        )
        self._reading = Reading(self._clock, surroundings.settings.max_frames_per_second, self._resumed)
        self._pulse: Pulse | None = None
        """while and since the link is open"""
        self._deadline: Any = None
        self._life: Life = new_life(self)

    # What the owner asks for

    @property
    def peer(self) -> Peer | None:
        """The other node once it has proved itself, else None."""
        return self._opening.peer

    @property
    def waiting(self) -> int:
        """Bytes that wait to be sent."""
        return self._sender.waiting

    @property
    def latency(self) -> float:
        """One way in seconds, half of the shortest recent round trip."""
        return self._pulse.watch.latency if self._pulse is not None else self._opening.round_trip / 2

    def send(self, messages: Iterable[Any]) -> None:
        """Queue messages without bodies; ignored unless the link is open.  ValueError when one is too long."""
        if self.is_open:
            self._sender.send(messages)
            self._check_waiting()

    def send_document(self, message: Any, body: Body) -> None:
        """Queue a message with its body; ignored unless the link is open.  ValueError when the body is too long."""
        if self.is_open:
            self._sender.send_document(message, body)
            self._check_waiting()

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
        if self.is_open and self._pulse is not None:
            self._pulse.probe()

    def stop_reading(self, who: str) -> None:
        """Take nothing from the peer until ``who`` lets it go on; several may ask."""
        self._reading.stop(who)

    def go_on_reading(self, who: str) -> None:
        """Take back one stop_reading."""
        self._reading.go_on(who)

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
        if not self._opening.finished:
            data = self._continue_handshake(data)
        if data and self.is_open:
            self._take_frames(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Stop all timers and report."""
        self._sender.stop()
        self._reading.end()
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._life.lost("the connection was lost: " + reason.getErrorMessage())

    # What the machine has it do

    def start_handshake(self) -> None:
        """Say hello, or wait for it."""
        binding = b""
        if self.encrypted:
            handle = self.transport.getHandle()
            binding = handle.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
        self._opening.begin(binding)

    def report_opened(self) -> None:
        """Change from the handshake's time limit to the link's own."""
        self._deadline.cancel()
        # Two ends that opened together shall not ping together.
        stretch = 0.75 + 0.5 * self._shared.dice()
        watch = Watch(self._settings, stretch, self._opening.round_trip / 2, self._clock.seconds())
        self._pulse = Pulse(self._clock, watch, self._settings.ping_time, self._check, self._ping, self.expire)
        self.is_open = True
        self._reading.start(self.transport)
        self.transport.registerProducer(self._sender, True)
        self._shared.owner.session_opened(self)

    def report_closed(self, reason: str) -> None:
        """Tell the owner."""
        self.is_open = False
        self._reading.end()
        if self._pulse is not None:
            self._pulse.stop()
        self._shared.owner.session_closed(self, reason, self._at_fault)

    def report_failed(self, reason: str) -> None:
        """Tell the owner."""
        self._shared.owner.session_failed(self, reason, self._opening.refusal)

    def report_gone(self) -> None:
        """Tell the owner."""
        self._shared.owner.session_gone(self)

    def begin_drain(self, reason: str) -> None:
        """Put the farewell behind what waits."""
        self._limit_closing()
        self._sender.finish(framing.farewell(reason), self._life.emptied)

    def say_why(self, reason: str) -> None:
        """Send a refusal or a farewell, past everything that waits."""
        if self._opening.finished:
            self._write(framing.farewell(reason))
        else:
            self._opening.refuse()

    def close(self) -> None:
        """Close behind what the transport holds, within the drain time."""
        self._limit_closing()
        self._sender.stop()
        if self._opening.finished:
            self.transport.unregisterProducer()
        self.transport.loseConnection()

    def cut(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abortConnection()

    # The handshake

    def _continue_handshake(self, data: bytes) -> bytes:
        """Return what came behind the handshake."""
        try:
            rest = self._opening.receive(data)
        except HandshakeError as error:
            if error.remote or error.refusal is Refusal.GARBAGE:
                self._life.expire(str(error))
            else:
                self._life.fail(str(error))
            return b""
        if self._opening.finished:
            self._life.proved()
        return rest

    def _allow(self) -> Refusal | None:
        return self._shared.owner.session_proved(self)

    def _say(self, data: bytes) -> None:
        """Write a part of the handshake."""
        if data:
            self._shared.traffic.sent("handshake", len(data))
        self._write(data)

    def _control(self, kind: framing.Kind, payload: bytes) -> None:
        """Send a frame that asks or tells whether this end lives."""
        self._shared.traffic.sent(kind.name, len(payload))
        self._sender.send_frame(framing.frame(kind, payload))

    def _write(self, data: bytes) -> None:
        if data:
            self.bytes_sent += len(data)
            self._shared.traffic.total += len(data)
            self.transport.write(data)

    # Frames

    def _take_frames(self, data: bytes) -> None:
        receiver, now = self._receiver, self._clock.seconds()
        assert self._pulse is not None
        watch = self._pulse.watch
        watch.heard(now)
        frames = receiver.frames
        try:
            moved = receiver.take(data)
        except ValueError as error:
            self.fail(f"the peer broke the protocol: {error}", at_fault=True)
            return
        if not self.is_open:
            return
        if moved:
            watch.moved(now)
        self._reading.took(receiver.frames - frames, now)

    def _resumed(self) -> None:
        if self._pulse is not None:
            self._pulse.watch.resumed(self._clock.seconds())

    def _take_message(self, message: Any, body: bytes | None) -> None:
        self._shared.owner.session_message(self, message, body)

    def _take_pieces(self, message: Any) -> None:
        self._shared.owner.session_pieces(self, message)

    def _take_control(self, control: framing.Control) -> None:
        if control.kind is framing.Kind.PING:
            self._control(framing.Kind.PONG, control.payload)
            self._check_waiting()
        elif control.kind is framing.Kind.PONG:
            if self._pulse is not None:
                self._pulse.watch.ponged(control.payload, self._clock.seconds())
        else:
            text = control.payload.decode("ascii", "replace")
            self._life.expire("closed by the other end: " + "".join(c if c.isprintable() else "?" for c in text))

    # Time limits

    def _check_waiting(self) -> None:
        if self._sender.waiting > self._settings.max_waiting_bytes:
            self.expire(f"the peer does not keep up: {self._sender.waiting} bytes wait for it")
        elif self._sender.bodies > self._settings.max_waiting_bodies:
            self.expire(f"the peer does not keep up: {self._sender.bodies} documents wait for it")

    def _limit_closing(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = self._clock.callLater(self._settings.drain_time, self.expire, "not drained in time")

    def _check(self, watch: Watch, now: float) -> Ping | Dead | None:
        return watch.check(now, self._sender.stopped_at, self._receiver.unfinished, not self._reading.stopped)

    def _ping(self, payload: bytes) -> None:
        self._control(framing.Kind.PING, payload)

