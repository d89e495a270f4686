"""What is stored is found again: by id, by number, by name, by Message-ID, by time; and after a restart."""

from __future__ import annotations

import base64
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from cliquenntp.interfaces import Changes, Follow, IArchive, IGroupNumbers, IRecord, IWriter, Reason
from cliquenntp.store import Store, StoreSettings
from cliquenntp.store.groups import OPEN_NUMBERS, PAGE_LINES, PAGE_NUMBERS
from tests.sample_documents import ARRIVED, SampleDocument, sample_placement, store_sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    store = Store.open(folder)
    yield store
    store.close()


def commit(store: Store) -> Changes:
    changes = store.writer.commit()
    store.forward()
    return changes


def test_provides_the_doors(store: Store) -> None:
    store.writer.begin()
    root = store_sample(store.writer, b"root")
    store_sample(store.writer, b"child", [root.docno])
    commit(store)
    verifyObject(IArchive, store.reader)
    verifyObject(IWriter, store.writer)
    verifyObject(IRecord, store.reader.record(1))
    verifyObject(IGroupNumbers, store.reader.numbers(1))
    verifyObject(IGroupNumbers, store.reader.numbers(2))


def test_reader_moves_only_when_told(store: Store) -> None:
    store.writer.begin()
    store_sample(store.writer, b"root")
    assert store.reader.newest() == 0
    store.writer.commit()
    assert store.reader.newest() == 0
    store.forward()
    assert store.reader.newest() == 1


def test_changes_name_documents_and_groups(store: Store) -> None:
    store.writer.begin()
    store_sample(store.writer, b"root")
    store_sample(store.writer, b"thread", [1])
    store_sample(store.writer, b"reply", [2])
    assert commit(store) == Changes((1, 2, 3), (1, 2))
    store.writer.begin()
    assert commit(store) == Changes((), ())


def test_a_record_holds_what_it_was_given(store: Store) -> None:
    store.writer.begin()
    store_sample(store.writer, b"root")
    store_sample(store.writer, b"thread", [1])
    store_sample(store.writer, b"reply", [2], message_ids=(b"<old@example.org>",))
    store_sample(store.writer, b"answer", [3], name="clique.sample.answer-abcdefgh")
    commit(store)
    record = store.reader.record(4)
    document = SampleDocument(b"answer")
    assert (record.docno, record.id, record.author, record.time) == (4, document.id, document.author, document.time)
    assert (record.parents, record.depth, record.roots, record.starters) == ((3,), 3, (1,), (2,))
    assert record.numbers == ((3, 2), (2, 3), (1, 4))
    assert record.references == (store.reader.record(2).id, store.reader.record(3).id)
    assert (record.name, record.subject, record.size) == ("clique.sample.answer-abcdefgh", "a subject", 6)
    assert (record.arrived, record.overview) == (ARRIVED, b"overview of answer")
    assert store.reader.record(1).roots == (1,)
    assert store.reader.record(1).starters == ()
    assert store.reader.record(2).starters == (2,)
    assert store.reader.record(3).message_ids == (b"<old@example.org>",)
    with pytest.raises(KeyError):
        store.reader.record(5)


def test_all_of_it_is_there_after_a_restart(folder: Path) -> None:
    store = Store.open(folder)
    store.writer.begin()
    store_sample(store.writer, b"root")
    store_sample(store.writer, b"thread", [1], message_ids=(b"<m@example.org>",))
    store.writer.piece_set("link/7", b"state")
    store.writer.commit()
    store.close()
    store = Store.open(folder)
    reader = store.reader
    assert [reader.raw(docno) for docno in reader.since(0)] == [b"root", b"thread"]
    assert reader.find(SampleDocument(b"thread").id) == 2
    assert reader.by_message_id(b"<m@example.org>") == 2
    assert list(reader.overviews(1, 1, 9)) == [(1, b"overview of root"), (2, b"overview of thread")]
    assert reader.piece("link/7") == b"state"
    store.close()


def test_uncommitted_changes_are_gone(store: Store) -> None:
    store.writer.begin()
    store_sample(store.writer, b"root")
    store.writer.abort()
    store.writer.begin()
    assert store.writer.newest() == 0
    assert store_sample(store.writer, b"another").docno == 1
    assert commit(store).documents == (1,)


def test_find_by_id_and_by_prefix_of_its_text(store: Store) -> None:
    store.writer.begin()
    for number in range(300):
        store_sample(store.writer, b"root %d" % number)
    commit(store)
    reader = store.reader
    texts = {}
    for docno in range(1, 301):
        record = reader.record(docno)
        assert reader.find(record.id) == docno
        texts[docno] = base64.b32encode(record.id).decode().lower().rstrip("=")
    assert reader.find(b"\0" * 32) is None
    for length in (0, 1, 2, 8, 12, 13, 16, 52):
        prefix = texts[17][:length]
        assert set(reader.find_prefix(prefix)) == {docno for docno, text in texts.items() if text.startswith(prefix)}
    assert list(reader.find_prefix("7" * 52)) == []
    assert list(reader.find_prefix("clique-1")) == []


