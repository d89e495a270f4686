"""What a node answers about a document that is held back, and when its delay is drawn."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet import reactor

from cliquenntp.clique import events
from cliquenntp.clique.blinding import short_id
from cliquenntp.clique.messages import Gone, LinkAccept, Offer, Push, SpanFingerprint, SpanListing, Sync, Want
from cliquenntp.document import Document, id_text, key_text, parse
from cliquenntp.interfaces import NOBODY, OWNER
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.retraction import CANCELLED
from cliquenntp.service.network.holding_back import SPREAD_SECONDS, HoldingBack
from cliquenntp.service.network.unwanted import Why
from cliquenntp.service.node import Node
from cliquenntp.service.settings import Settings
from tests import signed_documents
from tests.link.linkhelp import until
from tests.service.own_nodes import CLIQUE, LOOPBACK, OTHER_ROOT, OwnNodesCase, Stranger
from tests.service.sides import NOW, ROOT, Side

AHEAD = 300
"""seconds: so far ahead of their clock nodes take documents"""


class HoldingBackCase(OwnNodesCase):
    """A node whose clock a test sets."""

    off = 0.0

    def start(self) -> Node:
        settings = Settings(data=self.folder / "data", nntp=(LOOPBACK,), accounts=(LOOPBACK,), clique=(CLIQUE,), web=())
        self.node = Node(reactor, settings, lambda: time.time() + self.off)
        self.node.startService()
        self.addCleanup(self.node.stopService)
        return self.node

    async def shared(self) -> tuple[Side, Document]:
        """Start a node that shares a forum with another one; return that one, and a document that both hold."""
        self.start()
        talk = await self.side("talk", ROOT)
        await self.join(talk, ROOT)
        known = signed_documents.signed("known", ROOT, time=NOW)
        await talk.write(known)
        await until(lambda: self.holds(self.node.clique, known))
        return talk, known

    def ahead(self, subject: str, *parents: Document) -> Document:
        return signed_documents.signed(subject, *parents, time=int(time.time()) + AHEAD)

    async def hold_back(self, *documents: Document) -> None:
        """Take documents that leave at the time they name."""
        for document in documents:
            await self.node.accept(document, due=document.time)

    def waiting(self) -> int:
        return len(self.node.holding_back.waiting("owner"))

    def let_it_be_due(self, off: float = AHEAD + 1.0) -> None:
        self.off = off
        self.look()

    def look(self, slept: float = 0.0) -> None:
        """Let a look at what is due not wait for its timer, which is so many seconds late."""
        self.node.holding_back._looks_at = reactor.seconds() - slept  # type: ignore[attr-defined]
        self.node.holding_back._look()


def taking_back(header: str, target: Document, *parents: Document, time: int = 0) -> Document:
    """Return a document that takes back one that stands below others."""
    told = {header: id_text(target.id), "Clique_Target_Time": str(target.time)}
    return signed_documents.signed("cmsg", *parents, target, time=time or target.time, **told)


class WhoAsks(HoldingBackCase):
    async def test_on_an_open_edge_nothing_is_told_until_it_is_due(self) -> None:
        talk, known = await self.shared()
        stranger = await self.dial(self.node.clique)
        accept = await stranger.ask_for(ROOT.id)
        assert isinstance(accept, LinkAccept)
        later = self.ahead("held back", ROOT)
        await self.hold_back(later)
        archive = self.node.store.reader
        docno = archive.find(later.id)
        assert docno is not None and dict(archive.record(docno).numbers), "here it has its numbers"
        self.assertEqual([one.docno for one in self.node.holding_back.waiting(OWNER.account or "")], [docno])
        stranger.heard.clear()
        stranger.say(Want(accept.incarnation, (later.id, known.id)))
        listed = await stranger.answer(
            Sync(accept.incarnation, 0, (SpanFingerprint(0, 1 << 40, 0, b"x" * 8),)), lambda one: isinstance(one, Sync)
        )
        self.assertEqual([one.document for one in stranger.heard if isinstance(one, Push)], [known.id])
        self.assertFalse([one for one in stranger.heard if isinstance(one, Gone)])
        self.assertNotIn(later.id[:8], self.offered(stranger))
        assert isinstance(listed, Sync)
        [listing] = listed.spans
        assert isinstance(listing, SpanListing)
        secret = stranger.puppet.handshake.peer.blinding_key
        self.assertEqual(set(listing.documents), {short_id(secret, one.id) for one in (ROOT, known)})
        self.assertFalse(talk.holds(later))

        self.let_it_be_due()
        await until(lambda: talk.holds(later))
        await until(lambda: later.id[:8] in self.told(stranger))

    @staticmethod
    def offered(stranger: Stranger) -> set[bytes]:
        return {prefix for one in stranger.heard if isinstance(one, Offer) for prefix in one.documents}

    def told(self, stranger: Stranger) -> set[bytes]:
        stranger.listen()
        return self.offered(stranger) | {one.document[:8] for one in stranger.heard if isinstance(one, Push)}

    async def test_a_document_below_one_that_waits_comes_out_behind_it(self) -> None:
        talk, _ = await self.shared()
        question = self.ahead("question", ROOT)
        answer = signed_documents.signed("by a command", question, time=NOW)
        await self.hold_back(question)
        await self.node.accept(answer)
        self.assertFalse(self.holds(self.node.clique, question) or self.holds(self.node.clique, answer))
        self.let_it_be_due()
        await until(lambda: talk.holds(answer))
        self.assertTrue(talk.holds(question))
        self.assertFalse(list(self.node.store.reader.pieces("held-back/")), "nothing is kept of what has left")

    async def test_a_cancel_that_comes_before_any_answer_leaves_nothing_to_tell(self) -> None:
        talk, _ = await self.shared()
        regretted = self.ahead("regretted", ROOT)
        await self.hold_back(regretted, taking_back("Clique_Cancel", regretted, ROOT))
        self.assertEqual(self.waiting(), 0)
        with self.assertRaisesRegex(PostRefused, "was taken back before another node had it"):
            await self.node.accept(signed_documents.signed("answer", regretted, time=regretted.time + 1))
        self.let_it_be_due()
        after = signed_documents.signed("after it", ROOT, time=NOW)
        await self.node.accept(after)
        await until(lambda: talk.holds(after))
        self.assertEqual(talk.documents, 3, "the root, and what was never held back")
        self.assertFalse(list(self.node.store.reader.pieces("held-back/")))

    async def test_what_was_answered_and_is_cancelled_is_only_known_to_have_been_there(self) -> None:
        talk, _ = await self.shared()
        question = self.ahead("question", ROOT)
        answer = signed_documents.signed("answer", question, time=question.time + 1)
        cancel = taking_back("Clique_Cancel", question, ROOT)
        await self.hold_back(question, answer, cancel)
        self.assertEqual(self.waiting(), 2, "the answer and the cancel")
        self.let_it_be_due()
        await until(lambda: talk.holds(answer))
        archive = talk.store.reader
        docno = archive.find(question.id)
        assert docno is not None
        self.assertEqual(archive.gone(docno), CANCELLED)

    async def test_what_replaces_it_comes_in_its_stead(self) -> None:
        talk, _ = await self.shared()
        first = self.ahead("with a mistake", ROOT)
        node = self.node.holding_back
        await self.hold_back(first)
        self.assertEqual(node.due("owner", [ROOT.id, first.id], NOW, takes_back=first.id), first.time)
        second = taking_back("Clique_Supersedes", first, ROOT)
        answer = signed_documents.signed("to the first one", first, time=first.time + 1)
        await self.hold_back(second, answer)
        self.let_it_be_due()
        await until(lambda: talk.holds(answer))
        self.assertTrue(talk.holds(second))
        archive = talk.store.reader
        docno = archive.find(first.id)
        assert docno is not None
        self.assertEqual(archive.gone(docno), CANCELLED, "nobody got its octets")

    async def test_an_export_has_nothing_of_it(self) -> None:
        await self.shared()
        await self.hold_back(self.ahead("held back", ROOT))
        for form in ("documents", "mbox"):
            file = self.folder / f"talk.{form}"
            await self.run_command("export", name="clique.talk", path=str(file), format=form)
            self.assertIn(b"Subject: known", file.read_bytes())
            self.assertNotIn(b"held back", file.read_bytes())

    async def test_what_a_command_signs_is_held_back_like_a_post(self) -> None:
        talk, known = await self.shared()
        thread = signed_documents.signed("thread", ROOT, time=NOW)
        await talk.write(thread)
        await until(lambda: self.holds(self.node.clique, thread))
        await self.node.holding_back.set_delay("owner", 24 * 3600)
        await self.run_command("nocem", action="issue", names=id_text(known.id), forum="clique.talk")
        self.assertEqual(self.waiting(), 1)
        name = [self.node.store.reader.record(docno).name for docno in (3, 2)]
        await self.run_command("link", name=name[0], parent=name[1])
        self.assertEqual(self.waiting(), 2)
        await self.run_command("create-forum", name="garden", description="")
        await self.run_command("moderators", name="clique.garden", add=key_text(self.node.owner.key))
        self.assertEqual(self.waiting(), 3)
        await self.run_command("work", name="clique.garden", bits="20")
        self.assertEqual(self.waiting(), 4)
        self.assertEqual(talk.documents, 3)
        self.let_it_be_due(2 * 24 * 3600)
        await until(lambda: self.waiting() == 0)

    async def test_a_rule_for_a_forum_moves_nobody_before_it_leaves_and_then_only_where_something_was_refused(
        self
    ) -> None:
        await self.shared()
        await self.run_command("create-forum", name="garden", description="", work="20")
        decider, told = self.node.clique._decider, []
        whole = decider.step_of_all
        decider.step_of_all = lambda several: told.extend(several) or whole(several)  # type: ignore[func-returns-value]

        def wanted_again() -> list[tuple[bytes, ...] | None]:
            return [one.documents for one in told if isinstance(one, events.WantedAgain)]

        await self.run_command("work", name="clique.garden", bits="19")
        self.assertEqual(wanted_again(), [], "nothing was refused for want of work")
        reader = self.node.store.reader
        root = reader.forum("clique.garden")
        assert root is not None
        short = signed_documents.signed("short", parse(reader.raw(root)), time=NOW)
        self.assertIs(decider.unwanted.why(short, (), reader), Why.WORK)
        await self.node.holding_back.set_delay("owner", 24 * 3600)
        await self.run_command("work", name="clique.garden", bits="0")
        await self.node.turn.submit(lambda writer: None)
        self.assertEqual((self.waiting(), wanted_again()), (1, []))
        self.let_it_be_due(2 * 24 * 3600)
        await until(lambda: self.waiting() == 0)
        self.assertEqual(wanted_again(), [(short.id,)])

    async def test_the_time_of_day_decides_whichever_way_it_is_set(self) -> None:
        talk, _ = await self.shared()
        later = self.ahead("held back", ROOT)
        await self.hold_back(later)
        for off in (-3600.0, 0.0, AHEAD - 60.0):
            self.let_it_be_due(off)
            await self.node.turn.submit(lambda writer: None)
            self.assertEqual(self.waiting(), 1, off)
        self.let_it_be_due()
        await until(lambda: talk.holds(later))

    async def test_what_an_own_node_sends_is_held_back_from_all_nodes(self) -> None:
        await self.shared()
        await self.add("alice")
        tea = await self.side("tea", OTHER_ROOT)
        await self.join(tea, OTHER_ROOT, account="alice")
        later = self.ahead("held back", OTHER_ROOT)
        alice = self.node.accounts.get("alice")
        assert alice is not None
        await self.node.accept(later, alice.identity(self.node.store.reader, self.node.forums), later.time)
        archive = self.node.store.reader
        docno = archive.find(later.id)
        assert docno is not None
        self.assertTrue(archive.holds(NOBODY, docno))
        self.assertEqual(len(self.node.holding_back.waiting("alice")), 1)
        self.assertEqual(self.waiting(), 0, "it is not the owner's")
        self.let_it_be_due()
        await until(lambda: tea.holds(later))
        self.assertTrue(self.holds(self.own("alice"), later))
        self.assertFalse(self.holds(self.node.clique, later), "the shared node does not have the forum")

    async def test_while_nothing_can_be_written_it_waits_on(self) -> None:
        talk, _ = await self.shared()
        later = self.ahead("held back", ROOT)
        await self.hold_back(later)
        await self.node.turn.hold("just now")
        self.let_it_be_due()
        self.node.turn.release()
        await self.node.turn.submit(lambda writer: None)
        self.assertEqual(self.waiting(), 1)
        self.look()
        await until(lambda: talk.holds(later))

    async def test_what_became_due_while_the_machine_slept_does_not_come_with_it(self) -> None:
        talk, _ = await self.shared()
        question = self.ahead("question", ROOT)
        answer = signed_documents.signed("answer", question, time=question.time + 1)
        other = self.ahead("other", ROOT)
        await self.hold_back(question, answer, other)
        holding_back = self.node.holding_back
        for wake in (lambda: self.look(slept=3600.0), holding_back.start):
            self.off += 7200.0
            wake()
            await self.node.turn.submit(lambda writer: None)
            now = self.node.clock()
            waiting = holding_back.waiting("owner")
            self.assertEqual(len(waiting), 3)
            self.assertTrue(all(now < one.due + 1 <= now + SPREAD_SECONDS + 1 for one in waiting), waiting)
            self.assertLess(*[one.docno for one in waiting if one.docno in (3, 4)], "the answer comes later")
            again = HoldingBack(
                reactor, self.node.store.reader, self.node.turn, self.node.clock, Dice(0.0), "not-for-mail")
            self.assertEqual(again.waiting("owner"), waiting, "a restart keeps the times")
        self.let_it_be_due(self.off + SPREAD_SECONDS + 1.0)
        await until(lambda: talk.holds(answer) and talk.holds(other))


class Dice:
    def __init__(self, drawn: float) -> None:
        self.drawn = drawn

    def random(self) -> float:
        return self.drawn


class TheDelay(HoldingBackCase):
    async def test_it_lies_between_nothing_and_the_most(self) -> None:
        node = self.start()
        await node.accept(ROOT)
        for drawn, seconds in ((0.0, 1), (0.5, 301), (1 - 1e-9, 600)):
            dice: Any = Dice(drawn)
            holding_back = HoldingBack(reactor, node.store.reader, node.turn, node.clock, dice, "not-for-mail")
            await holding_back.set_delay("owner", 600)
            self.assertEqual(holding_back.due("owner", [ROOT.id], NOW), NOW + seconds)
            self.assertEqual(holding_back.due("account-1", [ROOT.id], NOW), NOW, "it is another persona's")
            self.assertEqual(holding_back.due("owner", [], NOW), NOW, "a root leaves at once")
            again = HoldingBack(reactor, node.store.reader, node.turn, node.clock, dice, "not-for-mail")
            self.assertEqual(again.delay("owner"), 600)

    async def test_an_answer_comes_some_time_after_what_it_answers(self) -> None:
        node = self.start()
        await node.accept(ROOT)
        question = self.ahead("question", ROOT)
        await self.hold_back(question)
        for drawn, seconds in ((0.0, 1), (1 - 1e-9, SPREAD_SECONDS)):
            dice: Any = Dice(drawn)
            holding_back = HoldingBack(reactor, node.store.reader, node.turn, node.clock, dice, "not-for-mail")
            for persona in ("owner", "account-1"):
                due = holding_back.due(persona, [ROOT.id, question.id], NOW)
                self.assertEqual(due, question.time + seconds, "whether its author has a delay or not")
            late = question.time + 10_000
            self.assertEqual(holding_back.due("owner", [question.id], late), late, "what is overdue delays nobody")
