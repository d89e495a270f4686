"""Public listeners and pages on I2P destinations of their own, with a SAM port that stands for the router's."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import defer, reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from cliquenntp.link.address import parse_address
from cliquenntp.link.i2p import I2PNetwork
from cliquenntp.link.i2p_settings import I2PSettings
from cliquenntp.service.forums import root_document
from cliquenntp.service.node import Node
from cliquenntp.service.settings import Settings
from tests.link.fake_sam import FakeSAM
from tests.link.linkhelp import until


class Reader(Protocol):
    """Keeps what the server says."""

    def connectionMade(self) -> None:
        self.data = b""
        self.closed = False

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Any = None) -> None:
        self.closed = True


class PublicOverI2P(TestCase):
    timeout = 60

    @pytest.fixture(autouse=True)
    def _take_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @defer.inlineCallbacks
    def setUp(self) -> Any:
        self.sam = FakeSAM()
        port = self.sam.open()
        self.node = Node(reactor, Settings(
            data=self.folder / "data", nntp=("tcp:0:interface=127.0.0.1",), web=(), public=("i2p",),
            public_forums=("clique.tea",), accounts=("i2p",), public_web=("i2p",), i2p_sam=f"127.0.0.1:{port}",
        ))
        self.node.startService()
        for name in ("tea", "secret"):
            yield self.node.accept(root_document(name, "", self.node.owner, int(self.node.clock())))
        self.network = I2PNetwork(reactor, I2PSettings(self.folder / "client" / "key", sam_port=port))
        self.network.start()
        yield until(lambda: self.network.is_up and len(self.sam.sessions) == 4 and self.sam.acceptors)

    @defer.inlineCallbacks
    def tearDown(self) -> Any:
        yield self.network.stop()
        yield self.node.stopService()
        yield self.sam.close()
        yield until(lambda: not self.sam.clients)
        gc.collect()

    @defer.inlineCallbacks
    def connect(self, kind: str) -> Any:
        address = parse_address(self.node.listeners.addresses(kind)[0])
        yield until(lambda: self.node.listeners.all and self.sam.acceptors)
        reader = yield self.network.connect(address, Factory.forProtocol(Reader))
        yield until(lambda: reader.data.endswith(b"\r\n"))
        return reader

    @defer.inlineCallbacks
    def ask(self, reader: Any, command: str, end: bytes = b"\r\n") -> Any:
        reader.data = b""
        reader.transport.write(command.encode() + b"\r\n")
        yield until(lambda: reader.data.endswith(end))
        return reader.data.decode()

    @defer.inlineCallbacks
    def test_each_listener_has_an_address_of_its_own(self) -> Any:
        [public], [accounts] = (self.node.listeners.addresses(kind) for kind in ("public", "accounts"))
        assert public.startswith("i2p:") and accounts.startswith("i2p:") and public != accounts
        assert {path.name for path in (self.folder / "data/keys").iterdir()} >= {"i2p-public", "i2p-accounts"}
        reader = yield self.connect("public")
        assert reader.data.startswith(b"201 ")
        [factory] = [listener.factory for listener in self.node.listeners.all if listener.kind == "public"]
        assert [f"i2p:{address}" for address in factory._connections.values()] == [self.network.address]
        answer = yield self.ask(reader, "GROUP clique.tea")
        assert answer == "211 1 1 1 clique.tea\r\n"
        answer = yield self.ask(reader, "GROUP clique.secret")
        assert answer.startswith("411 ")
        answer = yield self.ask(reader, "ARTICLE 1", b"\r\n.\r\n")
        assert answer.startswith("220 1 ")
        answer = yield self.ask(reader, "COMPRESS DEFLATE")
        assert answer.startswith("206 ")
        reader.transport.loseConnection()
        yield until(lambda: reader.closed)

    @defer.inlineCallbacks
    def test_the_pages_have_an_address_of_their_own_too(self) -> Any:
        [address] = self.node.public_web.addresses
        assert address.startswith("i2p:")
        assert address not in {*self.node.listeners.addresses("public"), *self.node.listeners.addresses("accounts")}
        assert (self.folder / "data/keys/i2p-public-web").stat().st_mode & 0o777 == 0o600
        browser = yield self.network.connect(parse_address(address), Factory.forProtocol(Reader))
        [(_, factory)] = self.node.public_web._networks
        @defer.inlineCallbacks
        def get(path: str, host: str = "Host: pages.i2p\r\n") -> Any:
            browser.data = b""
            browser.transport.write(f"GET {path} HTTP/1.1\r\n{host}\r\n".encode())
            yield until(lambda: b"</html>" in browser.data or b"one Host header" in browser.data)
            return browser.data.decode()

        page = yield get("/")
        assert page.startswith("HTTP/1.1 200 ")
        assert "clique.tea" in page and "secret" not in page
        assert "Strict-Transport-Security" not in page
        assert [f"i2p:{host}" for host in factory.addresses._connected] == [self.network.address]
        page = yield get("/clique.secret")
        assert page.startswith("HTTP/1.1 404 ")
        page = yield get("/", "")
        assert page.startswith("HTTP/1.1 400 ")
        browser.transport.loseConnection()
        yield until(lambda: browser.closed)
        yield until(lambda: not factory.addresses._connected)

    @defer.inlineCallbacks
    def test_a_login_needs_no_tls(self) -> Any:
        reader = yield self.connect("accounts")
        answer = yield self.ask(reader, "AUTHINFO USER mary")
        assert answer.startswith("381 ")
        answer = yield self.ask(reader, "AUTHINFO PASS wrong")
        assert answer.startswith("481 ")
        answer = yield self.ask(reader, "STARTTLS")
        assert answer.startswith("580 ")

    @defer.inlineCallbacks
    def test_clients_are_told_when_the_node_stops(self) -> Any:
        reader = yield self.connect("public")
        reader.data = b""
        yield defer.ensureDeferred(self.node.listeners.close())
        yield until(lambda: reader.closed)
        assert reader.data.startswith(b"400 ")
