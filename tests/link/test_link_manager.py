"""Nodes with real connections on this machine."""

import os
import tempfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet import defer, reactor, task
from twisted.trial import unittest

from cliquenntp.link.address import BadAddressError, parse_address
from cliquenntp.link.refusal import UnwantedError
from cliquenntp.link.settings import LinkSettings
from tests.link.linkhelp import Node, new_identity, until


class LinkTests(unittest.TestCase):
    timeout = 60

    def setUp(self):
        self.nodes = []

    @defer.inlineCallbacks
    def tearDown(self):
        for node in self.nodes:
            yield node.manager.shutdown()

    def node(self, **options):
        node = Node(**options)
        self.nodes.append(node)
        return node

    @defer.inlineCallbacks
    def joined(self, where="tcp:127.0.0.1:0", **options):
        listener, dialler = self.node(**options), self.node(**options)
        (address,) = yield listener.manager.listen([where])
        dialler.manager.dial(address, listener.identity.node_key)
        yield until(lambda: listener.recorder.links and dialler.recorder.links)
        return listener, dialler

    @defer.inlineCallbacks
    def _exchange(self, where):
        listener, dialler = yield self.joined(where)
        body = os.urandom(300_000)
        dialler.send(b"with a body", body)
        listener.send(b"a plain one")
        yield until(lambda: listener.recorder.messages and dialler.recorder.messages)
        assert listener.recorder.messages == [(b"with a body", body)]
        assert dialler.recorder.messages == [(b"a plain one", None)]
        one, other = listener.manager.info(listener.link), dialler.manager.info(dialler.link)
        assert one.blinding_key == other.blinding_key and one.dialled != other.dialled
        assert 0 < other.latency < 5

    @defer.inlineCallbacks
    def test_an_unwanted_node_gets_no_link_whoever_dials(self):
        unwanted = set()
        mine, other = self.node(unwanted=unwanted), self.node()
        addresses = []
        for node in (mine, other):
            addresses += yield node.manager.listen(["tcp:127.0.0.1:0"])
        unwanted.add(other.identity.node_key)
        other.manager.dial(addresses[0], mine.identity.node_key)
        yield until(lambda: other.recorder.reasons)
        assert "the operator does not want this link" in other.recorder.reasons[0]
        with pytest.raises(UnwantedError):
            mine.manager.dial(addresses[1], other.identity.node_key)
        mine.manager.dial(addresses[1])  # not knowing whose it is
        yield until(lambda: mine.recorder.reasons)
        assert not mine.recorder.links and not other.recorder.links
        unwanted.clear()
        mine.manager.dial("tcp:127.0.0.1:1", other.identity.node_key)
        unwanted.add(other.identity.node_key)
        mine.manager.forget_unwanted()
        assert mine.manager.dials() == {}

    def test_tcp(self):
        return self._exchange("tcp:127.0.0.1:0")

    def test_tcp_over_ipv6(self):
        return self._exchange("tcp:[::1]:0")

    def test_tls(self):
        return self._exchange("tls:127.0.0.1:0")

    def test_unix(self):
        with tempfile.TemporaryDirectory() as folder:
            pass
        return self._exchange(f"unix:{folder}")

    @defer.inlineCallbacks
    def test_messages_overtake_bodies(self):
        listener, dialler = yield self.joined()
        for number in range(3):
            dialler.send(b"body %d" % number, os.urandom(1024 * 1024))
        dialler.send(b"control")
        yield until(lambda: len(listener.recorder.messages) == 4)
        assert [message for message, _ in listener.recorder.messages] == [b"control", b"body 0", b"body 1", b"body 2"]

    @defer.inlineCallbacks
    def test_a_body_is_fetched_when_its_turn_comes(self):
        listener, dialler = yield self.joined()
        fetched = []

        def fetch(number, body):
            fetched.append(number)
            return body

        dialler.send(b"one", lambda: fetch(1, b"x" * 20_000))
        dialler.send(b"gone meanwhile", lambda: fetch(2, None))
        dialler.send(b"empty", lambda: fetch(3, b""))
        assert fetched == []
        yield until(lambda: len(listener.recorder.messages) == 2)
        assert fetched == [1, 2, 3]
        assert listener.recorder.messages == [(b"one", b"x" * 20_000), (b"empty", b"")]

    @defer.inlineCallbacks
    def test_what_waits_is_sent_before_a_link_closes(self):
        listener, dialler = yield self.joined()
        body = os.urandom(900_000)
        dialler.send(b"last words", body)
        dialler.manager.close(dialler.link, "enough")
        assert dialler.recorder.reasons == ["enough"]
        yield until(lambda: listener.recorder.reasons)
        assert listener.recorder.messages == [(b"last words", body)]
        assert "enough" in listener.recorder.reasons[0]

    @defer.inlineCallbacks
    def test_shutdown_sends_what_waits_and_leaves_nothing(self):
        listener, dialler = yield self.joined()
        dialler.send(b"last words", b"x" * 500_000)
        yield dialler.manager.shutdown()
        yield until(lambda: not listener.recorder.links)
        assert [message for message, _ in listener.recorder.messages] == [b"last words"]

    @defer.inlineCallbacks
    def test_one_link_when_both_dial_at_once(self):
        for _ in range(10):
            one, other = self.node(), self.node()
            yield one.manager.listen(["tcp:127.0.0.1:0"])
            yield other.manager.listen(["tcp:127.0.0.1:0"])
            one.manager.dial(other.manager.addresses[0])
            other.manager.dial(one.manager.addresses[0])

            def settled(one=one, other=other):
                return all(
                    len(node.recorder.links) == 1
                    and not node.manager.dials()
                    and len(node.manager._connections._sessions) == 1
                    for node in (one, other)
                )

            yield until(settled)
            one.send(b"to the other")
            other.send(b"to the one")
            yield until(lambda one=one, other=other: one.recorder.messages and other.recorder.messages)
            keys = one.manager.info(one.link).blinding_key, other.manager.info(other.link).blinding_key
            assert keys[0] == keys[1]

    @defer.inlineCallbacks
    def test_dialling_a_node_twice_keeps_the_first_link(self):
        listener, dialler = self.node(), self.node()
        addresses = yield listener.manager.listen(["tcp:127.0.0.1:0", "tcp:127.0.0.1:0"])
        dialler.manager.dial(addresses[0])
        yield until(lambda: dialler.recorder.links)
        dialler.manager.dial(addresses[1])
        yield until(lambda: not dialler.manager.dials())
        assert [event[0] for event in dialler.recorder.events] == ["opened"]

    @defer.inlineCallbacks
    def test_a_restarted_peer_takes_the_place_of_its_dead_link(self):
        key = Ed25519PrivateKey.generate()
        listener, first = self.node(), self.node(identity=new_identity(key=key))
        (address,) = yield listener.manager.listen(["tcp:127.0.0.1:0"])
        first.manager.dial(address)
        yield until(lambda: listener.recorder.links)
        second = self.node(identity=new_identity(key=key))
        second.manager.dial(address)
        yield until(lambda: second.recorder.links and not first.recorder.links)
        assert [event[0] for event in listener.recorder.events] == ["opened", "closed", "opened"]

    @defer.inlineCallbacks
    def test_a_listener_that_comes_later_is_found_by_redialling(self):
        listener, dialler, away = self.node(), self.node(), self.node()
        (address,) = yield away.manager.listen(["tcp:127.0.0.1:0"])
        yield away.manager.shutdown()
        dialler.manager.dial(address)
        yield until(lambda: "refused" in dialler.manager.dials()[address])
        yield listener.manager.listen([address])
        yield until(lambda: dialler.recorder.links)

    @defer.inlineCallbacks
    def test_a_dial_is_given_up(self):
        away = self.node()
        (address,) = yield away.manager.listen(["tcp:127.0.0.1:0"])
        yield away.manager.shutdown()
        dialler = self.node()
        dialler.manager.dial(address, give_up=0)
        yield until(lambda: dialler.recorder.events)
        assert dialler.recorder.events[0][:2] == ("failed", address) and not dialler.manager.dials()

    @defer.inlineCallbacks
    def test_another_node_at_the_address(self):
        listener, dialler = self.node(), self.node()
        (address,) = yield listener.manager.listen(["tcp:127.0.0.1:0"])
        dialler.manager.dial(address, b"k" * 32)
        yield until(lambda: dialler.recorder.events)
        assert dialler.recorder.reasons == ["another node answers at that address"]

    @defer.inlineCallbacks
    def test_a_node_does_not_link_to_itself(self):
        node = self.node()
        (address,) = yield node.manager.listen(["tcp:127.0.0.1:0"])
        node.manager.dial(address)
        yield until(lambda: node.recorder.events)
        assert "this node's own" in node.recorder.reasons[0]

    @defer.inlineCallbacks
    def test_a_full_node_says_so(self):
        listener, first = yield self.joined(settings=LinkSettings(max_links=1))
        second = self.node()
        second.manager.dial(listener.manager.addresses[0])
        yield until(lambda: "as many links as it allows" in next(iter(second.manager.dials().values())))
        assert len(listener.recorder.links) == 1 and first.recorder.links

    def test_tcp_beyond_loopback_is_refused_with_one_clear_error(self):
        node = self.node()
        for where in ("tcp:192.0.2.1:4000", "tcp:0.0.0.0:4000", "tcp:example.org:4000", "tcp:[2001:db8::1]:4000"):
            with pytest.raises(BadAddressError, match="tcp: is for loopback only"):
                node.manager.dial(where)
            self.failureResultOf(node.manager.listen([where]), BadAddressError)

    @defer.inlineCallbacks
    def test_bodies_keep_to_the_rate_and_messages_do_not_wait_for_it(self):
        listener, dialler = yield self.joined(settings=LinkSettings(max_rate=200_000))
        began = reactor.seconds()
        for _ in range(4):
            dialler.send(b"document", os.urandom(100_000))
        yield until(lambda: listener.recorder.messages)
        dialler.send(b"control")
        asked = reactor.seconds()
        yield until(lambda: (b"control", None) in listener.recorder.messages)
        assert reactor.seconds() - asked < 0.15
        yield until(lambda: len(listener.recorder.messages) == 5)
        # 400 kB with a second's worth in hand: a second at least
        assert 0.9 < reactor.seconds() - began < 3

    @defer.inlineCallbacks
    def test_twenty_links_share_one_rate(self):
        settings = LinkSettings(max_rate=400_000)
        center = self.node(settings=settings)
        (address,) = yield center.manager.listen(["tcp:127.0.0.1:0"])
        others = [self.node() for _ in range(20)]
        for other in others:
            other.manager.dial(address)
        yield until(lambda: len(center.recorder.links) == 20)
        began = reactor.seconds()
        for link in center.recorder.links:
            center.manager.send_document(link, b"document", b"x" * 40_000)
        yield until(lambda: all(other.recorder.messages for other in others))
        assert 0.9 < reactor.seconds() - began < 3, "800 kB, a second's worth in hand: a second at least"

    @defer.inlineCallbacks
    def test_a_node_that_stops_reading_holds_its_peer_up_and_loses_nothing(self):
        listener, dialler = yield self.joined()
        listener.manager.stop_reading(listener.link)
        for _ in range(20):
            dialler.send(b"document", lambda: b"x" * 1_000_000)
        yield task.deferLater(reactor, 0.3, lambda: None)
        assert not listener.recorder.messages and dialler.manager.info(dialler.link).waiting <= 1_000_000
        listener.manager.go_on_reading(listener.link)
        yield until(lambda: len(listener.recorder.messages) == 20)

    @defer.inlineCallbacks
    def test_parts_of_a_body_are_reported(self):
        listener, dialler = yield self.joined()
        dialler.send(b"document", b"x" * 40_000)
        yield until(lambda: listener.recorder.messages)
        assert [event for event in listener.recorder.events if event[0] == "pieces"] == [
            ("pieces", listener.link, b"document")
        ] * 2

    @defer.inlineCallbacks
    def test_the_smaller_key_lets_go_of_its_dial_when_both_dialled(self):
        """Whatever comes first, the link that stays is the one that the greater key dialled."""
        for _ in range(5):
            nodes = [self.node(), self.node()]
            for node in nodes:
                yield node.manager.listen(["tcp:127.0.0.1:0"])
            small, great = sorted(nodes, key=lambda node: node.identity.node_key)
            small.manager.dial(great.manager.addresses[0])
            yield until(lambda small=small, great=great: small.recorder.links and great.recorder.links)
            assert small.manager.info(small.link).dialled
            great.manager._dialling.want(parse_address(small.manager.addresses[0]), None, 10)
            yield until(lambda great=great: not great.manager.dials())
            assert len(great.recorder.links) == len(small.recorder.links) == 1, "a link in use is not replaced"
