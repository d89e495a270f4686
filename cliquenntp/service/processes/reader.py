"""A reader: a process that serves newsreaders from a database which another process writes.

It needs the database for all that is read, and the writer's desk for what is said.  Where the desk is away, reading
goes on and posting waits; where the database is, commands fail one by one until it is back.
"""

from __future__ import annotations

import secrets
import signal
import time
from collections import deque
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import Any

from twisted.application.internet import ClientService
from twisted.application.service import MultiService
from twisted.internet import defer, endpoints
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory
from twisted.logger import Logger

import cliquenntp
from cliquenntp.control.server import Answer, ControlFactory
from cliquenntp.interfaces import Changes, IArchive, IFeed, IWriter
from cliquenntp.service.network.node_forums import NodeForums
from cliquenntp.service.power import Power
from cliquenntp.service.processes.calls import Away, CallingProtocol
from cliquenntp.service.processes.remote import RemoteFeed, RemotePosting, RemoteReading
from cliquenntp.service.readers.accounts import Accounts
from cliquenntp.service.readers.certificate import CertificateError
from cliquenntp.service.readers.honours import Honours
from cliquenntp.service.readers.listeners import ACCOUNTS, FEED, NNTP, PUBLIC, Listeners
from cliquenntp.service.readers.news_endpoints import NewsEndpoint
from cliquenntp.service.readers.opened import OpenedArticles
from cliquenntp.service.readers.personas import public_key
from cliquenntp.service.readers.views import Views
from cliquenntp.service.setting_checks import READER
from cliquenntp.service.settings import Settings
from cliquenntp.service.start import StartError, listen_for_newsreaders, open_port
from cliquenntp.service.upkeep.collecting import RareCollections
from cliquenntp.store import ReadStore, StoreAway, StoreSettings, StoreUnusable, without_password

SECRET_OCTETS = 32

RETRY_SECONDS = 0.5
"""between two attempts to reach the writer, or the database's server"""

AFTER_COMMIT = ("hello", "moved", "account", "power")
"""what a writer tells after a commit, which comes first in it"""

CATCH_UP_SECONDS = 0.005
"""between two looks whether a commit of which the writer told can be read: the database's server tells of it at once"""


class _Connection(CallingProtocol):
    """The connection to the writer: what comes after a commit waits until that commit can be read."""

    def __init__(self, reader: Reader) -> None:
        super().__init__({
            "hello": partial(reader.greeted, self), "moved": reader.moved, "unreached": reader.retitled,
            "account": reader.account_changed, "forums": reader.look_again, "power": reader.power_changed,
        })
        self._reader = reader
        self._inbox: deque[tuple[int, Any, Any]] = deque()

    def received(self, number: int, what: Any, content: Any) -> None:
        """Take a frame when it is its turn."""
        self._inbox.append((number, what, content))
        if len(self._inbox) == 1:
            self._go_on()

    def _go_on(self) -> None:
        """Take the frames that wait, up to a commit that cannot be read yet."""
        while self._inbox:
            number, what, content = self._inbox[0]
            if what in AFTER_COMMIT and not number:
                wait = self._reader.forward_to(content[0])
                if wait:
                    self._reader.reactor.callLater(wait, self._go_on)
                    return
            super().received(number, what, content)
            self._inbox.popleft()


class _UnreachedRoots(Container[int]):
    """The docnos of forums of which no node has answered, as the writer told."""

    def __init__(self, archive: IArchive) -> None:
        self._archive = archive
        self.roots: frozenset[bytes] = frozenset()

    def __contains__(self, docno: object) -> bool:
        """Tell whether a forum, named by its root's docno, is one of them."""
        return bool(self.roots) and isinstance(docno, int) and self._archive.record(docno).id in self.roots


