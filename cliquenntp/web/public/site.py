"""The Twisted shell of the public pages: what a stranger may ask for, how often, and what a browser may keep."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

from twisted.internet import defer
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from cliquenntp.nntp.addresses import Addresses
from cliquenntp.web.answer import Page, write
from cliquenntp.web.public.pages import PublicPages

HEADERS = {
    b"Content-Security-Policy": (
        b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; "
        b"base-uri 'none'"
    ),
    b"Referrer-Policy": b"no-referrer",
    b"Cache-Control": b"public, max-age=60",
}
"""on every answer: no script is ever wanted, and a cache before it may keep a page for a minute"""

IDLE_SECONDS = 30
"""between two requests on one connection"""

MOST_CONNECTIONS = 500
"""at the same time; one that reads a page holds some 100 kB"""

CONNECTIONS_PER_ADDRESS = 20
"""at the same time: a browser opens six"""

REQUESTS_PER_MINUTE = 120
"""of one address: more than anybody reads, and a robot that follows robots.txt needs six"""

TOO_MANY_REQUESTS = 429
"""RFC 6585 section 4; Twisted has no name for it"""

STATIC = {b"style.css": "text/css; charset=utf-8", b"icon.svg": "image/svg+xml"}

_log = Logger()


class _Root(Resource):
    """Answers every path."""

    isLeaf = True  # noqa: N815

    def __init__(self, pages: PublicPages, reactor: Any, per_minute: int | None) -> None:
        super().__init__()
        self._pages = pages
        self._reactor = reactor
        self._requests = Addresses(None, per_minute)
        self._files = {
            name: Page(http.OK, (files("cliquenntp.web") / "static" / name.decode()).read_text("utf-8"), media_type)
            for name, media_type in STATIC.items()}

    def render(self, request: Request) -> int:
        """Answer, now or later; what goes wrong is told in one line, and in full only in the log."""
        gone: list[Any] = []
        request.notifyFinish().addErrback(gone.append)

        def failed(failure: Any) -> Page:
            _log.failure("A public page failed", failure)
            return Page.text(500, "something went wrong here; it has been noted")

        def answer(page: Page) -> None:
            if not gone:
                _answer(request, page)

        defer.ensureDeferred(self._page(request)).addErrback(failed).addCallback(answer)
        return NOT_DONE_YET

    async def _page(self, request: Request) -> Page:
        if request.method not in (b"GET", b"HEAD"):
            return Page.text(http.NOT_ALLOWED, "these pages can be read, and nothing else")
        host = getattr(request.getClientAddress(), "host", "")
        if self._requests.enter(str(host), self._reactor.seconds()) is not None:
            return Page.text(TOO_MANY_REQUESTS, "too many requests from your address: wait a minute")
        self._requests.leave(str(host))
        static = self._files.get(request.path[1:])
        return await self._pages.answer(request) if static is None else static


def _answer(request: Request, page: Page) -> None:
    headers = dict(HEADERS)
    if page.code == http.OK:
        tag = b'"%b"' % hashlib.sha256(page.body.encode("utf-8", "replace")).hexdigest()[:24].encode()
        if request.setETag(tag) is http.CACHED:
            page = Page(http.NOT_MODIFIED, "", page.media_type)
    else:
        headers[b"Cache-Control"] = b"no-store"
    if page.code == TOO_MANY_REQUESTS:
        headers[b"Retry-After"] = b"60"
    write(request, page, headers)


class _NoBodies(Request):
    """A request without a body: nothing here takes one."""

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """Refuse a body of any length."""
        if length != 0:
            transport: Any = self.channel.transport
            transport.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.channel.loseConnection()
            length = 0
        super().gotLength(length)


class _QuietSite(Site):
    """Keeps no record of who looked at what."""

    displayTracebacks = False  # noqa: N815

    def log(self, request: http.Request) -> None:
        """Write nothing."""


class _Counted(ProtocolWrapper):
    """A connection that is counted by its address."""

    counted = ""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Count it no more."""
        counting: Any = self.factory
        counting.addresses.leave(self.counted)
        super().connectionLost(reason)


class CountingFactory(WrappingFactory):
    """Takes so many connections at the same time, in all and from one address."""

    protocol = _Counted
    noisy = False

    def __init__(self, wrapped: Any, at_once: int | None) -> None:
        super().__init__(wrapped)
        self.addresses = Addresses(at_once, None)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Return the protocol of a new connection; None ends it."""
        host = str(getattr(addr, "host", ""))
        if len(self.protocols) >= MOST_CONNECTIONS or self.addresses.enter(host, 0.0) is not None:
            return None
        protocol: Any = super().buildProtocol(addr)
        protocol.counted = host
        return protocol


def make_public_site(
    pages: PublicPages, reactor: Any, shared_address: bool, per_minute: int = REQUESTS_PER_MINUTE,
) -> CountingFactory:
    """Return the factory to listen with.

    With ``shared_address`` all readers come from one address, as through a proxy or I2P: then nobody can be told apart.
    """
    root = _Root(pages, reactor, None if shared_address else per_minute)
    site = _QuietSite(root, requestFactory=_NoBodies, timeout=IDLE_SECONDS, reactor=reactor)
    return CountingFactory(site, None if shared_address else CONNECTIONS_PER_ADDRESS)
