"""SIGHUP: a running node reads its configuration again and takes over what can change while it runs."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import attrs
from twisted.application.service import MultiService
from twisted.logger import Logger

from cliquenntp.service.node import Node
from cliquenntp.service.readers.certificate import CertificateError
from cliquenntp.service.settings import Settings, SettingsError

TAKEN_OVER = ("quota", "expire")
"""settings that a running node takes over; the others are bound to ports, keys and threads that are open"""


class ReloadingNode(MultiService):
    """A node that SIGHUP does not end, as it would end a process that says nothing about it."""

    _log = Logger()

    def __init__(self, reactor: Any, node: Node, load: Callable[[], Settings]) -> None:
        """``load`` reads the settings as at the start; it raises SettingsError."""
        super().__init__()
        self._reactor = reactor
        self._node = node
        self._load = load
        self._settings = node.settings
        node.setServiceParent(self)

    def startService(self) -> None:
        """Start the node, and hear SIGHUP from then on."""
        super().startService()
        signal.signal(signal.SIGHUP, lambda number, frame: self._reactor.callFromThread(self.reload))

    def reload(self) -> None:
        """Read the settings again; a bad file changes nothing and is told in the log."""
        try:
            fresh = self._load()
        except SettingsError as error:
            self._log.error("the settings stay as they were: {error}", error=error)
            return
        changed = [
            field.name for field in attrs.fields(Settings)
            if getattr(fresh, field.name) != getattr(self._settings, field.name)]
        self._settings = fresh
        self._node.room.configure(fresh.quota, fresh.expire)
        try:
            self._node.listeners.renew()
            if self._node.workers is not None:
                self._node.workers.renew()
        except CertificateError as error:
            self._log.error("the certificate stays as it was: {error}", error=error)
        waiting = ", ".join(name for name in changed if name not in TAKEN_OVER)
        taken = ", ".join(name for name in changed if name in TAKEN_OVER)
        self._log.info("settings read again; changed: {taken}", taken=taken or "nothing")
        if waiting:
            self._log.warn("these settings changed and count from the next start: {waiting}", waiting=waiting)
