"""Peers that mean harm, or are broken: bounded memory, one clear reason, and the node goes on."""

import os

from twisted.internet import defer, endpoints, reactor, task
from twisted.internet.protocol import Factory
from twisted.logger import globalLogPublisher
from twisted.trial import unittest

from cliquenntp.link import framing, handshake
from cliquenntp.link.refusal import Refusal
from cliquenntp.link.settings import LinkSettings
from tests.link.linkhelp import Node, new_identity, until
from tests.link.puppet import Puppet

QUICK = LinkSettings(
    handshake_time=0.4,
    ping_after=0.2,
    ping_time=0.3,
    stall_time=0.6,
    drain_time=0.3,
    max_waiting_bytes=200_000,
    max_waiting_bodies=3000,
    max_frames_per_second=1e6,
)


class HostileTests(unittest.TestCase):
    timeout = 60

    @defer.inlineCallbacks
    def setUp(self):
        self.puppets = []
        self.lines = []
        globalLogPublisher.addObserver(self._log)
        self.addCleanup(globalLogPublisher.removeObserver, self._log)
        self.node = Node(settings=QUICK)
        (self.address,) = yield self.node.manager.listen(["tcp:127.0.0.1:0"])

    def _log(self, event):
        if event.get("log_namespace", "").startswith("cliquenntp"):
            self.lines.append(str(event.get("reason", event.get("log_format"))))

    @defer.inlineCallbacks
    def tearDown(self):
        for puppet in self.puppets:
            if not puppet.lost:
                puppet.transport.abortConnection()
        yield until(lambda: all(puppet.lost for puppet in self.puppets))
        yield self.node.manager.shutdown()

    @defer.inlineCallbacks
    def puppet(self, opened=False, identity=None):
        puppet = Puppet(self.address, identity or new_identity())
        port = int(self.address.rpartition(":")[2])
        yield endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(Factory.forProtocol(lambda: puppet))
        self.puppets.append(puppet)
        if opened:
            puppet.hello()
            yield until(lambda: puppet.opened and self.node.recorder.links)
        return puppet

    @defer.inlineCallbacks
    def assert_goes_on(self):
        """An honest node still gets a link and an answer."""
        honest = Node()
        before = len(self.node.recorder.events)
        honest.manager.dial(self.address)
        yield until(lambda: honest.recorder.links)
        honest.send(b"hello")
        yield until(lambda: any(event[2:] == (b"hello", None) for event in self.node.recorder.events[before:]))
        yield honest.manager.shutdown()

    @defer.inlineCallbacks
    def ends(self, puppet, reason):
        """The connection is closed, for one reason, which is logged once."""
        yield until(lambda: puppet.lost)
        matching = [line for line in self.lines if reason in line]
        assert len(matching) == 1, f"{reason!r} should be logged once: {self.lines}"
        yield self.assert_goes_on()

    @defer.inlineCallbacks
    def test_garbage(self):
        puppet = yield self.puppet()
        puppet.transport.write(os.urandom(100_000))
        yield self.ends(puppet, "no clique handshake")

    @defer.inlineCallbacks
    def test_a_browser(self):
        puppet = yield self.puppet()
        puppet.transport.write(b"GET / HTTP/1.1\r\n\r\n")
        yield self.ends(puppet, "no clique handshake")

    @defer.inlineCallbacks
    def test_silence_after_connecting(self):
        puppet = yield self.puppet()
        yield self.ends(puppet, "no handshake within 0.4 s")

    @defer.inlineCallbacks
    def test_silence_within_the_first_bytes(self):
        puppet = yield self.puppet()
        puppet.transport.write(handshake.MAGIC[:3])
        yield self.ends(puppet, "no handshake within 0.4 s")

    @defer.inlineCallbacks
    def test_a_byte_now_and_then(self):
        puppet = yield self.puppet()
        hello = puppet.handshake.begin()
        for at in range(20):
            if not puppet.lost:
                puppet.transport.write(hello[at : at + 1])
                yield task.deferLater(reactor, 0.05, lambda: None)
        yield self.ends(puppet, "no handshake within 0.4 s")

    @defer.inlineCallbacks
    def test_silence_instead_of_the_proof(self):
        puppet = yield self.puppet()
        puppet.handshake.receive = lambda data: b""
        puppet.hello()
        yield self.ends(puppet, "no handshake within 0.4 s")

    @defer.inlineCallbacks
    def test_a_header_of_four_gigabytes(self):
        puppet = yield self.puppet(opened=True)
        puppet.transport.write(b"\xff\xff\xff\xff" + b"x" * 50_000)
        yield self.ends(puppet, "a frame of unknown kind 255")
        assert "broke the protocol" in self.node.recorder.reasons[0]
        farewell = [found for found in puppet.found if isinstance(found, framing.Control)]
        assert b"unknown kind 255" in farewell[-1].payload, "the peer is told why"

    @defer.inlineCallbacks
    def test_a_body_of_four_gigabytes(self):
        puppet = yield self.puppet(opened=True)
        puppet.transport.write(b"\x02\x00\x00\x04\xff\xff\xff\xff")
        yield self.ends(puppet, "a body of 4294967295 bytes; at most 1048576 are allowed")

    @defer.inlineCallbacks
    def test_silence_on_an_open_link(self):
        puppet = yield self.puppet(opened=True)
        puppet.polite = False
        yield self.ends(puppet, "nothing heard for")

    @defer.inlineCallbacks
    def test_silence_within_a_frame(self):
        puppet = yield self.puppet(opened=True)
        puppet.transport.write(b"\x01\x00\x10\x00only the beginning")
        puppet.polite = False
        yield until(lambda: puppet.lost)
        assert "nothing heard" in self.node.recorder.reasons[0] or "did not go on" in self.node.recorder.reasons[0]
        yield self.assert_goes_on()

    @defer.inlineCallbacks
    def test_a_body_that_never_ends_among_lively_pings(self):
        puppet = yield self.puppet(opened=True)
        puppet.transport.write(framing.announced(b"\0\0\0\0head", 1000) + framing.frame(framing.Kind.PIECE, b"x"))
        while not puppet.lost:
            puppet.transport.write(framing.frame(framing.Kind.PING, b""))
            yield task.deferLater(reactor, 0.02, lambda: None)
        yield self.ends(puppet, "did not go on for 0.6 s")

    @defer.inlineCallbacks
    def test_a_peer_that_never_reads(self):
        puppet = yield self.puppet(opened=True)
        puppet.transport.pauseProducing()
        link, most = self.node.link, 0
        for _ in range(2000):
            self.node.manager.send_document(link, b"document", lambda: os.urandom(100_000))
            info = self.node.manager.info(link)
            most = max(most, info.waiting if info else 0)
            if not _ % 100:
                yield task.deferLater(reactor, 0, lambda: None)
        yield until(lambda: not self.node.recorder.links)
        assert most <= QUICK.max_waiting_bytes
        assert "read nothing for" in self.node.recorder.reasons[0] or "nothing heard" in self.node.recorder.reasons[0]
        puppet.transport.resumeProducing()
        yield self.assert_goes_on()

    @defer.inlineCallbacks
    def test_a_peer_that_does_not_keep_up_with_messages(self):
        yield self.puppet(opened=True)
        link = self.node.link
        for _ in range(100):
            self.node.manager.send(link, (os.urandom(30_000),))
        yield until(lambda: not self.node.recorder.links)
        assert "does not keep up" in self.node.recorder.reasons[0]
        yield self.assert_goes_on()

    @defer.inlineCallbacks
    def test_a_peer_that_has_documents_queued_without_end(self):
        puppet = yield self.puppet(opened=True)
        puppet.transport.pauseProducing()
        link, queued = self.node.link, 0
        while self.node.recorder.links and queued <= 2 * QUICK.max_waiting_bodies:
            self.node.manager.send_document(link, b"document", lambda: os.urandom(100_000))
            queued += 1
        assert queued == QUICK.max_waiting_bodies + 1
        assert "does not keep up" in self.node.recorder.reasons[0]
        yield self.assert_goes_on()

    @defer.inlineCallbacks
    def test_pings_whose_pongs_nobody_reads(self):
        puppet = yield self.puppet(opened=True)
        puppet.transport.pauseProducing()
        most = 0
        while self.node.recorder.links:
            puppet.transport.write(framing.frame(framing.Kind.PING, b"12345678") * 2000)
            yield task.deferLater(reactor, 0.005, lambda: None)
            info = self.node.manager.info(next(iter(self.node.recorder.links), 0))
            most = max(most, info.waiting if info else 0)
        assert most <= QUICK.max_waiting_bytes + 12
        puppet.transport.abortConnection()
        yield self.assert_goes_on()

    @defer.inlineCallbacks
    def test_a_message_that_can_not_be_decoded_costs_a_rest(self):
        identity = new_identity()
        puppet = yield self.puppet(opened=True, identity=identity)
        puppet.transport.write(framing.frame(framing.Kind.MESSAGES, b"\0\0\0\0bad"))
        yield self.ends(puppet, "a message that can't be decoded")
        again = yield self.puppet(identity=identity)
        again.hello()
        yield until(lambda: again.lost)
        assert again.found[0].refusal is Refusal.PENALTY
        yield self.assert_goes_on()

    @defer.inlineCallbacks
    def test_a_message_of_a_later_version_is_passed_over_with_its_body(self):
        puppet = yield self.puppet(opened=True)
        late = framing.announced(b"\0\0\0\0late", 20_000) + b"".join(framing.pieces(b"x" * 20_000))
        puppet.transport.write(late + framing.frame(framing.Kind.MESSAGES, b"\0\0\0\x01known"))
        yield until(lambda: self.node.recorder.messages)
        assert self.node.recorder.messages == [(b"known", None)]

    @defer.inlineCallbacks
    def test_an_event_that_fails_ends_its_link_alone(self):
        bystander = yield self.puppet(opened=True)
        puppet = yield self.puppet()
        puppet.hello()
        yield until(lambda: len(self.node.recorder.links) == 2)

        def fail(link_id, message, body):
            raise RuntimeError("a mistake in the node")

        self.node.recorder.on_message, heard = fail, self.node.recorder.on_message
        puppet.transport.write(framing.frame(framing.Kind.MESSAGES, b"\0\0\0\0hello"))
        yield until(lambda: puppet.lost)
        assert len(self.flushLoggedErrors(RuntimeError)) == 1
        self.node.recorder.on_message = heard
        bystander.transport.write(framing.frame(framing.Kind.MESSAGES, b"\0\0\0\0still here"))
        yield until(lambda: self.node.recorder.messages)

    @defer.inlineCallbacks
    def test_many_that_only_connect_keep_nobody_out(self):
        for _ in range(QUICK.max_half_open + 20):
            yield self.puppet()
        yield self.assert_goes_on()
        assert len(self.node.manager._connections._half_open) <= QUICK.max_half_open
        yield until(lambda: all(puppet.lost for puppet in self.puppets))
        assert len(self.lines) < 20, "a flood of connections is no flood of log lines"

    @defer.inlineCallbacks
    def test_more_frames_than_allowed_are_read_slowly(self):
        yield self.node.manager.shutdown()
        self.node = Node(settings=LinkSettings(max_frames_per_second=100, ping_time=0.3))
        (self.address,) = yield self.node.manager.listen(["tcp:127.0.0.1:0"])
        puppet = yield self.puppet(opened=True)
        messages = [framing.frame(framing.Kind.MESSAGES, n.to_bytes(4, "big") + b"m") for n in range(201)]
        puppet.transport.write(b"".join(messages[:200]))
        yield until(lambda: len(self.node.recorder.messages) == 200)
        puppet.transport.write(messages[200])
        began = reactor.seconds()
        yield until(lambda: len(self.node.recorder.messages) == 201)
        assert reactor.seconds() - began > 0.5
        assert self.node.recorder.links
