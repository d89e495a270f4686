"""Nodes among other nodes, in this process: database, turn, core and links over loopback, without the rest."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from cliquenntp.clique.budgets import BudgetLimits
from cliquenntp.clique.messages import Channel, Contact
from cliquenntp.document import Document
from cliquenntp.interfaces import IRecord, IWriter
from cliquenntp.service.arrival import accept
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.node_key import NodeKey
from cliquenntp.service.turn import Turn, TurnLimits
from cliquenntp.store import Store
from tests.signed_documents import signed

RETRY_SECONDS = 0.05
NOW = int(time.time())
ROOT = signed("About talk", Clique_Forum="talk", time=NOW - 1000)


class Side:
    """One node."""

    def __init__(self, test: TestCase, name: str, budgets: BudgetLimits | None = None) -> None:
        folder = TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.store = Store.open(Path(folder.name) / "database")
        test.addCleanup(self.store.close)
        self.turn = Turn(reactor, self.store, TurnLimits(retry_seconds=RETRY_SECONDS))
        self.key = NodeKey(name.encode().ljust(32, b"."))
        self.clique = CliqueSide(
            reactor, self.store, self.turn, self.key, time.time, accept_document, budgets=budgets)
        self.clique.on_founded = lambda root: self.clique.follow(Channel(root), (), founded=True)
        self.turn.start()
        test.addCleanup(self.turn.stop)
        test.addCleanup(lambda: Deferred.fromCoroutine(self.clique.stop()))
        self._test = test

    async def listen(self) -> Side:
        return await self.listen_at("tcp:127.0.0.1:0")

    async def listen_at(self, address: str) -> Side:
        await self.clique.start([address])
        return self

    @property
    def contact(self) -> Contact:
        return Contact(self.key.public, self.clique.links.addresses[0])

    @property
    def documents(self) -> int:
        return self.store.reader.newest()

    def holds(self, document: Document) -> bool:
        return self.store.reader.find(document.id) is not None

    def write(self, document: Document) -> Deferred[IRecord]:
        """Store a document as a post does."""
        return self.turn.submit(lambda writer: accept_document(writer, document), len(document.raw))

    def join(self, other: Side) -> None:
        """Follow the other side's forum."""
        self.clique.invited(ROOT.id, (other.contact,))
        self.clique.follow(Channel(ROOT.id), ())

    def break_commits(self) -> list[Exception]:
        """Let every commit fail with the last exception of the list that is returned, as long as there is one."""
        errors: list[Exception] = [OSError(28, "No space left on device")]
        whole = self.store.writer._transactions.commit

        def commit() -> None:
            if errors:
                raise errors[-1]
            whole()

        self._test.patch(self.store.writer._transactions, "commit", commit)
        return errors


def accept_document(writer: IWriter, document: Document) -> IRecord:
    return accept(writer, document, NOW, "not-for-mail")
