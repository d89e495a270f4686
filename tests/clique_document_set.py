"""What every form of IDocuments must do; a form's own test module runs it with its own `make`."""

from __future__ import annotations

import hashlib
import random

from cliquenntp.interfaces import IDocuments, Place


def document_id(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


ROOT, THREAD, REPLY, OTHER, DEEP = (document_id(name) for name in ("root", "thread", "reply", "other", "deep"))
END = 1 << 40


class DocumentSetContract:
    """Mix this into a test class that has ``make() -> IDocuments``."""

    def make(self) -> IDocuments:
        raise NotImplementedError

    def filled(self) -> IDocuments:
        documents = self.make()
        for place in (
            Place(ROOT, 10), Place(THREAD, 20, (ROOT,)), Place(REPLY, 30, (THREAD,)), Place(OTHER, 15, (ROOT,)),
            Place(DEEP, 40, (REPLY, OTHER)),
        ):
            documents.add(place)
        return documents

    def test_contains_what_was_added(self) -> None:
        documents = self.filled()
        assert documents.contains(ROOT)
        assert not documents.contains(document_id("stranger"))
        assert documents.time(REPLY) == 30
        assert documents.parents(DEEP) == (REPLY, OTHER)

    def test_orders_by_time(self) -> None:
        assert [one for _, one in self.filled().channel(ROOT, False).items(0, END)] == [
            ROOT, OTHER, THREAD, REPLY, DEEP]

    def test_all_holds_what_is_below_and_comments_the_children_alone(self) -> None:
        documents = self.filled()
        assert [one for _, one in documents.channel(THREAD, False).items(0, END)] == [THREAD, REPLY, DEEP]
        assert [one for _, one in documents.channel(ROOT, True).items(0, END)] == [ROOT, OTHER, THREAD]
        assert [one for _, one in documents.channel(OTHER, False).items(0, END)] == [OTHER, DEEP]

    def test_a_set_asked_for_early_follows_later_documents(self) -> None:
        documents = self.make()
        early, comments = documents.channel(THREAD, False), documents.channel(ROOT, True)
        for place in (Place(ROOT, 10), Place(THREAD, 20, (ROOT,)), Place(REPLY, 30, (THREAD,))):
            documents.add(place)
        assert [one for _, one in early.items(0, END)] == [THREAD, REPLY]
        assert [one for _, one in comments.items(0, END)] == [ROOT, THREAD]

    def test_the_order_of_arrival_does_not_matter(self) -> None:
        wanted = self.filled()
        places = [
            Place(ROOT, 10), Place(THREAD, 20, (ROOT,)), Place(REPLY, 30, (THREAD,)), Place(DEEP, 40, (REPLY, OTHER)),
            Place(OTHER, 15, (ROOT,)),
        ]
        for early in (False, True):
            documents = self.make()
            sets = [documents.channel(one, depth) for one in (ROOT, THREAD, OTHER) for depth in (False, True)]
            for place in places:
                documents.add(place)
            if not early:
                sets = [documents.channel(one, depth) for one in (ROOT, THREAD, OTHER) for depth in (False, True)]
            expected = [wanted.channel(one, depth) for one in (ROOT, THREAD, OTHER) for depth in (False, True)]
            for found, right in zip(sets, expected, strict=True):
                assert list(found.items(0, END)) == list(right.items(0, END))
                assert found.fingerprint(0, END) == right.fingerprint(0, END)

    def test_adding_twice_changes_nothing(self) -> None:
        documents = self.filled()
        before = documents.channel(ROOT, False).fingerprint(0, END)
        documents.add(Place(REPLY, 30, (THREAD,)))
        assert documents.channel(ROOT, False).count(0, END) == 5
        assert documents.channel(ROOT, False).fingerprint(0, END) == before

    def test_bounds_are_low_inclusive_and_high_exclusive(self) -> None:
        members = self.filled().channel(ROOT, False)
        assert [one for _, one in members.items(15, 30)] == [OTHER, THREAD]
        assert members.count(15, 30) == 2
        assert members.count(30, 15) == 0
        assert members.fingerprint(15, 30) == (
            int.from_bytes(OTHER, "big") + int.from_bytes(THREAD, "big")) % 2**256

    def test_fingerprint_is_the_sum_in_any_order_of_arrival(self) -> None:
        dice = random.Random(5)
        places = [Place(ROOT, 0)] + [
            Place(document_id(f"d{number}"), dice.randrange(50), (ROOT,)) for number in range(300)]
        rest = places[1:]
        dice.shuffle(rest)
        documents = self.make()
        members = documents.channel(ROOT, False)
        for place in [places[0], *rest]:
            documents.add(place)
            low = dice.randrange(50)
            high = low + dice.randrange(50)
            right = list(members.items(low, high))
            assert members.count(low, high) == len(right)
            assert members.fingerprint(low, high) == sum(int.from_bytes(one, "big") for _, one in right) % 2**256
        assert list(members.items(0, END)) == sorted((place.time, place.id) for place in places)

    def test_newest(self) -> None:
        assert self.make().channel(ROOT, False).newest() == 0
        assert self.filled().channel(ROOT, False).newest() == 40

    def test_find_by_prefix(self) -> None:
        documents = self.filled()
        twin = REPLY[:8] + bytes(24)
        documents.add(Place(twin, 50, (ROOT,)))
        assert set(documents.find(REPLY[:8])) == {REPLY, twin}
        assert documents.find(REPLY) == (REPLY,)
        assert documents.find(bytes(8)) == ()

    def test_below(self) -> None:
        documents = self.filled()
        assert documents.below(DEEP, ROOT)
        assert documents.below(DEEP, OTHER)
        assert documents.below(ROOT, ROOT)
        assert not documents.below(ROOT, THREAD)
        assert not documents.below(OTHER, THREAD)
        assert not documents.below(document_id("stranger"), ROOT)

    def test_above_several_at_once(self) -> None:
        documents, stranger = self.filled(), document_id("stranger")
        above = documents.above([REPLY, stranger])
        assert [one in above for one in (ROOT, THREAD, REPLY, stranger)] == [True] * 4
        assert OTHER not in above
        assert DEEP not in above

    def test_a_gone_document_keeps_its_place(self) -> None:
        documents = self.filled()
        before = documents.channel(ROOT, False).fingerprint(0, END)
        documents.forget(REPLY, "cancelled")
        assert documents.gone(REPLY) == "cancelled"
        assert documents.gone(DEEP) == ""
        assert documents.contains(REPLY)
        assert documents.channel(ROOT, False).fingerprint(0, END) == before
