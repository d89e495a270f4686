"""The clique nodes of this process: the one that all accounts share, and those of accounts with a node of their own.

Each has a key, a place in the network and links of its own, and answers from what it holds itself; the documents and
the turn are the same for all.  Nothing that one node says to others tells of another one: that is what they are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.clique.budgets import BudgetLimits
from cliquenntp.document import Document
from cliquenntp.interfaces import SHARED, IRecord, IWriter
from cliquenntp.link.i2p_keys import KeyFileError as DestinationFileError
from cliquenntp.link.settings import LinkSettings
from cliquenntp.link.transports import I2PTransport
from cliquenntp.newsgroup.named import NamedSet
from cliquenntp.service.keys import KeyFileError, load_or_create
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.network.clique_state import forget_node
from cliquenntp.service.network.node_forums import NodeForums
from cliquenntp.service.node_key import NodeKey
from cliquenntp.service.power import Power
from cliquenntp.service.readers.accounts import SHARED_KEY, OwnNode
from cliquenntp.service.readers.news_endpoints import I2P
from cliquenntp.service.settings import Settings
from cliquenntp.service.start import i2p_network
from cliquenntp.service.turn import Turn
from cliquenntp.store import Store


class NodeError(Exception):
    """A node cannot be opened; the text says why, in one line."""


class CliqueNodes:
    """All of them.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(
        self, reactor: Any, store: Store, turn: Turn, settings: Settings, clock: Callable[[], float],
        accept: Callable[[IWriter, Document, int], IRecord], forums: NodeForums, power: Power,
    ) -> None:
        """Make the shared node's side; ``accept`` stores a document for a node in a step of the turn.

        What ``power`` says is blocked is blocked for all of them.

        ``clock`` is the time of day in seconds.  Raises KeyFileError, OSError.
        """
        self._reactor = reactor
        self._store = store
        self._turn = turn
        self._settings = settings
        self._clock = clock
        self._accept = accept
        self._forums = forums
        self._power = power
        power.on_blocked = self._blocked
        self.on_made: Callable[[CliqueSide], None] = lambda side: None
        """is called with the side of each further node, before it starts"""
        self._own: dict[int, CliqueSide] = {}
        self.key = NodeKey(load_or_create(settings.keys / SHARED_KEY))
        """the shared node's"""
        network = i2p_network(reactor, settings, I2P) if settings.clique == (I2P,) else None
        self.shared = self._side(self.key, SHARED, network)

    def _side(self, key: NodeKey, number: int, network: I2PTransport | None) -> CliqueSide:
        def accept(writer: IWriter, document: Document) -> IRecord:
            return self._accept(writer, document, number)

        limits = LinkSettings(max_rate=self._settings.max_rate)
        return CliqueSide(
            self._reactor, self._store, self._turn, key, self._clock, accept, network, number, limits, self._power,
            BudgetLimits.of(self._settings.newcomer_documents, self._settings.forum_newcomers))

    def _blocked(self, new: NamedSet, former: NamedSet) -> None:
        for side in self:
            side.blocked()
            if former:
                side.wanted_again()

    def __iter__(self) -> Iterator[CliqueSide]:
        """Yield the sides of all nodes, the shared one first."""
        yield self.shared
        yield from self._own.values()

    def get(self, number: int) -> CliqueSide | None:
        """Return a node's side, None where it is not open."""
        return self.shared if number == SHARED else self._own.get(number)

    async def new(self, endpoint: str) -> OwnNode:
        """Return a node that there never was.  Fails as Turn.submit does."""
        return OwnNode(await self._turn.submit(self._forums.new_node), endpoint)

    def open(self, node: OwnNode) -> CliqueSide:
        """Open a node of its own and let it go on with what it followed.  Raises NodeError.

        On I2P it can be reached once the router lets it.
        """
        key_file, destination_file = node.key_files
        try:
            key = NodeKey(load_or_create(self._settings.keys / key_file))
            network = (
                i2p_network(self._reactor, self._settings, destination_file) if node.endpoint == I2P else None)
            side = self._side(key, node.number, network)
            self.on_made(side)
            failures: list[Failure] = []
            ensureDeferred(side.start([node.endpoint])).addErrback(self._cannot_listen, node.number, failures)
        except (KeyFileError, DestinationFileError) as error:
            raise NodeError(str(error)) from None
        except OSError as error:
            raise NodeError(f"{error.filename}: {error.strerror}") from None
        self._own[node.number] = side
        if failures:
            raise NodeError(f"{node.endpoint} cannot be opened: {failures[0].getErrorMessage()}")
        return side

    def _cannot_listen(self, failure: Failure, number: int, failures: list[Failure]) -> None:
        """Note why a node takes no connections; over I2P that may turn out late."""
        failures.append(failure)
        self._log.warn("Node {number} takes no connections: {reason}", number=number, reason=failure.getErrorMessage())

    async def close(self, node: OwnNode) -> None:
        """Close a node for good: its links, key and state in the network go; the documents stay until they expire.

        Fails as Turn.submit does.
        """
        side = self._own.pop(node.number, None)
        if side is not None:
            await side.stop()
        await self._turn.submit(partial(self._forget, node.number))
        for name in node.key_files:
            (self._settings.keys / name).unlink(missing_ok=True)

    def _forget(self, number: int, writer: IWriter) -> None:
        forget_node(writer, number)
        self._forums.forget(number, writer)

    async def stop(self) -> None:
        """Say good-bye on all links of all nodes."""
        for side in self:
            await side.stop()
