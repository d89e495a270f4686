"""``cliquectl backup``: runs a backup in a thread and tells how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer
from cliquenntp.service.backup import BackupError, make_backup
from cliquenntp.store import StoreUnusable

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

PROGRESS_SECONDS = 0.5


async def backup_node(node: Node, answer: Answer, path: Path, passphrase: str) -> dict[str, Any]:
    """Write a node's backup to a file on this machine and return its manifest.  Raises CommandError."""
    written = [0]
    total = node.store.octets()

    def tell() -> Any:
        return answer.progress(min(written[0], total), total, "octets")

    telling = LoopingCall(tell)
    telling.clock = node.reactor
    telling.start(PROGRESS_SECONDS, now=False)
    try:
        return await deferToThread(
            make_backup, node.store, node.settings.keys, path, passphrase, int(node.clock()),
            lambda octets: written.__setitem__(0, octets))
    except (BackupError, StoreUnusable) as error:
        raise CommandError(str(error)) from None
    finally:
        telling.stop()
