"""Verifying a database: a clean one is clean, and no bit changes anywhere in it without being told."""

from __future__ import annotations

import logging
import random
import shutil
from pathlib import Path

import pytest

from cliquenntp.service.arrival import accept
from cliquenntp.service.upkeep.verification import (
    MISSING_IN_A_ROW,
    Problem,
    look_at_documents,
    look_at_file,
    look_at_forums,
)
from cliquenntp.store import Store, StoreUnusable
from cliquenntp.store.database import DATABASE_FILE, SUMS_FILE
from cliquenntp.store.sums import FileSums
from tests.signed_documents import TIME, forum, signed

DOCUMENTS = 80
FLIPS = 60


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a database with a forum, closed."""
    folder = tmp_path_factory.mktemp("verify") / "database"
    store = Store.open(folder)
    documents = [forum("garden")]
    documents += [signed("A thread", documents[0])]
    for number in range(2, DOCUMENTS):
        body = b"Long words.\r\n" * (6000 if number == 50 else number)
        documents.append(signed(f"Subject {number}", documents[number // 2], body=body, time=TIME + number))
    for document in documents:
        store.writer.begin()
        accept(store.writer, document, TIME, "not-for-mail")
        store.writer.commit()
    store.close()
    return folder


def problems(store: Store) -> tuple[list[Problem], list[Problem]]:
    """Return what the file's sums tell, and what the documents tell."""
    in_file = [problem for problem in look_at_file(store) if problem]
    with store.snapshot() as archive:
        looks = [*look_at_documents(archive), *look_at_forums(archive)]
    return in_file, [problem for problem in looks if problem]


def test_a_database_as_it_was_stored_has_no_problems(filled: Path) -> None:
    store = Store.open(filled)
    assert problems(store) == ([], [])
    with store.snapshot() as archive:
        assert len([*look_at_documents(archive)]) == DOCUMENTS
    store.close()


def test_each_flipped_bit_is_found_and_what_it_did_not_hit_can_be_read(filled: Path, tmp_path: Path) -> None:
    dice = random.Random(9)
    size = (filled / DATABASE_FILE).stat().st_size
    readable = []
    logging.disable(logging.CRITICAL)  # ZODB tells of each state that it cannot load
    for _ in range(FLIPS):
        folder = tmp_path / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(filled, folder)
        octets = bytearray((folder / DATABASE_FILE).read_bytes())
        place = dice.randrange(4, size)
        octets[place] ^= 1 << dice.randrange(8)
        (folder / DATABASE_FILE).write_bytes(octets)
        sums = FileSums(folder / DATABASE_FILE, folder / SUMS_FILE)
        assert sum(1 for damage in sums.damages() if damage) == 1, place
        try:
            store = Store.open(folder)
        except StoreUnusable as error:
            assert "restore a backup" in str(error)
            readable.append(0)
            continue
        in_file, _ = problems(store)
        assert len(in_file) == 1, place
        with store.snapshot() as archive:
            readable.append(sum(1 for look in look_at_documents(archive) if look is None))
        store.close()
    logging.disable(logging.NOTSET)
    assert sorted(readable)[FLIPS // 2] == DOCUMENTS, "most bits lie in states that were replaced"


def test_a_body_on_disk_that_changed_is_named_by_its_document(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "copy")
    [blob] = (tmp_path / "copy").rglob("*.blob")
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes().replace(b"Long", b"Lang", 1))
    store = Store.open(tmp_path / "copy")
    in_file, [problem] = problems(store)
    assert in_file == []
    assert problem.what == "its bytes are not those that its id names"
    assert problem.where.startswith("document 51 (")
    store.close()


def test_a_greatest_number_far_beyond_all_others_is_not_counted_up_to(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "copy")
    store = Store.open(tmp_path / "copy")
    store.writer.begin()
    records = store.writer._records
    newest = store.writer.newest()
    records[newest | 1 << 40] = records[newest]
    store.writer.commit()
    with store.snapshot() as archive:
        looks = list(look_at_documents(archive))
    assert len(looks) == newest + MISSING_IN_A_ROW + 1
    last = looks[-1]
    assert last is not None
    assert last.where == f"documents from {newest + MISSING_IN_A_ROW + 1} to {newest | 1 << 40}"
    store.close()


def test_a_wrong_number_and_a_lost_index_are_named(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "copy")
    store = Store.open(tmp_path / "copy")
    writer = store.writer
    writer.begin()
    record = writer.record(7)
    record.overview = writer.record(8).overview
    record._p_changed = True
    other = writer.record(9)
    other.id = bytes(32)
    other._p_changed = True
    writer.commit()
    _, told = problems(store)
    assert {problem.what for problem in told if problem.where.startswith("document 7 ")} == {
        "its overview line is not its own"}
    assert "is not found by its id" in {problem.what for problem in told if problem.where.startswith("document 9 ")}
    store.close()
