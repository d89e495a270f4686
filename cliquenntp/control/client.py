"""cliquectl's end of the control socket."""

from __future__ import annotations

import errno
import json
import os
import pwd
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet import defer, endpoints, error
from twisted.internet.interfaces import IReactorCore
from twisted.protocols import amp

from cliquenntp.control.protocol import PIECE_BYTES, CommandError, Gatherer, Piece, Run

CONNECT_SECONDS = 10
"""A Unix socket answers at once; a node that is this late hangs."""

START_HINT = "start one with `make run` or `twistd -n cliquenntp --data DIR`, or name its socket with --socket"


class ControlClient(amp.AMP):
    """A connection to a node; hands each message on to ``heard``."""

    def __init__(self, heard: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._heard = heard
        self._gatherer = Gatherer()

    @Piece.responder
    def piece(self, data: bytes, last: bool) -> dict[str, Any]:
        """Take a piece of a message."""
        message = self._gatherer.add(data, last)
        if message is not None:
            self._heard(message)
        return {}


async def ask(
    reactor: IReactorCore,
    socket: Path,
    command: str,
    arguments: Mapping[str, Any],
    heard: Callable[[dict[str, Any]], None],
) -> None:
    """Run a command on the node behind a control socket; ``heard`` takes each of its messages.

    Raises CommandError with one line that says what to do next.
    """
    typed = json.dumps(dict(arguments)).encode()
    if len(typed) > PIECE_BYTES:
        raise CommandError(f"the arguments are longer than the {PIECE_BYTES} octets that fit: give a path to a file")
    endpoint = endpoints.UNIXClientEndpoint(reactor, str(socket), timeout=CONNECT_SECONDS)
    try:
        client = await endpoints.connectProtocol(endpoint, ControlClient(heard))
    except (error.ConnectError, OSError, defer.TimeoutError) as failure:
        raise CommandError(_why_no_connection(socket, failure)) from failure
    try:
        await client.callRemote(Run, command=command, arguments=typed)
    except (error.ConnectionDone, error.ConnectionLost) as failure:
        raise CommandError(
            "the node stopped before it had answered; look into its log, start it again and repeat the command"
        ) from failure
    finally:
        client.transport.loseConnection()


def _why_no_connection(socket: Path, failure: Exception) -> str:
    number = getattr(failure, "osError", None) or getattr(failure, "errno", None)
    if number == errno.ENOENT:
        return f"no node is running: there is no control socket {socket}; {START_HINT}"
    if number == errno.ECONNREFUSED:
        return f"the node that made {socket} has ended; {START_HINT}"
    if number in (errno.EACCES, errno.EPERM):
        return f"no permission for {socket}: run cliquectl as the user of the node{_owner(socket)}"
    if len(os.fsencode(socket)) > 107:
        return f"{socket} is longer than the 107 octets that a socket's path may have: use a shorter data folder"
    return f"cannot reach the node at {socket}: {failure}"


def _owner(path: Path) -> str:
    for candidate in (path, *path.parents):
        try:
            return f" ({pwd.getpwuid(candidate.stat().st_uid).pw_name})"
        except (OSError, KeyError):
            continue
    return ""
