"""Where newsreaders and feeds connect: the owner's listeners, the public ones, those for accounts and for feeds.

Rights belong to the listener until somebody logs in.  The owner's are on loopback and ask for no password; the public
ones show chosen forums and take nothing; those for accounts show nothing before a login; those for feeds take articles
of other news servers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import attrs
from twisted.internet import defer
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory

import cliquenntp
from cliquenntp.interfaces import FEEDER, OWNER, SHARED, Identity, IFeed, Right
from cliquenntp.link.i2p_keys import KeyFileError
from cliquenntp.link.transports import I2PTransport
from cliquenntp.nntp.server import NewsFactory, ServerSettings
from cliquenntp.nntp.session import SessionSettings
from cliquenntp.service.network.node_forums import InBoth, NodeForums
from cliquenntp.service.readers.accounts import Account, Accounts
from cliquenntp.service.readers.certificate import OWN_CERTIFICATE, Certificate, CertificateError, load_or_create
from cliquenntp.service.readers.logins import AccountLogins
from cliquenntp.service.readers.news_endpoints import I2P, NewsEndpoint, news_endpoint
from cliquenntp.service.readers.views import NamedForums, Views
from cliquenntp.service.settings import Settings
from cliquenntp.service.start import StartError, i2p_network


class Served(Protocol):
    """What has listeners: a node, or a reader that serves another process's database."""

    settings: Settings
    reactor: Any
    clock: Callable[[], float]
    store: Any
    views: Views
    posting: Any
    forums: NodeForums
    reading: Any
    accounts: Accounts

    def feed(self) -> IFeed:
        """Return what takes articles of other news servers."""

    def listen(self, kind: str, endpoint: NewsEndpoint, factory: Any) -> IListeningPort | None:
        """Listen; None where connections come another way.  Raises StartError."""


NNTP, PUBLIC, ACCOUNTS, FEED = "nntp", "public", "accounts", "feed"
"""the kinds, named as their settings"""

CONNECTIONS_PER_ADDRESS = 20
"""at the same time on listeners for strangers: newsreaders open four or five, a family shares an address"""

NOBODY = Identity(None, Right.NONE)


@attrs.define(eq=False)
class Listener:
    """One place where newsreaders connect."""

    kind: str
    endpoint: NewsEndpoint
    factory: NewsFactory
    port: IListeningPort | None = None
    network: I2PTransport | None = None

    @property
    def address(self) -> str:
        """Where newsreaders find it: ``tcp:HOST:PORT``, ``tls:HOST:PORT``, ``unix:PATH``, ``i2p:HOST`` or empty."""
        if self.network is not None:
            return self.network.address
        return "" if self.port is None else address_text(self.port.getHost(), self.endpoint.scheme)


