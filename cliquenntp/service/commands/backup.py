"""``cliquectl backup``: runs a backup in a thread and tells how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.threads import deferToThread

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer
from cliquenntp.service.commands.telling import telling
from cliquenntp.service.upkeep.backup import BackupError, make_backup
from cliquenntp.store import StoreUnusable

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


async def backup_node(node: Node, answer: Answer, path: Path, passphrase: str) -> dict[str, Any]:
    """Write a node's backup to a file on this machine and return its manifest.  Raises CommandError."""
    with telling(node.reactor, answer, node.store.octets(), "octets") as progress:
        try:
            return await deferToThread(
                make_backup, node.store, node.settings.keys, path, passphrase, int(node.clock()), progress)
        except (BackupError, StoreUnusable) as error:
            raise CommandError(str(error)) from None
