"""Accounts with a node of their own: what each of the process's nodes says to a stranger who asks it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.internet import endpoints, reactor
from twisted.internet.protocol import Factory
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from cliquenntp.clique.blinding import blind, short_id
from cliquenntp.clique.messages import (
    Advert,
    Channel,
    Gone,
    LinkAccept,
    LinkRefuse,
    LinkRequest,
    Message,
    Offer,
    Push,
    SpanFingerprint,
    SpanListing,
    Sync,
    Want,
)
from cliquenntp.control.protocol import CommandError
from cliquenntp.document import Document, id_text, key_text
from cliquenntp.interfaces import SHARED
from cliquenntp.link.framing import Kind, frame
from cliquenntp.service.commands.node import NodeCommands
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.node import Node
from cliquenntp.service.readers.listeners import NNTP
from cliquenntp.service.settings import Settings
from cliquenntp.service.upkeep.room import OTHER_NODES
from cliquenntp.wire import LinkCodec
from tests import signed_documents
from tests.link.fake_sam import FakeSAM
from tests.link.linkhelp import new_identity, until
from tests.link.puppet import Puppet
from tests.nntp_client import NewsClient
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


class ToStrangers(OwnNodesCase):
    async def test_each_node_is_somebody_of_its_own(self) -> None:
        await self.two()
        sides = [*self.node.nodes]
        self.assertEqual([side.node for side in sides], [SHARED, 1, 2])
        self.assertEqual(len({side.key for side in sides}), 3)
        self.assertEqual(len({address for side in sides for address in side.links.addresses}), 3)
        strangers = [await self.dial(side) for side in sides]
        peers = [stranger.puppet.handshake.peer for stranger in strangers]
        self.assertEqual([peer.node_key for peer in peers], [side.key for side in sides])
        self.assertEqual(len({peer.instance for peer in peers}), 3)

    async def test_a_forum_of_one_node_is_to_another_like_one_that_is_not_there(self) -> None:
        talk, _ = await self.two()
        post = signed("for Alice alone", ROOT)
        await talk.write(post)
        await until(lambda: self.holds(self.own("alice"), post))
        for side in (self.node.clique, self.own("bob")):
            stranger = await self.dial(side)
            refusals = [await stranger.ask_for(root) for root in (ROOT.id, b"n" * 32)]
            for refusal in refusals:
                assert isinstance(refusal, LinkRefuse)
                self.assertEqual((refusal.contacts, refusal.left), ((), True))
        self.assertIsInstance(await (await self.dial(self.own("alice"))).ask_for(ROOT.id), LinkAccept)

    async def test_on_an_open_edge_nothing_is_told_of_what_another_node_has(self) -> None:
        """Bob's node in tea is asked for documents that are on the disk: Alice's, and what another node has of tea."""
        talk, tea = await self.two()
        secret = signed("for Alice alone", ROOT)
        await talk.write(secret)
        other = await self.side("other", OTHER_ROOT)
        # the shared node is in tea by somebody who has more of it, and cut off from Bob's
        await self.join(other, OTHER_ROOT)
        unheard = signed("that Bob's node has not heard of", OTHER_ROOT)
        await other.write(unheard)
        known = signed("known to Bob's node", OTHER_ROOT)
        await tea.write(known)
        bob, shared = self.own("bob"), self.node.clique
        await until(lambda: self.holds(self.own("alice"), secret) and self.holds(bob, known))
        await until(lambda: self.holds(shared, unheard))
        self.assertFalse(self.holds(bob, unheard))
        stranger = await self.dial(bob)
        accept = await stranger.ask_for(OTHER_ROOT.id)
        assert isinstance(accept, LinkAccept)
        asked = tuple(one.id for one in (secret, ROOT, unheard, known))
        stranger.heard.clear()
        stranger.say(Want(accept.incarnation, asked))
        pushed = await stranger.answer(
            Sync(accept.incarnation, 0, (SpanFingerprint(0, 1 << 40, 0, b"x" * 8),)), lambda one: isinstance(one, Sync)
        )
        told = [one.document for one in stranger.heard if isinstance(one, Push)]
        self.assertEqual(told, [known.id])
        self.assertFalse([one for one in stranger.heard if isinstance(one, Gone)])
        offered = {prefix for one in stranger.heard if isinstance(one, Offer) for prefix in one.documents}
        self.assertFalse(offered - {known.id[:8], OTHER_ROOT.id[:8]})
        assert isinstance(pushed, Sync)
        [listing] = pushed.spans
        assert isinstance(listing, SpanListing)
        secret_of_link = stranger.puppet.handshake.peer.blinding_key
        self.assertEqual(
            set(listing.documents), {short_id(secret_of_link, one.id) for one in (OTHER_ROOT, known)})

    async def test_a_document_that_two_nodes_get_is_stored_once(self) -> None:
        talk, _ = await self.two()
        await self.join(talk, ROOT, account="bob")
        await self.join(talk, ROOT)
        post = signed("for all", ROOT)
        await talk.write(post)
        await until(lambda: all(self.holds(side, post) for side in self.node.nodes))
        self.assertEqual(self.node.store.reader.newest(), 3)
        status = await self.run_command("status")
        self.assertEqual(status["documents_of_all"], 3)
        self.assertEqual([row["documents"] for row in status["nodes"]], [2, 3])
        self.assertEqual(status["documents"], 2)
        self.assertEqual(talk.clique.sent, 6, "each node got root and post by its own link")


class ByTheRightNode(OwnNodesCase):
    async def log_in(self, account: str | None) -> NewsClient:
        def connect() -> NewsClient:
            kind = "accounts" if account else NNTP
            client = NewsClient("127.0.0.1", int(self.node.listeners.addresses(kind)[0].rpartition(":")[2]))
            if account:
                assert client.command(f"AUTHINFO USER {account}").startswith("381 ")
                assert client.command("AUTHINFO PASS correct").startswith("281 ")
            return client

        client = await deferToThread(connect)
        self.addCleanup(client.close)
        return client

    async def post(self, client: NewsClient, groups: str, *fields: str) -> str:
        lines = (f"Newsgroups: {groups}", "From: Me <me@example.org>", "Subject: From here", *fields, "", "Text.", "")
        return await deferToThread(client.post, "\r\n".join(lines).encode())

    def posted(self) -> Any:
        archive = self.node.store.reader
        return archive.record(archive.newest())

    async def test_a_post_goes_out_by_the_node_of_its_forum_alone(self) -> None:
        talk, _ = await self.two()
        root = signed_documents.signed("About plants", Clique_Forum="garden", time=NOW - 800)
        garden = await self.side("garden", root)
        await self.join(garden, root)
        await self.join(talk, ROOT)
        alice, owner = await self.log_in("alice"), await self.log_in(None)
        archive = self.node.store.reader
        for client, group, node in (
            (alice, "clique.talk", 1), (alice, "clique.garden", SHARED), (owner, "clique.garden", SHARED),
        ):
            self.assertIn("240 ", await self.post(client, group))
            docno = self.posted().docno
            self.assertEqual([side.node for side in self.node.nodes if archive.holds(side.node, docno)][:1], [node])
        verdict = await self.post(alice, "clique.talk,clique.garden")
        self.assertIn("441 ", verdict)
        self.assertIn("belong to two", verdict)
        await until(lambda: talk.documents == 2 and garden.documents == 3)
        self.assertEqual(self.own("alice").sent, 1)

    async def test_who_answers_a_document_of_another_node_holds_it_and_what_is_above(self) -> None:
        talk, _ = await self.two()
        other = await self.side("other", ROOT)
        await self.join(other, ROOT)
        thread = signed("a thread", ROOT)
        reply = signed("a reply", thread)
        for document in (thread, reply):
            await other.write(document)
        await until(lambda: self.holds(self.node.clique, reply))
        alice = self.own("alice")
        self.assertFalse(self.holds(alice, thread))
        client = await self.log_in("alice")
        verdict = await self.post(client, "clique.talk", f"References: <{id_text(reply.id)}@clique.invalid>")
        self.assertIn("240 ", verdict)
        self.assertTrue(self.holds(alice, thread) and self.holds(alice, reply))
        await until(lambda: talk.holds(thread) and talk.holds(reply) and talk.documents == 4)

    async def test_a_forum_made_by_such_an_account_is_its_own_nodes(self) -> None:
        self.start()
        await self.add("alice")
        await self.run_command("user", action="rights", name="alice", rights="read,post,create")
        client = await self.log_in("alice")
        verdict = await self.post(client, "clique.den", "Control: newgroup clique.den")
        self.assertIn("240 ", verdict)
        root = self.posted().id
        await until(lambda: Channel(root) in self.own("alice").followed)
        self.assertFalse(self.node.clique.followed)
        made = await self.run_command("create-forum", name="nest", description="", account="alice")
        self.assertEqual(made["name"], "clique.nest")
        invitation = (await self.run_command("invite", name="nest", account="alice"))["invitation"]
        self.assertIn(key_text(self.own("alice").key), invitation)
        self.assertNotIn(key_text(self.node.clique.key), invitation)
        with self.assertRaises(CommandError):
            await self.run_command("invite", name="nest")
        await self.join_here(root)

    async def join_here(self, root: bytes) -> None:
        """The owner joins a forum of Alice's by her invitation, as anybody else would."""
        invitation = (await self.run_command("invite", name=id_text(root), account="alice"))["invitation"]
        self.assertEqual([row["name"] for row in await self.forums()], [])
        joined = await self.run_command("join", invitation=invitation)
        self.assertIn("is here", joined["text"])
        self.assertEqual([row["name"] for row in await self.forums()], ["clique.den"])

    async def forums(self, **who: str) -> list[Any]:
        found = await self.run_command("forums", **who)
        return found if isinstance(found, list) else []


