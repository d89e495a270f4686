"""Time limits and back-pressure of a connection, with a clock and a transport made of memory."""

from __future__ import annotations

from unittest.mock import patch

import attrs
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from cliquenntp.nntp.server import SWEEP_INTERVAL, NewsFactory, ServerSettings
from cliquenntp.nntp.session import PostResult
from tests.nntp.small_view import SmallView, small_forum

SETTINGS = ServerSettings(idle_limit=100, silence_limit=30, stall_limit=60, goodbye_limit=5)
HIGH_WATER = 65536
"""octets after which Twisted's transports ask to pause"""


class Transport(StringTransport):
    """Asks its producer to pause as a real transport does when the client takes nothing."""

    aborted = False

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.producer is not None and len(self.value()) > HIGH_WATER:
            self.producer.pauseProducing()

    def take(self) -> bytes:
        """Return what was written, as a client that takes all of it."""
        output = self.value()
        self.clear()
        if self.producer is not None:
            self.producer.resumeProducing()
        return output

    def abortConnection(self) -> None:
        self.aborted = True
        self.loseConnection()


class ConnectionCase(SynchronousTestCase):
    """A test with one connection in memory."""

    def setUp(self) -> None:
        self.clock = Clock()

    def connect(self, view: SmallView | None = None, settings: ServerSettings = SETTINGS, post=None) -> None:
        post = post or (lambda article, identity: succeed(PostResult(True, "Posted")))
        shown = view or small_forum()
        self.factory = NewsFactory(lambda _: shown, post, settings, self.clock, self.clock.seconds)
        self.factory.doStart()
        self.addCleanup(self.factory.doStop)
        self.transport = Transport()
        self.connection = self.factory.buildProtocol(None)
        self.connection.makeConnection(self.transport)
        self.assertTrue(self.transport.take().startswith(b"200 "))

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)


class TimeLimits(ConnectionCase):
    def test_an_idle_connection_ends_with_400(self) -> None:
        self.connect()
        self.wait(90)
        self.connection.dataReceived(b"DATE\r\n")
        self.transport.take()
        self.wait(95)
        self.assertEqual(self.transport.value(), b"")
        self.wait(5 + SWEEP_INTERVAL)
        self.assertEqual(self.transport.value(), b"400 Nothing heard for too long\r\n")
        self.assertTrue(self.transport.disconnecting)

    def test_half_a_line_may_not_wait_so_long(self) -> None:
        self.connect()
        self.connection.dataReceived(b"DAT")
        self.wait(30 + SWEEP_INTERVAL)
        self.assertTrue(self.transport.value().startswith(b"400 "))

    def test_nor_half_an_article(self) -> None:
        self.connect()
        self.connection.dataReceived(b"POST\r\n")
        self.connection.dataReceived(b"Subject: x\r\n")
        for _ in range(10):  # a slow writer is not a silent one
            self.wait(25)
            self.connection.dataReceived(b"line\r\n")
        self.assertTrue(self.transport.take().startswith(b"340 "))
        self.wait(30 + SWEEP_INTERVAL)
        self.assertTrue(self.transport.value().startswith(b"400 "))

    def test_a_client_that_takes_nothing_is_cut_off(self) -> None:
        view = small_forum()
        for number in range(5, 1000):
            view.add_article(b"clique.tea", number, b"x" * 300, b"", 0)
        self.connect(view)
        self.connection.dataReceived(b"GROUP clique.tea\r\nOVER 1-\r\n")
        self.wait(60)
        self.assertFalse(self.transport.aborted)
        self.wait(1 + SWEEP_INTERVAL)
        self.assertTrue(self.transport.aborted)

    def test_a_verdict_may_take_its_time(self) -> None:
        verdict: Deferred[PostResult] = Deferred()
        self.connect(post=lambda article, identity: verdict)
        self.connection.dataReceived(b"POST\r\nSubject: x\r\n\r\n.\r\n")
        self.wait(1000)
        self.assertTrue(self.transport.take().startswith(b"340 "))
        verdict.callback(PostResult(True, "Posted"))
        self.assertEqual(self.transport.take(), b"240 Posted\r\n")

    def test_a_verdict_for_a_client_that_has_gone(self) -> None:
        verdict: Deferred[PostResult] = Deferred()
        self.connect(post=lambda article, identity: verdict)
        self.connection.dataReceived(b"POST\r\nSubject: x\r\n\r\n.\r\n")
        self.connection.connectionLost()
        verdict.callback(PostResult(True, "Posted"))
        self.assertEqual(self.factory.connections, 0)

    def test_a_shutdown_does_not_wait_for_ever(self) -> None:
        self.connect(post=lambda article, identity: Deferred())
        self.connection.dataReceived(b"POST\r\nSubject: x\r\n\r\n.\r\n")
        self.factory.stop()
        self.wait(4)
        self.assertFalse(self.transport.aborted)
        self.wait(2)
        self.assertTrue(self.transport.aborted)


