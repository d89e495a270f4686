"""A worker: a reader that is handed its connections by the node that started it, and ends with it.

``python -m cliquenntp.service.processes.worker`` gets a Unix socket as its standard input.  The node writes its
settings there first, pickled, then a byte for each connection, with the connection's descriptor: the number of its
listener.
"""

from __future__ import annotations

import pickle
import socket
import sys
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import Factory
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.python.logfile import LogFile
from zope.interface import implementer

from cliquenntp.service.processes.reader import Reader
from cliquenntp.service.reactor_clock import use_steady_clock
from cliquenntp.service.readers.news_endpoints import NewsEndpoint
from cliquenntp.service.settings import Settings

HANDED = 0
"""the descriptor: a worker has no other input"""

HANDED_AT_ONCE = 64

LOG_NAME = "log"
LOG_OCTETS = 1_000_000
LOGS_KEPT = 5


@implementer(IReadDescriptor)
class Worker(Reader):
    """A reader without ports."""

    def __init__(self, reactor: Any, settings: Settings, node: socket.socket) -> None:
        """``node`` is the socket on which connections come."""
        super().__init__(reactor, settings)
        self._node = node
        self._factories: list[Factory] = []

    def listen(self, kind: str, endpoint: NewsEndpoint, factory: Any) -> None:
        """Take the connections of one more listener; its number is how many there are already."""
        factory.doStart()
        self._factories.append(factory)

    def startService(self) -> None:
        """Open the database, and take connections from then on."""
        super().startService()
        self._node.setblocking(False)
        self.reactor.addReader(self)

    def fileno(self) -> int:
        """Return the descriptor on which connections come."""
        return self._node.fileno()

    def logPrefix(self) -> str:
        """Return its name in logs."""
        return "worker"

    def connectionLost(self, reason: Any = None) -> None:
        """See IReadDescriptor; the reactor says so when it ends."""

    def doRead(self) -> None:
        """Take the connections that were handed over; end where the node has ended."""
        try:
            listeners, descriptors, _, _ = socket.recv_fds(self._node, HANDED_AT_ONCE, HANDED_AT_ONCE)
        except BlockingIOError:
            return
        if not listeners:
            self.reactor.removeReader(self)
            self.reactor.stop()
        for listener, descriptor in zip(listeners, descriptors, strict=False):
            with socket.socket(fileno=descriptor) as connection:
                connection.setblocking(False)
                self.reactor.adoptStreamConnection(descriptor, connection.family, self._factories[listener])


def received_settings(node: socket.socket) -> Settings:
    """Return the settings that a node sends first, behind their length in four octets."""
    stream = node.makefile("rb", buffering=0)
    length = int.from_bytes(stream.read(4) or b"", "big")
    octets = b""
    while len(octets) < length and (part := stream.read(length - len(octets))):
        octets += part
    found: Settings = pickle.loads(octets)
    return found


def main() -> None:
    """Serve until the node ends."""
    node = socket.socket(fileno=HANDED)
    settings = received_settings(node)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    log: Any = LogFile(LOG_NAME, str(settings.data), LOG_OCTETS, maxRotatedFiles=LOGS_KEPT)
    globalLogBeginner.beginLoggingTo([textFileLogObserver(log)], redirectStandardIO=False)
    from twisted.internet import reactor

    use_steady_clock(reactor)
    worker = Worker(reactor, settings, node)
    try:
        worker.startService()
    except SystemExit as error:
        sys.exit(str(error))
    reactor.addSystemEventTrigger("before", "shutdown", worker.stopService)
    reactor.run()


if __name__ == "__main__":
    main()
