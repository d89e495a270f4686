"""Newsreaders and browsers reach a node over a real i2pd: public listeners, and one for accounts without TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.nntp_client import NewsClient
from tests.real.i2p_router import SESSION_OPTIONS, I2PRouter
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


class Newsreader:
    """A client destination of the router, as a client tunnel has one."""

    def __init__(self, router: I2PRouter) -> None:
        self._port = router.sam_port
        self._session = self._say("HELLO VERSION MIN=3.1 MAX=3.1\n")
        options = " ".join(f"{name}={value}" for name, value in SESSION_OPTIONS.items())
        lengths = "inbound.length=0 outbound.length=0 inbound.quantity=1 outbound.quantity=1"
        answer = self._ask(
            self._session,
            f"SESSION CREATE STYLE=STREAM ID=newsreader DESTINATION=TRANSIENT SIGNATURE_TYPE=7 {lengths} {options}\n",
        )
        assert "RESULT=OK" in answer, answer

    def _say(self, greeting: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), 60)
        assert "RESULT=OK" in self._ask(connection, greeting)
        return connection

    @staticmethod
    def _ask(connection: socket.socket, line: str) -> str:
        connection.sendall(line.encode())
        answer = b""
        while not answer.endswith(b"\n"):  # octet by octet: what follows is the news server's
            octet = connection.recv(1)
            if not octet:
                break
            answer += octet
        return answer.decode()

    def stream(self, address: str) -> socket.socket | None:
        """Return a stream to an address, None where the router knows that it can't be reached."""
        stream = self._say("HELLO VERSION MIN=3.1 MAX=3.1\n")
        host = address.removeprefix("i2p:")
        if "RESULT=OK" not in self._ask(stream, f"STREAM CONNECT ID=newsreader DESTINATION={host}\n"):
            stream.close()
            return None
        return stream

    def get(self, address: str, path: str) -> str | None:
        """Return what pages at an address answer to a browser, None while they can't be reached.

        A router that has said OK too early ends the stream; with a request that it has not read, by a reset.
        """
        stream = self.stream(address)
        if stream is None:
            return None
        with stream, stream.makefile("rb") as answer:
            request = f"GET {path} HTTP/1.1\r\nHost: {address.removeprefix('i2p:')}\r\nConnection: close\r\n\r\n"
            try:
                stream.sendall(request.encode())
                return answer.read().decode() or None
            except ConnectionError:
                return None

    def connect(self, address: str) -> NewsClient | None:
        """Return a client of the server at an address, None while it can't be reached.

        A router says OK before the other side has answered; then the stream ends without a greeting.
        """
        stream = self.stream(address)
        if stream is None:
            return None
        client = NewsClient("", 0, stream=stream)
        if not client.greeting:
            client.close()
            return None
        return client

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def newsreader(i2p_router: I2PRouter) -> Iterator[Newsreader]:
    reader = Newsreader(i2p_router)
    yield reader
    reader.close()


def test_public_accounts_and_pages(
    make_node: Callable[..., NodeProcess], i2p_router: I2PRouter, newsreader: Newsreader
) -> None:
    options = [f"{name}={value}" for name, value in SESSION_OPTIONS.items()]
    node = make_node("node", config=(
        f'nntp = "{LOOPBACK}"\nweb = "off"\npublic = "i2p"\npublic_forums = ["clique.tea"]\naccounts = "i2p"\n'
        'public_web = "i2p"\n'
        f'i2p_sam = "127.0.0.1:{i2p_router.sam_port}"\ni2p_tunnel_length = 0\ni2p_tunnel_quantity = 1\n'
        f"i2p_options = {options}\n"
    ))
    for name in ("tea", "secret"):
        node.cliquectl("create-forum", name)
    password = node.cliquectl("user", "add", "mary")["password"]

    def address(kind: str) -> str:
        return wait_for(f"an address of {kind}", lambda: node.cliquectl("status")[kind][0], 90)

    assert len({address("public"), address("accounts"), address("public_web")}) == 3
    page = wait_for("the public pages", lambda: newsreader.get(address("public_web"), "/"), 90)
    assert page.startswith("HTTP/1.1 200 ")
    assert "clique.tea" in page and "secret" not in page
    page = wait_for("a page", lambda: newsreader.get(address("public_web"), "/clique.secret"), 90)
    assert page.startswith("HTTP/1.1 404 ")
    with wait_for("the public listener", lambda: newsreader.connect(address("public")), 90) as client:
        assert client.greeting.startswith("201 ")
        assert client.command("GROUP clique.tea") == "211 1 1 1 clique.tea"
        assert client.command("GROUP clique.secret").startswith("411 ")
        assert client.listing("ARTICLE 1")[1]
        assert client.command("POST").startswith("440 ")
        assert client.command("QUIT").startswith("205 ")
    with wait_for("the listener for accounts", lambda: newsreader.connect(address("accounts")), 90) as client:
        assert client.command("GROUP clique.tea").startswith("480 ")
        client.command("AUTHINFO USER mary")
        assert client.command(f"AUTHINFO PASS {password}").startswith("281 ")
        article = "From: Mary <mary@example.org>\r\nSubject: Oolong\r\nNewsgroups: clique.secret\r\n\r\nText.\r\n"
        assert client.post(article.encode()).startswith("240 ")
    assert "Unhandled" not in node.log and "Traceback" not in node.log, node.log
