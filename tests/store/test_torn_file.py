"""The database file as a loss of power or a bad sector leaves it: what was answered is there, or it says so.

The last commit is not answered before it is on the disk: where it is not whole, all before it is.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from ZODB.FileStorage.FileStorage import FileIterator
from ZODB.FileStorage.format import DATA_HDR_LEN, TRANS_HDR_LEN

from cliquenntp.store import Store, StoreUnusable
from cliquenntp.store.database import DATABASE_FILE
from cliquenntp.store.last_commit import PLACEHOLDER
from tests.sample_documents import store_sample

SECTOR = 512
LARGE = b"large" * 20_000
"""is a file of its own"""


@attrs.frozen
class Written:
    """A database and its last commit."""

    folder: Path
    octets: bytes
    start: int
    """of the last commit in the file"""
    places: tuple[int, ...]
    """where something begins or ends in it"""
    before: tuple[bytes, ...]
    """documents of the commits before"""
    last: tuple[bytes, ...]
    """documents of the last commit"""

    def laid_out(self, folder: Path, octets: bytes) -> Path:
        """Return a folder with the database, its file made of other octets."""
        shutil.copytree(self.folder, folder)
        (folder / DATABASE_FILE).write_bytes(octets)
        return folder


def commit(store: Store, *documents: bytes) -> None:
    store.writer.begin()
    for raw in documents:
        store_sample(store.writer, raw, [1] if store.writer.newest() else [])
    store.writer.commit()
    store.forward()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A database as a node leaves it that ends without a word: its index is that of its start."""
    folder = tmp_path_factory.mktemp("torn")
    before = (b"root", *(b"document %d" % number for number in range(20)), LARGE + b"1")
    last = (b"x" * 3000, LARGE, b"z")
    store = Store.open(folder / "live")
    for raw in before:
        commit(store, raw)
    file = folder / "live" / DATABASE_FILE
    start = file.stat().st_size
    commit(store, *last)
    octets = file.read_bytes()
    shutil.copytree(folder / "live", folder / "kept", ignore=shutil.ignore_patterns("*.lock", "*.tmp", "tmp"))
    store.close()
    places = [start, start + TRANS_HDR_LEN, start + TRANS_HDR_LEN + len(PLACEHOLDER), len(octets) - 8, len(octets)]
    for transaction in FileIterator(str(file), pos=start):
        places += [record.pos for record in transaction]
        places += [record.pos + DATA_HDR_LEN for record in transaction]
    return Written(folder / "kept", octets, start, tuple(sorted({*places})), before, last)


def documents_of(folder: Path) -> tuple[bytes, ...]:
    """Open a database, read all of it, write to it, and return the documents that it had."""
    store = Store.open(folder)
    try:
        found = tuple(store.reader.raw(docno) for docno in store.reader.since(0))
        numbers = list(store.reader.numbers(1).between(1, 1000))
        assert numbers == [(number, number) for number in range(1, len(found) + 1)]
        commit(store, b"afterwards")
        assert store.reader.raw(store.reader.newest()) == b"afterwards"
        assert [damage for damage in store.damages() if damage is not None] == []
        return found
    finally:
        store.close()


def test_a_database_that_was_left_open_is_whole(written: Written, tmp_path: Path) -> None:
    assert documents_of(written.laid_out(tmp_path / "whole", written.octets)) == written.before + written.last


