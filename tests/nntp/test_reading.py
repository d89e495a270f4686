"""What a session tells of its user's reading, and how it waits for what a newsgroup lacks."""

from __future__ import annotations

from collections.abc import Container, Iterable

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from zope.interface import implementer
from zope.interface.verify import verifyObject

from cliquenntp.interfaces import Identity, IReading, Right
from cliquenntp.nntp.server import NewsFactory, ServerSettings
from cliquenntp.nntp.session import State
from cliquenntp.nntp.session.reader import NothingFollows
from tests.nntp.session_wire import NOW, SessionWire
from tests.nntp.small_view import SmallView, small_forum

TEA, OOLONG = 1, 2
"""newsgroups of the small forum"""


@implementer(IReading)
class Told:
    """Keeps what it is told."""

    def __init__(self, first_look: bool = False) -> None:
        self.first_look = first_look
        self.looks: list[tuple[str | None, int]] = []
        self.polls: list[int] = []
        self.articles: list[tuple[str | None, int]] = []
        self.followed: set[int] | None = None
        self.lines: tuple[str, ...] = ()

    def looked(self, identity: Identity, group: int) -> bool:
        self.looks.append((identity.account, group))
        return self.first_look

    def polled(self, identity: Identity, group: int) -> None:
        self.polls.append(group)

    def opened(self, identity: Identity, docno: int) -> None:
        self.articles.append((identity.account, docno))

    def subscriptions(self, identity: Identity) -> Container[int] | None:
        return self.followed

    def notices(self, identity: Identity) -> Iterable[str]:
        return self.lines


def test_provide_the_door() -> None:
    verifyObject(IReading, NothingFollows())
    verifyObject(IReading, Told())


@pytest.mark.parametrize("command", [
    "OVER 1-4", "OVER", "XOVER 1-", "HDR Subject 1-", "XHDR Path 1", "XPAT Subject 1- *", "LISTGROUP",
    "LISTGROUP clique.tea 1-2", "ARTICLE 1", "ARTICLE", "HEAD 3", "BODY 4",
])
def test_reading_in_a_newsgroup_is_a_look(command: str) -> None:
    told = Told()
    wire = SessionWire(small_forum(), reading=told)
    wire.send(b"GROUP clique.tea\r\n" + command.encode() + b"\r\n")
    assert told.looks == [("owner", TEA)] and told.polls == [TEA]


@pytest.mark.parametrize("command", [
    "GROUP clique.tea", "STAT 1", "NEXT", "LAST", "OVER <a1000@clique.invalid>", "ARTICLE <a1000@clique.invalid>",
    "HDR Subject <a1000@clique.invalid>", "ARTICLE 99", "LIST", "LIST COUNTS", "LIST NEWSGROUPS", "XOVER x", "POST",
])
def test_what_newsreaders_do_by_themselves_is_none(command: str) -> None:
    told = Told()
    wire = SessionWire(small_forum(), reading=told)
    wire.send(b"XOVER\r\nXHDR Path\r\nGROUP clique.tea\r\n" + command.encode() + b"\r\n")
    assert told.looks == []


def test_a_look_is_told_once_in_a_while_and_for_each_newsgroup() -> None:
    told = Told()
    wire = SessionWire(small_forum(), reading=told)
    wire.send(b"GROUP clique.tea\r\n" + b"ARTICLE 1\r\nOVER 1-\r\n" * 3)
    wire.send(b"GROUP clique.tea.oolong-abcdefgh\r\nARTICLE 1\r\n")
    assert told.looks == [("owner", TEA), ("owner", OOLONG)]
    wire.session.receive(b"OVER 1-\r\n", NOW + 299)
    assert len(told.looks) == 2
    wire.session.receive(b"OVER 1-\r\n", NOW + 300)
    assert len(told.looks) == 3


def test_anonymous_readers_are_not_told_of() -> None:
    told = Told(first_look=True)
    wire = SessionWire(small_forum(), Identity(None, Right.READ), reading=told)
    wire.send(b"GROUP clique.tea\r\nOVER 1-\r\n")
    assert told.looks == [] and wire.session.state is State.LISTENING


