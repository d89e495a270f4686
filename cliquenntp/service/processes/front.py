"""A listening port of which several processes serve the connections: each in turn is handed one."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IListeningPort, IReadDescriptor
from twisted.logger import Logger
from zope.interface import implementer

BACKLOG = 512
"""connections that the kernel keeps until they are accepted"""

ACCEPTS_A_TURN = 64
"""connections that are handed on before the reactor does something else"""


@implementer(IReadDescriptor, IListeningPort)
class Front:
    """Accepts connections and hands each to ``hand_on``, which returns whether somebody took it."""

    log = Logger()

    def __init__(self, reactor: Any, address: tuple[str, int], hand_on: Callable[[socket.socket], bool]) -> None:
        """Listen at once.  Raises OSError."""
        self._reactor = reactor
        self._hand_on = hand_on
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.create_server(address, family=family, backlog=BACKLOG)
        self._socket.setblocking(False)

    def startListening(self) -> None:
        """Accept connections from now on."""
        self._reactor.addReader(self)

    def stopListening(self) -> None:
        """Accept no more."""
        self._reactor.removeReader(self)
        self._socket.close()

    def getHost(self) -> IPv4Address | IPv6Address:
        """Return where it listens."""
        kind = IPv6Address if self._socket.family == socket.AF_INET6 else IPv4Address
        return kind("TCP", *self._socket.getsockname()[:2])

    def fileno(self) -> int:
        """Return the listening socket's descriptor."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """Return its name in logs."""
        return "front"

    def connectionLost(self, reason: Any = None) -> None:
        """See IReadDescriptor; the reactor says so when it ends."""

    def doRead(self) -> None:
        """Accept what has come."""
        for _ in range(ACCEPTS_A_TURN):
            try:
                connection, _ = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self.log.error("No connection can be accepted: {error}", error=error)
                return
            with connection:
                if not self._hand_on(connection):
                    connection.send(b"400 the server starts, try again in a moment\r\n")
