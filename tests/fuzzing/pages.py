"""What a browser may send: to the status page and its forms, and to the public pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from cliquenntp.web import make_site
from cliquenntp.web.public.pages import PublicPages
from cliquenntp.web.public.site import make_public_site
from tests.fuzzing.news import small_view
from tests.fuzzing.target import Target
from tests.web.recorded import Recorded

TOKEN = b"@TOKEN@"
"""stands in inputs for the form's token, which is made anew at each start"""

_COMMANDS = Recorded()

_BROWSER = IPv4Address("TCP", "127.0.0.1", 40_000)


def _in_thread(function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
    return succeed(function(*arguments))


@lru_cache(1)
def _status_site() -> tuple[Any, bytes]:
    """Return the status page, and its token."""
    site = make_site(_COMMANDS, Clock(), lambda: 0.0)
    page = _said(site, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return site, re.findall(rb'name="token" value="([^"]+)"', page)[0]


@lru_cache(1)
def _public_site() -> Any:
    return make_public_site(PublicPages(small_view(), "", _in_thread), Clock(), shared_address=True)


def _said(site: Any, data: bytes) -> bytes:
    """Return what a site answers on one connection; AssertionError where it failed."""
    failures: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if "log_failure" in event:
            failures.append(event)

    transport = StringTransport(peerAddress=_BROWSER)
    globalLogPublisher.addObserver(observe)
    try:
        connection = site.buildProtocol(_BROWSER)
        connection.makeConnection(transport)
        connection.dataReceived(data)
        connection.connectionLost(Failure(ConnectionDone()))
    finally:
        globalLogPublisher.removeObserver(observe)
    assert not failures, failures[0]["log_failure"].getTraceback()
    answer: bytes = transport.value()
    assert not answer or answer.startswith(b"HTTP/1."), answer[:100]
    return answer


def ask_status_page(data: bytes) -> None:
    """Any request gets an answer or none, and no exception."""
    site, token = _status_site()
    answer = _said(site, data.replace(TOKEN, token))
    _COMMANDS.asked.clear()
    assert b"<script>alert" not in answer


def ask_public_page(data: bytes) -> None:
    """Any request gets an answer or none, and no exception."""
    _said(_public_site(), data)


_END = b" HTTP/1.1\r\nHost: 127.0.0.1:8119\r\n"


def _form(path: bytes, body: bytes, media_type: bytes = b"application/x-www-form-urlencoded") -> bytes:
    return (
        b"POST " + path + _END + b"Origin: http://127.0.0.1:8119\r\nContent-Type: " + media_type
        + b"\r\nContent-Length: %d\r\n\r\n" % (len(body) + 32 - len(TOKEN) if TOKEN in body else len(body)) + body)


_PARTS = (
    b"--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n" + TOKEN
    + b"\r\n--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\ntea\r\n--x--\r\n")
_REQUESTS = (
    b"GET /" + _END + b"\r\n",
    b"GET /forum/clique.a" + _END + b"\r\nGET /live.json" + _END + b"\r\n",
    b"GET /deliveries.svg/clique.a" + _END + b"\r\n",
    b"HEAD /style.css" + _END + b"If-None-Match: \"x\"\r\n\r\n",
    _form(b"/create", b"token=" + TOKEN + b"&name=tea&description=Leaves+and+%C3%A9"),
    _form(b"/join", b"token=" + TOKEN + b"&invitation=clique:abc%3Fpeer=x"),
    _form(b"/join", b"token=" + TOKEN + b"&root=abc&peer=x"),
    _form(b"/follow/clique.a", b"token=" + TOKEN),
    _form(b"/create", _PARTS, b"multipart/form-data; boundary=x"),
    b"POST /create" + _END + b"Transfer-Encoding: chunked\r\n\r\n5\r\ntoken\r\n0\r\n\r\n",
)
_PUBLIC = (
    b"GET /" + _END + b"\r\n",
    b"GET /clique.tea?before=3" + _END + b"\r\n",
    b"GET /clique.tea/" + small_view().message_id(2)[1:53] + b"?page=1" + _END + b"If-None-Match: W/\"x\"\r\n\r\n",
    b"GET /robots.txt HTTP/1.0\r\n\r\n",
    b"POST /" + _END + b"Content-Length: 3\r\n\r\nabc",
)
_WORDS = (
    TOKEN, _END, b"\r\n\r\n", b"Content-Length: ", b"Content-Length: 99999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"multipart/form-data; boundary=", b"Content-Disposition: form-data; name=\"", b"%00", b"%ff", b"%2f", b"../",
    b"Host: localhost\r\n", b"Origin: http://127.0.0.1:8119\r\n", b"Expect: 100-continue\r\n", b"&name=", b"?page=-1",
    b"?before=99999999999999999999", b"clique.tea", b"GET ", b"POST ", b"Cookie: a=b\r\n", b"Range: bytes=0-\r\n",
)  # fmt: skip

TARGETS = (
    Target("status-page", ask_status_page, _REQUESTS, _WORDS, 16_384),
    Target("public-page", ask_public_page, _PUBLIC, _WORDS, 8192),
)
