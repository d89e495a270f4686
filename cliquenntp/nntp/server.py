"""The Twisted shell around the sessions of one listener: its settings, limits, time limits and shutdown."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.interfaces import OWNER, Identity, IFeed, INewsView, IReading
from cliquenntp.nntp.addresses import Addresses
from cliquenntp.nntp.connection import NewsConnection
from cliquenntp.nntp.session import (
    Admission,
    Login,
    PostResult,
    Purpose,
    Session,
    SessionSettings,
    Submission,
    Verifier,
    replies,
)
from cliquenntp.nntp.verdict import Verdict

Post = Callable[[bytes, Identity], "Deferred[PostResult]"]
"""What takes a client's article (CRLF lines, dots unstuffed) with whose it is; fires when it is stored.
A Verdict where more is done than to store it."""

Views = Callable[[Identity], INewsView]
"""What somebody sees of the news."""

Fetch = Callable[[int], "Deferred[None]"]
"""What fires when a newsgroup (its docno) has what was being fetched for it, or was waited for long enough."""

class Logins(Protocol):
    """The accounts of a listener, and who may log in."""

    def verifier(self, name: str) -> Verifier:
        """Return what checks the password of an account (its prepared name); an invented one where there is none."""

    def log_in(self, login: Login, address: str) -> Deferred[Identity | None]:
        """Check a login that came from an address; fires with whose it is, or None when it is refused."""


SWEEP_INTERVAL = 5.0
"""seconds between two looks at the time limits: one timer for all connections costs less than one for each"""


@attrs.frozen
class ServerSettings:
    """What a listener's connections may do, and for how long."""

    session: SessionSettings = attrs.field(factory=SessionSettings)
    identity: Identity = OWNER
    """who a client is as long as nobody has logged in"""
    connections: int = 10_000
    """at the same time; an idle one holds some 3 KB, a busy one up to some 300 KB"""
    connections_per_address: int | None = None
    """at the same time; None for listeners on which all clients come from one address, as on loopback and I2P"""
    connections_per_minute: int | None = None
    """that one address may open; None likewise"""
    idle_limit: float = 1800.0
    """seconds between commands: newsreaders hold connections while people read (RFC 3977 section 3.1: at least 180)"""
    silence_limit: float = 180.0
    """seconds without a byte in the middle of a command line or an article"""
    stall_limit: float = 600.0
    """seconds in which a client must take what one step wrote, an article of 1 MiB at most: I2P manages 2 KB/s"""
    goodbye_limit: float = 5.0
    """seconds that a shutdown waits for answers under way"""


