"""Accounts: who may log in, with which rights, and what each sees.

They are kept in the database as pieces ``account.NUMBER``; of a password there is only the verifier.  An account that
is removed keeps its name and its persona: what it posted shall not become somebody else's.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Container, Iterable
from typing import Any

import attrs
import cbor2
from twisted.internet.defer import Deferred

from cliquenntp.interfaces import OWNER, SHARED, IArchive, Identity, IWriter, Listed, Right
from cliquenntp.nntp.session import Verifier
from cliquenntp.nntp.session.sasl import BadTextError, prepared
from cliquenntp.service.network.node_forums import InBoth, NodeForums
from cliquenntp.service.readers.views import NamedForums

PIECES = "account."
LAST_NUMBER = "accounts.last"

ITERATIONS = 100_000
"""of PBKDF2: 60 ms on a processor of 2020, which a login waits for in a thread; passwords made here have 100 bits, so
that it need not be more.  The same for all accounts: another number would tell that an account exists"""

SALT_OCTETS = 16

MOST_NAME_CHARACTERS = 64
MOST_PASSWORD_OCTETS = 256
"""AUTHINFO SASL PLAIN carries name and password in base64 in a line of 512 octets"""

RIGHTS = {"read": Right.READ, "post": Right.POST, "create": Right.CREATE, "admin": Right.ADMIN}
"""as operators name them"""


SHARED_KEY = "node"
"""name of the key file of the node that all accounts share"""


class AccountError(Exception):
    """An account cannot be made or changed; the text says why, in one line."""


@attrs.frozen
class OwnNode:
    """What an account's own node is."""

    number: int
    """in the names of its key files, and of what it holds; never given twice"""
    endpoint: str
    """where other nodes connect, as the setting clique has it"""

    @property
    def key_files(self) -> tuple[str, str]:
        """The names of its files under keys/: its key, and that of its I2P destination if it has one."""
        return f"{SHARED_KEY}-{self.number}", f"i2p-{SHARED_KEY}-{self.number}"


@attrs.frozen
class Account:
    """Somebody who may log in."""

    number: int
    """in the name of its persona's key file"""
    name: str
    """prepared by SASLprep"""
    rights: Right
    forums: frozenset[str] | None
    """newsgroups' names or roots' ids as text; None: all"""
    verifier: Verifier | None
    """None: nobody can log in, it was removed"""
    created: int
    """seconds since 1970 UTC"""
    listed: Listed | None = None
    """what its lists of newsgroups have; None: what the node's settings say"""
    node: OwnNode | None = None
    """its own clique node; None: the shared one alone"""

    @property
    def persona(self) -> str:
        """The name of the key file of its persona."""
        return OWNER.persona if self.name == OWNER.account else f"account-{self.number}"

    @property
    def nodes(self) -> tuple[int, ...]:
        """The numbers of the nodes whose forums it sees."""
        return (SHARED,) if self.node is None else (SHARED, self.node.number)

    def identity(self, archive: IArchive, forums: NodeForums) -> Identity:
        """Return who it is to a session."""
        seen: Container[int] = forums.of(*self.nodes)
        if self.forums is not None:
            seen = InBoth(NamedForums(archive, self.forums), seen)
        return Identity(self.name, self.rights, seen, self.persona)

    def encoded(self) -> bytes:
        """Return it as a piece."""
        values: dict[str, Any] = {
            "name": self.name,
            "rights": self.right_names,
            "forums": None if self.forums is None else sorted(self.forums),
            "created": self.created,
        }
        if self.listed is not None:
            values["listed"] = self.listed.value
        if self.node is not None:
            values["node"] = attrs.asdict(self.node)
        if self.verifier is not None:
            values["verifier"] = attrs.asdict(self.verifier)
        return cbor2.dumps(values)

    @property
    def right_names(self) -> list[str]:
        """Its rights as operators name them."""
        return [name for name, right in RIGHTS.items() if right in self.rights]

    @classmethod
    def decoded(cls, number: int, piece: bytes) -> Account:
        """Return the account in a piece."""
        values = cbor2.loads(piece)
        forums, verifier = values["forums"], values.get("verifier")
        return cls(
            number,
            values["name"],
            rights_named(values["rights"]),
            None if forums is None else frozenset(forums),
            None if verifier is None else Verifier(**verifier),
            values["created"],
            Listed(values["listed"]) if "listed" in values else None,
            OwnNode(**values["node"]) if "node" in values else None,
        )


