"""For whom a command of cliquectl is: the owner, or an account that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from cliquenntp.control.protocol import CommandError
from cliquenntp.interfaces import OWNER, SHARED, Identity, INewsView
from cliquenntp.service.network.clique_side import CliqueSide

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


@attrs.frozen
class Acting:
    """Somebody for whom a command is."""

    account: str
    identity: Identity
    """with the forums that the account sees"""
    view: INewsView
    """with what is hidden, which can be named to be shown again"""
    clique: CliqueSide
    """of the account's own node, else of the shared one"""
    is_named: bool
    """whether the command names an account"""


def acting(node: Node, arguments: Mapping[str, Any]) -> Acting:
    """Return for whom a command is, by its argument ``account``.  Raises CommandError."""
    name = str(arguments.get("account") or OWNER.account)
    side = node.clique
    identity = attrs.evolve(OWNER, forums=node.forums.of(SHARED))
    if name != OWNER.account:
        account = node.accounts.get(name)
        if account is None:
            raise CommandError(f"there is no account {name}: `cliquectl user list` shows those that there are")
        identity = account.identity(node.store.reader, node.forums)
        if account.node is not None:
            own = node.nodes.get(account.node.number)
            if own is None:
                raise CommandError(f"the node of {name} is not open: `cliquectl status` tells why")
            side = own
    return Acting(name, identity, node.views.with_hidden(identity), side, name != OWNER.account)
