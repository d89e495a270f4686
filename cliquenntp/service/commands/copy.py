"""``cliquectl copy-storage``: copies the database of a running node to where it is to move."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.threads import deferToThread

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer
from cliquenntp.service.commands.telling import telling
from cliquenntp.service.setting_checks import storage
from cliquenntp.service.turn import TurnRefused
from cliquenntp.store import Destination, StoreUnusable, without_password

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

CACHES_FOLDER = "copy"
"""in the data folder, for large documents on their way to a server"""

MOVED = "the database has been copied and nothing is changed here any more: start the node with the copy"

MOST_DIFFERENCES = 10
"""that are told; one is too many"""


async def copy_storage(node: Node, answer: Answer, location: str) -> dict[str, Any]:
    """Copy a node's database while it runs, the rest while it only reads, and compare both.  Raises CommandError.

    Afterwards the node takes nothing new: what came would not be in the copy.  Where the copy is not right it goes on.
    """
    try:
        location = str(Path(location).absolute()) if "://" not in location else storage(location)
        destination = await deferToThread(Destination, location, node.settings.data / CACHES_FOLDER)
    except (StoreUnusable, ValueError) as error:
        raise CommandError(str(error)) from None
    try:
        with telling(node.reactor, answer, 0, "records, while posts are taken") as progress:
            await deferToThread(node.store.copy_to, destination, progress)
        await node.turn.hold(MOVED)
    except (StoreUnusable, TurnRefused, OSError) as error:
        destination.close()
        raise CommandError(f"nothing has changed: {error}") from None
    is_right = False
    try:
        documents = node.store.reader.newest()
        with telling(node.reactor, answer, documents, "documents compared") as progress:
            await deferToThread(node.store.copy_to, destination, lambda records: None)
            differences = await deferToThread(_compared, node, destination, progress)
        if differences:
            raise CommandError(f"the copy is not right and must not be used: {'; '.join(differences)}")
        is_right = True
    finally:
        if not is_right:
            node.turn.release()
    return {"location": without_password(location), "documents": documents}


def _compared(node: Node, destination: Destination, progress: Any) -> list[str]:
    """Return the first differences; in a thread."""
    found = []
    with node.store.snapshot() as original:
        for difference in destination.differences(original, progress):
            found.append(difference)
            if len(found) == MOST_DIFFERENCES:
                break
    return found
