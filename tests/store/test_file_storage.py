"""Commits and the disk: a commit ends when the file is synced, and nobody who reads waits for that."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cliquenntp.store import Store, StoreSettings
from tests.sample_documents import store_sample

SECONDS = 10.0
"""within which a thread does what it can do at once"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one document, that keeps none in memory."""
    store = Store.open(tmp_path, StoreSettings(cache_octets=1, raw_cache_octets=0))
    store.writer.begin()
    store_sample(store.writer, b"the first", [])
    store.writer.commit()
    store.forward()
    yield store
    store.close()


def test_readers_do_not_wait_for_the_disk_and_a_commit_does(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    is_syncing, may_end, has_ended = threading.Event(), threading.Event(), threading.Event()
    real = os.fsync

    def slow(descriptor: int) -> None:
        is_syncing.set()
        may_end.wait(SECONDS)
        real(descriptor)

    def post() -> None:
        store.writer.begin()
        store_sample(store.writer, b"the second", [1])
        store.writer.commit()
        has_ended.set()

    found: list[bytes] = []
    posting = threading.Thread(target=post)
    reading = threading.Thread(target=lambda: found.append(store.reader.raw(1)))
    monkeypatch.setattr(os, "fsync", slow)
    posting.start()
    assert is_syncing.wait(SECONDS)
    reading.start()
    reading.join(SECONDS)
    was_held_up, had_ended = reading.is_alive(), has_ended.is_set()
    may_end.set()
    posting.join(SECONDS)
    reading.join(SECONDS)
    assert not was_held_up and found == [b"the first"]
    assert not had_ended and has_ended.is_set()
    store.forward()
    assert store.reader.raw(2) == b"the second"


def test_a_commit_that_the_disk_does_not_take_fails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    store.writer.begin()
    store_sample(store.writer, b"the second", [1])
    with monkeypatch.context() as context:
        context.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="Input/output error"):
            store.writer.commit()
    with pytest.raises(ValueError, match="closed"):
        store.reader.raw(1)


def test_a_commit_needs_no_descriptor(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(descriptor: int) -> int:
        raise OSError(24, "Too many open files")

    synced: list[int] = []
    store.writer.begin()
    store_sample(store.writer, b"the second", [1])
    with monkeypatch.context() as context:
        context.setattr(os, "dup", none_left)
        context.setattr(os, "fsync", synced.append)
        store.writer.commit()
    assert len(synced) == 1
    store.forward()
    assert store.reader.raw(2) == b"the second"
