"""Nodes of accounts: how they come and go, and what survives a restart."""

from __future__ import annotations

import attrs
from twisted.internet import reactor

from cliquenntp.clique.messages import (
    Channel,
)
from cliquenntp.control.protocol import CommandError
from cliquenntp.interfaces import SHARED
from cliquenntp.service.node import Node
from cliquenntp.service.settings import Settings
from cliquenntp.service.upkeep.room import OTHER_NODES
from tests.link.fake_sam import FakeSAM
from tests.link.linkhelp import until
from tests.service.own_nodes import CLIQUE, LOOPBACK, OwnNodesCase, signed
from tests.service.sides import ROOT, Side


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
