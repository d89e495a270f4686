"""Repairing a database with one flipped bit: what was not hit is as before, or the database stays as it is."""

from __future__ import annotations

import logging
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ZODB.FileStorage import FileStorage

from cliquenntp.document import id_text
from cliquenntp.interfaces import LOST, SHARED
from cliquenntp.service.arrival import accept
from cliquenntp.service.upkeep.repair import repair
from cliquenntp.service.upkeep.verification import look_at_documents, look_at_file, look_at_forums
from cliquenntp.store import NotMended, Store, StoreLocked, salvage
from cliquenntp.store.database import DATABASE_FILE
from tests.signed_documents import TIME, forum, signed

IDENTITY = "not-for-mail"
DOCUMENTS = 120
FLIPS = 40
MENDED = 20
"""of these flips; the others hit what nothing can be made from (records, numbers), and are refused"""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)  # ZODB tells of each state that it cannot load
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def documents() -> list:
    made = [forum("garden")]
    for number in range(1, DOCUMENTS):
        body = b"Long words.\r\n" * (6000 if number == 50 else number % 40 + 1)
        parent = made[0] if number % 3 else made[number // 2]
        made.append(signed(f"Subject {number}", parent, body=body, time=TIME + number))
    return made


@pytest.fixture(scope="module")
def filled(documents: list, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a database with a forum, closed."""
    folder = tmp_path_factory.mktemp("repair") / "database"
    store = Store.open(folder)
    for document in documents:
        store.writer.begin()
        accept(store.writer, document, TIME, IDENTITY)
        store.writer.commit()
    store.close()
    return folder


@pytest.fixture
def copy(filled: Path, tmp_path: Path) -> Path:
    return _copied(filled, tmp_path)


def _copied(filled: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "database"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(filled, folder)
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".lock"}


def _articles(store: Store) -> dict[int, tuple]:
    """Return what is kept of each document: its bytes, its numbers and its overview line."""
    archive = store.reader
    return {
        docno: (archive.raw(docno), archive.record(docno).numbers, archive.overview(docno))
        for docno in range(1, archive.newest() + 1) if not archive.gone(docno)
    }


def _problems(store: Store) -> list:
    with store.snapshot() as archive:
        looks = [*look_at_file(store), *look_at_documents(archive), *look_at_forums(archive)]
    return [problem for problem in looks if problem]


def _flip(folder: Path, place: int, bit: int) -> None:
    with (folder / DATABASE_FILE).open("r+b") as file:
        file.seek(place)
        octet = file.read(1)[0]
        file.seek(place)
        file.write(bytes([octet ^ 1 << bit]))


def _damage(folder: Path, words: bytes) -> None:
    """Flip a bit within some words of a document's body."""
    place = (folder / DATABASE_FILE).read_bytes().rindex(words)
    _flip(folder, place, 0)


def test_a_sound_database_is_mended_nowhere(copy: Path, filled: Path) -> None:
    report = repair(copy, IDENTITY)
    assert (report["mended"], report["lost"], report["documents"]) == ([], [], DOCUMENTS)
    before, after = Store.open(filled), Store.open(copy)
    assert _articles(after) == _articles(before)
    assert _problems(after) == []
    before.close()
    after.close()
    assert Path(str(report["damaged"])).read_bytes() == (filled / DATABASE_FILE).read_bytes()


def test_a_sound_crosspost_from_a_forum_to_a_thread_of_another_is_mended_nowhere(tmp_path: Path) -> None:
    """It starts a thread here and stands in one there: its overview line names no newsgroup of its own."""
    folder = tmp_path / "database"
    tea, garden = forum("tea"), forum("garden")
    mint = signed("Mint", garden)
    store = Store.open(folder)
    store.writer.begin()
    for document in (tea, garden, mint, signed("Both", tea, mint)):
        accept(store.writer, document, TIME, IDENTITY)
    store.writer.commit()
    store.forward()
    whole = _articles(store)
    store.close()
    assert repair(folder, IDENTITY)["mended"] == []
    store = Store.open(folder)
    assert _articles(store) == whole
    store.close()


def test_a_wrong_count_of_octets_is_counted_anew(copy: Path) -> None:
    store = Store.open(copy)
    octets = store.reader.octets_held()
    store.writer.begin()
    store.writer._octets_held.change(1 << 30)  # a bit of it
    store.writer.commit()
    store.close()
    assert repair(copy, IDENTITY)["mended"] == ["the count of the documents' octets"]
    store = Store.open(copy)
    assert store.reader.octets_held() == octets
    store.close()


def test_a_greatest_number_far_beyond_all_others_is_refused_at_once(copy: Path) -> None:
    """One bit of a number makes it so great that nobody could wait for a look at each below it."""
    store = Store.open(copy)
    store.writer.begin()
    records = store.writer._records
    records[DOCUMENTS | 1 << 40] = records[DOCUMENTS]
    del records[DOCUMENTS]
    store.writer.commit()
    store.close()
    with pytest.raises(NotMended, match=f"document {DOCUMENTS} "):
        repair(copy, IDENTITY)


def test_flipped_bits_are_mended_or_refused(filled: Path, tmp_path: Path) -> None:
    before = Store.open(filled)
    whole = _articles(before)
    before.close()
    storage = FileStorage(str(filled / DATABASE_FILE), read_only=True)
    places = []
    for oid, position in storage._index.items():
        state, _ = storage.load(oid)
        places += range(position + 42, position + 42 + len(state))
    storage.close()
    dice = random.Random(9)
    mended = 0
    for _ in range(FLIPS):
        folder = _copied(filled, tmp_path)
        place = dice.choice(places)
        _flip(folder, place, dice.randrange(8))
        old = _contents(folder)
        try:
            report = repair(folder, IDENTITY)
        except NotMended as error:
            assert str(error)
            assert _contents(folder) == old, place
            continue
        mended += 1
        store = Store.open(folder)
        assert _problems(store) == [], place
        left = _articles(store)
        lost = whole.keys() - left.keys()
        assert len(lost) == len(report["lost"]) <= 1, place  # type: ignore[arg-type]
        assert {docno: kept for docno, kept in whole.items() if docno not in lost} == left, place
        store.close()
    assert mended >= MENDED


def test_a_lost_document_is_held_by_nobody_and_comes_back_under_its_numbers(
    copy: Path, filled: Path, documents: list
) -> None:
    before = Store.open(filled)
    whole, docno = _articles(before), 51
    shared = before.reader.holdings.shared.kept(1, False)
    keys = list(shared.keys(0, 1 << 62))
    before.close()
    [blob] = copy.rglob("*.blob")
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes().replace(b"Long", b"Lang", 1))
    lost = documents[docno - 1]
    assert repair(copy, IDENTITY)["lost"] == [id_text(lost.id)]
    store = Store.open(copy)
    writer = store.writer
    writer.begin()
    assert writer.gone(docno) == LOST
    assert not writer.holds(SHARED, docno)
    group, number = writer.record(docno).numbers[0]
    assert writer.numbers(group).at(number) is None
    accept(writer, lost, TIME, IDENTITY)
    writer.commit()
    store.forward()
    assert writer.gone(docno) == ""
    assert writer.holds(SHARED, docno)
    assert writer.numbers(group).at(number) == docno
    assert _articles(store) == whole
    assert list(store.reader.holdings.shared.kept(1, False).keys(0, 1 << 62)) == keys
    assert _problems(store) == []
    store.close()


def test_a_repair_refuses_where_a_node_runs(copy: Path) -> None:
    store = Store.open(copy)
    with pytest.raises(StoreLocked, match="stop the node first"):
        repair(copy, IDENTITY)
    store.close()


@pytest.mark.parametrize("step", range(8))
def test_a_repair_that_ends_at_any_step_leaves_a_whole_database(
    copy: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of the swap, in a process of its own that ends at once there, as at kill -9."""
    child = os.fork()
    if not child:
        steps = iter(range(100))
        for module, name in ((os, "replace"), (os, "link"), (salvage, "sync_path"), (salvage, "damaged_name")):
            whole = getattr(module, name)

            def ending(*arguments: object, whole: object = whole) -> object:
                in_folder = any(copy in (Path(str(path)), *Path(str(path)).parents) for path in arguments)
                if in_folder and next(steps) == step:
                    os._exit(9)
                return whole(*arguments)  # type: ignore[operator]

            setattr(module, name, ending)
        try:
            repair(copy, IDENTITY)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    store = Store.open(copy)
    assert len(_articles(store)) == DOCUMENTS
    store.close()
    assert repair(copy, IDENTITY)["lost"] == []
    store = Store.open(copy)
    assert _problems(store) == []
    store.close()


def test_a_full_disk_is_one_error_and_the_old_database_stays(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = _contents(copy)

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(salvage, "_copy_objects", full)
    with pytest.raises(NotMended, match="No space left on device"):
        repair(copy, IDENTITY)
    assert _contents(copy) == old
    assert not copy.with_name("database.repairing").exists()
