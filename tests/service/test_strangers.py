"""What somebody with a link hears of a node that has nothing in common with him: what it asks for, and what it does."""

from __future__ import annotations

from cliquenntp.clique.messages import (
    Channel,
    Contact,
    LinkAccept,
    LinkRequest,
    Message,
    SpanFingerprint,
    Sync,
)
from cliquenntp.document import id_text, key_text
from cliquenntp.interfaces import OWNER
from tests.link.linkhelp import until
from tests.service.own_nodes import OwnNodesCase, Stranger
from tests.service.sides import NOW, ROOT
from tests.signed_documents import AUTHOR, signed


class ToStrangers(OwnNodesCase):
    async def test_who_is_asked_for_a_forum_learns_nothing_if_he_does_not_have_it(self) -> None:
        self.start()
        strangers = [await self.dial(self.node.clique) for _ in range(2)]
        contacts = tuple(
            Contact(one.identity.node_key, f"tcp:127.0.0.1:{port}") for port, one in enumerate(strangers, 1))
        self.node.clique.follow(Channel(ROOT.id), (), contacts=contacts)
        asked = []
        for one in strangers:
            octets = b""
            while not [heard for heard in one.heard if isinstance(heard, LinkRequest)]:
                await until(lambda one=one: one.puppet.found)
                octets += b"".join(getattr(frame, "content", b"") for frame in one.puppet.found)
                one.listen()
            self.assertNotIn(ROOT.id[:8], octets)
            asked += [heard for heard in one.heard if isinstance(heard, LinkRequest)]
        self.assertEqual(len(asked), 2)
        for name in ("scope", "fingerprint"):
            self.assertEqual(len({getattr(one, name) for one in asked}), 2, "two who compare notes see nothing alike")

    async def test_nobody_hears_what_somebody_hides_honours_reads_or_keeps(self) -> None:
        self.start()
        talk = await self.side("talk", ROOT)
        await self.join(talk, ROOT)
        thread = signed("thread", ROOT, time=NOW)
        await talk.write(thread)
        await until(lambda: self.holds(self.node.clique, thread))
        stranger = await self.dial(self.node.clique)
        accept = await stranger.ask_for(ROOT.id)
        assert isinstance(accept, LinkAccept)
        await self.heard(stranger, accept)
        newest = self.node.store.reader.newest()
        name = self.node.store.reader.record(newest).name
        await self.run_command("hide", kind="document", what=id_text(thread.id))
        await self.run_command("nocem", action="follow", names=key_text(AUTHOR.key), forum="clique.talk")
        await self.run_command("bookmark", name=name)
        self.node.reading.looked(OWNER, newest)
        await self.node.turn.submit(lambda writer: None)
        self.assertEqual(await self.heard(stranger, accept), [])
        self.assertEqual(self.node.store.reader.newest(), newest, "there is no document about it")

    @staticmethod
    async def heard(stranger: Stranger, accept: LinkAccept) -> list[Message]:
        """Return what somebody has heard of an edge until the answer to a question of his, without that."""
        question = Sync(accept.incarnation, 0, (SpanFingerprint(0, 1 << 40, 0, b"x" * 8),))
        await stranger.answer(question, lambda one: isinstance(one, Sync))
        return [one for one in stranger.heard if not isinstance(one, Sync)]
