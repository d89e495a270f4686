"""What cliquectl's commands do in the node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import cliquenntp
from cliquenntp.control.server import Answer, Handler

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


class NodeCommands:
    """The commands of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"status": self.status}

    async def status(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what the node is doing."""
        node = self._node
        return {
            "version": cliquenntp.__version__,
            "uptime": int(node.reactor.seconds() - node.started_at),
            "data": str(node.settings.data),
        }
