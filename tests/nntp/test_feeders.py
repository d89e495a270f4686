"""Connections of other news servers: verdicts that come late, in another order, or when the feeder has gone."""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from cliquenntp.interfaces import FEEDER, IFeed, Offer
from cliquenntp.nntp.server import SWEEP_INTERVAL, NewsFactory
from cliquenntp.nntp.session import PostResult
from tests.nntp.small_view import small_forum
from tests.nntp.test_limits import SETTINGS, Transport

TAKEN = PostResult(True, "received")


@implementer(IFeed)
class SlowFeed:
    """Wants everything, and takes its time."""

    def __init__(self) -> None:
        self.coming: dict[bytes, Deferred[PostResult]] = {}

    def offered(self, message_id: bytes) -> Offer:
        """See IFeed."""
        return Offer.WANTED

    def take(self, message_id: bytes, article: bytes) -> Deferred[PostResult]:
        """See IFeed."""
        return self.coming.setdefault(message_id, Deferred())


def takethis(*names: str) -> bytes:
    return b"".join(b"TAKETHIS <%s@x>\r\nSubject: x\r\n\r\ntext\r\n.\r\n" % name.encode() for name in names)


class Feeders(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.feed = SlowFeed()
        view = small_forum()
        self.factory = NewsFactory(
            lambda identity: view, lambda *_: self.fail("no post"), attrs.evolve(SETTINGS, identity=FEEDER), self.clock,
            self.clock.seconds, feed=self.feed,
        )
        self.factory.doStart()
        self.addCleanup(self.factory.doStop)
        self.transport = Transport()
        self.connection = self.factory.buildProtocol(None)
        self.connection.makeConnection(self.transport)
        self.assertEqual(self.transport.take()[:3], b"201")

    def settle(self, name: str, result: PostResult = TAKEN) -> None:
        self.feed.coming.pop(b"<%s@x>" % name.encode()).callback(result)

    def test_articles_come_while_earlier_ones_are_judged(self) -> None:
        self.connection.dataReceived(takethis("1", "2"))
        self.connection.dataReceived(takethis("3"))
        self.assertEqual(len(self.feed.coming), 3)
        self.settle("3")
        self.settle("2", PostResult(False, "no"))
        self.assertEqual(self.transport.take(), b"")
        self.settle("1")
        self.assertEqual(self.transport.take(), b"239 <1@x>\r\n439 <2@x> no\r\n239 <3@x>\r\n")

    def test_a_feeder_that_closed_its_side_gets_every_verdict(self) -> None:
        self.connection.dataReceived(takethis("1", "2"))
        self.connection.readConnectionLost()
        self.assertFalse(self.transport.disconnecting)
        self.settle("1")
        self.assertFalse(self.transport.disconnecting)
        self.settle("2")
        self.assertEqual(self.transport.value(), b"239 <1@x>\r\n239 <2@x>\r\n")
        self.assertTrue(self.transport.disconnecting)

    def test_verdicts_for_a_feeder_that_has_gone(self) -> None:
        self.connection.dataReceived(takethis("1", "2") + b"TAKETHIS <3@x>\r\nSubj")
        self.connection.connectionLost()
        self.settle("1")
        self.settle("2", PostResult(False, "full", later=True))
        self.assertEqual(self.transport.value(), b"")
        self.assertEqual(self.factory.connections, 0)

    def test_a_shutdown_tells_the_verdicts_first(self) -> None:
        self.connection.dataReceived(takethis("1"))
        stopping = self.factory.stop()
        self.assertEqual(self.transport.value(), b"")
        self.settle("1")
        self.assertEqual(self.transport.value(), b"239 <1@x>\r\n400 The server is shutting down\r\n")
        self.assertTrue(self.transport.disconnecting)
        self.connection.connectionLost()
        self.successResultOf(stopping)

    def test_nothing_can_be_stored(self) -> None:
        self.connection.dataReceived(takethis("1", "2"))
        self.settle("1", PostResult(False, "the disk is full", later=True))
        self.assertEqual(self.transport.value(), b"400 The server can take no articles for now\r\n")
        self.assertTrue(self.transport.disconnecting)
        self.settle("2")
        self.assertEqual(self.transport.value().count(b"\r\n"), 1)

    def test_half_an_article_may_not_wait_for_ever(self) -> None:
        self.connection.dataReceived(takethis("1") + b"TAKETHIS <2@x>\r\nSubj")
        self.settle("1")
        self.transport.take()
        for _ in range(int(SETTINGS.silence_limit + SWEEP_INTERVAL)):
            self.clock.advance(1)
        self.assertTrue(self.transport.value().startswith(b"400 "))

    def test_a_fault_is_an_answer(self) -> None:
        self.connection.dataReceived(takethis("1"))
        self.feed.coming.pop(b"<1@x>").errback(RuntimeError("broken"))
        self.assertTrue(self.transport.take().startswith(b"439 <1@x> internal fault"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
