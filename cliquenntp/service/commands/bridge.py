"""``cliquectl bridge``: newsgroups of other servers that are forums here."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.service.bridging.bridge import Bridge, BridgeError
from cliquenntp.service.bridging.way import Way
from cliquenntp.service.forums import NotImporterError
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

MOST_COUNTED = 1000
"""documents that are looked at to tell how many have not gone out yet"""


class BridgeCommands:
    """The commands about bridges."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"bridge": self.bridge}

    async def bridge(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make, remove or show bridges."""
        action = arguments.get("action") or "list"
        name = arguments.get("newsgroup")
        if action in ("list", "status"):
            rows = [self._row(*each) for each in self._node.bridges if name in (None, each[0].name)]
            if name is not None and not rows:
                raise CommandError(f"there is no bridge {name}")
            return {"action": action, "bridges": rows}
        if not isinstance(name, str):
            raise CommandError(f"bridge {action} needs a newsgroup")
        try:
            if action == "remove":
                await self._node.bridges.remove(name)
                return {"action": action, "text": f"{name} is bridged no more; what came over stays"}
            bridge = _bridge(name, arguments)
            await self._node.bridges.add(bridge, bool(arguments.get("from_now_on")))
        except (BridgeError, NotImporterError, TurnRefused) as error:
            raise CommandError(str(error)) from None
        return {"action": action, "text": f"{bridge.newsgroup} at {bridge.server} is clique.{bridge.forum} here"}

    def _row(self, bridge: Bridge, inward: Any, outward: Any) -> dict[str, Any]:
        return {
            "name": bridge.name,
            "server": bridge.server,
            "newsgroup": bridge.newsgroup,
            "forum": f"clique.{bridge.forum}",
            "path_identity": self._node.settings.path_identity,
            "in": None if inward is None else {
                "how": bridge.inward.value,
                **_way(inward),
                "number": inward.state.number,
                "taken": inward.state.taken,
                "held": inward.state.held,
                "refused": inward.state.refused,
                "cancelled": inward.state.cancelled,
            },
            "out": None if outward is None else {
                "how": bridge.outward.value,
                **_way(outward),
                "waiting": sum(1 for _ in islice(self._node.store.reader.since(outward.settled), MOST_COUNTED)),
                "sent": outward.state.sent,
                "held": outward.state.held,
                "refused": outward.state.refused,
            },
        }


def _way(way: Way) -> dict[str, Any]:
    refusals = [{"message_id": message_id, "reason": reason} for message_id, reason in way.trouble.refusals]
    return {"connected": way.is_connected, "trouble": way.trouble.text, "refusals": refusals}


def _bridge(newsgroup: str, arguments: Mapping[str, Any]) -> Bridge:
    """Return the bridge that a command asks for.  Raises BridgeError."""
    server = arguments.get("server")
    if not isinstance(server, str):
        raise BridgeError("a bridge needs --server tcp:HOST:PORT or tls:HOST:PORT")
    forum = str(arguments.get("forum") or newsgroup).removeprefix("clique.")
    given = {
        "inward": arguments.get("in"), "outward": arguments.get("out"), "login": arguments.get("login"),
        "interval": arguments.get("interval"), "name": arguments.get("name"),
    }
    plain = Bridge(name=newsgroup, server=server, newsgroup=newsgroup, forum=forum)
    try:
        return attrs.evolve(plain, **{key: value for key, value in given.items() if value is not None})
    except ValueError as error:
        raise BridgeError(str(error)) from None
