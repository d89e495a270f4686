"""Every message with every field wrong, on an open link and edge: one clear error or none, never one of ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cbor2
from twisted.internet import endpoints, reactor
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from cliquenntp.clique.messages import Channel, LinkAccept, Push
from cliquenntp.link.framing import BodyEnded, Control, Kind, Messages, announced, frame, pieces
from cliquenntp.service.network.intake import IntakeLimits
from cliquenntp.wire import LinkCodec
from cliquenntp.wire.table import LAYOUTS
from tests import signed_documents
from tests.edges import link_request
from tests.link.linkhelp import new_identity, until
from tests.link.puppet import Puppet
from tests.service.sides import NOW, ROOT, Side
from tests.wire.specification import SAMPLES

WRONG: tuple[Any, ...] = (
    None, 0, -1, 255, 2**53, 2**64, "text", b"\xff" * 8, b"\xff" * 16, b"\xff" * 32, b"\xff" * 20_000, [], {},
)

Make = Callable[[int], bytes]
"""from the node's incarnation of the edge to what is sent"""


def wrong_messages() -> Iterator[tuple[str, Make]]:
    """Yield what is wrong and the frame: each field of each kind of message has each wrong value."""
    for layout, sample in zip(LAYOUTS, SAMPLES, strict=True):
        if layout.made is Push:
            continue  # it never comes without a document
        (content,) = LinkCodec().encode([sample])
        item = cbor2.loads(content)[0]
        names = [field.name for field in layout.fields]
        has_edge = names[0] == "to"
        yield f"{layout.word} as it should be", partial(_frame, item, has_edge)
        for count in range(len(item)):
            yield f"{layout.word} with {count} fields", partial(_frame, item[:count], has_edge)
        yield f"{layout.word} with a field more", partial(_frame, [*item, 7], has_edge)
        for place in range(1, len(item)):
            for value in WRONG:
                wrong = partial(_frame, [*item[:place], value, *item[place + 1:]], has_edge and place > 1)
                yield f"{layout.word}.{names[place - 1]} = {value!r:.30}", wrong
    for code in (0, len(LAYOUTS) + 1, 2**64 - 1, "x", None, [1]):
        yield f"a message with the number {code}", partial(_frame, [code, 0], True)


def _frame(item: list[Any], has_edge: bool, incarnation: int) -> bytes:
    if has_edge and len(item) > 1:
        item = [item[0], incarnation, *item[2:]]
    return frame(Kind.MESSAGES, cbor2.dumps([item]))


def wrong_documents() -> Iterator[tuple[str, Make]]:
    """Yield what is wrong and the frames of a document: announced, and in pieces."""
    good = signed_documents.signed("a post", ROOT, time=NOW)
    for what, document, body in (
        ("garbage", good.id, b"garbage" * 1000),
        ("nothing", good.id, b""),
        ("the largest garbage", good.id, b"\0" * 1024 * 1024),
        ("a document of another id", b"i" * 32, good.raw),
        ("a forged document", good.id, good.raw[:-3] + b"x\r\n"),
        ("a document from the future", *_pair(signed_documents.signed("later", ROOT, time=NOW + 10**7))),
        ("a document of another forum", *_pair(signed_documents.signed("other", Clique_Forum="other", time=NOW))),
        ("a document without its parent", *_pair(signed_documents.signed("lost", good, time=NOW))),
    ):
        yield what, partial(_document, document, body)
        yield f"{what}, to nobody", lambda _, document=document, body=body: _document(document, body, 10**6)
    (ordinary,) = LinkCodec().encode([SAMPLES[4]])
    yield "a document behind another message", lambda _: announced(ordinary, 3) + frame(Kind.PIECE, b"abc")
    yield "a document behind nothing", lambda _: announced(b"\x80", 3) + frame(Kind.PIECE, b"abc")
    yield "a PUSH alone", lambda to: frame(Kind.MESSAGES, LinkCodec().encode([Push(to, good.id, 1)])[0])


def _document(document: bytes, body: bytes, incarnation: int) -> bytes:
    (content,) = LinkCodec().encode([Push(incarnation, document, 1)])
    return b"".join([announced(content, len(body)), *pieces(body)])


def _pair(document: Any) -> tuple[bytes, bytes]:
    return document.id, document.raw