class BackPressure(ConnectionCase):
    def test_a_slow_reader_holds_no_more_than_a_step(self) -> None:
        view = small_forum()
        for number in range(5, 50):
            view.add_article(b"clique.tea", number, b"x", b"x" * 998 + b"\r\n" + b"y" * 100_000 + b"\r\n", 0)
        self.connect(view)
        self.connection.dataReceived(b"GROUP clique.tea\r\n")
        self.transport.take()
        for number in range(5, 50):
            self.connection.dataReceived(b"ARTICLE %d\r\n" % number)
        self.assertLess(len(self.transport.value()), HIGH_WATER + 102_000)
        self.assertEqual(self.transport.producerState, "paused")
        output = b""
        while piece := self.transport.take():
            self.assertLess(len(piece), HIGH_WATER + 4 * 102_000)
            output += piece
            self.clock.advance(0)
        self.assertEqual(output.count(b"\r\n.\r\n"), 45)
        self.assertEqual(self.transport.producerState, "producing")

    def test_a_long_answer_comes_in_steps(self) -> None:
        view = small_forum()
        for number in range(5, 5000):
            view.add_article(b"clique.tea", number, b"x" * 300, b"", 0)
        self.connect(view)
        self.connection.dataReceived(b"GROUP clique.tea\r\nOVER 1-\r\nDATE\r\n")
        steps = 0
        while piece := self.transport.take():
            self.assertLess(len(piece), 300_000)
            steps += 1
        self.assertGreater(steps, 5)

    def test_many_small_commands_give_way(self) -> None:
        self.connect()
        self.connection.dataReceived(b"DATE\r\n" * 1000)
        first = self.transport.value().count(b"111 ")
        self.assertLess(first, 200)
        while self.clock.getDelayedCalls():
            before = self.transport.value().count(b"111 ")
            self.clock.advance(0)
            if self.transport.value().count(b"111 ") == before:
                break
        self.assertEqual(self.transport.take().count(b"111 "), 1000)

    def test_the_limit_of_one_address_counts_those_who_left(self) -> None:
        self.connect(settings=attrs.evolve(SETTINGS, connections_per_address=1))
        second, transport = self.factory.buildProtocol(None), Transport()
        second.makeConnection(transport)
        self.assertTrue(transport.value().startswith(b"400 "))
        self.assertTrue(transport.disconnecting)
        second.connectionLost()
        self.connection.connectionLost()
        third, transport = self.factory.buildProtocol(None), Transport()
        third.makeConnection(transport)
        self.assertTrue(transport.value().startswith(b"200 "))


class ScriptedSocket(Connection):
    """Takes as many octets at once as a test has planned; keeps what the reactor is to write later."""

    TLS = False

    def __init__(self, *taken: object) -> None:
        self.taken = [*taken]
        self.at_once: list[bytes] = []
        self.later = b""

    def writeSomeData(self, data: bytes) -> object:
        taken = self.taken.pop(0)
        if not isinstance(taken, int):
            return taken
        self.at_once.append(bytes(data[:taken]))
        return len(self.at_once[-1])

    def write(self, data: bytes) -> None:
        self.later += data

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 1)

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """Take any."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Agree."""


class WritingAtOnce(ConnectionCase):
    """Answers go to the socket without another turn of the reactor, as long as it takes them."""

    def dates(self, *taken: object) -> ScriptedSocket:
        """Ask for the date three times on a connection whose socket takes so much of each answer."""
        self.connect()
        transport = ScriptedSocket(1000, *taken)
        self.connection = self.factory.buildProtocol(None)
        self.connection.makeConnection(transport)
        [self.greeting] = transport.at_once
        transport.at_once.clear()
        for _ in range(3):
            self.connection.dataReceived(b"DATE\r\n")
        return transport

    def test_an_answer_that_fits_is_gone_at_once(self) -> None:
        transport = self.dates(20, 20, 20)
        self.assertEqual([line[:3] for line in transport.at_once], [b"111"] * 3)
        self.assertEqual(transport.later, b"")

    def test_nothing_overtakes_what_did_not_fit(self) -> None:
        transport = self.dates(20, 7)
        whole = transport.at_once[0]
        self.assertEqual(b"".join(transport.at_once) + transport.later, whole * 3)
        self.assertEqual(len(transport.later), 2 * len(whole) - 7)
        self.connection.resumeProducing()
        transport.taken = [20]
        self.connection.dataReceived(b"DATE\r\n")
        self.assertEqual(transport.at_once[-1], whole)

    def test_the_transport_meets_the_error(self) -> None:
        transport = self.dates(ConnectionLost())
        self.assertEqual(transport.at_once, [])
        self.assertEqual([line[:3] for line in transport.later.split(b"\r\n")], [b"111"] * 3 + [b""])

    def test_nothing_goes_past_tls(self) -> None:
        with patch.object(ScriptedSocket, "TLS", True):
            self.connect()
            transport = ScriptedSocket()
            self.factory.buildProtocol(None).makeConnection(transport)
        self.assertTrue(transport.later.startswith(b"200 "))
