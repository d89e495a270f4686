"""The clique core's door over the database: the contract of every form, and what only this form has."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from cliquenntp.clique.documents import Documents
from cliquenntp.interfaces import IDocuments, IDocumentSet, Place
from cliquenntp.store import Store, StoredDocuments
from cliquenntp.store.channel_set import OPEN_KEYS, PAGE_KEYS
from tests.clique_document_set import END, DocumentSetContract, document_id
from tests.sample_documents import ARRIVED, SampleDocument, sample_placement


class NamedDocument(SampleDocument):
    """A document whose id is its bytes."""

    @property
    def id(self) -> bytes:
        return self.raw


def stored_documents(store: Store) -> StoredDocuments:
    """Return the door with a hook that stores what the core takes in, as the turn's glue does."""
    writer = store.writer

    def store_place(place: Place) -> None:
        held = [docno for docno in map(writer.find, place.parents) if docno is not None]
        placement = sample_placement(writer, held)
        writer.number(placement)
        writer.store(NamedDocument(place.id, place.author, place.time, place.parents), placement, b"", ARRIVED)

    return StoredDocuments(writer, store_place)


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
        places = [Place(document_id("root a"), 0), Place(document_id("root b"), 1)]
        for number in range(OPEN_KEYS * 3 + PAGE_KEYS * 2):
            first = places[-1] if dice.random() < 0.5 else dice.choice(places)
            parents = [first.id]
            if dice.random() < 0.1:
                parents.append(dice.choice(places).id)
            if dice.random() < 0.05:
                parents.append(document_id(f"document {number + dice.randint(1, 60)}"))
            places.append(Place(document_id(f"document {number}"), dice.randrange(number + 2), tuple(parents)))
        asked = [(dice.choice(places).id, dice.random() < 0.3) for _ in range(30)]
        sets = [(stored.channel(*which), plain.channel(*which)) for which in asked]
        for place in places:
            stored.add(place)
            plain.add(place)
            if dice.random() < 0.05:
                self._stores[-1].writer.commit()
                self._stores[-1].writer.begin()
            mine, right = dice.choice(sets)
            low = dice.randrange(len(places))
            high = low + dice.randrange(len(places))
            assert mine.fingerprint(low, high) == right.fingerprint(low, high)
        for place in places:
            assert stored.parents(place.id) == plain.parents(place.id)
            ancestor = dice.choice(places).id
            assert stored.below(place.id, ancestor) == plain.below(place.id, ancestor)
        for which, (mine, right) in zip(asked, sets, strict=True):
            assert list(mine.items(0, END)) == list(right.items(0, END)), which
            assert mine.newest() == right.newest()
            for _ in range(20):
                low, high = dice.randrange(len(places)), dice.randrange(len(places))
                assert mine.count(low, high) == right.count(low, high)
                assert mine.fingerprint(low, high) == right.fingerprint(low, high)
                assert list(mine.items(low, high)) == list(right.items(low, high))
