"""Packing in a process of its own: nothing is lost, whatever is committed meanwhile and wherever it is cut off."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from cliquenntp.store import BLOB_FOLDER, DATABASE_FILE, NotPacked, Store, packer
from tests.sample_documents import store_sample

LARGE = 100_000
"""octets; a document of that size is a file of its own"""


def fill(store: Store, count: int) -> None:
    """Store documents one by one, every tenth a large one."""
    for number in range(count):
        store.writer.begin()
        newest = store.writer.newest()
        store_sample(store.writer, os.urandom(900 if number % 10 else LARGE), [1] if newest else [])
        store.writer.commit()
    store.forward()


def raws(store: Store) -> list[bytes]:
    return [store.reader.raw(docno) for docno in store.reader.since(0)]


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if ".pack" in path.name or ".old" in path.name)


def test_what_is_committed_during_a_pack_is_kept(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    fill(store, 60)
    packing = threading.Thread(target=store.pack)
    packing.start()
    posted = 0
    while packing.is_alive() or posted < 5:
        fill(store, 1)
        posted += 1
    packing.join()
    kept = raws(store)
    assert len(kept) == 60 + posted
    assert leftovers(tmp_path) == []
    store.close()
    store = Store.open(tmp_path)
    assert raws(store) == kept
    store.pack()
    store.forward()
    assert raws(store) == kept
    store.close()


def test_blobs_of_what_is_gone_are_freed(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    fill(store, 12)
    store.writer.begin()
    store.writer.drop(11, "cancelled")
    store.writer.commit()
    store.forward()
    store.pack()
    assert len(list((tmp_path / BLOB_FOLDER).rglob("*.blob"))) == 1
    assert [len(store.reader.raw(docno)) for docno in range(1, 11)] == [LARGE, *[900] * 9]
    store.close()


def test_with_nothing_to_free_all_stays(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    fill(store, 3)
    for _ in range(3):
        store.pack()
    assert len(raws(store)) == 3
    assert leftovers(tmp_path) == []
    store.close()


def test_a_process_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(tmp_path)
    fill(store, 20)
    before = raws(store)
    with monkeypatch.context() as patch:
        patch.setattr(packer.sys, "executable", "false")
        with pytest.raises(NotPacked, match="exit status 1"):
            store.pack()
    assert leftovers(tmp_path) == []
    fill(store, 1)
    assert raws(store)[:-1] == before
    store.pack()
    assert raws(store)[:-1] == before
    store.close()


def test_a_pack_cut_off_between_its_renames_is_mended_at_the_next_start(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    fill(store, 5)
    before = raws(store)
    store.close()
    file = tmp_path / DATABASE_FILE
    file.with_name(f"{DATABASE_FILE}.pack").write_bytes(file.read_bytes()[:-100])
    file.rename(file.with_name(f"{DATABASE_FILE}.old"))
    store = Store.open(tmp_path)
    assert raws(store) == before
    store.pack()
    store.forward()
    assert raws(store) == before
    assert leftovers(tmp_path) == []
    store.close()
