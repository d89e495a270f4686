"""The node: puts the rooms together, starts and stops them."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet import defer, endpoints
from twisted.logger import Logger

from cliquenntp.control.server import ControlFactory
from cliquenntp.service.commands import NodeCommands
from cliquenntp.service.settings import Settings


class StartError(Exception):
    """The node cannot start; the text says why and what to do, in one line."""


class Node(Service):
    """One node: store, newsgroups, NNTP server, control socket."""

    log = Logger()

    def __init__(self, reactor: Any, settings: Settings) -> None:
        self.reactor = reactor
        self.settings = settings
        self.started_at = 0.0
        self._ports: list[Any] = []

    def startService(self) -> None:
        """Open what the node has and listen; ends the process with one line where that cannot be."""
        self.settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.started_at = self.reactor.seconds()
        try:
            self._listen_for_control()
        except StartError as error:
            self.log.critical("{error}", error=error)
            raise SystemExit(f"cliquenntp: {error}") from None
        super().startService()

    def _listen_for_control(self) -> None:
        # A node that was killed left its socket; nobody listens there, as the data's lock is ours.
        self.settings.control_socket.unlink(missing_ok=True)
        endpoint = endpoints.UNIXServerEndpoint(self.reactor, str(self.settings.control_socket), mode=0o600)
        self._listen(endpoint, ControlFactory(NodeCommands(self).table()), "the control socket")

    def _listen(self, endpoint: Any, factory: Any, what: str) -> None:
        failures: list[BaseException] = []
        listening = endpoint.listen(factory)
        listening.addCallbacks(self._ports.append, lambda failure: failures.append(failure.value))
        if failures:
            raise StartError(f"{what} cannot be opened: {failures[0]}")

    def stopService(self) -> defer.Deferred[Any]:
        """Stop listening and close what is open."""
        super().stopService()
        closing = defer.gatherResults([defer.maybeDeferred(port.stopListening) for port in self._ports])
        return closing.addCallback(lambda _: self.settings.control_socket.unlink(missing_ok=True))
