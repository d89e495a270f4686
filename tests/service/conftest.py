"""What several tests of the service need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cliquenntp.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, with a transaction begun."""
    store = Store.open(tmp_path)
    store.writer.begin()
    yield store
    store.close()


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for all tests of a module, each of which begins a transaction and leaves it."""
    store = Store.open(tmp_path_factory.mktemp("store"))
    yield store
    store.close()
