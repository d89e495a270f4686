"""cliquectl's commands about other nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cliquenntp.clique.channel import ChannelState, Edge
from cliquenntp.clique.messages import Channel
from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import DocumentError, key_from_text, key_text
from cliquenntp.link.address import BadAddressError
from cliquenntp.link.refusal import UnwantedError
from cliquenntp.service.commands.acting import acting
from cliquenntp.service.commands.deliveries import deliveries
from cliquenntp.service.commands.follow import ALL, COMMENTS, depth_of, find_document, newsgroup_name
from cliquenntp.service.commands.graph import graph, role_of
from cliquenntp.service.network.clique_side import CliqueSide

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


class NetworkCommands:
    """The commands about other nodes."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {
            "peers": self.peers,
            "connect": self.connect,
            "resync": self.resync,
            "graph": self.graph,
            "deliveries": self.deliveries,
        }

    async def peers(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """List the links, and the addresses that are being dialled."""
        await answer.rows(peers(self._node, acting(self._node, arguments).clique))
        return {}

    async def graph(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Draw what this node sees of a document's overlay."""
        return graph(self._node, arguments)

    async def deliveries(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """List the documents that came from other nodes and went to them last."""
        await answer.rows(deliveries(self._node, arguments))
        return {}

    async def connect(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Dial an address, as KEY@ADDRESS or ADDRESS alone."""
        text = str(arguments.get("address"))
        key, at, address = text.rpartition("@")
        try:
            acting(self._node, arguments).clique.links.dial(address, key_from_text(key) if at else None)
        except BadAddressError as error:
            raise CommandError(str(error)) from None
        except UnwantedError:
            raise CommandError(f"that node is blocked: `cliquectl unblock peer {key}` wants it again") from None
        except DocumentError as error:
            raise CommandError(f"{key!r} is no node key: {error.reason}") from None
        return {"address": address, "text": f"dialling {address}: `cliquectl peers` shows how it goes"}

    async def resync(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Compare what a followed channel holds with its neighbours."""
        comments = depth_of(arguments) == COMMENTS
        document, name = find_document(self._node, arguments)
        channel = Channel(document, comments)
        clique = acting(self._node, arguments).clique
        state = clique.channels.get(channel)
        if state is None:
            raise CommandError(f"{name} is not followed: `cliquectl follow {name}` first")
        nodes = sum(1 for _ in state.open_edges())
        if not nodes:
            raise CommandError(f"no other node to compare {name} with: `cliquectl peers` shows the links")
        clique.resync(channel)
        return {"name": name, "nodes": nodes, "text": f"comparing {name} with {nodes} nodes"}


def peers(node: Node, clique: CliqueSide) -> Iterator[dict[str, Any]]:
    """Yield a row for each link of a node of the process, then one for each address that it is dialling."""
    shared: dict[int, list[dict[str, Any]]] = {}
    for state in clique.channels.values():
        for edge in state.open_edges():
            shared.setdefault(edge.link.number, []).append(_shared(node, state, edge))
    for link in clique.links.links():
        yield {
            "key": key_text(link.node_key),
            "address": link.address,
            "state": "linked",
            "latency": link.latency,
            "bytes_received": link.bytes_received,
            "bytes_sent": link.bytes_sent,
            "waiting": link.waiting,
            "forums": sorted({row["forum"] for row in shared.get(link.link_id, ())}),
            "shared": sorted(shared.get(link.link_id, ()), key=lambda row: (row["newsgroup"], row["depth"])),
        }
    for address, reason in clique.links.dials().items():
        yield {"key": "", "address": address, "state": f"dialling ({reason})" if reason else "dialling"}


def _shared(node: Node, state: ChannelState, edge: Edge) -> dict[str, Any]:
    """Return what a node shares of a forum with this one, and how far this one is behind."""
    comparison = edge.comparison
    behind = 0
    if comparison is not None:
        behind = len(comparison.asked) + sum(len(missing.documents) for missing in list(comparison.missing))
    return {
        "forum": newsgroup_name(node, state.scope),
        "newsgroup": newsgroup_name(node, edge.channel.document),
        "depth": COMMENTS if edge.channel.comments else ALL,
        "role": role_of(state, edge).value,
        # documents that a comparison found there, and that have not come yet
        "behind": behind,
        "compared": not edge.differs and (comparison is None or not comparison.under_way),
    }


def clique_time(since: Any) -> int:
    """Return a day (2026-01-31) or seconds since 1970 UTC, as typed after --since, as Clique-Time; none: 0.

    Raises CommandError.
    """
    if since is None:
        return 0
    text = str(since)
    try:
        if text.isdecimal():
            return int(text)
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise CommandError(f"--since takes a day such as 2026-01-31, or seconds since 1970, not {text!r}") from None