@pytest.mark.parametrize("command", [b"OVER 1-", b"XOVER 1-5", b"HDR Subject 4-", b"LISTGROUP", b"XOVER 9-"])
def test_a_command_waits_for_what_is_being_fetched(command: bytes) -> None:
    view = small_forum()
    wire = SessionWire(view, reading=Told(first_look=True))
    wire.send(b"GROUP clique.tea\r\n")
    before = len(wire.output)
    wire.send(command + b"\r\nDATE\r\n")
    assert wire.session.state is State.FETCHING and wire.session.fetched == TEA
    assert len(wire.output) == before
    view.add_article(b"clique.tea", 9, b"Fetched", b"", 1_700_000_300)
    wire.output += wire.session.proceed(NOW)
    wire.send(b"")
    answer = wire.output[before:]
    assert (b"\r\n9" in answer) is (command != b"XOVER 1-5") and b".\r\n111 " in answer
    assert wire.session.state is State.LISTENING


@pytest.mark.parametrize("command", [b"XOVER 1-4", b"OVER", b"ARTICLE 1", b"LISTGROUP clique.tea 1-3"])
def test_what_can_bring_nothing_is_not_waited_for(command: bytes) -> None:
    wire = SessionWire(small_forum(), reading=Told(first_look=True))
    wire.send(b"GROUP clique.tea\r\n" + command + b"\r\n")
    assert wire.session.state is State.LISTENING


def test_a_shutdown_comes_after_what_was_waited_for() -> None:
    wire = SessionWire(small_forum(), reading=Told(first_look=True))
    wire.send(b"GROUP clique.tea\r\nOVER 1-\r\n")
    assert wire.session.finish(b"400 going\r\n") == b""
    output = wire.session.proceed(NOW)
    assert output.startswith(b"224 ") and output.endswith(b".\r\n400 going\r\n") and wire.closed


class Client:
    """A connection in memory."""

    def __init__(self, factory: NewsFactory) -> None:
        self.transport = StringTransport()
        self.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        self.take()

    def ask(self, line: bytes) -> bytes:
        self.protocol.dataReceived(line + b"\r\n")
        return self.take()

    def take(self) -> bytes:
        output = self.transport.value()
        self.transport.clear()
        return output


def test_only_the_connection_that_asked_waits() -> None:
    clock, waits = Clock(), []

    def fetch(group: int) -> Deferred[None]:
        waits.append((group, Deferred()))
        return waits[-1][1]

    def refuse(article: bytes, identity: Identity) -> Deferred:
        raise AssertionError("nobody posts")

    view = small_forum()
    factory = NewsFactory(
        lambda identity: view, refuse, ServerSettings(), clock, clock.seconds, Told(first_look=True), fetch
    )
    one, other = Client(factory), Client(factory)
    one.ask(b"GROUP clique.tea")
    assert one.ask(b"OVER 1-") == b"" and one.ask(b"DATE") == b""
    assert other.ask(b"GROUP clique.tea").startswith(b"211 3 ")
    assert other.ask(b"ARTICLE 1").startswith(b"220 1 ")
    [(group, answer)] = waits
    assert group == TEA
    answer.callback(None)
    assert one.take().startswith(b"224 ")
    clock.advance(0)
    gone = Client(factory)
    gone.ask(b"GROUP clique.tea")
    gone.ask(b"LISTGROUP")
    gone.protocol.connectionLost()
    waits[1][1].callback(None)
    assert gone.take() == b"" and factory.connections == 2


def test_subscriptions_are_what_is_followed() -> None:
    told = Told()
    wire = SessionWire(small_forum(), reading=told)
    told.followed = {TEA}
    wire.send(b"LIST SUBSCRIPTIONS\r\n")
    assert wire.output.endswith(b"follows\r\nclique.tea\r\n.\r\n")
    told.followed = None
    wire.send(b"LIST SUBSCRIPTIONS\r\n")
    assert wire.output.count(b"clique.void") == 1


def test_the_node_has_its_say_in_the_motd() -> None:
    told = Told()
    wire = SessionWire(SmallView(), reading=told)
    wire.send(b"LIST MOTD\r\nCAPABILITIES\r\n")
    assert b"503 " in wire.output and b" MOTD" not in wire.output
    told.lines = ("Two nodes are linked.", ".hidden")
    wire.send(b"LIST MOTD\r\nCAPABILITIES\r\n")
    assert b"follows\r\nTwo nodes are linked.\r\n..hidden\r\n.\r\n" in wire.output and b" MOTD" in wire.output