class Life(OwnNodesCase):
    async def test_a_node_goes_with_its_account_or_by_a_command(self) -> None:
        talk, _ = await self.two()
        keys = self.folder / "data" / "keys"
        self.assertTrue((keys / "node-1").exists())
        await self.run_command("user", action="node", name="alice", node="off")
        self.assertFalse((keys / "node-1").exists())
        await until(lambda: not talk.clique.links.links())
        self.assertIsNone(self.node.accounts.own_node("alice"))
        self.assertEqual([*self.node.store.reader.pieces("clique-1/")], [])
        self.assertEqual([*self.node.follows.of("alice")], [])
        await self.run_command("user", action="remove", name="bob")
        self.assertFalse((keys / "node-2").exists())
        self.assertEqual([side.node for side in self.node.nodes], [SHARED])
        # what came stays, and nobody sees it
        self.assertEqual(self.node.store.reader.newest(), 2)
        self.assertEqual(await self.run_command("forums", account="alice"), {})
        await self.run_command("user", action="node", name="alice", node=CLIQUE)
        self.assertEqual(self.own("alice").node, 3)
        self.assertEqual(await self.run_command("forums", account="alice"), {})

    async def test_what_expires_is_told_without_the_names_of_others_forums(self) -> None:
        talk, _ = await self.two()
        garden = await self.run_command("create-forum", name="garden", description="")
        post = signed("old", ROOT)
        await talk.write(post)
        await until(lambda: self.holds(self.own("alice"), post))
        self.node.room.configure(1, ())
        report = await self.run_command("expire", dry_run=True)
        self.assertEqual(garden["name"], "clique.garden")
        self.assertEqual(report["documents"], 1)
        self.assertEqual(report["by_forum"], {OTHER_NODES: 1})

    async def test_what_cannot_be_says_why_and_leaves_nothing(self) -> None:
        self.start()
        await self.add("alice")
        taken = self.own("alice").links.addresses[0]
        for words, reason in (
            ({"name": "alice", "node": CLIQUE}, "off` ends it"), ({"name": "owner", "node": CLIQUE}, "shared one"),
            ({"name": "alice", "node": "gibberish"}, "i2p"), ({"name": "alice"}, "--node is missing"),
        ):
            if words["name"] == "owner":
                await self.run_command("user", action="password", name="owner", password="correct")
            with self.assertRaisesRegex(CommandError, reason):
                await self.run_command("user", action="node", **words)
        await self.run_command("user", action="add", name="bob", password="correct")
        with self.assertRaisesRegex(CommandError, "cannot be opened"):
            await self.run_command("user", action="node", name="bob", node=taken)
        self.assertEqual(sorted(one.name for one in (self.folder / "data" / "keys").glob("node*")), ["node", "node-1"])
        self.assertEqual(len([*self.node.nodes]), 2)

    async def test_a_restart_goes_on(self) -> None:
        talk, _ = await self.two()
        key = self.own("alice").key
        await self.node.stopService()
        self.start()
        self.assertEqual(self.own("alice").key, key)
        self.assertEqual([*self.own("alice").followed], [Channel(ROOT.id)])
        self.assertFalse(self.node.clique.followed)
        post = signed("after the restart", ROOT)
        await talk.write(post)
        await until(lambda: self.holds(self.own("alice"), post))
        self.assertEqual(self.node.all_troubles(), [])

    async def test_a_port_that_is_taken_at_a_restart_stops_nobody_else(self) -> None:
        self.start()
        await self.add("alice")
        await self.add("bob")
        account = self.node.accounts.get("alice")
        assert account is not None and account.node is not None
        taken = self.own("bob").links.addresses[0]
        await self.node.accounts.change(attrs.evolve(account, node=attrs.evolve(account.node, endpoint=taken)))
        await self.node.stopService()
        other = await Side(self, "other").listen_at(taken)
        self.start()
        [trouble] = self.node.all_troubles()
        self.assertIn("the node of alice", trouble)
        self.assertIn("cannot be opened", trouble)
        self.assertEqual([side.node for side in self.node.nodes], [SHARED, 1, 2])
        self.assertTrue(self.own("bob").links.addresses and other.contact)