class Reader(MultiService):
    """One reader process.  What its listeners need is there from ``startService`` on."""

    log = Logger()

    store: ReadStore
    views: Views
    posting: RemotePosting
    forums: NodeForums
    reading: RemoteReading
    power: Power
    honours: Honours
    accounts: Accounts
    listeners: Listeners

    def __init__(self, reactor: Any, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        """``clock`` is the time of day in seconds since 1970 UTC."""
        super().__init__()
        self.reactor = reactor
        self.settings = settings
        self.clock = clock
        self._connection: CallingProtocol | None = None
        self._feed: RemoteFeed | None = None
        self._control: IListeningPort | None = None
        self._started_at = reactor.seconds()
        self._collections = RareCollections(reactor)

    def startService(self) -> None:
        """Open the database and listen; ends the process with one line where that cannot be."""
        settings = self.settings
        try:
            settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            sizes = StoreSettings.cached(settings.cache)
            self.store = ReadStore.open_shared(settings.storage, settings.data, sizes)
            self._open()
            self.listeners.open()
            settings.control_socket.unlink(missing_ok=True)  # of a reader that was killed
            control = endpoints.UNIXServerEndpoint(self.reactor, str(settings.control_socket), mode=0o600)
            self._control = open_port(control, ControlFactory({"status": self.status}), "the control socket")
        except (StartError, StoreUnusable) as error:
            self.log.critical("{error}", error=error)
            raise SystemExit(f"cliquenntp: {error}") from None
        except OSError as error:
            raise SystemExit(f"cliquenntp: {error.filename}: {error.strerror}") from None
        writer = endpoints.clientFromString(self.reactor, settings.writer)
        ClientService(writer, _Connections(self), retry_seconds, self.reactor).setServiceParent(self)
        self._collections.start()
        signal.signal(signal.SIGHUP, lambda number, frame: self.reactor.callFromThread(self._renew))
        super().startService()

    def _open(self) -> None:
        archive = self.store.reader
        self._unreached = _UnreachedRoots(archive)
        self.forums = NodeForums(archive)
        self.views = Views(
            archive, self.settings.path_identity, self._unreached, self.forums.are_all, partial(public_key, archive))
        self.power = Power(archive, _cannot_change)
        self.views.hide_by(self.power)
        self.honours = Honours(archive, _cannot_change)
        self.views.hidden_by.append(self.honours.hidden_from)
        self.posting = RemotePosting(self.call, self.is_connected)
        opened = OpenedArticles(archive, self.settings.known_after_articles)
        self.reading = RemoteReading(self.reactor, self.call, self.is_connected, archive, opened)
        self.accounts = Accounts(archive, _cannot_change, secrets.token_bytes(SECRET_OCTETS))
        self.listeners = Listeners(self)

    def feed(self) -> IFeed:
        """Return what takes articles of other news servers."""
        if self._feed is None:
            self._feed = RemoteFeed(self.call, self.is_connected, self.store.reader)
        return self._feed

    def listen(self, kind: str, endpoint: NewsEndpoint, factory: Any) -> IListeningPort | None:
        """Listen where newsreaders connect.  Raises StartError."""
        return listen_for_newsreaders(self.reactor, endpoint, factory)

    async def status(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what the reader is doing; for cliquectl."""
        listeners, archive = self.listeners, self.store.reader
        return {
            "role": READER,
            "version": cliquenntp.__version__,
            "uptime": int(self.reactor.seconds() - self._started_at),
            "data": str(self.settings.data),
            "storage": without_password(self.settings.storage),
            "writer": self.settings.writer,
            "is_connected": self.is_connected(),
            **{kind: listeners.addresses(kind) for kind in (NNTP, PUBLIC, ACCOUNTS, FEED)},
            "readers": listeners.readers,
            "documents": archive.newest(),
        }

    def _renew(self) -> None:
        """Read the certificate again; the other settings count from the next start."""
        try:
            self.listeners.renew()
        except CertificateError as error:
            self.log.error("the certificate stays as it was: {error}", error=error)

    # the writer

    def is_connected(self) -> bool:
        """Tell whether the writer is there."""
        return self._connection is not None

    def call(self, name: str, *arguments: Any) -> defer.Deferred[Any]:
        """Ask the writer for something.  Fails with Away or CallFailed."""
        if self._connection is None:
            return defer.fail(Away("the writer is away"))
        return self._connection.call(name, *arguments)

    def lost(self, connection: CallingProtocol) -> None:
        """Note that a connection to the writer has ended."""
        if connection is self._connection:
            self._connection = None
            self.log.warn("The writer is away: reading goes on")

    def forward_to(self, state: bytes) -> float:
        """Move forward to a commit; return after how many seconds to try again, 0 where it can be read now."""
        try:
            is_there = self.store.forward_to(state)
        except StoreAway as error:
            self.log.warn("The database's server is away: {reason}", reason=error)
            return RETRY_SECONDS
        return 0.0 if is_there else CATCH_UP_SECONDS

    def greeted(self, connection: CallingProtocol, state: bytes, secret: bytes, unreached: list[bytes]) -> None:
        """Begin with a writer: what happened meanwhile is not known."""
        self._unreached.roots = frozenset(unreached)
        self.forums.read()
        self.views.forget()
        self.accounts.secret = secret
        self.accounts.read()
        self.power.read()
        self.honours.read()
        self._connection = connection
        self.log.info("The writer is there")

    def moved(
        self, state: bytes, documents: list[int], groups: list[int], gone: list[int], aliases: list[Any],
        revised: list[int],
    ) -> None:
        """Show what a commit has changed; the database has moved forward to it."""
        named = tuple((account, message_id, docno) for account, message_id, docno in aliases)
        changes = Changes(tuple(documents), tuple(groups), tuple(gone), named, tuple(revised))
        self.views.moved(changes)
        self.honours.moved(changes)

    def retitled(self, unreached: list[bytes]) -> None:
        """Say of other forums than before that no node has answered."""
        self._unreached.roots = frozenset(unreached)
        self.views.whole.retitled()

    def look_again(self) -> None:
        """Show forums that were not a node's before."""
        self.store.forward()
        self.forums.read()
        self.views.look_again()

    def power_changed(self, state: bytes) -> None:
        """Take over what is hidden, blocked and honoured now, and the accounts' own articles about it."""
        self.power.read()
        self.honours.read()
        self.views.local.read_all()

    def account_changed(self, state: bytes, name: str | None) -> None:
        """Take over a change of an account, or of what all see, and end what goes on under it."""
        self.forums.read()
        self.views.forget()
        self.accounts.read()
        self.listeners.expel(name)

    async def _close(self) -> None:
        await self.listeners.close()
        if self._control is not None:
            await defer.maybeDeferred(self._control.stopListening)
            self.settings.control_socket.unlink(missing_ok=True)
        await defer.maybeDeferred(super().stopService)
        self._collections.stop()
        self.store.close()

    def stopService(self) -> defer.Deferred[None]:
        """Tell clients and close; the Deferred fires when all is closed."""
        return defer.ensureDeferred(self._close())


class _Connections(Factory):
    """Makes the connections to the writer, one after the other."""

    noisy = False

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def buildProtocol(self, addr: IAddress | None) -> _Connection:
        """Return the protocol of a new connection."""
        connection = _Connection(self._reader)
        connection.on_lost = partial(self._reader.lost, connection)
        return connection


def retry_seconds(attempts: int) -> float:
    """Return how long to wait before the writer is called again: it may be there any moment, and is on this machine."""
    return RETRY_SECONDS


def _cannot_change(step: Callable[[IWriter], Any]) -> defer.Deferred[Any]:
    return defer.fail(Away("only the writer changes the database"))
