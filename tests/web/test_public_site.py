"""The public site on connections in memory: methods, headers, caches, shares of an address, and silence."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from cliquenntp.newsgroup.view import NewsView
from cliquenntp.web.public.pages import PublicPages
from cliquenntp.web.public.site import (
    CONNECTIONS_PER_ADDRESS,
    IDLE_SECONDS,
    MOST_CONNECTIONS,
    make_public_site,
)
from tests.small_forum import SmallForum

BROWSER = IPv4Address("TCP", "192.0.2.7", 40_000)


class Transport(StringTransport):
    """Notes how it is ended."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        self.disconnecting = True


@attrs.frozen
class Answer:
    code: int
    headers: dict[str, str]
    body: str


class Public:
    """A public site and its clock."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.forum = SmallForum()
        self.forum.post("Roses")
        self.view = NewsView(self.forum.archive)
        self.pages = PublicPages(self.view, "", lambda function: succeed(function()))
        self.site = make_public_site(self.pages, self.clock, **({"shared_address": False} | settings))

    def connect(self, address: Any = BROWSER) -> tuple[Any, Transport]:
        transport = Transport(peerAddress=address)
        connection = self.site.buildProtocol(address)
        connection.makeConnection(transport)
        return connection, transport

    def send(self, data: bytes, address: Any = BROWSER) -> Answer:
        """Send octets on a connection of their own; return the first answer."""
        connection, transport = self.connect(address)
        connection.dataReceived(data)
        connection.connectionLost(Failure(ConnectionDone()))
        head, _, body = transport.value().partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Answer(int(status.split()[1]), headers, body.decode())

    def get(self, path: str = "/", *lines: str, method: str = "GET", address: Any = BROWSER) -> Answer:
        head = "".join(f"{line}\r\n" for line in ("Host: pages.example", "Connection: close", *lines))
        return self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1"), address)


@pytest.fixture
def public() -> Public:
    return Public()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_only_get_and_head_are_there(public: Public, method: str) -> None:
    answer = public.get("/clique.garden", method=method)
    assert answer.code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["cache-control"] == "no-store"
    head = public.get("/clique.garden", method="HEAD")
    assert (head.code, head.body) == (200, "")
    assert head.headers["content-length"] == public.get("/clique.garden").headers["content-length"]


def test_a_body_is_not_read(public: Public) -> None:
    for lines in (("Content-Length: 3",), ("Transfer-Encoding: chunked",)):
        for method in ("GET", "POST"):
            assert public.get("/", *lines, method=method).code == 413, (method, lines)


@pytest.mark.parametrize(("head", "code"), [
    ("HTTP/1.1\r\n", 400), ("HTTP/1.1\r\nHost: a\r\nHost: a\r\n", 400), ("HTTP/1.1\r\nHost: anything.i2p:80\r\n", 200),
    ("HTTP/1.1\r\nHost:\r\n", 200), ("HTTP/1.1\r\nHost: \xff\r\n", 200), ("HTTP/1.0\r\n", 200),
])  # fmt: skip
def test_a_request_has_one_host_whatever_its_name(public: Public, head: str, code: int) -> None:
    answer = public.send(f"GET / {head}\r\n".encode("latin-1"))
    assert answer.code == code
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(("path", "code", "cache"), [
    ("/", 200, "public, max-age=60"), ("/clique.garden", 200, "public, max-age=60"),
    ("/style.css", 200, "public, max-age=60"), ("/icon.svg", 200, "public, max-age=60"),
    ("/robots.txt", 200, "public, max-age=60"), ("/clique.none", 404, "no-store"), ("/live.js", 404, "no-store"),
])  # fmt: skip
def test_every_answer_is_safe_and_says_how_long_it_may_be_kept(
    public: Public, path: str, code: int, cache: str,
) -> None:
    answer = public.get(path)
    assert answer.code == code
    assert answer.headers["cache-control"] == cache
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    unwanted = {"server", "set-cookie", "access-control-allow-origin", "strict-transport-security"}
    assert not unwanted & set(answer.headers)
    assert ("etag" in answer.headers) == (code == 200)
    assert public.get(path, "Origin: https://elsewhere.example", "Cookie: a=b").body == answer.body


def test_what_did_not_change_is_not_sent_again(public: Public) -> None:
    tag = public.get("/clique.garden").headers["etag"]
    again = public.get("/clique.garden", f"If-None-Match: {tag}")
    assert (again.code, again.body) == (304, "")
    assert again.headers["cache-control"] == "public, max-age=60"
    public.forum.post("Thorns")
    public.view.moved(public.forum.changes)
    changed = public.get("/clique.garden", f"If-None-Match: {tag}")
    assert changed.code == 200 and changed.headers["etag"] != tag


def test_over_tls_alone_is_said_on_every_answer() -> None:
    public = Public(tls_alone=True)
    for path in ("/", "/style.css", "/clique.none"):
        assert public.get(path).headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" in public.get("/", method="POST").headers


def test_an_address_has_so_many_requests_in_a_minute_and_others_are_not_its_business() -> None:
    public = Public(per_minute=3)
    assert [public.get("/robots.txt").code for _ in range(4)] == [200, 200, 200, 429]
    refused = public.get("/clique.garden")
    assert (refused.headers["retry-after"], refused.headers["cache-control"]) == ("60", "no-store")
    assert public.get(address=IPv4Address("TCP", "192.0.2.8", 1)).code == 200
    one, other = (IPv6Address("TCP", f"2001:db8::{end}", 1) for end in (1, 2))
    assert [public.get(address=one).code for _ in range(3)] == [200] * 3
    assert public.get(address=other).code == 429, "one network's"
    public.clock.advance(60)
    assert public.get("/robots.txt").code == 200
    behind_a_proxy = Public(shared_address=True, per_minute=3)
    assert {behind_a_proxy.get("/robots.txt").code for _ in range(10)} == {200}


def test_an_address_has_so_many_connections_and_all_have_so_many(public: Public) -> None:
    held = [public.connect() for _ in range(CONNECTIONS_PER_ADDRESS)]
    assert not any(transport.aborted for _, transport in held)
    assert public.connect()[1].aborted
    others = [
        public.connect(IPv4Address("TCP", f"198.51.{number >> 8}.{number & 255}", 1))[1].aborted
        for number in range(MOST_CONNECTIONS)]
    assert others == [False] * (MOST_CONNECTIONS - len(held)) + [True] * len(held)
    for connection, _ in held:
        connection.connectionLost(Failure(ConnectionDone()))
    assert not public.connect()[1].aborted


def test_an_idle_connection_is_ended_and_its_address_said_nowhere(public: Public) -> None:
    said: list[LogEvent] = []
    globalLogPublisher.addObserver(said.append)
    try:
        connection, transport = public.connect()
        connection.dataReceived(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /")
        assert transport.value().startswith(b"HTTP/1.1 200 ")
        public.clock.advance(IDLE_SECONDS - 1)
        assert not transport.disconnecting
        public.clock.advance(2)
        assert transport.disconnecting and not transport.aborted
        public.clock.advance(60)
        assert transport.aborted
        connection.connectionLost(Failure(ConnectionDone()))
        later, transport = public.connect()
        public.clock.advance(IDLE_SECONDS + 1)
        later.connectionLost(Failure(ConnectionDone()))
        public.clock.advance(60)
        assert not transport.aborted, "it was gone by itself"
    finally:
        globalLogPublisher.removeObserver(said.append)
    assert said == []


def test_what_goes_wrong_is_told_in_one_line_and_in_full_in_the_log(
    public: Public, monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[LogEvent] = []
    monkeypatch.setattr(public.pages, "_forums", lambda: 1 // 0)
    globalLogPublisher.addObserver(said.append)
    try:
        answer = public.get("/")
    finally:
        globalLogPublisher.removeObserver(said.append)
    assert (answer.code, answer.body) == (500, "something went wrong here; it has been noted\n")
    assert answer.headers["cache-control"] == "no-store"
    [event] = said
    assert event["log_failure"].check(ZeroDivisionError)
    assert BROWSER.host not in str(event)
