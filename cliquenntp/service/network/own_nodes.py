"""What a node's process does when a node of its own is opened, asked for a forum, or closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from twisted.logger import Logger

from cliquenntp.service.network.clique_nodes import NodeError
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.readers.accounts import OwnNode

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

_log = Logger()


def wire(node: Node, side: CliqueSide) -> None:
    """Let a node, the shared one too, take part in what the accounts do."""

    def on_shared(root: bytes) -> None:
        node.unreached.reached(side.node, root)
        node.sent_posts.shared(root)

    node.follows.add_node(side)
    side.on_sent = node.sent_posts.sent
    side.is_foreign = partial(node.unreached.is_foreign, side.node)
    side.on_shared = on_shared


def open_own_nodes(node: Node) -> None:
    """Let the accounts' own nodes go on; what is wrong with one stops no other."""
    for account in node.accounts.all():
        if account.node is not None:
            try:
                node.nodes.open(account.node)
            except NodeError as error:
                _log.error("The node of {account}: {error}", account=account.name, error=error)
                node.troubles.append(f"the node of {account.name}: {error}")


async def close_own_node(node: Node, own: OwnNode) -> None:
    """Close an account's own node for good, with all that it was asked for.  Fails as Turn.submit does."""
    if node.nodes.get(own.number) is not None:
        await node.follows.remove_node(own.number)
    await node.nodes.close(own)


def look_again(node: Node) -> None:
    """Let all newsreaders see a forum that is a node's from now on."""
    node.views.look_again()
    if node.sharing is not None:
        node.sharing.desk.look_again()


def expel_all(node: Node) -> None:
    """End all newsreaders' connections."""
    node.listeners.expel(None)
    if node.sharing is not None:
        node.sharing.desk.account_changed(None)
