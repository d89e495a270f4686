"""The status page's door: it asks by cliquectl's commands, within the process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from twisted.internet import endpoints
from twisted.logger import Logger

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Handler
from cliquenntp.service.start import StartError, open_port
from cliquenntp.web import Outcome, RefusedError, make_site

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

_log = Logger()


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


def listen_to_browsers(node: Node, table: Mapping[str, Handler]) -> None:
    """Show the status page; a node whose page's port is taken, by another node perhaps, works without it."""
    site = make_site(PageCommands(table), node.reactor, node.clock)
    for text in node.settings.web:
        try:
            endpoint = endpoints.serverFromString(node.reactor, text)
            node.pages.append(open_port(endpoint, site, f"the status page's port {text}"))
        except StartError as error:
            _log.error("{error}", error=error)
            node.troubles.append(f"{error}; --web says where else, or off")
