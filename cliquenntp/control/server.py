"""The node's end of the control socket: takes a command from a table, runs it, sends what it says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from twisted.internet import defer
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python import failure

from cliquenntp.control.protocol import CommandError, Piece, Run, pieces

ROWS_BYTES = 32 * 1024
"""Rows are gathered into messages of about this size: few round trips, and little held in memory."""


class Answer:
    """What a running command says to cliquectl."""

    def __init__(self, control: amp.AMP) -> None:
        self._control = control

    async def _send(self, message: dict[str, Any]) -> None:
        for data, last in pieces(message):
            await self._control.callRemote(Piece, data=data, last=last)

    async def rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Send the rows of a list; ``rows`` may be a generator, which is asked only as fast as cliquectl reads."""
        batch: list[Mapping[str, Any]] = []
        size = 0
        for row in rows:
            batch.append(row)
            size += len(json.dumps(row))
            if size >= ROWS_BYTES:
                await self._send({"rows": batch})
                batch, size = [], 0
        if batch:
            await self._send({"rows": batch})

    async def progress(self, done: int, total: int | None, note: str = "") -> None:
        """Tell how far the work is: units done, units in all (None: not known), and a few words."""
        await self._send({"progress": {"done": done, "total": total, "note": note}})

    async def result(self, result: Mapping[str, Any]) -> None:
        """Send the command's result, its last message."""
        await self._send({"result": result})


Handler = Callable[[Answer, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""A command: takes an Answer and its arguments, returns its result; raises CommandError."""


class ControlServer(amp.AMP):
    """One connection of cliquectl."""

    log = Logger()

    def __init__(self, commands: Mapping[str, Handler]) -> None:
        super().__init__()
        self._commands = commands
        self._running: set[defer.Deferred[None]] = set()

    @Run.responder
    def run(self, command: str, arguments: bytes) -> defer.Deferred[dict[str, Any]]:
        """Run a command; the Deferred fires when all was said."""
        running = defer.ensureDeferred(self._run(command, arguments))
        self._running.add(running)

        def ended(result: Any) -> Any:
            self._running.discard(running)
            return result

        return running.addBoth(ended).addCallback(lambda _: {})

    async def _run(self, command: str, arguments: bytes) -> None:
        handler = self._commands.get(command)
        if handler is None:
            raise CommandError(f"the node knows no command {command!r}: is it older than this cliquectl?")
        values = _values(arguments)
        answer = Answer(self)
        try:
            await answer.result(await handler(answer, values))
        except CommandError:
            raise
        except defer.CancelledError:
            raise CommandError("cliquectl went away before the end") from None
        except Exception as error:
            self.log.failure("Command {command} failed", command=command)
            raise CommandError(
                f"{command} failed inside the node ({type(error).__name__}: {error}); its log has the details"
            ) from error

    def connectionLost(self, reason: failure.Failure = connectionDone) -> None:
        """Cancel what cliquectl no longer waits for: an import stops between two of its steps."""
        for running in tuple(self._running):
            running.cancel()
        super().connectionLost(reason)


def _values(arguments: bytes) -> dict[str, Any]:
    """Return the arguments of a command.  Raises CommandError where they are none, or no text that can be passed on."""
    try:
        values = json.loads(arguments)
        for value in values.values():
            if not (value is None or isinstance(value, (str, bool, int))):
                raise CommandError("an argument is neither text nor a number")
            if isinstance(value, str) and b"\0" in value.encode():
                raise CommandError("an argument has a NUL in it")
    except UnicodeEncodeError:
        raise CommandError("an argument is no UTF-8: rename the file, or type it in another locale") from None
    except (ValueError, AttributeError):
        raise CommandError("the arguments are no JSON object") from None
    return dict(values)


class ControlFactory(Factory):
    """Makes a ControlServer for each connection."""

    noisy = False

    def __init__(self, commands: Mapping[str, Handler]) -> None:
        self._commands = commands

    def buildProtocol(self, addr: object) -> ControlServer:
        """Return the protocol of a new connection."""
        protocol = ControlServer(self._commands)
        protocol.factory = self
        return protocol
