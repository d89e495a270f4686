"""Accounts with a node of their own: what each of the process's nodes says to a stranger who asks it."""

from __future__ import annotations

from typing import Any

from twisted.internet.threads import deferToThread

from cliquenntp.clique.blinding import short_id
from cliquenntp.clique.messages import (
    Channel,
    Gone,
    LinkAccept,
    LinkRefuse,
    Offer,
    Push,
    SpanFingerprint,
    SpanListing,
    Sync,
    Want,
)
from cliquenntp.control.protocol import CommandError
from cliquenntp.document import id_text, key_text
from cliquenntp.interfaces import SHARED
from cliquenntp.service.readers.listeners import NNTP
from tests import signed_documents
from tests.link.linkhelp import until
from tests.nntp_client import NewsClient
from tests.service.own_nodes import OTHER_ROOT, OwnNodesCase, signed
from tests.service.sides import NOW, ROOT


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
