"""What goes over the control socket: AMP with one command each way.

cliquectl sends ``Run``; while it waits for the answer to that, the node sends it messages (JSON objects) by ``Piece``.
A message is one of ``{"rows": [...]}``, ``{"progress": {...}}`` and, as the last one, ``{"result": {...}}``.  The
answer to ``Run`` is empty and means that all was said; an error ends it early.  Each piece is acknowledged before the
next one is sent, so a reader that is slow holds back the node's work and not the node's memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from twisted.protocols import amp

PIECE_BYTES = 60_000
"""An AMP value ends at 65,535 octets; the rest is room for a box's other keys."""

MESSAGE_BYTES = 16 * 1024 * 1024
"""A message that cliquectl gathers at most; the node sends rows in messages of some 32 KiB (server.ROWS_BYTES)."""


class CommandError(Exception):
    """A command could not be done; the text says why and what to do next, in one line."""


class Run(amp.Command):
    """From cliquectl: run a command; ``arguments`` is a JSON object."""

    arguments = [(b"command", amp.Unicode()), (b"arguments", amp.String())]
    response: ClassVar[list[tuple[bytes, amp.Argument]]] = []
    errors = {CommandError: b"COMMAND"}


class Piece(amp.Command):
    """From the node: a piece of a message; ``last`` completes it."""

    arguments = [(b"data", amp.String()), (b"last", amp.Boolean())]
    response: ClassVar[list[tuple[bytes, amp.Argument]]] = []


def pieces(message: dict[str, Any]) -> Iterator[tuple[bytes, bool]]:
    """Yield a message's pieces with whether each is the last."""
    data = json.dumps(message).encode("ascii")
    for start in range(0, len(data), PIECE_BYTES):
        end = start + PIECE_BYTES
        yield data[start:end], end >= len(data)


class Gatherer:
    """Puts pieces together again."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes, last: bool) -> dict[str, Any] | None:
        """Take a piece; return the message that it completes, or None.

        Raises CommandError for a message over MESSAGE_BYTES.
        """
        self._size += len(data)
        if self._size > MESSAGE_BYTES:
            raise CommandError(f"the node sent a message of more than {MESSAGE_BYTES} octets")
        self._parts.append(data)
        if not last:
            return None
        whole = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        message: dict[str, Any] = json.loads(whole)
        return message
