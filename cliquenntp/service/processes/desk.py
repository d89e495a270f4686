"""The writer's side: what readers ask of it, and what it tells them of each commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from cliquenntp.interfaces import OWNER, SHARED, Changes, Identity
from cliquenntp.nntp.session import PostResult
from cliquenntp.nntp.verdict import Verdict
from cliquenntp.service.processes.calls import CallingProtocol

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

DESK_SOCKET = "desk.sock"
"""in the data folder"""

_NOBODY = PostResult(False, "the account is not there any more")


class Desk(Factory):
    """Where readers connect; whoever reaches it may post as anybody, so it is a Unix socket or on loopback."""

    noisy = False

    def __init__(self, node: Node, secret: bytes) -> None:
        """``secret`` makes the salts of accounts that do not exist, on all processes the same."""
        self._node = node
        self._secret = secret
        self._readers: list[CallingProtocol] = []
        self._judged: dict[bytes, Verdict] = {}
        """posts that take longer, by what the reader calls them"""

    @property
    def readers(self) -> int:
        """How many readers are connected."""
        return len(self._readers)

    def buildProtocol(self, addr: IAddress | None) -> _Clerk:
        """Return the protocol for a reader."""
        return _Clerk(self)

    def came(self, reader: CallingProtocol) -> None:
        """Tell a reader that has connected what it cannot read from the database."""
        self._readers.append(reader)
        reader.tell("hello", self._node.store.writer.state, self._secret, self._unreached())

    def went(self, reader: CallingProtocol) -> None:
        """Forget a reader."""
        self._readers.remove(reader)

    def moved(self, changes: Changes) -> None:
        """Tell all readers what a commit has changed; called while the writer's thread is idle."""
        if self._readers:
            told = (changes.documents, changes.groups, changes.gone, changes.aliases, changes.revised)
            self._tell("moved", self._node.store.writer.state, *told)
            if any(not held.place.parents for held in changes.held):
                self.look_again()

    def retitled(self) -> None:
        """Tell all readers that what forums' descriptions say has changed."""
        self._tell("unreached", self._unreached())

    def look_again(self) -> None:
        """Tell all readers that forums may be nodes' that were not before."""
        self._tell("forums")

    def account_changed(self, name: str | None) -> None:
        """Tell all readers that an account has changed, or what all accounts see."""
        self._tell("account", self._node.store.writer.state, name)

    def power_changed(self) -> None:
        """Tell all readers that something is hidden, blocked or honoured, or no more."""
        self._tell("power", self._node.store.writer.state)

    def close(self) -> None:
        """End all connections."""
        for reader in list(self._readers):
            reader.transport.loseConnection()

    def _tell(self, *message: Any) -> None:
        for reader in self._readers:
            reader.tell(*message)

    def _unreached(self) -> list[bytes]:
        return sorted(self._node.unreached.roots)

    def handlers(self) -> dict[str, Callable[..., Any]]:
        """Return what readers may ask for, by name."""
        return {
            "post": self._post, "give_up": self._give_up, "look": self._look, "poll": self._poll, "take": self._take,
            "known": self._known,
        }

    def _identity(self, account: str) -> Identity | None:
        node = self._node
        if account == OWNER.account:
            return attrs.evolve(OWNER, forums=node.forums.of(SHARED))
        found = node.accounts.get(account)
        return None if found is None else found.identity(node.store.reader, node.forums)

    def _post(self, account: str, article: bytes, token: bytes) -> Any:
        identity = self._identity(account)
        if identity is None:
            return _verdict(_NOBODY)
        result = self._node.posting.post(article, identity)
        if isinstance(result, Verdict):
            self._judged[token] = result
            result.addBoth(self._forget, token)
        return result.addCallback(_verdict)

    def _forget(self, result: Any, token: bytes) -> Any:
        self._judged.pop(token, None)
        return result

    def _give_up(self, token: bytes) -> None:
        if token in self._judged:
            self._judged[token].give_up()

    def _look(self, account: str, group: int) -> Deferred[None] | None:
        identity = self._identity(account)
        if identity is None or not self._node.reading.looked(identity, group):
            return None
        return self._node.reading.fetched(group)

    def _poll(self, account: str, group: int) -> None:
        identity = self._identity(account)
        if identity is not None:
            self._node.reading.polled(identity, group)

    def _known(self, author: bytes) -> None:
        self._node.reading.on_read(author)

    def _take(self, message_id: bytes, article: bytes) -> Deferred[tuple[bool, str, bool]]:
        taken: Deferred[PostResult] = self._node.feed().take(message_id, article)
        return taken.addCallback(_verdict)


class _Clerk(CallingProtocol):
    """The connection with one reader."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.handlers())
        self._desk = desk
        self.on_lost = lambda: desk.went(self)

    def connectionMade(self) -> None:
        """Tell the reader what there is."""
        super().connectionMade()
        self._desk.came(self)


def _verdict(result: PostResult) -> tuple[bool, str, bool]:
    return result.accepted, result.text, result.later
