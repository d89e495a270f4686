"""What txi2p-tahoe 0.3.7 needs from outside to stay alive; each repair names the defect that it is for (measured).

txi2p speaks SAM through an endpoint that its caller gives it.  RepairedSAM is such an endpoint: it stands between the
socket and txi2p's parser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import defer
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from txi2p.sam import session as sam_session
from txi2p.sam import stream as sam_stream
from zope.interface import implementer

_LONGEST_LINE = 64 * 1024
"""Bytes of a SAM line: a destination has under a thousand."""

_CREATED = b"SESSION STATUS RESULT=OK "
"""Begins the line that repeats the private key; txi2p's grammar takes 40 microseconds a character, for nothing."""

_HELLO = b"HELLO VERSION MIN=3.1 MAX=3.1\n"
"""From 3.2 on txi2p pings; its pings kill sessions, or outlive them."""

# A functools.partial as a class attribute becomes a method in Python 3.14.
for _factory in (
    sam_session.SessionCreateFactory,
    sam_session.DestGenerateFactory,
    sam_stream.StreamConnectFactory,
    sam_stream.StreamAcceptFactory,
):
    if not isinstance(_factory.__dict__["protocol"], staticmethod):
        _factory.protocol = staticmethod(_factory.__dict__["protocol"])


class _LineFeeder(ProtocolWrapper):
    """Gives txi2p one SAM line a call until its stream carries data.

    Otherwise lines that come in one TCP segment make a listening port deaf, and a client gets text instead of bytes.
    """

    _waiting = b""

    def connectionMade(self) -> None:
        """Count among the open connections."""
        self.factory.repaired.connections.add(self)
        super().connectionMade()

    def write(self, data: bytes) -> None:
        """Pass txi2p's bytes on, with another HELLO."""
        super().write(_HELLO if data.startswith(b"HELLO VERSION") else data)

    def dataReceived(self, data: bytes) -> None:
        """Pass the router's bytes on."""
        parser: Any = self.wrappedProtocol
        if not self._waiting and parser.receiver.currentRule == "State_readData":
            parser.dataReceived(data)
            return
        self._waiting += data
        while self._waiting and parser.receiver.currentRule != "State_readData":
            line, newline, rest = self._waiting.partition(b"\n")
            if not newline:
                if len(line) > _LONGEST_LINE:
                    self.abortConnection()
                return
            self._waiting = rest
            if b"RESULT=INVALID_ID" in line.split():
                session = getattr(parser.factory, "session", None)
                self.factory.repaired.session_unknown(session)
            if line.startswith(_CREATED):
                line = _CREATED + b"DESTINATION=known"
            parser.dataReceived(line + newline)
            if parser._disconnecting:
                return
        data, self._waiting = self._waiting, b""
        if data:
            parser.dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Tell who cares: txi2p tells nobody when a session or an acceptor dies."""
        receiver = getattr(self.wrappedProtocol, "receiver", None)
        super().connectionLost(reason)
        self.factory.repaired.connection_lost(self)
        if isinstance(receiver, sam_session.SessionCreateReceiver):
            self.factory.repaired.session_lost(receiver, reason)
        elif isinstance(receiver, sam_stream.StreamAcceptReceiver) and receiver.wrappedProto is None:
            receiver.factory.listeningPort.accept_lost()


@implementer(IStreamClientEndpoint)
class RepairedSAM:
    """The router's SAM port, repaired.

    ``on_session_lost`` gets a reason when the control connection of the current session is gone, or when the router
    says that it knows no such session.
    """

    def __init__(self, endpoint: IStreamClientEndpoint, on_session_lost: Callable[[str], None]) -> None:
        self._endpoint = endpoint
        self._on_session_lost = on_session_lost
        self._session: Any = None
        self.connections: set[_LineFeeder] = set()
        self._closed: defer.Deferred[None] | None = None
        self.private_key = ""
        """the key of the sessions to be created; there must be one, else the router makes a transient identity"""

    def connect(self, protocolFactory: IProtocolFactory) -> defer.Deferred[Any]:  # noqa: N803
        """Connect one of txi2p's factories."""
        wrapping: Any = WrappingFactory(protocolFactory)
        wrapping.protocol = _LineFeeder
        wrapping.repaired = self
        wrapping.noisy = protocolFactory.noisy = False  # type: ignore[attr-defined]
        if isinstance(protocolFactory, sam_session.SessionCreateFactory):
            # txi2p itself would read the key file, newline and all, and take a new identity when it can't.
            protocolFactory.privKey = self.private_key
        return self._endpoint.connect(wrapping)

    def watch(self, session: Any) -> None:
        """Take a session as the current one."""
        self._session = session

    def evict(self, session: Any) -> None:
        """Close a session and make txi2p forget it; SAMSession.close would log errors for each later stream."""
        if self._session is session:
            self._session = None
        if sam_session._sessions.get(session.nickname) is session:
            del sam_session._sessions[session.nickname]
        session._proto.sender.transport.loseConnection()

    def close(self) -> defer.Deferred[None]:
        """Cut every connection; fires when none is left."""
        if not self.connections:
            return defer.succeed(None)
        self._closed = defer.Deferred()
        for connection in list(self.connections):
            connection.abortConnection()
        return self._closed

    def connection_lost(self, connection: _LineFeeder) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        if self._closed is not None and not self.connections:
            closed, self._closed = self._closed, None
            closed.callback(None)

    def session_lost(self, receiver: Any, reason: Failure) -> None:
        """The control connection of some session is gone."""
        if self._session is not None and self._session._proto is receiver:
            self._on_session_lost(f"the router closed the session ({reason.getErrorMessage()})")

    def session_unknown(self, session: Any) -> None:
        """The router answered INVALID_ID to a request of a session."""
        if self._session is not None and self._session is session:
            self._on_session_lost("the router no longer knows the session")