def cuts(written: Written) -> Iterator[int]:
    """Yield where the file may end in the last commit."""
    near = {place + step for place in written.places for step in (-1, 0, 1)}
    near.update(written.start + octets for octets in (7, 8, 15, 16, 17, 22))
    near.update((low + high) // 2 for low, high in zip(written.places, written.places[1:], strict=False))
    return (place for place in sorted(near) if written.start <= place < len(written.octets))


def test_a_file_that_ends_in_its_last_commit_has_all_before_it(written: Written, tmp_path: Path) -> None:
    tried = 0
    for place in cuts(written):
        folder = written.laid_out(tmp_path / str(place), written.octets[:place])
        assert documents_of(folder) == written.before, place
        shutil.rmtree(folder)
        tried += 1
    assert tried > 60


def test_a_last_commit_that_was_not_finished_is_not_there(written: Written, tmp_path: Path) -> None:
    octets = bytearray(written.octets)
    octets[written.start + 16] = ord("c")
    assert documents_of(written.laid_out(tmp_path / "begun", octets)) == written.before


@pytest.mark.parametrize("is_noise", [False, True], ids=["zeros", "noise"])
def test_a_last_commit_of_which_sectors_are_missing_is_cut_off(
    written: Written, tmp_path: Path, is_noise: bool
) -> None:
    dice = random.Random(7)
    first, end = written.start // SECTOR, -(-len(written.octets) // SECTOR)
    torn = {(sector, sector + 1) for sector in range(first, end)}
    torn |= {(sector, end) for sector in range(first, end)} | {(first, sector) for sector in range(first + 1, end)}
    for low, high in sorted(torn):
        octets = bytearray(written.octets)
        at, until = max(low * SECTOR, written.start), min(high * SECTOR, len(octets))
        octets[at:until] = dice.randbytes(until - at) if is_noise else bytes(until - at)
        folder = written.laid_out(tmp_path / f"{low}-{high}", octets)
        assert documents_of(folder) == written.before, (low, high)
        shutil.rmtree(folder)


@pytest.mark.parametrize("octets", [1, 7, 8, 22, 23, 24, 100, 5000])
def test_what_a_commit_that_was_broken_off_left_behind_is_cut_off(
    written: Written, tmp_path: Path, octets: int
) -> None:
    begun = bytearray(written.octets[written.start : written.start + octets])
    begun[16:17] = b"c"[: len(begun[16:17])]
    folder = written.laid_out(tmp_path / "begun", written.octets + begun)
    assert documents_of(folder) == written.before + written.last


@pytest.mark.parametrize("left", [b"", b"garbage", b"\x80\x05K\x01.", bytes(5000), "half", "of a longer file"])
def test_an_index_that_is_broken_is_made_anew(written: Written, tmp_path: Path, left: bytes | str) -> None:
    whole = tmp_path / "whole"
    documents_of(written.laid_out(whole, written.octets))
    index = f"{DATABASE_FILE}.index"
    octets = (whole / index).read_bytes()
    if isinstance(left, str):
        left = octets[: len(octets) // 2] if left == "half" else octets
    folder = written.laid_out(tmp_path / "broken", written.octets)
    (folder / index).write_bytes(left)
    assert documents_of(folder) == written.before + written.last


def test_damage_before_the_last_commit_is_one_clear_error_and_changes_nothing(written: Written, tmp_path: Path) -> None:
    octets = bytearray(written.octets)
    octets[4 : 4 + SECTOR] = bytes(SECTOR)
    folder = written.laid_out(tmp_path / "damaged", octets)
    for name in os.listdir(folder):
        if name.endswith(".index"):
            (folder / name).unlink()
    with pytest.raises(StoreUnusable) as caught:
        Store.open(folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value), caught.value
    assert (folder / DATABASE_FILE).read_bytes() == octets


def test_large_documents_are_on_the_disk_before_the_commit_that_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(tmp_path)
    commit(store, b"root")
    synced: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    commit(store, LARGE)
    monkeypatch.undo()
    store.close()
    blobs = tmp_path / "blobs"
    assert synced.index(str(tmp_path / DATABASE_FILE)) == len(synced) - 1
    [blob] = [path for path in synced if path.endswith(".blob")]
    folders = [str(folder) for folder in Path(blob).parents if blobs in folder.parents or folder == blobs]
    assert set(folders) < set(synced)


def test_a_pack_keeps_what_later_starts_look_at(written: Written, tmp_path: Path) -> None:
    folder = written.laid_out(tmp_path / "packed", written.octets)
    store = Store.open(folder)
    store.pack()
    commit(store, b"after the pack")
    store.close()
    store = Store.open(folder)
    store.pack()
    store.close()
    assert documents_of(folder) == (*written.before, *written.last, b"after the pack")