def rights_named(names: Iterable[str]) -> Right:
    """Return rights by their names.  Raises AccountError."""
    found = Right.NONE
    for name in names:
        if name not in RIGHTS:
            raise AccountError(f"{name!r} is no right; rights are {', '.join(RIGHTS)}")
        found |= RIGHTS[name]
    return found


def account_name(text: str) -> str:
    """Return an account's name as it is kept and compared.  Raises AccountError."""
    try:
        name = prepared(text)
    except BadTextError as error:
        raise AccountError(f"not a name for an account: {error}") from None
    if not 1 <= len(name) <= MOST_NAME_CHARACTERS or any(character.isspace() for character in name):
        raise AccountError(f"an account's name has 1 to {MOST_NAME_CHARACTERS} characters and no spaces")
    return name


def new_verifier(password: str, salt: bytes) -> Verifier:
    """Return a password's verifier; takes its time, so not for the reactor's thread.  Raises AccountError."""
    if not password or len(password.encode("utf-8")) > MOST_PASSWORD_OCTETS or any(map(str.isspace, password)):
        raise AccountError(f"a password has 1 to {MOST_PASSWORD_OCTETS} octets and no spaces")
    try:
        return Verifier.of(password, salt, ITERATIONS)
    except BadTextError as error:
        raise AccountError(f"not a password that can be typed everywhere: {error}") from None


class Accounts:
    """The accounts of a node; the database has them, this has a copy."""

    def __init__(
        self, archive: Any, submit: Callable[[Callable[[IWriter], Any]], Deferred[Any]], secret: bytes
    ) -> None:
        """``archive`` has ``pieces`` as IWriter; ``submit`` is the turn's.

        ``secret`` makes the salts of accounts that do not exist, which must stay the same for ever.
        """
        self._archive = archive
        self._submit = submit
        self.secret = secret
        self._accounts: dict[str, Account] = {}
        self.on_changed: Callable[[str], None] = lambda name: None
        """is called with the name of an account that has changed or is new, once that is on disk"""
        self.read()

    def read(self) -> None:
        """Take up the accounts that the database has now."""
        found = (
            Account.decoded(int(name.removeprefix(PIECES)), piece) for name, piece in self._archive.pieces(PIECES))
        self._accounts = {account.name: account for account in found}

    def get(self, name: str) -> Account | None:
        """Return an account by its prepared name, or None."""
        return self._accounts.get(name)

    def own_node(self, name: str) -> int | None:
        """Return the number of an account's own node, None where it has none."""
        account = self._accounts.get(name)
        return None if account is None or account.node is None else account.node.number

    def all(self) -> list[Account]:
        """Return the accounts in the order in which they were made."""
        return sorted(self._accounts.values(), key=lambda account: account.number)

    def verifier(self, name: str) -> Verifier:
        """Return what checks an account's password; where there is no such account, one that nothing passes."""
        account = self._accounts.get(name)
        # made in both cases, so that both take the same time
        invented = self._invented(name)
        return invented if account is None or account.verifier is None else account.verifier

    def _invented(self, name: str) -> Verifier:
        salt, stored_key, server_key = (
            hmac.digest(self.secret, f"{use} {name}".encode(), "sha256") for use in ("salt", "stored", "server")
        )
        return Verifier(salt[:SALT_OCTETS], ITERATIONS, stored_key, server_key)

    def add(self, account: Account) -> Deferred[Account]:
        """Keep an account that is new, under the next number; fires with it when it is on disk."""

        def step(writer: IWriter) -> Account:
            number = int(writer.piece(LAST_NUMBER) or b"0") + 1
            writer.piece_set(LAST_NUMBER, str(number).encode())
            numbered = attrs.evolve(account, number=number)
            writer.piece_set(f"{PIECES}{number}", numbered.encoded())
            return numbered

        return self._submit(step).addCallback(self._keep)

    def change(self, account: Account) -> Deferred[Account]:
        """Keep an account that has changed; fires with it when it is on disk."""

        def step(writer: IWriter) -> Account:
            writer.piece_set(f"{PIECES}{account.number}", account.encoded())
            return account

        return self._submit(step).addCallback(self._keep)

    def _keep(self, account: Account) -> Account:
        self._accounts[account.name] = account
        self.on_changed(account.name)
        return account
