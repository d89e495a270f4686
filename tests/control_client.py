"""A plain client of the control socket: blocking, one command a connection."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.protocols import amp

from cliquenntp.control.commands import COMMANDS
from cliquenntp.control.protocol import Gatherer

LISTS = {line.name for line in COMMANDS if line.lists}

SECONDS = 120.0
"""for one answer: an import of a thousand articles takes seconds"""


class CommandFailedError(Exception):
    """The node refused a command; the text says why."""


def ask(path: Path, command: str, arguments: dict[str, Any]) -> Any:
    """Run a command; return its rows where it lists, else its result.

    Raises CommandFailedError, or OSError where nobody listens.
    """
    rows: list[Any] = []
    result: Any = None
    gatherer = Gatherer()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(str(path))
        box = amp.AmpBox(_ask=b"1", _command=b"Run", command=command.encode(), arguments=json.dumps(arguments).encode())
        connection.sendall(box.serialize())
        for answer in _boxes(connection):
            if b"_error" in answer:
                raise CommandFailedError(answer[b"_error_description"].decode())
            if b"_answer" in answer:
                return rows if command in LISTS else result
            message = gatherer.add(answer[b"data"], answer[b"last"] == b"True")
            connection.sendall(amp.AmpBox(_answer=answer[b"_ask"]).serialize())
            rows += (message or {}).get("rows", ())
            result = (message or {}).get("result", result)
    raise ConnectionError("the node closed the control socket before it had answered")


def _boxes(connection: socket.socket) -> Iterator[dict[bytes, bytes]]:
    data = b""
    while True:
        found = connection.recv(65_536)
        if not found:
            return
        data += found
        while (end := _length(data)) is not None:
            [box] = amp.parseString(data[:end])
            yield box
            data = data[end:]


def _length(data: bytes) -> int | None:
    """Return how long the first box is, None where it is not whole yet: keys and values with lengths, then a zero."""
    place = 0
    while place + 2 <= len(data):
        size = int.from_bytes(data[place : place + 2], "big")
        place += 2 + size
        if size == 0:
            return place
        place += 2 + int.from_bytes(data[place : place + 2].ljust(2, b"\0"), "big")
    return None
