"""A web site that keeps no trace of who looked at what."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.server import Site


class _QuietChannel(http.HTTPChannel):
    """A connection that is ended when it has been idle, without a line in the log that names its address."""

    _ending: Any = None

    def timeoutConnection(self) -> None:
        """End it; at once where it is not gone some seconds later."""
        self._ending = self.callLater(self.abortTimeout, self._end)
        self.loseConnection()

    def _end(self) -> None:
        self._ending = None
        transport: Any = self.transport
        transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End it no more."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        super().connectionLost(reason)


class QuietSite(Site):
    """A site without a log of requests, whose failures are told to the log and not to a browser."""

    protocol = _QuietChannel  # type: ignore[assignment]
    displayTracebacks = False  # noqa: N815

    def log(self, request: http.Request) -> None:
        """Write nothing."""


def refuse_body(request: http.Request) -> None:
    """Answer a request whose body is too large before it comes, and end its connection."""
    transport: Any = request.channel.transport
    transport.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    request.channel.loseConnection()