def test_ids_that_share_the_index_key_are_told_apart(store: Store) -> None:
    class Twin(SampleDocument):
        @property
        def id(self) -> bytes:
            return b"\xab" * 8 + self.raw * 24

    store.writer.begin()
    for raw in (b"a", b"b", b"c"):
        placement = sample_placement(store.writer)
        store.writer.number(placement)
        store.writer.store(Twin(raw), placement, b"", ARRIVED)
    commit(store)
    for docno, raw in enumerate((b"a", b"b", b"c"), 1):
        assert store.reader.find(Twin(raw).id) == docno
    assert store.reader.find(Twin(b"d").id) is None
    text = base64.b32encode(Twin(b"b").id).decode().lower().rstrip("=")
    assert list(store.reader.find_prefix(text)) == [2]
    assert sorted(store.reader.find_prefix(text[:12])) == [1, 2, 3]


def test_numbers_against_a_plain_model(store: Store) -> None:
    """A random forum long enough for several pages; each group's numbers are as a list would have them."""
    dice = random.Random(7)
    groups: dict[int, list[int]] = defaultdict(list)
    children: dict[int, list[int]] = defaultdict(list)
    total = PAGE_NUMBERS * 2 + OPEN_NUMBERS + 3
    for docno in range(1, total):
        store.writer.begin()
        parents = [] if docno == 1 else [max(1, docno - dice.choice((1, 1, 2, 5, 1000)))]
        record = store_sample(store.writer, b"document %d" % docno, parents)
        groups[docno].append(docno)
        for group, number in record.numbers:
            groups[group].append(docno)
            assert len(groups[group]) == number
        for parent in parents:
            children[parent].append(docno)
        commit(store)
    reader = store.reader
    for group, expected in groups.items():
        numbers = reader.numbers(group)
        assert (numbers.low, numbers.high, numbers.count) == (1, len(expected), len(expected))
        assert list(numbers.between(0, total * 2)) == list(enumerate(expected, 1))
        assert [numbers.at(number) for number in range(len(expected) + 2)] == [None, *expected, None]
        assert list(reader.children(group)) == children[group]
        low = dice.randint(1, len(expected))
        high = dice.randint(1, len(expected))
        wanted = [(number, expected[number - 1]) for number in range(low, high + 1)]
        assert list(numbers.between(low, high)) == wanted
        assert list(reader.overviews(group, low, high)) == [
            (number, b"overview of document %d" % docno) for number, docno in wanted
        ]
    with pytest.raises(KeyError):
        reader.numbers(total)


def test_overviews_of_a_forum_come_from_pages_and_the_newest_from_records(store: Store) -> None:
    store.writer.begin()
    store_sample(store.writer, b"0")
    for number in range(1, PAGE_LINES * 2 + 5):
        store_sample(store.writer, b"%d" % number, [1])
    commit(store)
    expected = [(number, b"overview of %d" % (number - 1)) for number in range(1, PAGE_LINES * 2 + 6)]
    for low, high in ((1, 1000), (PAGE_LINES, PAGE_LINES + 1), (PAGE_LINES + 1, PAGE_LINES + 1), (130, 131), (3, 2)):
        assert list(store.reader.overviews(1, low, high)) == expected[low - 1:high]
    assert len(store.reader.numbers(1).lines) == 2
    assert store.reader.overview(5) == b"overview of 4"


def test_a_cross_post_is_one_document_in_two_forums(store: Store) -> None:
    store.writer.begin()
    store_sample(store.writer, b"one", name="clique.one")
    store_sample(store.writer, b"two", name="clique.two")
    store_sample(store.writer, b"both", [1, 2])
    commit(store)
    assert list(store.reader.overviews(1, 2, 2)) == list(store.reader.overviews(2, 2, 2)) == [(2, b"overview of both")]
    assert list(store.reader.children(1)) == list(store.reader.children(2)) == [3]
    assert list(store.reader.forums()) == [1, 2]
    assert store.reader.forum("clique.two") == 2
    assert store.reader.forum("clique.three") is None


def test_the_first_document_with_a_message_id_keeps_it(store: Store) -> None:
    store.writer.begin()
    store_sample(store.writer, b"one", message_ids=(b"<a@example.org>",))
    store_sample(store.writer, b"two", message_ids=(b"<a@example.org>", b"<b@example.org>"))
    commit(store)
    assert store.reader.by_message_id(b"<a@example.org>") == 1
    assert store.reader.by_message_id(b"<b@example.org>") == 2
    assert store.reader.by_message_id(b"<c@example.org>") is None


