"""The clique core's door over the database: the contract of every form, and what only this form has."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from cliquenntp.clique.documents import Documents
from cliquenntp.interfaces import SHARED, IDocuments, IDocumentSet, Place
from cliquenntp.store import Store, StoredDocuments
from cliquenntp.store.channel_set import OPEN_KEYS, PAGE_KEYS
from tests.clique_document_set import END, DocumentSetContract, document_id
from tests.sample_documents import ARRIVED, SampleDocument, sample_placement


class NamedDocument(SampleDocument):
    """A document whose id is its bytes."""

    @property
    def id(self) -> bytes:
        return self.raw


def stored_documents(store: Store, node: int = SHARED) -> StoredDocuments:
    """Return a node's door with a hook that stores what the core takes in, as the turn's glue does."""
    writer = store.writer

    def store_place(place: Place) -> None:
        docno = writer.find(place.id)
        if docno is not None:
            writer.hold(docno, node)
            return
        held = [docno for docno in map(writer.find, place.parents) if docno is not None]
        placement = sample_placement(writer, held, f"clique.{place.id.hex()}")
        writer.number(placement)
        writer.store(NamedDocument(place.id, place.author, place.time, place.parents), placement, b"", ARRIVED, node)

    return StoredDocuments(writer, store_place, node)


def random_forums(dice: random.Random, number_of_answers: int) -> list[Place]:
    """Return documents of two forums, in an order in which each comes after its first parent."""
    places = [Place(document_id("root a"), 0), Place(document_id("root b"), 1)]
    for number in range(number_of_answers):
        first = places[-1] if dice.random() < 0.5 else dice.choice(places)
        parents = [first.id]
        if dice.random() < 0.1:
            parents.append(dice.choice(places).id)
        if dice.random() < 0.05:
            parents.append(document_id(f"document {number + dice.randint(1, 60)}"))
        places.append(Place(document_id(f"document {number}"), dice.randrange(number + 2), tuple(parents)))
    return places


class TestStoredDocuments(DocumentSetContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> Iterator[None]:
        self._folder = tmp_path
        self._stores: list[Store] = []
        yield
        for store in self._stores:
            store.close()

    def make(self) -> StoredDocuments:
        store = Store.open(self._folder / str(len(self._stores)))
        self._stores.append(store)
        store.writer.begin()
        return stored_documents(store)

    def test_provides_the_doors(self) -> None:
        documents = self.filled()
        verifyObject(IDocuments, documents)
        verifyObject(IDocumentSet, documents.channel(document_id("root"), False))

    def test_a_document_that_is_not_held_is_stored_at_once(self) -> None:
        documents = self.make()
        root = Place(document_id("root"), 7, (), 32, b"k" * 32)
        child = Place(document_id("child"), 8, (root.id, document_id("never held")), 32, b"l" * 32)
        documents.add(root)
        documents.add(child)
        documents.add(child)
        writer = self._stores[-1].writer
        assert list(writer.since(0)) == [1, 2]
        assert [writer.place(docno) for docno in (1, 2)] == [root, child]

    @pytest.mark.parametrize("seed", [0, 1, 2, 101, 105, 130])
    def test_like_the_plain_form_on_random_forums(self, seed: int) -> None:
        """Cross-posts, deep chains, second parents that come late, sets asked for at any time, commits between."""
        dice = random.Random(seed)
        stored, plain = self.make(), Documents()
        places = random_forums(dice, OPEN_KEYS * 3 + PAGE_KEYS * 2)
        asked = [(dice.choice(places).id, dice.random() < 0.3) for _ in range(30)]
        sets = [(stored.channel(*which), plain.channel(*which)) for which in asked]
        for place in places:
            stored.add(place)
            plain.add(place)
            if dice.random() < 0.05:
                self._stores[-1].writer.commit()
                self._stores[-1].writer.begin()
            for ancestor in (dice.choice(places).id, *place.parents):
                assert (ancestor in stored.above(place.parents)) == (ancestor in plain.above(place.parents))
            mine, right = dice.choice(sets)
            low = dice.randrange(len(places))
            high = low + dice.randrange(len(places))
            assert mine.fingerprint(low, high) == right.fingerprint(low, high)
        for place in places:
            assert stored.parents(place.id) == plain.parents(place.id)
            ancestor = dice.choice(places).id
            assert stored.below(place.id, ancestor) == plain.below(place.id, ancestor)
            above, all_above = stored.above(place.parents), plain.above(place.parents)
            for other in [ancestor, *place.parents, *(dice.choice(places).id for _ in range(20))]:
                assert (other in above) == (other in all_above)
        for which, (mine, right) in zip(asked, sets, strict=True):
            assert list(mine.items(0, END)) == list(right.items(0, END)), which
            assert mine.newest() == right.newest()
            for _ in range(20):
                low, high = dice.randrange(len(places)), dice.randrange(len(places))
                assert mine.count(low, high) == right.count(low, high)
                assert mine.fingerprint(low, high) == right.fingerprint(low, high)
                assert list(mine.items(low, high)) == list(right.items(low, high))

    @pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
    def test_each_node_of_a_process_has_its_own(self, seed: int) -> None:
        """Three nodes get parts of the same forums, in orders of their own; each is like the plain form alone."""
        dice = random.Random(seed)
        store = Store.open(self._folder / "nodes")
        self._stores.append(store)
        store.writer.begin()
        nodes = [(stored_documents(store, node), Documents()) for node in (SHARED, 1, 7)]
        places = random_forums(dice, 250)
        asked = [(dice.choice(places).id, dice.random() < 0.3) for _ in range(20)]
        sets = [(stored.channel(*which), plain.channel(*which)) for which in asked for stored, plain in nodes]
        waiting = [dice.sample(places, len(places) * 3 // 4) for _ in nodes]
        while any(waiting):
            which = dice.randrange(len(nodes))
            stored, plain = nodes[which]
            place = next((one for one in waiting[which] if not one.parents or plain.contains(one.parents[0])), None)
            if place is None:
                waiting[which].clear()  # what is left has no first parent here
                continue
            waiting[which].remove(place)
            stored.add(place)
            plain.add(place)
        for stored, plain in nodes:
            for place in places:
                assert stored.contains(place.id) == plain.contains(place.id)
                assert set(stored.find(place.id[:8])) == set(plain.find(place.id[:8]))
                ancestor = dice.choice(places).id
                assert stored.below(place.id, ancestor) == plain.below(place.id, ancestor)
        for mine, right in sets:
            assert list(mine.items(0, END)) == list(right.items(0, END))
            assert mine.fingerprint(0, END) == right.fingerprint(0, END)
        stored_once = store.writer.newest()
        assert stored_once == len({place.id for place in places if any(plain.contains(place.id) for _, plain in nodes)})
        assert sorted(store.writer.by_time()) == list(range(1, stored_once + 1))
        for number, (_, plain) in zip((SHARED, 1, 7), nodes, strict=True):
            held = sum(plain.contains(place.id) for place in places)
            assert store.writer.holdings.count(number) == held
            assert all(store.writer.holdings.of(number).sums_hold(docno) for docno in store.writer.since(0))

    def test_a_document_that_another_node_brought_is_told_once_and_only_to_those_who_hold_it(self) -> None:
        store = Store.open(self._folder / "told")
        self._stores.append(store)
        writer = store.writer
        writer.begin()
        root = Place(document_id("root"), 7, (), 32, b"k" * 32)
        stored_documents(store, 1).add(root)
        stored_documents(store).add(root)
        stored_documents(store).add(root)
        writer.hold(1, 2, is_news=False)
        held = writer.commit().held
        assert [(one.node, one.docno, one.place) for one in held] == [(1, 1, root), (SHARED, 1, root)]
        assert [writer.holds(node, 1) for node in (SHARED, 1, 2, 3)] == [True, True, True, False]
        assert writer.is_private(1)
