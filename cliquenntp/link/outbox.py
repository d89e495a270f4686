"""What waits to be sent on one link: messages first, bodies piece by piece between them.  Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import attrs

from cliquenntp.link import framing

Body = bytes | Callable[[], bytes | None]
"""A body, or what fetches it when its turn comes (None: it is gone by then, and its message is not sent)."""


@attrs.frozen
class _Waiting:
    message: bytes
    body: Body
    size: int


class Outbox:
    """The queue of one link.

    Messages without a body keep their order among themselves and overtake bodies; bodies keep theirs.
    """

    def __init__(self) -> None:
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

    def put(self, message: bytes, body: Body | None = None) -> None:
        """Queue a message; raises framing.FrameError when it, or a body given as bytes, is too long to be sent."""
        if body is None:
            self.put_frame(framing.frame(framing.Kind.MESSAGE, message))
            return
        held = len(body) if isinstance(body, bytes) else 0
        framing.announced(message, held)
        size = len(message) + held
        self._bodies.append(_Waiting(message, body, size))
        self.waiting += size

    def __bool__(self) -> bool:
        return bool(self._urgent or self._bodies or self._pieces is not None)

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
        """Take the next frame of a body or of a message that announces one; None when no body waits.

        Raises framing.FrameError when a fetched body is too long to be sent.
        """
        while True:
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
                self.waiting -= waiting.size
                continue
            self._current = len(waiting.message) + len(body)
            self.waiting += self._current - waiting.size
            self._pieces = framing.pieces(body)
            return framing.announced(waiting.message, len(body))