class OverI2P(OwnNodesCase):
    async def test_each_node_has_a_destination_of_its_own(self) -> None:
        sam = FakeSAM()
        port = sam.open()
        self.addCleanup(lambda: until(lambda: not sam.clients))
        self.addCleanup(sam.close)
        node = Node(reactor, Settings(
            data=self.folder / "data", nntp=(LOOPBACK,), clique=("i2p",), web=(), i2p_sam=f"127.0.0.1:{port}"))
        node.startService()
        self.addCleanup(lambda: node.stopService() if node.running else None)
        self.node = node
        await self.run_command("user", action="add", name="alice", node="i2p", password="correct")
        alice = self.own("alice")
        await until(lambda: alice.links.addresses and node.clique.links.addresses)
        [own], [shared] = alice.links.addresses, node.clique.links.addresses
        self.assertTrue(own.startswith("i2p:") and shared.startswith("i2p:") and own != shared)
        names = {path.name for path in (self.folder / "data" / "keys").iterdir()}
        self.assertLessEqual({"node", "i2p", "node-1", "i2p-node-1"}, names)
        await self.run_command("user", action="remove", name="alice")
        names = {path.name for path in (self.folder / "data" / "keys").iterdir()}
        self.assertFalse({"node-1", "i2p-node-1"} & names)
        await until(lambda: len(sam.sessions) == 1)
