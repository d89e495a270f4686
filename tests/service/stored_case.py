"""A test with a store in a folder, and a turn that writes to it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from cliquenntp.service.turn import Turn, TurnLimits
from cliquenntp.store import Store


class StoredCase(TestCase):
    """A test whose ``store`` and ``turn`` end with it."""

    timeout = 60
    limits: ClassVar[TurnLimits] = TurnLimits()

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.store = Store.open(self.folder / "store")
        self.addCleanup(self.store.close)
        self.turn = Turn(reactor, self.store, self.limits)
        self.turn.start()
        self.addCleanup(self.turn.stop)
