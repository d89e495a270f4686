"""Two nodes over a real i2pd: one private router on loopback with 0-hop tunnels."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import defer, reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.trial import unittest

from cliquenntp.link.address import parse_address
from cliquenntp.link.i2p_settings import I2PSettings
from tests.link.linkhelp import Node, until
from tests.real.i2p_router import SESSION_OPTIONS, I2PRouter

pytestmark = pytest.mark.real

SESSION_SECONDS = 90
"""A session on i2pd 2.45.1 takes 20 to 24 s, because it looks for its tunnels every 20 s."""

ANSWERED_SECONDS = 90
"""thirty dials take two to three seconds of processor time; who has gone deaf never answers"""

BACK_SECONDS = 60
"""After the router's SAM port is back; 27 to 28 s in 20 runs, nearly all of it to make the session."""


class Echo(Protocol):
    """Says everything back."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


class Heard(Protocol):
    """Asks once and waits for the answer."""

    question = b""

    def __init__(self) -> None:
        self.answer: defer.Deferred[None] = defer.Deferred()
        self.data = b""

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if self.data == self.question:
            self.transport.loseConnection()
            self.answer.callback(None)


@pytest.mark.timeout(400)
class RealRouterTests(unittest.TestCase):
    timeout = 360

    @pytest.fixture(autouse=True)
    def _take_router(self, i2p_router: I2PRouter, tmp_path: Path) -> None:
        self.router, self.folder = i2p_router, tmp_path

    def setUp(self) -> None:
        self.nodes: list[Node] = []
        self.networks: list[Any] = []

    @defer.inlineCallbacks
    def tearDown(self) -> Any:
        for node in self.nodes:
            yield node.manager.shutdown()
        for network in self.networks:
            yield network.stop()
        gc.collect()  # a Deferred that nobody heard failing says so when it goes

    def network(self, name: str) -> Any:
        from cliquenntp.link.i2p import I2PNetwork

        settings = I2PSettings(
            self.folder / name / "key",
            sam_port=self.router.sam_port,
            tunnel_length=0,
            tunnel_quantity=1,
            more_options=SESSION_OPTIONS,
        )
        network = I2PNetwork(reactor, settings)
        self.networks.append(network)
        return network

    def node(self, name: str) -> Node:
        node = Node(i2p=self.network(name))
        self.nodes.append(node)
        return node

    @defer.inlineCallbacks
    def test_thirty_dials_at_once_are_all_answered(self) -> Any:
        server, client = self.network("server"), self.network("client")
        address = parse_address((yield server.listen(Factory.forProtocol(Echo))))
        client.start()
        yield until(lambda: client.is_up, SESSION_SECONDS)

        def dial(number: int) -> defer.Deferred[Any]:
            def asked(protocol: Heard) -> defer.Deferred[None]:
                protocol.question = b"question %d" % number
                protocol.transport.write(protocol.question)
                return protocol.answer

            return client.connect(address, Factory.forProtocol(Heard)).addCallback(asked)

        answers = defer.gatherResults([dial(number) for number in range(30)])
        answers.addTimeout(ANSWERED_SECONDS, reactor)
        yield answers
        server_sessions = server.sessions
        yield dial(31)
        assert server_sessions == server.sessions == 1, "nothing had to be repaired by a new session"

    @defer.inlineCallbacks
    def test_links_survive_a_killed_router(self) -> Any:
        one, other = self.node("one"), self.node("other")
        addresses = yield defer.gatherResults([one.manager.listen(["i2p"]), other.manager.listen(["i2p"])])
        (address,) = addresses[0]
        other.manager.dial(address, one.identity.node_key)
        yield until(lambda: one.recorder.links and other.recorder.links, SESSION_SECONDS)
        one.send(b"document", b"x" * 500_000)
        other.send(b"hello")
        yield until(lambda: one.recorder.messages and other.recorder.messages)
        assert other.recorder.messages == [(b"document", b"x" * 500_000)]
        assert f"i2p:{one.recorder.links[one.link][1][4:]}" == addresses[1][0]

        self.router.kill()
        yield until(lambda: not one.recorder.links and not other.recorder.links)
        other.manager.dial(address, one.identity.node_key)
        self.router.start()
        began = reactor.seconds()
        yield until(lambda: one.recorder.links and other.recorder.links, BACK_SECONDS)
        one.send(b"again")
        yield until(lambda: (b"again", None) in other.recorder.messages)
        print(f"back in service {reactor.seconds() - began:.1f} s after SAM")
        assert one.manager.addresses == [address], "the same key, the same address"
