"""cliquectl's command about accounts: `user`, `user list` and so on."""

from __future__ import annotations

import secrets
from base64 import b32encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.threads import deferToThread

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import address_of, key_text
from cliquenntp.interfaces import OWNER, Listed, Right
from cliquenntp.newsgroup.outgoing import DEFAULT_LOCAL_PART
from cliquenntp.nntp.session import Verifier
from cliquenntp.service.keys import KeyFileError
from cliquenntp.service.network.clique_nodes import NodeError
from cliquenntp.service.network.own_nodes import close_own_node, expel_all
from cliquenntp.service.readers.accounts import (
    SALT_OCTETS,
    Account,
    AccountError,
    account_name,
    new_verifier,
    rights_named,
)
from cliquenntp.service.setting_checks import clique_endpoints, forum_names
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

PASSWORD_OCTETS = 10
"""of chance in a password made here: 16 characters that can be typed, 80 bits that nobody guesses"""

ENDPOINTS = "where the account's node takes connections, as i2p, tls:HOST:PORT, tcp:127.0.0.1:PORT, or off"
OWNERS_NODE = "the owner's node is the shared one"

USUAL_RIGHTS = Right.READ | Right.POST


class UserCommands:
    """The commands about accounts."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._actions = {
            "list": self._list, "add": self._add, "remove": self._remove, "password": self._password,
            "rights": self._rights, "node": self._own_node,
        }

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"user": self.user}

    async def user(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell the owner's address, or list, make or change accounts."""
        action = arguments.get("action")
        if action is None:
            return {"address": self._node.address, "key": key_text(self._node.owner.key)}
        if action not in self._actions:
            raise CommandError(f"{action!r} is none of {', '.join(self._actions)}")
        try:
            return await self._actions[action](arguments)
        except (AccountError, NodeError, TurnRefused, KeyFileError) as error:
            raise CommandError(str(error)) from None

    async def _list(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"accounts": [self._row(account) for account in self._node.accounts.all()]}

    async def _add(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        name = _name(arguments)
        if self._node.accounts.get(name) is not None:
            raise AccountError(f"there is or was an account {name}: `cliquectl user password {name}` lets it log in")
        if name == OWNER.account:
            rights, forums = OWNER.rights, None
            if arguments.get("rights") is not None or arguments.get("forums") is not None:
                raise AccountError("the owner has all rights and sees all forums")
            if arguments.get("node") is not None:
                raise AccountError(OWNERS_NODE)
        else:
            rights = USUAL_RIGHTS if arguments.get("rights") is None else _rights(arguments)
            forums = _forums(arguments)
        endpoint = _endpoint(arguments)
        password, verifier = await _verifier(arguments)
        account = Account(0, name, rights, forums, verifier, int(self._node.clock()), _listed(arguments))
        account = await self._node.accounts.add(account)
        if endpoint:
            account = await self._open(account, endpoint)
        return {"account": self._row(account), "password": password}

    async def _remove(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        account = await self._close(self._account(arguments))
        await self._change(attrs.evolve(account, verifier=None))
        if account.name != OWNER.account:
            await self._node.follows.forget(account.name)
        return {"text": f"{account.name} can log in no more; what it has posted stays"}

    async def _password(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if _name(arguments) == OWNER.account and self._node.accounts.get(OWNER.account) is None:
            return await self._add(arguments)
        account = self._account(arguments)
        password, verifier = await _verifier(arguments)
        account = await self._change(attrs.evolve(account, verifier=verifier))
        return {"account": self._row(account), "password": password}

    async def _rights(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        account = self._account(arguments)
        if account.name == OWNER.account:
            raise AccountError("the owner has all rights and sees all forums; `list_scope` is the owner's --list")
        if arguments.get("list") is not None:
            account = attrs.evolve(account, listed=_listed(arguments))
        if arguments.get("rights") is not None:
            account = attrs.evolve(account, rights=_rights(arguments))
        if arguments.get("forums") is not None:
            account = attrs.evolve(account, forums=_forums(arguments))
        return {"account": self._row(await self._change(account))}

    async def _own_node(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Give an account a node of its own, or take it away."""
        account, endpoint = self._account(arguments), _endpoint(arguments)
        if endpoint is None:
            raise AccountError(f"--node is missing: {ENDPOINTS}")
        if account.name == OWNER.account:
            raise AccountError(OWNERS_NODE)
        if endpoint and account.node is not None:
            raise AccountError(f"{account.name} has a node: `cliquectl user node {account.name} --node off` ends it")
        account = await (self._open(account, endpoint) if endpoint else self._close(account))
        return {"account": self._row(account)}

    async def _open(self, account: Account, endpoint: str) -> Account:
        """Open a node for an account; nothing is left of one that cannot be opened.  Raises NodeError."""
        nodes = self._node.nodes
        was_alone = not self._node.forums.are_several
        own = await nodes.new(endpoint)
        try:
            nodes.open(own)
        except NodeError:
            await close_own_node(self._node, own)
            raise
        if was_alone:
            # until now the shared node's forums were all, and connections begun before would see all that comes
            expel_all(self._node)
        return await self._change(attrs.evolve(account, node=own))

    async def _close(self, account: Account) -> Account:
        """Close an account's node if it has one."""
        if account.node is None:
            return account
        await close_own_node(self._node, account.node)
        return await self._change(attrs.evolve(account, node=None))

    async def _change(self, account: Account) -> Account:
        """Keep an account that has changed; whoever has logged in to it must do so again."""
        changed = await self._node.accounts.change(account)
        self._node.listeners.expel(account.name)
        return changed

    def _account(self, arguments: Mapping[str, Any]) -> Account:
        name = _name(arguments)
        account = self._node.accounts.get(name)
        if account is None:
            raise AccountError(f"there is no account {name}: `cliquectl user list` shows those that there are")
        return account

    def _row(self, account: Account) -> dict[str, Any]:
        is_owner = account.name == OWNER.account
        address = self._node.address if is_owner else address_of(
            self._node.personas.signer(account.persona).key, DEFAULT_LOCAL_PART
        )
        return {
            "name": account.name,
            "rights": account.right_names,
            "forums": None if account.forums is None else sorted(account.forums),
            "list": None if account.listed is None else account.listed.value,
            "can_log_in": account.verifier is not None,
            "node": self._node_row(account),
            "address": address,
        }


    def _node_row(self, account: Account) -> dict[str, Any] | None:
        """Return what there is to tell of an account's own node, None where it has none."""
        if account.node is None:
            return None
        side = self._node.nodes.get(account.node.number)
        return {
            "endpoint": account.node.endpoint,
            "key": None if side is None else key_text(side.key),
            "addresses": [] if side is None else side.links.addresses,
        }


def _name(arguments: Mapping[str, Any]) -> str:
    name = arguments.get("name")
    if not isinstance(name, str) or not name:
        raise AccountError("the account's name is missing")
    return account_name(name)


def _rights(arguments: Mapping[str, Any]) -> Right:
    return rights_named(name.strip() for name in str(arguments.get("rights")).split(","))


def _listed(arguments: Mapping[str, Any]) -> Listed | None:
    text = arguments.get("list")
    if text is None:
        return None
    try:
        return Listed(text)
    except ValueError:
        raise AccountError(f"--list takes {', '.join(listed.value for listed in Listed)}, not {text!r}") from None


def _endpoint(arguments: Mapping[str, Any]) -> str | None:
    """Return where an own node takes connections, an empty text for ``off``, None where nothing is said."""
    text = arguments.get("node")
    if text is None:
        return None
    try:
        endpoints = clique_endpoints(text)
    except ValueError as error:
        raise AccountError(f"--node takes {error}") from None
    return endpoints[0] if endpoints else ""


def _forums(arguments: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the forums that an account may see; ``all`` or nothing said: None."""
    text = arguments.get("forums")
    if text is None or text == "all":
        return None
    try:
        return frozenset(forum_names(str(text).split(",")))
    except ValueError as error:
        raise AccountError(f"--forums takes all, or {error}, with commas between them") from None


async def _verifier(arguments: Mapping[str, Any]) -> tuple[str | None, Verifier]:
    """Return (the password where it was made here, its verifier)."""
    given = arguments.get("password")
    made = None if given is not None else b32encode(secrets.token_bytes(PASSWORD_OCTETS)).decode().lower()
    salt = secrets.token_bytes(SALT_OCTETS)
    return made, await deferToThread(new_verifier, str(made or given), salt)