class HostileMessageTests(TestCase):
    timeout = 120

    async def test_no_message_and_no_document_harms_the_node(self) -> None:
        side = await Side(self, "side").listen()
        await side.write(ROOT)
        self.addCleanup(self._hang_up)
        self.puppets: list[Puppet] = []
        ended = 0
        puppet, incarnation = await self.edge(side)
        for what, make in (*wrong_messages(), *wrong_documents()):
            if puppet.lost or not has_edge(side):
                await self._hang_up()
                puppet, incarnation = await self.edge(side)
            puppet.found.clear()
            puppet.transport.write(make(incarnation) + frame(Kind.PING, b"are you?"))
            await until(lambda puppet=puppet: puppet.lost or _ponged(puppet))
            if puppet.lost:
                ended += 1
                [reason] = [found.payload for found in puppet.found if _is_close(found)]
                self.assertIn(b"broke the protocol", reason, what)
                self.assertLess(len(reason), 200)
        self.assertGreater(ended, 300, "most of this is unlawful")
        self.assertEqual((side.clique.trouble, side.documents), ("", 1))
        await self._hang_up()
        await self.assert_goes_on(side)

    async def test_what_the_node_has_no_time_for_waits_at_the_peers_end(self) -> None:
        side = await Side(self, "side").listen()
        await side.write(ROOT)
        self.puppets = []
        self.addCleanup(self._hang_up)
        puppet, incarnation = await self.edge(side)
        busy = threading.Event()
        self.addCleanup(busy.set)
        waiting = side.turn.submit(lambda writer: busy.wait(30))
        limits = IntakeLimits()
        body = b"x" * 60_000 + b"\r\n"
        documents = [signed_documents.signed(f"post {number}", ROOT, time=NOW, body=body) for number in range(100)]
        for document in documents:
            puppet.transport.write(_document(document.id, document.raw, incarnation))
        await until(lambda: side.clique._intake.waiting[1] >= limits.link_octets)
        most = 0
        for _ in range(50):  # turns of the reactor in which more would come if it were read
            await deferLater(reactor, 0.005)
            most = max(most, side.clique._intake.waiting[1])
        self.assertLess(most, limits.link_octets + 2 * 65536)
        busy.set()
        await waiting
        await until(lambda: all(side.holds(document) for document in documents))
        await until(lambda: side.clique._intake.waiting == (0, 0))

    async def edge(self, side: Side) -> tuple[Puppet, int]:
        """Open a link and an edge in the forum; return it and the node's incarnation of it."""
        identity = new_identity()
        puppet, codec = Puppet(side.contact.address, identity), LinkCodec()
        self.puppets.append(puppet)
        endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", int(side.contact.address.rpartition(":")[2]))
        await endpoint.connect(Factory.forProtocol(lambda: puppet))
        puppet.hello()
        await until(lambda: puppet.opened)
        (content,) = codec.encode([link_request(puppet.handshake.peer.blinding_key, identity.node_key, ROOT.id)])
        puppet.transport.write(frame(Kind.MESSAGES, content))
        await until(lambda: puppet.found)
        [answer, *_] = codec.decode(puppet.found[0].content)
        assert isinstance(answer, LinkAccept), answer
        await until(lambda: has_edge(side))
        return puppet, answer.incarnation

    async def assert_goes_on(self, side: Side) -> None:
        other = await Side(self, "other").listen()
        other.join(side)
        await until(lambda: other.holds(ROOT))
        post = signed_documents.signed("an honest post", ROOT, time=NOW)
        await side.write(post)
        await until(lambda: other.holds(post))

    def _hang_up(self) -> Any:
        for puppet in self.puppets:
            if not puppet.lost:
                puppet.transport.abortConnection()
        return until(lambda: all(puppet.lost for puppet in self.puppets))


def has_edge(side: Side) -> bool:
    return any(side.clique.channels[Channel(ROOT.id)].open_edges())


def _ponged(puppet: Puppet) -> bool:
    return any(isinstance(found, Control) and found.kind is Kind.PONG for found in puppet.found)


def _is_close(found: Messages | BodyEnded | Control) -> bool:
    return isinstance(found, Control) and found.kind is Kind.CLOSE
