"""A cache that keeps what was used last, up to a size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

LARGEST_SHARE = 8
"""one entry may take this part of a cache (1/8); larger ones are not kept, for they would drive out all the others"""


class SizedCache(Generic[Key, Value]):
    """Values by key; each has a size, and when the sizes together exceed ``limit`` the ones used longest ago go.

    What the sizes count, octets or entries, is its owner's choice.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def get(self, key: Key) -> Value | None:
        """Return the value kept for a key, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def keep(self, key: Key, value: Value, size: int = 1) -> None:
        """Keep a value in place of the key's earlier one."""
        self.drop(key)
        if size * LARGEST_SHARE > self.limit:
            return
        self._entries[key] = value, size
        self.size += size
        while self.size > self.limit:
            self.size -= self._entries.popitem(last=False)[1][1]

    def drop(self, key: Key) -> None:
        """Forget what is kept for a key, if anything."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry[1]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.size = 0
