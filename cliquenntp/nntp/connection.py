"""One connection: between its transport and its session, with back-pressure.

The transport gets one write for all that one step of a session answers.  A session goes on only when the transport has
taken what was written before, so neither a slow reader nor a long answer holds more than a step's octets in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from zope.interface import implementer

from cliquenntp.interfaces import Identity
from cliquenntp.nntp.session import Admission, PostResult, Session, State, Submission, replies
from cliquenntp.nntp.verdict import Verdict

if TYPE_CHECKING:
    from twisted.internet.tcp import Server
    from twisted.python.failure import Failure

    from cliquenntp.nntp.server import NewsFactory


@implementer(IHalfCloseableProtocol, IPushProducer)
class NewsConnection(Protocol):
    """One client: moves bytes between its transport and its session."""

    transport: Server
    factory: NewsFactory

    # instances have a dictionary all the same, for Twisted's base class has one; these stay out of it
    __slots__ = ("_at_once", "_ended", "_held", "_moved", "_reading", "_session", "_verdict")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._at_once = False  # answers go to the socket at once, as the transport holds none back and adds no TLS
        self._held = False  # the transport has enough to write
        self._reading = True  # the transport reads from the socket
        self._ended = False  # the client sends no more
        self._verdict: Verdict | None = None  # on an article that takes longer, and that ends with the client
        self._moved = 0.0  # when bytes last moved, by the reactor's clock

    def connectionMade(self) -> None:
        """Greet, or say why not."""
        refusal = self.factory.admit(self)
        if refusal is not None:
            self.transport.write(refusal)
            self.transport.loseConnection()
            self._session.abandon()
            return
        transport = self.transport
        if ITCPTransport.providedBy(transport):
            # without it a reply of two segments waits for the client's delayed acknowledgement: some 40 ms
            transport.setTcpNoDelay(True)
        transport.registerProducer(self, True)
        self._at_once = isinstance(transport, Connection) and not transport.TLS
        self._moved = self.factory.clock.seconds()
        self._write(self._session.greet())

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Forget the connection; a submission that waits for its verdict is stored or not without the client."""
        self._at_once = False
        self._session.abandon()
        self.factory.forget(self)
        self._give_up()

    def dataReceived(self, data: bytes) -> None:
        """Answer, unless the transport still has enough to write or an answer is under way."""
        session = self._session
        self._moved = self.factory.clock.seconds()
        if self._held or session.state is not State.LISTENING:
            session.keep(data)
            self._stop_reading()
            return
        self._put(session.receive(data, self.factory.now()))

    def readConnectionLost(self) -> None:
        """Finish what the client asked for before it closed its side (``printf ... | nc``)."""
        self._ended = True
        self._give_up()  # whoever has closed both sides looks the same, and that is nearly everybody who does
        if self._session.state is State.LISTENING and not self._held and not self._session.judging:
            self._close()

    def writeConnectionLost(self) -> None:
        """Nobody listens any more."""
        self.transport.loseConnection()

    def pauseProducing(self) -> None:
        """Say nothing until the client has taken what was written."""
        self._held = True

    def resumeProducing(self) -> None:
        """Go on: the client has taken what was written."""
        self._held = False
        self._at_once = isinstance(self.transport, Connection) and not self.transport.TLS
        self._moved = self.factory.clock.seconds()
        self._go_on()

    def stopProducing(self) -> None:
        """Stop: the connection is going."""
        self._session.abandon()

    def _give_up(self) -> None:
        if self._verdict is not None:
            self._verdict.give_up()

    def expect(self, verdict: Verdict) -> None:
        """Tell a verdict when the client goes away."""
        self._verdict = verdict

    def settle(self, submission: Submission, result: PostResult) -> None:
        """Tell the client what became of an article."""
        self._verdict = None
        if self._session.judging:
            self._moved = self.factory.clock.seconds()
            self._put(self._session.settle(submission, result, self.factory.now()))

    def proceed(self) -> None:
        """Answer a command that waited for a newsgroup."""
        if self._session.state is State.FETCHING:
            self._moved = self.factory.clock.seconds()
            self._put(self._session.proceed(self.factory.now()))

    @property
    def identity(self) -> Identity:
        """Whose connection it is."""
        return self._session.identity

    def admit(self, admission: Admission | None) -> None:
        """Tell the client whether its login was right (None: no)."""
        if self._session.state is State.ADMITTING:
            self._moved = self.factory.clock.seconds()
            self._put(self._session.admit(admission, self.factory.now()))

    def finish(self, reply: bytes) -> None:
        """Close with a 400 when what has begun is answered."""
        output = self._session.finish(reply)
        if output:
            self._put(output)

    def abort(self) -> None:
        """Close at once, whatever waits to be written."""
        self.transport.abortConnection()

    def close_if_overdue(self, now: float) -> None:
        """Close when a time limit is over; ``now`` is the reactor's clock."""
        settings = self.factory.settings
        session = self._session
        silent = now - self._moved
        if self._held or session.state is State.CLOSED:
            if silent > settings.stall_limit:
                self.abort()
        elif session.state is State.LISTENING:
            midway = session.collecting or session.unused
            if silent > (settings.silence_limit if midway else settings.idle_limit):
                self.finish(replies.TIMED_OUT)

    def _go_on(self) -> None:
        """Continue an answer, or commands that have come meanwhile."""
        if self._held or self.transport is None:
            return
        session = self._session
        if session.state is State.TALKING:
            self._put(session.resume(self.factory.now()))
        elif session.state is State.LISTENING:
            self._put(session.receive(b"", self.factory.now()))

    def _put(self, output: bytes) -> None:
        """Write a step's output and see how the session goes on."""
        if output:
            self._write(output)
        session = self._session
        while session.submissions:
            self.factory.judge(self, session.submissions.pop(0), session.identity)
        state = session.state
        if state is State.LISTENING:
            if self._ended and not self._held and not session.judging:
                self._close()
            elif not self._reading:
                self._reading = True
                self.transport.resumeProducing()
        elif state is State.TALKING:
            if not self._held:  # else resumeProducing goes on
                self.factory.clock.callLater(0, self._go_on)
        elif state is State.JUDGING:
            pass  # settle goes on
        elif session.login is not None:
            self.factory.log_in(self, session.login)
        elif state is State.SECURING and self.factory.certificate is not None:
            self._at_once = False
            self.transport.startTLS(self.factory.certificate)
            session.secured()
        elif state is State.FETCHING and session.fetched is not None:
            self.factory.fetch(self, session.fetched)
        else:
            self._close()

    def _write(self, output: bytes) -> None:
        """Write without waiting for the next turn of the reactor: that saves a third of what a short answer costs.

        Once the socket takes no more the transport gets all, so that nothing overtakes what it holds back, and it is
        the transport that meets an error.
        """
        if self._at_once:
            sent = self.transport.writeSomeData(output)
            if sent == len(output):
                return
            self._at_once = False
            if isinstance(sent, int):
                output = output[sent:]
        self.transport.write(output)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            self.transport.pauseProducing()

    def _close(self) -> None:
        self.transport.unregisterProducer()
        self.transport.loseConnection()
