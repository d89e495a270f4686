"""Connecting to the server of a bridge, as its peer or as its reader."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.protocol import Factory
from twisted.internet.ssl import optionsForClientTLS

from cliquenntp.nntp.client import Reply, ServerError
from cliquenntp.nntp.client_connection import NewsServer
from cliquenntp.service.bridging.bridge import Bridge, BridgeError, Server

CONNECT_SECONDS = 30.0

Unreachable = (ServerError, BridgeError, ConnectError, DNSLookupError, OSError)
"""what makes a bridge wait and try again"""


class _Servers(Factory):
    """Makes the connection, without a line in the log for each."""

    noisy = False

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def buildProtocol(self, addr: object) -> NewsServer:
        """Return the protocol of a new connection."""
        return NewsServer(self._reactor)


async def connect(reactor: Any, bridge: Bridge, as_reader: bool) -> NewsServer:
    """Return a connection to a bridge's server, logged in.  Raises what Unreachable names."""
    where = Server.read(bridge.server)
    endpoint: Any = HostnameEndpoint(reactor, where.host, where.port, timeout=CONNECT_SECONDS)
    if where.scheme == "tls":
        endpoint = wrapClientTLS(optionsForClientTLS(where.host), endpoint)
    server: NewsServer = await endpoint.connect(_Servers(reactor))
    try:
        expect(await server.greeting, 200, 201)
        if as_reader:
            # INN hands a connection over to its reader daemon only then; 5xx: it serves none but readers
            reply = await server.ask(b"MODE READER")
            if reply.code // 100 == 4 and reply.code != 480:
                raise BridgeError(f"the server said {reply}")
            expect(reply, 200, 201, 480, 500, 501, 502, 503)
        if bridge.login:
            await _log_in(server, *_credentials(Path(bridge.login)))
    except BaseException:
        server.close()
        raise
    return server


def expect(reply: Reply, *codes: int) -> Reply:
    """Return a reply whose code is among these.  Raises BridgeError with what the server said otherwise."""
    if reply.code not in codes:
        shown = reply.command.decode("utf-8", "replace") if not reply.command.upper().startswith(b"AUTHINFO") else ""
        raise BridgeError(f"the server said {reply}{f' to {shown}' if shown else ''}")
    return reply


async def _log_in(server: NewsServer, user: bytes, password: bytes) -> None:
    reply = expect(await server.ask(b"AUTHINFO USER " + user), 281, 381)
    if reply.code == 381:
        expect(await server.ask(b"AUTHINFO PASS " + password), 281)


def _credentials(path: Path) -> tuple[bytes, bytes]:
    """Return user and password out of a file that its owner alone may read."""
    try:
        mode = path.stat().st_mode
        lines = path.read_bytes().split()
    except OSError as error:
        raise BridgeError(f"the login file {path} cannot be read: {error.strerror}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise BridgeError(f"the login file {path} may be read by others: chmod 600 it")
    if len(lines) != 2:
        raise BridgeError(f"the login file {path} must have two lines: user, password")
    return lines[0], lines[1]
