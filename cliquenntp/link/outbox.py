"""What waits to be sent on one link: messages first, bodies piece by piece between them.  Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from cliquenntp.link import framing

Body = bytes | Callable[[], bytes | None]
"""A body, or what fetches it when its turn comes (None: it is gone by then, and its message is not sent)."""

Encode = Callable[[Iterable[Any]], list[bytes]]
"""Messages to the contents of frames.  What is encoded later must be sent later: aliases count on the order."""


@attrs.frozen
class _Waiting:
    message: Any
    body: Body

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.body) if isinstance(self.body, bytes) else 0


class Outbox:
    """The queue of one link.

    Messages without a body keep their order among themselves and overtake bodies; bodies keep theirs.
    """

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._urgent: deque[bytes] = deque()
        self._bodies: deque[_Waiting] = deque()
        self._pieces: Iterator[bytes] | None = None
        self.waiting = 0
        """bytes held in memory: a body yet to be fetched counts nothing, one being sent counts whole"""
        self._current = 0

    def put_frame(self, data: bytes) -> None:
        """Queue a frame to be sent as soon as possible."""
        self._urgent.append(data)
        self.waiting += len(data)

    def put(self, messages: Iterable[Any]) -> None:
        """Queue messages without bodies; ValueError when one is beyond the protocol's limits."""
        for content in self._encode(messages):
            self.put_frame(framing.frame(framing.Kind.MESSAGES, content))

    def put_document(self, message: Any, body: Body) -> None:
        """Queue a message with its body; framing.FrameError when a body given as bytes is too long."""
        waiting = _Waiting(message, body)
        framing.check_body(waiting.size)
        self._bodies.append(waiting)
        self.waiting += waiting.size

    def __bool__(self) -> bool:
        return bool(self._urgent or self._bodies or self._pieces is not None)

    @property
    def bodies(self) -> int:
        """How many bodies wait whose turn has not come."""
        return len(self._bodies)

    @property
    def has_urgent(self) -> bool:
        """Whether something waits that no rate holds back."""
        return bool(self._urgent)

    def take_urgent(self) -> list[bytes]:
        """Take all frames that go before bodies."""
        frames = list(self._urgent)
        self._urgent.clear()
        self.waiting -= sum(map(len, frames))
        return frames

    def take_piece(self) -> bytes | None:
        """Take the next frame of a body, or the one that announces it; None when no body, or something urgent, waits.

        Raises ValueError when a message or a fetched body is beyond the protocol's limits.
        """
        while not self._urgent:
            if self._pieces is not None:
                piece = next(self._pieces, None)
                if piece is not None:
                    return piece
                self._pieces = None
                self.waiting -= self._current
                self._current = 0
            if not self._bodies:
                return None
            waiting = self._bodies.popleft()
            body = waiting.body if isinstance(waiting.body, bytes) else waiting.body()
            if body is None:
                continue
            if self._urgent:
                # Fetching has queued messages, encoded by now: they have to go first.
                self._bodies.appendleft(_Waiting(waiting.message, body))
                self.waiting += len(body) - waiting.size
                return None
            return self._begin(waiting, body)
        return None

    def _begin(self, waiting: _Waiting, body: bytes) -> bytes:
        self._current = len(body)
        self.waiting += self._current - waiting.size
        self._pieces = framing.pieces(body)
        (content,) = self._encode((waiting.message,))
        return framing.announced(content, len(body))
