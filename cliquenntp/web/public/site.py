"""The Twisted shell of the public pages: what a stranger may ask for, how often, and what a browser may keep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from twisted.internet import defer
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from cliquenntp.nntp.addresses import Addresses
from cliquenntp.web.answer import Page, write
from cliquenntp.web.public.pages import PublicPages
from cliquenntp.web.quiet import QuietSite, refuse_body

HEADERS = {
    b"Content-Security-Policy": (
        b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; "
        b"base-uri 'none'"
    ),
    b"Referrer-Policy": b"no-referrer",
    b"Cache-Control": b"public, max-age=60",
}
"""on every answer: no script is ever wanted, and a cache before it may keep a page for a minute"""

STRICT_TRANSPORT = b"max-age=31536000"
"""the Strict-Transport-Security (RFC 6797) of pages over TLS: a year in which browsers ask for them over TLS alone"""

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

    def __init__(
        self, pages: PublicPages, reactor: Any, per_minute: int | None, more_headers: Mapping[bytes, bytes],
    ) -> None:
        super().__init__()
        self._pages = pages
        self._headers = {**HEADERS, **more_headers}
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
                _answer(request, page, self._headers)

        defer.ensureDeferred(self._page(request)).addErrback(failed).addCallback(answer)
        return NOT_DONE_YET

    async def _page(self, request: Request) -> Page:
        if request.method not in (b"GET", b"HEAD"):
            return Page.text(http.NOT_ALLOWED, "these pages can be read, and nothing else")
        hosts = request.requestHeaders.getRawHeaders(b"host", [])
        if len(hosts) > 1 or (not hosts and request.clientproto != b"HTTP/1.0"):
            return Page.text(http.BAD_REQUEST, "a request has one Host header")  # RFC 9112 section 3.2
        host = getattr(request.getClientAddress(), "host", "")
        if self._requests.enter(str(host), self._reactor.seconds()) is not None:
            return Page.text(TOO_MANY_REQUESTS, "too many requests from your address: wait a minute")
        self._requests.leave(str(host))
        static = self._files.get(request.path[1:])
        return await self._pages.answer(request) if static is None else static


def _answer(request: Request, page: Page, headers: dict[bytes, bytes]) -> None:
    if page.code == http.OK:
        tag = b'"%b"' % hashlib.sha256(page.body.encode("utf-8", "replace")).hexdigest()[:24].encode()
        if request.setETag(tag) is http.CACHED:
            page = Page(http.NOT_MODIFIED, "", page.media_type)
    else:
        headers = headers | {b"Cache-Control": b"no-store"}
    if page.code == http.NOT_ALLOWED:
        headers = headers | {b"Allow": b"GET, HEAD"}
    if page.code == TOO_MANY_REQUESTS:
        headers = headers | {b"Retry-After": b"60"}
    write(request, page, headers)


class _NoBodies(Request):
    """A request without a body: nothing here takes one."""

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """Refuse a body of any length."""
        if length != 0:
            refuse_body(self)
            length = 0
        super().gotLength(length)


class _Counted(ProtocolWrapper):
    """A connection that is counted by its address."""

    counted = ""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Count it no more."""
        counting: Any = self.factory
        counting.addresses.leave(self.counted)
        super().connectionLost(reason)


class _Refused(Protocol):
    """A connection too many, ended as soon as it is made; None for a protocol would leave it open within TLS."""

    def connectionMade(self) -> None:
        """End it."""
        transport: Any = self.transport
        transport.abortConnection()


class CountingFactory(WrappingFactory):
    """Takes so many connections at the same time, in all and from one address."""

    protocol = _Counted
    noisy = False

    def __init__(self, wrapped: Any, at_once: int | None) -> None:
        super().__init__(wrapped)
        self.addresses = Addresses(at_once, None)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Return the protocol of a new connection."""
        host = str(getattr(addr, "host", ""))
        if len(self.protocols) >= MOST_CONNECTIONS or self.addresses.enter(host, 0.0) is not None:
            return _Refused()
        protocol: Any = super().buildProtocol(addr)
        protocol.counted = host
        return protocol


def make_public_site(
    pages: PublicPages, reactor: Any, shared_address: bool, per_minute: int = REQUESTS_PER_MINUTE,
    tls_alone: bool = False,
) -> CountingFactory:
    """Return the factory to listen with.

    With ``shared_address`` all readers come from one address, as through a proxy: then nobody can be told apart.  With
    ``tls_alone`` browsers are told to ask for these pages over TLS from now on.
    """
    more = {b"Strict-Transport-Security": STRICT_TRANSPORT} if tls_alone else {}
    root = _Root(pages, reactor, None if shared_address else per_minute, more)
    site = QuietSite(root, requestFactory=_NoBodies, timeout=IDLE_SECONDS, reactor=reactor)
    return CountingFactory(site, None if shared_address else CONNECTIONS_PER_ADDRESS)
