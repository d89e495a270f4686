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
