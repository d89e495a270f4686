"""The status page's door: it asks by cliquectl's commands, within the process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Handler
from cliquenntp.web import Outcome, RefusedError


class _Gathered:
    """An Answer that keeps what a command says, so many rows of it."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows = most_rows
        self.rows_kept: list[Mapping[str, Any]] = []
        self.more = False

    async def rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Keep rows up to the bound; the rest is not even made."""
        found = iter(rows)
        self.rows_kept += islice(found, self._most_rows - len(self.rows_kept))
        self.more = self.more or next(found, None) is not None

    async def progress(self, done: int, total: int | None, note: str = "") -> None:
        """Pass over it: a page shows what is done."""


class PageCommands:
    """Runs the node's commands for the page; web.Commands says how."""

    def __init__(self, table: Mapping[str, Handler]) -> None:
        self._table = table

    async def __call__(self, name: str, arguments: Mapping[str, Any], most_rows: int) -> Outcome:
        """Run a command.  Raises RefusedError."""
        gathered: Any = _Gathered(most_rows)
        handler = self._table.get(name)
        if handler is None:
            raise RefusedError(f"this node has no command {name}")
        try:
            result = await handler(gathered, arguments)
        except CommandError as error:
            raise RefusedError(str(error)) from None
        return Outcome(tuple(gathered.rows_kept), result, gathered.more)
