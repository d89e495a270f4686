"""A node in this process with all kinds of listeners, for clients in threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import defer, reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from cliquenntp.interfaces import Right
from cliquenntp.service.forums import root_document
from cliquenntp.service.node import Node
from cliquenntp.service.readers.accounts import Account, new_verifier
from cliquenntp.service.settings import Settings
from tests.nntp_client import NewsClient

LOOPBACK = "tcp:0:interface=127.0.0.1"
OPEN = "tcp:0:interface=0.0.0.0"
TLS = "tls:0:interface=127.0.0.1"
PASSWORD = "correct"


class ListenersCase(TestCase):
    """A test with a node in this process and clients in threads."""

    timeout = 60

    @pytest.fixture(autouse=True)
    def _take_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    async def start(self, **settings: Any) -> Node:
        given = {"nntp": (LOOPBACK,), "web": (), "data": self.folder / "data", "public_forums": ("clique.tea",)}
        node = Node(reactor, Settings(**(given | settings)))
        node.startService()
        self.addCleanup(lambda: node.stopService() if node.running else None)
        self.node = node
        for name in ("tea", "secret"):
            if node.store.reader.forum(f"clique.{name}") is None:
                await node.accept(root_document(name, "", node.owner, int(node.clock())))
        return node

    async def account(self, name: str, rights: Right = Right.READ | Right.POST, *forums: str) -> Account:
        verifier = await deferToThread(new_verifier, PASSWORD, b"salt" * 4)
        account = Account(0, name, rights, frozenset(forums) or None, verifier, 0)
        return await self.node.accounts.add(account)

    def port(self, kind: str, index: int = 0) -> int:
        return int(self.node.listeners.addresses(kind)[index].rpartition(":")[2])

    def connect(self, kind: str, index: int = 0) -> NewsClient:
        return NewsClient("127.0.0.1", self.port(kind, index))

    def run_async(self, coroutine: Any) -> defer.Deferred[Any]:
        return defer.ensureDeferred(coroutine)

    async def thread(self, function: Callable[..., Any], *arguments: object) -> Any:
        return await deferToThread(function, *arguments)
