"""cliquectl's commands about room on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import id_from_text, id_text
from cliquenntp.service.commands.follow import find_document
from cliquenntp.service.turn import TurnRefused
from cliquenntp.service.upkeep.room import BOOKMARK
from cliquenntp.store import NotPacked

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


class RoomCommands:
    """The commands about room."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"expire": self.expire, "pack": self.pack, "bookmark": self.bookmark, "bookmarks": self.bookmarks}

    async def expire(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Drop what the rules and the quota say."""
        try:
            report = await self._node.room.expire(bool(arguments.get("dry_run")))
        except (NotPacked, TurnRefused) as error:
            raise CommandError(str(error)) from None
        return attrs.asdict(report)

    async def pack(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Free what is no longer needed."""
        try:
            return attrs.asdict(await self._node.room.pack())
        except NotPacked as error:
            raise CommandError(f"not packed, all is as it was: {error}") from None

    async def bookmark(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a document whatever expires, or no longer."""
        document, name = find_document(self._node, arguments)
        kept = not arguments.get("remove")
        try:
            await self._node.room.bookmark(document, kept)
        except TurnRefused as error:
            raise CommandError(str(error)) from None
        return {"name": name, "text": f"{name} is kept {'whatever expires' if kept else 'no longer than others'}"}

    async def bookmarks(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """List what is kept whatever expires."""
        archive = self._node.store.reader
        for name, _ in archive.pieces(BOOKMARK):
            docno = archive.find(id_from_text(name.removeprefix(BOOKMARK)))
            if docno is not None:
                record = archive.record(docno)
                await answer.rows([{"name": record.name, "subject": record.subject, "id": id_text(record.id)}])
        return {}
