"""Opening a database: its folder, its lock, its schema; and what it looks like after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import MutableMapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ZODB
from ZODB.FileStorage import FileStorage

from cliquenntp.store import Store, StoreLocked, StoreTooNew, StoreUnusable
from cliquenntp.store.database import DATABASE_FILE
from cliquenntp.store.schema import STEPS, apply_step
from tests.sample_documents import store_sample


def write(folder: Path, *documents: bytes) -> None:
    store = Store.open(folder)
    store.writer.begin()
    for raw in documents:
        store_sample(store.writer, raw)
    store.writer.commit()
    store.close()


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "store"
    write(folder, b"root")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / DATABASE_FILE).exists()


def test_a_second_opening_is_refused_by_name(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    with pytest.raises(StoreLocked, match=rf"{tmp_path} is in use by another process"):
        Store.open(tmp_path)
    program = (
        "import sys; from cliquenntp.store import Store, StoreLocked\n"
        "try: Store.open(sys.argv[1])\n"
        "except StoreLocked as error: print(error)"
    )
    answer = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert str(tmp_path) in answer.stdout
    store.close()
    Store.open(tmp_path).close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnusable, match=f"{tmp_path}/file cannot be used"):
        Store.open(tmp_path / "file")


def test_a_zodb_uri_opens_another_storage(tmp_path: Path) -> None:
    location = f"file://{tmp_path}/other.fs?blobstorage_dir={tmp_path}/blobs"
    store = Store.open(location)
    store.writer.begin()
    store_sample(store.writer, b"root")
    store.writer.commit()
    store.close()
    store = Store.open(location)
    assert store.reader.raw(1) == b"root"
    store.close()


def test_missing_schema_steps_run_once_after_a_backup(tmp_path: Path) -> None:
    runs = []

    def count_documents(root: MutableMapping[str, Any]) -> None:
        runs.append(len(root["records"]))
        root["counted"] = len(root["records"])

    write(tmp_path, b"one", b"two")
    before = (tmp_path / DATABASE_FILE).read_bytes()
    steps = (*STEPS, ("count the documents", count_documents))
    for _ in range(2):
        store = Store.open(tmp_path, steps=steps)
        assert store.reader.newest() == 2
        store.close()
    assert runs == [2]
    backups = list(tmp_path.glob(f"{DATABASE_FILE}.before-*"))
    assert [path.read_bytes() for path in backups] == [before]


def test_a_new_database_needs_no_backup(tmp_path: Path) -> None:
    write(tmp_path, b"one")
    assert not list(tmp_path.glob("*.before-*"))


def test_a_newer_database_is_refused_by_name(tmp_path: Path) -> None:
    Store.open(tmp_path, steps=(*STEPS, ("from the future", lambda root: None))).close()
    with pytest.raises(StoreTooNew, match="from the future"):
        Store.open(tmp_path)
    Store.open(tmp_path, steps=(*STEPS, ("from the future", lambda root: None))).close()


def test_a_broken_schema_step_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    def break_in_the_middle(root: MutableMapping[str, Any]) -> None:
        root["half"] = 1
        raise ZeroDivisionError

    write(tmp_path, b"one")
    with pytest.raises(ZeroDivisionError):
        Store.open(tmp_path, steps=(*STEPS, ("broken", break_in_the_middle)))
    store = Store.open(tmp_path)
    assert store.reader.raw(1) == b"one"
    store.close()


def test_a_torn_tail_is_cut_off(tmp_path: Path) -> None:
    """A machine that loses power in the middle of a write leaves half a transaction; all before it stays."""
    write(tmp_path, b"one")
    file = tmp_path / DATABASE_FILE
    whole = file.stat().st_size
    write(tmp_path, b"two")
    written = file.read_bytes()
    for length in range(whole + 1, len(written), 97):
        file.write_bytes(written[:length])
        (tmp_path / f"{DATABASE_FILE}.index").unlink(missing_ok=True)
        store = Store.open(tmp_path)
        assert [store.reader.raw(docno) for docno in store.reader.since(0)] == [b"one"]
        store.close()
    file.write_bytes(written)
    write(tmp_path, b"three")
    store = Store.open(tmp_path)
    assert [store.reader.raw(docno) for docno in store.reader.since(0)] == [b"one", b"two", b"three"]
    store.close()


def test_packing_frees_what_posts_one_by_one_left(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    for number in range(100):
        store.writer.begin()
        store_sample(store.writer, os.urandom(1000), [1] if number else [])
        store.writer.commit()
    before = store.octets()
    store.pack()
    assert store.octets() < before * 0.8
    store.forward()
    assert store.reader.numbers(1).high == 100
    assert all(len(store.reader.raw(docno)) == 1000 for docno in store.reader.since(0))
    store.writer.begin()
    store_sample(store.writer, b"after", [1])
    store.writer.commit()
    store.close()


def test_a_snapshot_stands_still(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.writer.begin()
    store_sample(store.writer, b"one")
    store.writer.commit()
    with store.snapshot() as archive:
        store.writer.begin()
        store_sample(store.writer, b"two", [1])
        store.writer.commit()
        store.forward()
        assert (archive.newest(), archive.numbers(1).high) == (1, 1)
        assert store.reader.numbers(1).high == 2
    store.close()


def test_children_that_came_before_a_parent_are_found_after_their_schema_step(tmp_path: Path) -> None:
    number = next(index for index, (name, _) in enumerate(STEPS) if name.startswith("children that came before"))
    parent, other = b"p" * 32, b"q" * 32
    storage = FileStorage(str(tmp_path / DATABASE_FILE))
    with closing(ZODB.DB(storage)) as database, database.transaction() as connection:
        for step in STEPS[:number]:
            apply_step(connection.root(), step)
        connection.root()["late_parents"].update({parent: (3, 700), other: (5,)})
    store = Store.open(tmp_path)
    assert [store.reader.late_children(one) for one in (parent, other, b"r" * 32)] == [(3, 700), (5,), ()]
    store.close()