def test_arrival_never_goes_back_and_is_searched(store: Store) -> None:
    store.writer.begin()
    for number, arrived in enumerate((10, 20, 20, 15, 30)):
        store_sample(store.writer, b"root %d" % number, arrived=arrived)
    commit(store)
    reader = store.reader
    assert [reader.record(docno).arrived for docno in reader.since(0)] == [10, 20, 20, 20, 30]
    assert list(reader.arrived_since(0)) == [1, 2, 3, 4, 5]
    assert list(reader.arrived_since(11)) == list(reader.arrived_since(20)) == [2, 3, 4, 5]
    assert list(reader.arrived_since(21)) == [5]
    assert list(reader.arrived_since(31)) == []
    assert list(reader.since(3)) == [4, 5]


def test_an_empty_archive_answers(store: Store) -> None:
    reader = store.reader
    assert reader.newest() == 0
    assert [*reader.since(0), *reader.arrived_since(0), *reader.forums()] == []
    for missing in (reader.record, reader.raw, reader.overview, reader.numbers, reader.children):
        with pytest.raises(KeyError):
            missing(1)


@pytest.mark.parametrize("octets", [0, 1, 64 * 1024, 64 * 1024 + 1, 1024 * 1024])
def test_bytes_come_back_as_they_were(folder: Path, octets: int) -> None:
    raw = random.Random(octets).randbytes(octets)
    store = Store.open(folder)
    store.writer.begin()
    store_sample(store.writer, raw)
    assert store.writer.raw(1) == raw
    commit(store)
    assert store.reader.raw(1) == store.reader.raw(1) == raw
    blobs = list((folder / "blobs").rglob("*.blob"))
    assert len(blobs) == (octets > 64 * 1024)
    store.close()
    store = Store.open(folder)
    assert store.reader.raw(1) == raw
    store.close()


def test_the_raw_cache_keeps_to_its_size(folder: Path) -> None:
    store = Store.open(folder, StoreSettings(raw_cache_octets=1000))
    store.writer.begin()
    for number in range(20):
        store_sample(store.writer, b"%100d" % number)
    store_sample(store.writer, b"x" * 1001)
    commit(store)
    for docno in store.reader.since(0):
        store.reader.raw(docno)
    kept = store.reader._raw_cache._kept
    assert sorted(kept) == list(range(11, 21))
    store.reader.raw(11)
    store.reader.raw(1)
    assert 12 not in kept
    assert {1, 11} <= set(kept)
    store.close()


def test_what_a_caller_does_wrong_is_refused_before_anything_is_written(store: Store) -> None:
    writer = store.writer
    writer.begin()
    store_sample(writer, b"root")
    writes = writer.writes
    placement = sample_placement(writer, [1])
    with pytest.raises(ValueError, match=r"follow number\(\)"):
        writer.store(SampleDocument(b"x"), placement, b"", ARRIVED)
    with pytest.raises(ValueError, match="held already"):
        store_sample(writer, b"root")
    writer.number(placement)
    with pytest.raises(ValueError, match="line end"):
        writer.store(SampleDocument(b"x"), placement, b"a\nb", ARRIVED)
    with pytest.raises(KeyError):
        store_sample(writer, b"orphan", [9])
    assert writer.writes == writes
    commit(store)
    assert store.reader.newest() == 1


def test_pieces_of_state(store: Store) -> None:
    writer = store.writer
    writer.begin()
    for name in ("link/2", "link/10", "peer/1", "link"):
        writer.piece_set(name, name.encode())
    commit(store)
    assert [name for name, _ in store.reader.pieces("link/")] == ["link/10", "link/2"]
    assert dict(store.reader.pieces("")) == {name: name.encode() for name in ("link", "link/10", "link/2", "peer/1")}
    before = store.octets()
    writer.begin()
    writer.piece_set("link/2", b"link/2")
    writer.piece_delete("absent")
    commit(store)
    assert store.octets() == before  # nothing changed, nothing written
    writer.begin()
    writer.piece_set("link/2", b"new")
    writer.piece_delete("peer/1")
    commit(store)
    assert store.reader.piece("link/2") == b"new"
    assert store.reader.piece("peer/1") is None


def test_follows_are_kept_by_account(folder: Path) -> None:
    one, other = b"1" * 32, b"2" * 32
    store = Store.open(folder)
    assert [*store.reader.followers()] == [*store.reader.follows("owner")] == []
    store.writer.begin()
    store.writer.follow_set("owner", Follow(one, Reason.READING, ARRIVED))
    store.writer.follow_set("owner", Follow(one, Reason.EXPLICIT, ARRIVED + 1, comments=True, since=7))
    store.writer.follow_set("owner", Follow(other, Reason.LEFT, ARRIVED))
    store.writer.follow_set("mary", Follow(one, Reason.READING, ARRIVED))
    store.writer.follow_delete("mary", one)
    store.writer.follow_delete("nobody", one)
    commit(store)
    store.close()
    store = Store.open(folder)
    assert [*store.reader.follows("owner")] == [
        Follow(one, Reason.EXPLICIT, ARRIVED + 1, comments=True, since=7), Follow(other, Reason.LEFT, ARRIVED)
    ]
    assert [*store.reader.followers()] == ["mary", "owner"] and [*store.reader.follows("mary")] == []
    store.close()
