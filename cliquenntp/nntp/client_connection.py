"""A connection to another news server: its conversation on a transport, each command with a Deferred for its reply."""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from cliquenntp.nntp.client import Conversation, Reply, ServerError

SILENCE_SECONDS = 120.0
"""without an octet while replies are due, after which a connection is given up; INN syncs its history within seconds"""


class NewsServer(Protocol):
    """A server at the other end.  ``greeting`` fires with the first reply; whatever is due fails when the end comes.

    What is sent is bounded by whoever asks: nothing is sent on its own.
    """

    def __init__(self, clock: Any) -> None:
        """``clock`` is the reactor's (IReactorTime)."""
        self._clock = clock
        self._conversation = Conversation()
        self._due: deque[Deferred[Reply]] = deque()
        self._silence: Any = None
        self._ended: Failure | None = None
        self.greeting: Deferred[Reply] = self._expect()

    def connectionMade(self) -> None:
        """Be ready to send."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._listen()

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended."""
        return self._ended is not None

    def ask(self, command: bytes, article: bytes | None = None) -> Deferred[Reply]:
        """Send a command, and an article right behind it (TAKETHIS); fires with the reply, or fails: ServerError."""
        if self._ended is not None:
            return fail(self._ended)
        sent = self._conversation.command(command)
        if article is not None:
            sent += self._conversation.article(article)
        return self._send(sent)

    async def give(self, command: bytes, article: bytes) -> Reply:
        """Send IHAVE or POST, and the article where it is wanted; return the last reply.  Raises ServerError."""
        reply = await self.ask(command)
        if reply.code not in (335, 340):
            return reply
        if self._ended is not None:
            self._ended.raiseException()
        return await self._send(self._conversation.article(article))

    def _send(self, data: bytes) -> Deferred[Reply]:
        assert self.transport is not None
        answered = self._expect()
        self._listen()
        self.transport.write(data)
        return answered

    def _expect(self) -> Deferred[Reply]:
        answered: Deferred[Reply] = Deferred()
        self._due.append(answered)
        return answered

    def dataReceived(self, data: bytes) -> None:
        """Hand on replies."""
        self._listen()
        try:
            replies = self._conversation.receive(data)
        except ServerError:
            self._end(Failure())
            return
        for reply in replies:
            if self._due:  # a failed one may have ended all
                self._due.popleft().callback(reply)
        self._listen()

    def _listen(self) -> None:
        """Watch for silence while something is due."""
        if self._silence is not None and self._silence.active():
            self._silence.cancel()
        if self._due and self._ended is None:
            self._silence = self._clock.callLater(SILENCE_SECONDS, self._silent)

    def _silent(self) -> None:
        self._end(Failure(ServerError(f"it said nothing for {SILENCE_SECONDS:.0f} s")))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits for a reply."""
        why = "the connection ended" if reason.check(ConnectionDone) else reason.getErrorMessage()
        self._end(Failure(ServerError(why)))

    def close(self) -> None:
        """Hang up, politely where nothing is due."""
        if self.transport is not None and self._ended is None and not self._due:
            self.transport.write(b"QUIT\r\n")
        self._end(Failure(ServerError("the connection was closed here")))

    def _end(self, why: Failure) -> None:
        if self._ended is None:
            self._ended = why
            if self.transport is not None:
                self.transport.loseConnection()
        self._listen()
        due, self._due = self._due, deque()
        for answered in due:
            answered.errback(why)
