"""The Twisted shell of the page: resources, and limits on what a browser may send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from twisted.internet import defer
from twisted.logger import Logger
from twisted.web import http
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from cliquenntp.web.answer import Page, write
from cliquenntp.web.commands import Commands
from cliquenntp.web.guard import HEADERS, MOST_BODY_OCTETS, Guard, NotAllowedError
from cliquenntp.web.pages import Pages
from cliquenntp.web.quiet import QuietSite, refuse_body

IDLE_SECONDS = 60
"""A browser keeps a connection for its next request; it may as well make a new one."""

STATIC = {
    b"style.css": "text/css; charset=utf-8",
    b"icon.svg": "image/svg+xml",
    b"live.js": "text/javascript; charset=utf-8",
}

FORM = b"application/x-www-form-urlencoded"
"""the one kind of body that is looked at"""

_log = Logger()


class _SmallRequest(Request):
    """A request whose body is never longer than a form."""

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """Refuse a body that says that it is too long, or does not say how long it is.

        Twisted takes bodies apart by their Content-Type, and raises where that is made of odd octets: it is told FORM
        or nothing.
        """
        [media_type] = self.requestHeaders.getRawHeaders(b"content-type", [b""])[:1]
        self.requestHeaders.removeHeader(b"content-type")
        if media_type.partition(b";")[0].strip().lower() == FORM:
            self.requestHeaders.addRawHeader(b"content-type", FORM)
        if length is None or length > MOST_BODY_OCTETS:
            refuse_body(self)
            length = 0
        super().gotLength(length)


class _Checked(Resource):
    """A resource that answers only what the guard lets through, with the headers that every answer has."""

    isLeaf = True  # noqa: N815

    def __init__(self, guard: Guard, answer: Callable[[Request], Awaitable[Page]]) -> None:
        super().__init__()
        self._guard = guard
        self._answer = answer

    def render(self, request: Request) -> int:
        """Answer, now or later; what goes wrong is told in one line, and in full only in the log."""
        gone: list[Any] = []
        request.notifyFinish().addErrback(gone.append)
        answering = defer.ensureDeferred(self._checked(request))

        def failed(failure: Any) -> Page:
            _log.failure("The status page failed", failure)
            return Page.text(500, "something went wrong in the node: its log says what")

        def answer(page: Page) -> None:
            if not gone:
                write(request, page, HEADERS)

        answering.addErrback(failed).addCallback(answer)
        return NOT_DONE_YET

    async def _checked(self, request: Request) -> Page:
        try:
            self._guard.check(request)
        except NotAllowedError as error:
            return Page.text(error.code, str(error))
        return await self._answer(request)


class _Root(Resource):
    """Leads every path to the one resource that checks and answers."""

    def __init__(self, guard: Guard, pages: Pages) -> None:
        super().__init__()
        self._page = _Checked(guard, pages.answer)
        self._files = {name: _Checked(guard, _static(name, media_type)) for name, media_type in STATIC.items()}

    def getChild(self, path: bytes, request: Request) -> Resource:  # noqa: N802
        """Return a file of the page, or the page."""
        return self._files.get(path, self._page) if not request.postpath else self._page


def _static(name: bytes, media_type: str) -> Callable[[Request], Awaitable[Page]]:
    body = (files("cliquenntp.web") / "static" / name.decode()).read_text("utf-8")

    async def answer(request: Request) -> Page:
        return Page(http.OK, body, media_type)

    return answer


def make_site(commands: Commands, reactor: Any, clock: Callable[[], float]) -> QuietSite:
    """Return the factory to listen with, on a loopback address only; ``clock`` is the time of day in seconds."""
    guard = Guard()
    root = _Root(guard, Pages(commands, guard.token, clock))
    return QuietSite(root, requestFactory=_SmallRequest, timeout=IDLE_SECONDS, reactor=reactor)
