"""A node with accounts that have nodes of their own, and strangers who ask each of its nodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import endpoints, reactor
from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase

from cliquenntp.clique.blinding import blind
from cliquenntp.clique.messages import (
    Advert,
    LinkAccept,
    LinkRefuse,
    LinkRequest,
    Message,
)
from cliquenntp.document import Document, id_text, key_text
from cliquenntp.link.framing import Kind, frame
from cliquenntp.service.commands.node import NodeCommands
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.node import Node
from cliquenntp.service.settings import Settings
from cliquenntp.wire import LinkCodec
from tests import signed_documents
from tests.link.linkhelp import new_identity, until
from tests.link.puppet import Puppet
from tests.service.sides import NOW, ROOT, Side

LOOPBACK = "tcp:0:interface=127.0.0.1"
CLIQUE = "tcp:127.0.0.1:0"
OTHER_ROOT = signed_documents.signed("About tea", Clique_Forum="tea", time=NOW - 900)


def signed(subject: str, *parents: Document) -> Document:
    return signed_documents.signed(subject, *parents, time=NOW)


class Stranger:
    """Somebody who has a link to a node and asks it."""

    def __init__(self) -> None:
        self.identity = new_identity()
        self.codec = LinkCodec()
        self.heard: list[Message] = []
        self.asked = 0

    async def dial(self, side: CliqueSide) -> Stranger:
        [address] = side.links.addresses
        self.puppet = Puppet(address, self.identity)
        endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", int(address.rpartition(":")[2]))
        await endpoint.connect(Factory.forProtocol(lambda: self.puppet))
        self.puppet.hello()
        await until(lambda: self.puppet.opened)
        return self

    def listen(self) -> list[Message]:
        found, self.puppet.found[:] = list(self.puppet.found), []
        for one in found:
            content = getattr(one, "content", None)
            if content is not None:
                self.heard += self.codec.decode(content)
        return self.heard

    async def answer(self, message: Message, is_it: Callable[[Message], bool]) -> Message:
        """Send a message; return the first answer that is meant."""
        self.heard.clear()
        self.say(message)
        await until(lambda: any(map(is_it, self.listen())))
        return next(filter(is_it, self.heard))

    def say(self, message: Message) -> None:
        for content in self.codec.encode([message]):
            self.puppet.transport.write(frame(Kind.MESSAGES, content))

    async def ask_for(self, root: bytes, fingerprint: bytes = b"f" * 8) -> LinkAccept | LinkRefuse:
        """Ask to share a forum."""
        self.asked += 1
        scope = blind(self.puppet.handshake.peer.blinding_key, self.identity.node_key, root)
        advert = Advert(1, None, 0, b"", 0, False, True, True, 1)
        request = LinkRequest(self.asked, scope, None, 0, int(time.time()), fingerprint, advert, priority=True)
        answer = await self.answer(request, lambda one: isinstance(one, LinkAccept | LinkRefuse))
        assert isinstance(answer, LinkAccept | LinkRefuse)
        return answer

    def hang_up(self) -> Any:
        self.puppet.transport.abortConnection()
        return until(lambda: self.puppet.lost)


class Answer:
    def __init__(self) -> None:
        self.found: list[Any] = []

    async def rows(self, rows: Any) -> None:
        self.found += rows

    async def progress(self, done: int, total: int | None, note: str = "") -> None:
        pass


class OwnNodesCase(TestCase):
    timeout = 90

    @pytest.fixture(autouse=True)
    def _take_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def start(self) -> Node:
        settings = Settings(data=self.folder / "data", nntp=(LOOPBACK,), accounts=(LOOPBACK,), clique=(CLIQUE,), web=())
        node = Node(reactor, settings)
        node.startService()
        self.addCleanup(lambda: node.stopService() if node.running else None)
        self.node = node
        return node

    async def run_command(self, command: str, /, **arguments: Any) -> Any:
        answer: Any = Answer()
        result = await NodeCommands(self.node).table()[command](answer, arguments)
        return answer.found or result

    async def side(self, name: str, root: Document) -> Side:
        side = await Side(self, name).listen()
        await side.write(root)
        return side

    def own(self, account: str) -> CliqueSide:
        number = self.node.accounts.own_node(account)
        assert number is not None
        side = self.node.nodes.get(number)
        assert side is not None
        return side

    async def add(self, account: str) -> None:
        made = await self.run_command("user", action="add", name=account, node=CLIQUE, password="correct")
        assert made["account"]["node"]["addresses"] == self.own(account).links.addresses

    async def join(self, side: Side, root: Document, **who: str) -> None:
        peer = f"{key_text(side.key.public)}@{side.contact.address}"
        joined = await self.run_command("join", invitation=f"clique:{id_text(root.id)}?peer={peer}", **who)
        self.assertIn("is here", joined["text"])

    def holds(self, side: CliqueSide, document: Document) -> bool:
        docno = self.node.store.reader.find(document.id)
        return docno is not None and self.node.store.reader.holds(side.node, docno)

    async def dial(self, side: CliqueSide) -> Stranger:
        stranger = await Stranger().dial(side)
        self.addCleanup(stranger.hang_up)
        return stranger

    async def two(self) -> tuple[Side, Side]:
        """Start a node with Alice, whose own node is in the forum talk, and Bob, whose own node is in the forum tea."""
        self.start()
        talk, tea = await self.side("talk", ROOT), await self.side("tea", OTHER_ROOT)
        await self.add("alice")
        await self.add("bob")
        await self.join(talk, ROOT, account="alice")
        await self.join(tea, OTHER_ROOT, account="bob")
        return talk, tea
