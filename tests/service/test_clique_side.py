"""Two nodes in one process: what is said, is on disk; and what can't be stored is neither said nor lost."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import TestCase

from cliquenntp.clique.budgets import MIB, Allowance, BudgetLimits
from cliquenntp.clique.messages import Channel, Push
from cliquenntp.document import Document, Signer, verify
from cliquenntp.service.network import incoming
from cliquenntp.service.network.clique_state import pieces
from tests import signed_documents
from tests.link.linkhelp import until
from tests.service.sides import NOW, ROOT, Side
from tests.signed_documents import AUTHOR

FORUM = Channel(ROOT.id)


def signed(subject: str, parent: Document, author: Signer = AUTHOR) -> Document:
    return signed_documents.signed(subject, parent, time=NOW, author=author)


class CliqueSideTests(TestCase):
    async def pair(self, budgets: BudgetLimits | None = None) -> tuple[Side, Side]:
        """Return a node with a forum and one that has joined it, which takes so much."""
        first, second = await Side(self, "first").listen(), await Side(self, "second", budgets).listen()
        await first.write(ROOT)
        second.join(first)
        await until(lambda: second.holds(ROOT) and is_open(first) and is_open(second))
        return first, second

    async def test_a_post_reaches_the_other_and_its_answer_comes_back(self) -> None:
        first, second = await self.pair()
        post = signed("a post", ROOT)
        await first.write(post)
        await until(lambda: second.holds(post))
        answer = signed("an answer", post)
        await second.write(answer)
        await until(lambda: first.holds(answer))
        self.assertEqual((first.clique.incoming.received, second.clique.incoming.received), (1, 2))
        self.assertEqual((first.clique.incoming.repeated, second.clique.incoming.repeated), (0, 0))

    async def test_nothing_is_passed_on_before_it_is_on_disk(self) -> None:
        first, second = await self.pair()
        said: list[tuple[Any, bool]] = []
        send = second.clique.links.send_document
        third = await Side(self, "third").listen()
        third.join(second)
        await until(lambda: third.holds(ROOT) and is_open(third))
        post = signed("a post", ROOT)

        def watched(link: int, message: Any, body: Any) -> None:
            said.append((message.document, second.holds(post)))
            send(link, message, body)

        self.patch(second.clique.links, "send_document", watched)
        await first.write(post)
        await until(lambda: third.holds(post))
        self.assertTrue(all(held for document, held in said if document == post.id))

    async def test_a_node_that_starts_again_goes_on_with_its_follows(self) -> None:
        first, second = await self.pair()
        self.assertEqual([*second.clique.channels], [FORUM])
        self.assertIn(first.key.public, second.clique.channels[FORUM].known)
        decider = second.clique._decider
        await second.turn.submit(decider.forget)
        self.assertEqual([*second.clique.channels], [FORUM])
        self.assertIn(first.key.public, second.clique.channels[FORUM].known)

    async def test_what_cannot_be_stored_closes_the_links_until_it_can(self) -> None:
        first, second = await self.pair()
        errors = second.break_commits()
        lost, later = signed("lost at first", ROOT), signed("later", ROOT)
        await first.write(lost)
        await until(lambda: second.clique.trouble and not second.clique.links.links())
        self.assertIn("No space left on device", second.clique.trouble)
        self.assertFalse(second.holds(lost))
        await first.write(later)
        errors.clear()
        await until(lambda: second.holds(lost) and second.holds(later))
        self.assertEqual(second.clique.trouble, "")
        self.assertIsNone(second.turn.failure)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        answer = signed("after it", later)
        await second.write(answer)
        await until(lambda: first.holds(answer))

    async def test_a_peer_whose_documents_were_checked_in_vain_has_them_dropped_unchecked(self) -> None:
        first, second = await self.pair(BudgetLimits(few=Allowance(2, MIB), checks=Allowance(4, MIB)))
        checked: list[Document] = []
        self.patch(incoming, "verify", lambda document: (checked.append(document), verify(document)))
        spam = [signed(f"spam {number}", ROOT, Signer(bytes([number]) * 32)) for number in range(12)]
        for one in spam:
            await first.write(one)
        await until(lambda: second.clique.incoming.put_off["checks"])
        put_off = second.clique.incoming.put_off
        await until(lambda: put_off.total() + sum(map(second.holds, spam)) >= 12)
        self.assertEqual(sum(map(second.holds, spam)), 2)
        self.assertEqual(put_off.total() - put_off["checks"], 4)
        self.assertEqual(len([one for one in checked if one in spam]), 2 + 4)

    async def test_a_forged_document_counts_as_checked_in_vain(self) -> None:
        first, second = await self.pair(BudgetLimits(checks=Allowance(1, MIB)))
        (link,) = second.clique.links.links()
        forged = signed("forged", ROOT).raw.replace(b"Words.", b"Swords")
        for _ in range(3):
            second.clique.on_message(link.link_id, Push(1, b"", 0), forged)
        self.assertEqual((second.clique.incoming.refused.total(), second.clique.incoming.put_off["checks"]), (1, 2))
        post = signed("while nothing of that peer is checked", ROOT)
        await first.write(post)
        await until(lambda: second.clique.incoming.put_off["checks"] == 3)
        self.assertFalse(second.holds(post))

    async def test_who_is_known_is_kept_when_the_node_stops(self) -> None:
        first, second = await self.pair()
        post = signed("of the maker of the forum", ROOT)
        await first.write(post)
        await until(lambda: second.holds(post))
        self.assertEqual(pieces(second.store.reader, second.clique.node)["standing",][1], ())
        await second.clique.stop()
        await second.turn.stop()
        self.assertEqual(pieces(second.store.reader, second.clique.node)["standing",][1], ((AUTHOR.key, b""),))

    async def test_one_event_that_fails_ends_its_link_alone(self) -> None:
        first, second = await self.pair()
        handle = second.clique._decider._core.handle
        failing = [True]

        def broken(event: Any, now: float) -> Any:
            if failing and type(event).__name__ == "DocumentReceived":
                failing.clear()
                raise KeyError("a mistake of ours")
            return handle(event, now)

        self.patch(second.clique._decider._core, "handle", broken)
        post = signed("a post", ROOT)
        await first.write(post)
        await until(lambda: second.holds(post))
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEqual(second.clique.trouble, "")


def is_open(side: Side) -> bool:
    state = side.clique.channels.get(FORUM)
    return state is not None and any(state.open_edges())