class KeyGeneration(sam_session.DestGenerateFactory):
    """DEST GENERATE that hands the key over instead of writing it with the umask's mode."""

    noisy = False

    def __init__(self) -> None:
        super().__init__(None, "EdDSA_SHA512_Ed25519")

    def destGenerated(self, pubKey: str, privKey: str) -> None:  # noqa: N802, N803
        """Take the new key (txi2p calls this)."""
        self.deferred.callback(privKey)


class Acceptors:
    """Keeps one STREAM ACCEPT open in a session, whatever happens to it; stands where txi2p has its listening port.

    ``connect`` is RepairedSAM.connect; ``stream_factory`` builds the protocols of streams that come in.
    """

    def __init__(
        self,
        clock: Any,
        connect: Callable[[Any], defer.Deferred[Any]],
        session: Any,
        stream_factory: IProtocolFactory,
        answer_time: float,
    ) -> None:
        self._clock = clock
        self._connect = connect
        self._session = session
        self._stream_factory = stream_factory
        self._answer_time = answer_time
        self._connecting: defer.Deferred[Any] | None = None
        self._waiting: Any = None
        self._timer: Any = None
        self._failures = 0
        self._stopped = False

    def open(self) -> None:
        """Ask the router for the next stream."""
        self._cancel_timer()
        if self._stopped:
            return
        factory = sam_stream.StreamAcceptFactory(self._stream_factory, self._session, self)
        factory.deferred.addErrback(lambda _: None)  # accept_lost tells
        self._timer = self._clock.callLater(self._answer_time, self._no_answer)
        self._connecting = self._connect(factory)
        self._connecting.addCallbacks(self._connected, lambda _: self.accept_lost())

    def _connected(self, feeder: Any) -> None:
        self._connecting, self._waiting = None, feeder

    def _no_answer(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        elif self._waiting is not None:
            self._waiting.transport.abortConnection()

    def addAccept(self, receiver: Any) -> None:  # noqa: N802
        """The router waits for a stream (txi2p calls this)."""
        self._failures = 0
        self._cancel_timer()

    def removeAccept(self, receiver: Any) -> None:  # noqa: N802
        """A stream has come (txi2p calls this)."""
        self._waiting = None
        self.open()

    def accept_lost(self) -> None:
        """The request died before a stream came: ask again, at once the first time."""
        self._cancel_timer()
        self._connecting = self._waiting = None
        if not self._stopped:
            self._timer = self._clock.callLater(min(5.0, 0.05 * 2**self._failures), self.open)
            self._failures = min(10, self._failures + 1)

    def stop(self) -> None:
        """Take no more streams."""
        self._stopped = True
        self._cancel_timer()
        self._no_answer()

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
