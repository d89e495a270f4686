"""The server over real TCP connections on loopback: clients run in threads, the reactor beside them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import attrs
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from cliquenntp.interfaces import Identity, Right
from cliquenntp.nntp.server import NewsFactory, Post, ServerSettings
from cliquenntp.nntp.session import PostResult, SessionSettings
from tests.nntp.conformance import reading
from tests.nntp.session_wire import SessionWire
from tests.nntp.small_view import SmallView, small_forum, values
from tests.nntp.transcript import conversations, run
from tests.nntp_client import NewsClient

SETTINGS = ServerSettings(session=SessionSettings(article_limit=2000))


class ServerCase(TestCase):
    """A test with a server on a port of loopback."""

    timeout = 60

    def serve(
        self, settings: ServerSettings = SETTINGS, view: SmallView | None = None,
        post: Post | None = None,
    ) -> NewsFactory:
        self.posted: list[bytes] = []

        def keep(article: bytes, identity: Identity) -> Deferred[PostResult]:
            self.posted.append(article)
            return succeed(PostResult(True, "Posted"))

        shown = view or small_forum()
        factory = NewsFactory(lambda _: shown, post or keep, settings, reactor)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1", backlog=1000)
        self.port = port.getHost().port
        self.addCleanup(port.stopListening)
        self.addCleanup(factory.stop)
        return factory

    def connect(self) -> NewsClient:
        return NewsClient("127.0.0.1", self.port)

    def in_thread(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return deferToThread(function, *arguments)


class Conversations(ServerCase):
    def test_every_transcript(self) -> Deferred[None]:
        self.serve()

        def talk() -> None:
            for conversation in conversations():
                if conversation.feeds:
                    continue  # tests/real/test_feed.py
                if any("fresh@post" in text for _, _, text in conversation.steps):
                    continue  # the real server recommends a random message-id
                if any("20261124120000" in text for _, _, text in conversation.steps):
                    continue  # and its clock moves
                with self.connect() as client:
                    run(conversation, client, values())

        return self.in_thread(talk)

    def test_conformance_as_for_any_server(self) -> Deferred[None]:
        self.serve()

        def ask() -> None:
            outcomes = reading("127.0.0.1", self.port, None, True)
            assert len(outcomes) > 30
            assert [outcome for outcome in outcomes if outcome.difference] == []

        return self.in_thread(ask)

    def test_one_session_of_a_newsreader(self) -> Deferred[None]:
        self.serve()

        def read() -> None:
            with self.connect() as client:
                self.assertTrue(client.greeting.startswith("200 "))
                self.assertTrue(client.command("MODE READER").startswith("200 "))
                self.assertTrue(client.command("XOVER").startswith("412 "))
                self.assertTrue(client.command("XHDR Path").startswith("412 "))
                self.assertIn(b"clique.tea 4 1 y", client.listing("LIST")[1])
                self.assertEqual(client.command("GROUP clique.tea"), "211 3 1 4 clique.tea")
                overview = client.listing("XOVER 1-4")[1]
                self.assertEqual([line.split(b"\t")[0] for line in overview], [b"1", b"3", b"4"])
                self.assertIn(b".starts with a dot", client.listing("ARTICLE 3")[1])
                article = b"Newsgroups: clique.tea\r\nSubject: x\r\n\r\n.dots\r\n..\r\n"
                self.assertEqual(client.post(article), "240 Posted")
                self.assertEqual(self.posted, [article])
                self.assertTrue(client.command("QUIT").startswith("205 "))
                self.assertEqual(client.read_line(), b"")

        return self.in_thread(read)

    def test_thousands_of_commands_at_once(self) -> Deferred[None]:
        self.serve()

        def flood() -> None:
            with self.connect() as client:
                client.pipeline(["GROUP clique.tea", *["HEAD 3", "STAT 1"] * 2000, "QUIT"])
                self.assertTrue(client.status().startswith("211 "))
                for _ in range(2000):
                    self.assertTrue(client.status().startswith("221 "))
                    client.lines()
                    self.assertTrue(client.status().startswith("223 "))
                self.assertTrue(client.status().startswith("205 "))

        return self.in_thread(flood)

    def test_a_socket_that_takes_little_at_a_time_gets_every_octet_in_order(self) -> Deferred[None]:
        self.serve()
        commands = [b"GROUP clique.tea\r\n", *[b"OVER 1-\r\n", b"STAT 3\r\n", b"HEAD 1\r\n"] * 1500, b"QUIT\r\n"]
        wire = SessionWire(small_forum())
        wire.send(b"".join(commands))

        def ask() -> None:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(60)
                client.connect(("127.0.0.1", self.port))
                client.sendall(b"".join(commands))
                received = bytearray()
                while data := client.recv(3000):
                    received += data
            self.assertEqual(bytes(received), wire.output)

        return self.in_thread(ask)

    def test_closing_its_side_early_gets_every_answer(self) -> Deferred[None]:
        self.serve()

        def ask() -> None:
            with self.connect() as client:
                client.send(b"GROUP clique.tea\r\n" + b"OVER 1-\r\n" * 500)
                client.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(client.status().startswith("211 "))
                for _ in range(500):
                    self.assertTrue(client.status().startswith("224 "))
                    self.assertEqual(len(client.lines()), 3)
                self.assertEqual(client.read_line(), b"")

        return self.in_thread(ask)


class Posting(ServerCase):
    @inlineCallbacks
    def test_later_commands_wait_for_the_verdict(self) -> Iterator[Deferred[Any]]:
        verdicts: list[Deferred[PostResult]] = []
        asked: Deferred[None] = Deferred()

        def post(article: bytes, identity: Identity) -> Deferred[PostResult]:
            verdicts.append(Deferred())
            asked.callback(None)
            return verdicts[0]

        self.serve(post=post)
        client = yield self.in_thread(self.connect)
        self.addCleanup(client.close)
        yield self.in_thread(client.send, b"POST\r\nSubject: x\r\n\r\n.\r\nDATE\r\nSTAT 1\r\n")
        status = yield self.in_thread(client.status)
        self.assertTrue(status.startswith("340 "))
        yield asked
        verdicts[0].callback(PostResult(False, "not\r\ntoday"))
        for expected in ("441 not today", "111 ", "412 "):
            status = yield self.in_thread(client.status)
            self.assertTrue(status.startswith(expected), status)

    def test_a_failure_is_told_and_logged(self) -> Deferred[None]:
        def post(article: bytes, identity: Identity) -> Deferred[PostResult]:
            raise RuntimeError("disk on fire")

        self.serve(post=post)

        def ask() -> None:
            with self.connect() as client:
                self.assertTrue(client.post(b"Subject: x\r\n\r\n").startswith("441 internal fault"))
                self.assertTrue(client.command("DATE").startswith("111 "))

        def logged(result: None) -> None:
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

        return self.in_thread(ask).addCallback(logged)

    def test_over_the_limit_is_named_and_swallowed(self) -> Deferred[None]:
        self.serve()

        def ask() -> None:
            with self.connect() as client:
                status = client.post(b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 500_000)
                self.assertEqual(status, "441 the article has 1,000,084 octets, the limit is 2,000")
                self.assertTrue(client.command("DATE").startswith("111 "))
            self.assertEqual(self.posted, [])

        return self.in_thread(ask)

    def test_a_listener_without_the_right(self) -> Deferred[None]:
        self.serve(attrs.evolve(SETTINGS, identity=Identity(None, Right.READ)))

        def ask() -> None:
            with self.connect() as client:
                self.assertTrue(client.greeting.startswith("201 "))
                self.assertTrue(client.command("POST").startswith("440 "))
                self.assertTrue(client.command("MODE READER").startswith("201 "))
                self.assertNotIn(b"POST", client.listing("CAPABILITIES")[1])

        return self.in_thread(ask)


class Limits(ServerCase):
    def test_connections_in_all_and_from_one_address(self) -> Deferred[None]:
        self.serve(attrs.evolve(SETTINGS, connections=3, connections_per_address=2))

        def crowd() -> None:
            with self.connect(), self.connect(), self.connect() as third:
                self.assertEqual(third.greeting, "400 Too many connections from your address")
                self.assertEqual(third.read_line(), b"")

        return self.in_thread(crowd)

    def test_connections_in_all(self) -> Deferred[None]:
        self.serve(attrs.evolve(SETTINGS, connections=1))

        def crowd() -> None:
            with self.connect() as first:
                with self.connect() as second:
                    self.assertEqual(second.greeting, "400 Too many connections")
                self.assertTrue(first.command("DATE").startswith("111 "))

        return self.in_thread(crowd)

    def test_resets_leave_nothing_behind(self) -> Deferred[None]:
        factory = self.serve()

        def reset() -> None:
            for data in (b"", b"DA", b"POST\r\nSubject: x\r\n", b"GROUP clique.tea\r\n" + b"OVER 1-\r\n" * 1000):
                client = self.connect()
                client.send(data)
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
            with self.connect() as client:
                client.command("QUIT")
                client.read_line()

        @inlineCallbacks
        def gone(result: None) -> Iterator[Deferred[Any]]:
            yield factory.stop()
            self.assertEqual(factory.connections, 0)

        return self.in_thread(reset).addCallback(gone)


class Stopping(ServerCase):
    @inlineCallbacks
    def test_clients_are_told_and_the_port_is_left(self) -> Iterator[Deferred[Any]]:
        factory = self.serve()
        clients = []
        for _ in range(3):
            clients.append((yield self.in_thread(self.connect)))
        yield self.in_thread(clients[0].command, "DATE")
        stopped = factory.stop()
        for client in clients:
            status = yield self.in_thread(client.status)
            self.assertEqual(status, "400 The server is shutting down")
            end = yield self.in_thread(client.read_line)
            self.assertEqual(end, b"")
            client.close()
        yield stopped
        self.assertEqual(factory.connections, 0)

    @inlineCallbacks
    def test_an_article_under_judgement_gets_its_verdict(self) -> Iterator[Deferred[Any]]:
        verdict: Deferred[PostResult] = Deferred()
        asked: Deferred[None] = Deferred()

        def post(article: bytes, identity: Identity) -> Deferred[PostResult]:
            asked.callback(None)
            return verdict

        factory = self.serve(post=post)
        client = yield self.in_thread(self.connect)
        self.addCleanup(client.close)
        yield self.in_thread(client.send, b"POST\r\nSubject: x\r\n\r\n.\r\n")
        yield asked
        stopped = factory.stop()
        verdict.callback(PostResult(True, "Posted"))
        yield stopped
        statuses = []
        for _ in range(3):
            statuses.append((yield self.in_thread(client.status))[:3])
        self.assertEqual(statuses, ["340", "240", "400"])
