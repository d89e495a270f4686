"""Endpoints for addresses: which way a connection goes, and which ways are closed."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any
from typing import Protocol as Typed

from twisted.internet import defer, endpoints
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocolFactory

from cliquenntp.link import tls
from cliquenntp.link.address import Address, BadAddressError, parse_address


class I2PTransport(Typed):
    """What a session with an I2P router offers (link.i2p makes one)."""

    on_up: Callable[[], None]
    """is called whenever there is a session again"""

    sessions: int
    """that have stood so far"""

    @property
    def address(self) -> str:
        """The address's text; empty as long as there is none."""

    @property
    def obstacle(self) -> str:
        """Why nothing can be dialled just now; empty when it can be tried."""

    def listen(self, factory: IProtocolFactory) -> defer.Deferred[str]:
        """Begin to take connections, now and after every loss; fires once with the address's text."""

    def connect(self, address: Address, factory: IProtocolFactory) -> defer.Deferred[Any]:
        """Open a connection; fails at once while there is no session."""

    def stop(self) -> defer.Deferred[None]:
        """Close the session for good."""


class Transports:
    """Opens and takes connections for one node.

    With ``i2p`` given, I2P is the only way: every other address is refused, so that nothing tells the network around
    this machine that a node runs here.
    """

    def __init__(self, reactor: Any, i2p: I2PTransport | None = None) -> None:
        self._reactor = reactor
        self._i2p = i2p
        self._server_context: Any = None
        self._client_creator: Any = None
        self._ports: list[IListeningPort] = []

    def check(self, text: str) -> Address:
        """Return the address that a text names; BadAddressError when this node can't or won't use it."""
        address = parse_address(text)
        if address.scheme == "i2p" and self._i2p is None:
            raise BadAddressError(f"{address}: this node has no I2P router configured")
        if address.scheme != "i2p" and self._i2p is not None:
            raise BadAddressError(f"{address}: this node is on I2P, and nothing of it goes by any other way")
        return address

    def check_listening(self, text: str) -> Address:
        """Return the address to listen at; plain ``i2p`` is the destination of the key file.  BadAddressError."""
        return Address("i2p", "", 0) if text == "i2p" and self._i2p is not None else self.check(text)

    def obstacle(self, address: Address) -> str:
        """Return what on this machine is in the way of an address just now; empty when it can be tried."""
        return self._i2p.obstacle if self._i2p is not None and address.scheme == "i2p" else ""

    def connect(self, address: Address, factory: IProtocolFactory, timeout: float) -> defer.Deferred[Any]:
        """Open a connection; fires with the protocol, or fails with whatever the endpoint reports."""
        reactor = self._reactor
        if address.scheme == "i2p":
            assert self._i2p is not None, "check() refuses such an address"
            return self._i2p.connect(address, factory)
        endpoint: Any
        if address.scheme == "unix":
            endpoint = endpoints.UNIXClientEndpoint(reactor, address.host, timeout)
        elif address.scheme == "tcp":
            endpoint = endpoints.TCP4ClientEndpoint(reactor, address.host, address.port, timeout)
            if ":" in address.host:
                endpoint = endpoints.TCP6ClientEndpoint(reactor, address.host, address.port, timeout)
        else:
            self._client_creator = self._client_creator or tls.ClientCreator()
            plain = endpoints.HostnameEndpoint(reactor, address.host, address.port, timeout)
            endpoint = endpoints.wrapClientTLS(self._client_creator, plain)
        return endpoint.connect(factory)

    @defer.inlineCallbacks
    def listen(self, address: Address, factory: IProtocolFactory) -> Any:
        """Take connections at an address; fires with the address by which others reach it (port 0 filled in)."""
        reactor = self._reactor
        if address.scheme == "i2p":
            assert self._i2p is not None, "check() refuses such an address"
            own = yield self._i2p.listen(factory)
            return parse_address(own)
        endpoint: Any
        if address.scheme == "unix":
            endpoint = endpoints.UNIXServerEndpoint(reactor, address.host, mode=0o600, wantPID=True)
        elif address.scheme == "tcp":
            kind = endpoints.TCP6ServerEndpoint if ":" in address.host else endpoints.TCP4ServerEndpoint
            endpoint = kind(reactor, address.port, interface=address.host)
        else:
            self._server_context = self._server_context or tls.server_context()
            interface = address.host if _is_ip(address.host) else ""
            endpoint = endpoints.SSL4ServerEndpoint(reactor, address.port, self._server_context, interface=interface)
        port = yield endpoint.listen(factory)
        self._ports.append(port)
        if address.scheme == "unix" or address.port:
            return address
        return Address(address.scheme, address.host, port.getHost().port)

    @defer.inlineCallbacks
    def stop_listening(self) -> Any:
        """Take no more connections."""
        ports, self._ports = self._ports, []
        for port in ports:
            yield defer.maybeDeferred(port.stopListening)

    def stop(self) -> defer.Deferred[None]:
        """Close what this object holds open, the I2P session included."""
        return self._i2p.stop() if self._i2p is not None else defer.succeed(None)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def proved_address(peer: IAddress) -> str | None:
    """Return the address that the transport itself proves of a connection that came in; None where it proves none."""
    host = getattr(peer, "host", None)
    if hasattr(peer, "destination") and isinstance(host, str):
        return f"i2p:{host}"
    return None
