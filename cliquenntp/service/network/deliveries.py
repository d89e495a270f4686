"""The documents that came from other nodes and went to them last, for people to look at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import attrs

DELIVERIES_KEPT = 500
"""of a node, in memory alone, some 100 kB: what a busy forum brings in an hour, and a quiet one in a week"""


@attrs.frozen
class Delivery:
    """A document that came from another node, or went to it."""

    document: bytes
    """its id"""
    node_key: bytes
    """the other node's, 32 bytes"""
    is_in: bool
    """whether it came from there"""
    at: float
    """when, in seconds since 1970 UTC"""


class Deliveries:
    """The newest deliveries of one node.  Who reads what is not in them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` is the time of day in seconds."""
        self._clock = clock
        self._kept: deque[Delivery] = deque(maxlen=DELIVERIES_KEPT)

    def came(self, document: bytes, node_key: bytes) -> None:
        """Note a document that a node brought and that is on disk now."""
        self._kept.append(Delivery(document, node_key, True, self._clock()))

    def went(self, document: bytes, node_key: bytes) -> None:
        """Note a document that was handed to the link with a node."""
        self._kept.append(Delivery(document, node_key, False, self._clock()))

    def newest(self) -> Iterator[Delivery]:
        """Yield what is kept, the newest first."""
        yield from reversed(tuple(self._kept))