class Listeners:
    """All listeners of a node."""

    log = Logger()

    def __init__(self, node: Served) -> None:
        self._node = node
        self._certificate: Certificate | None = None
        self._logins = AccountLogins(node.reactor, node.accounts, self._identity)
        self.all: list[Listener] = []

    @property
    def readers(self) -> int:
        """How many clients are connected."""
        return sum(listener.factory.connections for listener in self.all)

    def addresses(self, kind: str) -> list[str]:
        """Return where newsreaders find the listeners of a kind."""
        return [listener.address for listener in self.all if listener.kind == kind]

    @property
    def fingerprint(self) -> str:
        """The certificate's fingerprint; empty where none is used."""
        return self._certificate.fingerprint if self._certificate is not None else ""

    @property
    def certificate_file(self) -> Path | None:
        """The file of the certificate; None where none is used."""
        if self._certificate is None:
            return None
        return self._node.settings.certificate or self._node.settings.keys / OWN_CERTIFICATE

    def open(self) -> None:
        """Listen everywhere.  Raises StartError."""
        settings = self._node.settings
        for kind in (NNTP, PUBLIC, ACCOUNTS, FEED):
            for text in getattr(settings, kind):
                self._open(kind, news_endpoint(text))

    async def close(self) -> None:
        """Tell all clients and close."""
        for listener in self.all:
            if listener.port is not None:
                await defer.maybeDeferred(listener.port.stopListening)
            await listener.factory.stop()
            if listener.network is not None:
                await listener.network.stop()
                listener.factory.doStop()

    def renew(self) -> None:
        """Read the certificate again.  Raises CertificateError; then the one before stays."""
        if self._certificate is not None:
            self._certificate.read()

    def expel(self, account: str | None) -> None:
        """End the connections on which an account has logged in; None: all."""
        for listener in self.all:
            listener.factory.expel(account)

    def _open(self, kind: str, endpoint: NewsEndpoint) -> None:
        node = self._node
        for_strangers = kind in (PUBLIC, ACCOUNTS)
        certificate = self.certificate() if for_strangers and (endpoint.tls or endpoint.may_start_tls) else None
        factory = NewsFactory(
            node.views.of, node.posting.post, self._settings(kind, endpoint), node.reactor, node.clock, node.reading,
            node.reading.fetched, self._logins if kind == ACCOUNTS else None,
            certificate if endpoint.may_start_tls else None, feed=node.feed() if kind == FEED else None,
        )
        listener = Listener(kind, endpoint, factory)
        if endpoint.text == I2P:
            self._open_in_i2p(listener)
        else:
            wrapped: Any = factory
            if certificate is not None and endpoint.tls:
                wrapped = TLSMemoryBIOFactory(certificate, False, factory)
            listener.port = node.listen(kind, endpoint, wrapped)
        self.all.append(listener)

    def _open_in_i2p(self, listener: Listener) -> None:
        """Listen on an I2P destination that says nothing of the node's own; it comes up when the router lets it."""
        listener.network = network = i2p_network(self._node.reactor, self._node.settings, f"{I2P}-{listener.kind}")
        try:
            listening = network.listen(listener.factory)
        except KeyFileError as error:
            raise StartError(str(error)) from None
        listener.factory.doStart()
        listening.addErrback(lambda failure: failure.trap(defer.CancelledError))

    def _identity(self, account: Account) -> Identity:
        listed = account.listed or self._node.settings.list_scope
        return attrs.evolve(account.identity(self._node.store.reader, self._node.forums), listed=listed)

    def _settings(self, kind: str, endpoint: NewsEndpoint) -> ServerSettings:
        settings = self._node.settings
        shared = self._node.forums.of(SHARED)
        contact = settings.contact if kind in (PUBLIC, ACCOUNTS) else ""
        session = SessionSettings(
            implementation=f"cliquenntp {cliquenntp.__version__}",
            confidential=endpoint.confidential,
            new_groups=settings.newgroups,
            contact=contact,
            motd=(f"Contact: {contact}",) if contact else (),
        )
        if kind == NNTP:
            return ServerSettings(session, attrs.evolve(OWNER, forums=shared, listed=settings.list_scope))
        if kind == FEED:
            return ServerSettings(session, FEEDER)
        identity = NOBODY
        if kind == PUBLIC:
            forums = NamedForums(self._node.store.reader, frozenset(settings.public_forums))
            identity = Identity(None, Right.READ, InBoth(forums, shared), listed=settings.list_scope)
        has_one_address = endpoint.shared_address
        return ServerSettings(
            session,
            identity,
            connections_per_address=None if has_one_address else CONNECTIONS_PER_ADDRESS,
            connections_per_minute=None if has_one_address else settings.connections_per_minute,
        )

    def certificate(self) -> Certificate:
        """Return the certificate; made at its first use, unless the operator named one."""
        if self._certificate is None:
            settings = self._node.settings
            try:
                if settings.certificate is not None:
                    self._certificate = Certificate(settings.certificate)
                else:
                    self._certificate = load_or_create(settings.keys / OWN_CERTIFICATE)
            except CertificateError as error:
                raise StartError(str(error)) from None
            except OSError as error:
                raise StartError(f"{error.filename}: {error.strerror}") from None
        return self._certificate


def address_text(host: Any, scheme: str = "tcp") -> str:
    """Return a listening port's address as text: ``tcp:HOST:PORT`` (or another scheme's) or ``unix:PATH``."""
    if hasattr(host, "port"):
        return f"{scheme}:[{host.host}]:{host.port}" if ":" in host.host else f"{scheme}:{host.host}:{host.port}"
    return f"unix:{host.name.decode(errors='replace')}"
