"""Bridges between a node's store and a small news server."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater

from cliquenntp.document import Signer, address_of, build, parse
from cliquenntp.interfaces import SHARED, IRecord
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.service.arrival import accept
from cliquenntp.service.bridging.bridge import Bridge
from cliquenntp.service.bridging.bridges import Bridges
from cliquenntp.service.forums import root_document
from cliquenntp.service.settings import Settings
from tests.service.news_server import NewsServer
from tests.service.stored_case import StoredCase

OWNER, WRITER, STRANGER = (Signer(bytes([number]) * 32) for number in range(3))


class BridgesCase(StoredCase):
    """A test of bridges to a news server in memory."""

    timeout = 20

    def setUp(self) -> None:
        super().setUp()
        self.server = NewsServer()
        port = self.server.listen()
        self.addCleanup(port.stopListening)
        self.addCleanup(self.hang_up)
        self.bridges = self.opened()
        self.bridge = Bridge(
            name="garden", server=f"tcp:127.0.0.1:{port.getHost().port}", newsgroup="misc.garden", forum="garden",
            interval=1)

    def opened(self, path_identity: str = "node.example") -> Bridges:
        settings = Settings(path_identity=path_identity)
        bridges = Bridges(reactor, self.store.reader, self.turn, OWNER, settings, time.time)
        self.addCleanup(bridges.stop)
        bridges.start()
        return bridges

    async def hang_up(self) -> None:
        self.bridges.stop()
        for connection in [*self.server.connections]:
            connection.transport.abortConnection()
        await self.until(lambda: not self.server.connections)

    def way(self, direction: str) -> Any:
        [(_, inward, outward)] = [*self.bridges]
        return inward if direction == "in" else outward

    async def until(self, look: Any) -> Any:
        while not (found := look()):
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]
        return found

    async def root(self, signer: Signer = OWNER) -> IRecord:
        return await self.stored(root_document("garden", "", signer, int(time.time())))

    async def stored(self, document: Any, node: int = SHARED) -> IRecord:
        return await self.turn.submit(lambda writer: accept(writer, document, int(time.time()), "node.example", node))

    async def post(
        self, subject: str, parent: IRecord, *more: tuple[bytes, bytes], signer: Signer = WRITER, node: int = SHARED
    ) -> IRecord:
        now = int(time.time())
        fields = [
            (b"From", b"W <" + address_of(signer.key, "w").encode() + b">"), (b"Subject", subject.encode()),
            (b"Date", b"Sat, 28 Nov 2026 10:00:00 +0000"), *(more or [(b"Clique-Parent", id_of(parent))]),
        ]
        return await self.stored(parse(signer.sign(build(fields, f".Text of {subject}\r\n".encode()), now)), node)

    def there(self, record: IRecord) -> bytes | None:
        number = self.server.find(message_id_at(record))
        return None if number is None else self.server.articles[number]


def id_of(record: IRecord) -> bytes:
    """Return the id of a document as text."""
    return message_id_at(record)[1:53]


def message_id_at(record: IRecord) -> bytes:
    """Return the Message-ID of a document."""
    return message_id_of(record.id)


def values_of(bridge: Bridge) -> dict[str, Any]:
    """Return what a bridge is made of, by name."""
    return {name: getattr(bridge, name) for name in Bridge.__slots__ if not name.startswith("__")}