class NewsFactory(Factory):
    """Makes and counts the connections of one listener."""

    log = Logger()
    noisy = False

    def __init__(
        self, views: Views, post: Post, settings: ServerSettings, clock: IReactorTime,
        now: Callable[[], float] = time.time, reading: IReading | None = None,
        fetch: Fetch = lambda group: succeed(None), logins: Logins | None = None, certificate: Any = None,
        feed: IFeed | None = None,
    ) -> None:
        """Serve ``views``; ``post`` takes articles; ``clock`` is the reactor, ``now`` the time of day in seconds.

        ``reading`` is told what clients read, ``fetch`` asked how long they wait for it, ``logins`` who may log in;
        ``certificate`` (Twisted's context factory) is for STARTTLS; ``feed`` takes articles of other servers.
        """
        self.views = views
        self.post = post
        self.settings = settings
        self.clock = clock
        self.now = now
        self.reading = reading
        self._fetch = fetch
        self._logins = logins
        self._feed = feed
        self.certificate = certificate
        self._session_settings = attrs.evolve(
            settings.session,
            verifier_of=None if logins is None else logins.verifier,
            starttls=certificate is not None,
        )
        self._connections: dict[NewsConnection, str] = {}
        self._addresses = Addresses(settings.connections_per_address, settings.connections_per_minute)
        self._stopping: Deferred[None] | None = None
        self._give_up: IDelayedCall | None = None
        self._sweep = LoopingCall(self._close_overdue)
        self._sweep.clock = clock

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def startFactory(self) -> None:
        """Begin to watch the time limits."""
        if not self._sweep.running:
            self._sweep.start(SWEEP_INTERVAL, now=False)

    def stopFactory(self) -> None:
        """Stop watching: the port is closed."""
        if self._sweep.running:
            self._sweep.stop()

    def buildProtocol(self, addr: IAddress | None) -> NewsConnection:  # type: ignore[override]
        """Return the protocol of a new connection."""
        identity, reading = self.settings.identity, self.reading
        session = Session(
            self.views(identity), identity, self._session_settings, fresh_message_id, self.report, reading,
            self._feed, self.clock.seconds,
        )
        connection = NewsConnection(session)
        connection.factory = self
        return connection

    def admit(self, connection: NewsConnection) -> bytes | None:
        """Count a new connection; return the refusal where there are too many."""
        address = str(getattr(connection.transport.getPeer(), "host", ""))
        if self._stopping is not None:
            return replies.SHUTTING_DOWN
        if len(self._connections) >= self.settings.connections:
            return replies.TOO_MANY_CONNECTIONS
        refusal = self._addresses.enter(address, self.clock.seconds())
        if refusal is None:
            self._connections[connection] = address
        return refusal

    def forget(self, connection: NewsConnection) -> None:
        """Count a connection no more."""
        address = self._connections.pop(connection, None)
        if address is None:
            return
        self._addresses.leave(address)
        if self._stopping is not None and not self._connections:
            self._stopped()

    def judge(self, connection: NewsConnection, submission: Submission, identity: Identity) -> None:
        """Hand an article on and tell its connection the verdict."""
        try:
            if submission.purpose is Purpose.POST:
                verdict = self.post(submission.article, identity)
            else:
                assert self._feed is not None, "without a feed no article is wanted"
                verdict = self._feed.take(submission.message_id, submission.article)
        except Exception as error:
            self.report(error)
            connection.settle(submission, PostResult(False, "internal fault, the operator has been told"))
            return
        if isinstance(verdict, Verdict):
            connection.expect(verdict)
        verdict.addErrback(self._failed)
        verdict.addCallback(partial(connection.settle, submission))

    def fetch(self, connection: NewsConnection, group: int) -> None:
        """Let a connection go on when a newsgroup has what is being fetched for it, or was waited for."""
        waiting = self._fetch(group)
        waiting.addErrback(lambda failure: self.log.failure("A newsgroup could not be waited for", failure))
        waiting.addCallback(lambda _: connection.proceed())

    def log_in(self, connection: NewsConnection, login: Login) -> None:
        """Have a login checked and tell its connection."""
        ensureDeferred(self._log_in(connection, login))

    async def _log_in(self, connection: NewsConnection, login: Login) -> None:
        admission = None
        try:
            assert self._logins is not None, "a session without accounts lets nobody log in"
            identity = await self._logins.log_in(login, self._connections.get(connection, ""))
            if identity is not None:
                admission = Admission(identity, self.views(identity))
        except Exception as error:
            self.report(error)
        connection.admit(admission)

    def _failed(self, failure: Failure) -> PostResult:
        self.log.failure("An article could not be taken", failure)
        return PostResult(False, "internal fault, the operator has been told")

    def report(self, error: Exception) -> None:
        """Tell the operator of a fault in this program."""
        self.log.failure("A command failed", Failure(error))

    def expel(self, account: str | None) -> None:
        """End the connections on which an account has logged in, or all, as soon as what they asked for is answered."""
        for connection in list(self._connections):
            if account is None or connection.identity.account == account:
                connection.finish(replies.ACCOUNT_CHANGED)

    def stop(self) -> Deferred[None]:
        """Say 400 to all clients as soon as what they asked for is answered; fires when all are gone."""
        if self._stopping is None:
            self._stopping = Deferred()
            if not self._connections:
                self._stopped()
            else:
                self._give_up = self.clock.callLater(self.settings.goodbye_limit, self._abort_all)
                for connection in list(self._connections):
                    connection.finish(replies.SHUTTING_DOWN)
        return self._stopping

    def _stopped(self) -> None:
        if self._give_up is not None and self._give_up.active():
            self._give_up.cancel()
        if self._stopping is not None and not self._stopping.called:
            self._stopping.callback(None)

    def _abort_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def _close_overdue(self) -> None:
        now = self.clock.seconds()
        for connection in list(self._connections):
            connection.close_if_overdue(now)


def fresh_message_id() -> bytes:
    """Return a random message-id to recommend to posters; no document's id looks like it."""
    return b"<%s@post.clique.invalid>" % secrets.token_hex(16).encode()
