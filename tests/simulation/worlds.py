"""A world: nodes that join by invitations, crash, stop, return and publish, whatever protocol they speak."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any, Protocol

from cliquenntp.clique.messages import Channel
from cliquenntp.interfaces import Place

from .engine import Engine
from .measure import Recorder
from .network import Network, NetworkModel


class INode(Protocol):
    """A node in the simulator; ``opened``, ``failed``, ``closed`` and ``received`` come from the network."""

    number: int

    def start(self) -> None:
        """Begin or, made from what a crash left, begin again."""

    def join(self, inviter: int | None) -> None:
        """Join by an invitation that names one node, or found the network."""

    def publish(self, place: Place) -> None:
        """Spread a document written at this node."""

    def persisted(self) -> Any:
        """Return what is committed: all that a crash leaves."""

    def opened(self, peer: int, outbound: bool) -> None: ...
    def failed(self, peer: int) -> None: ...
    def closed(self, peer: int) -> None: ...
    def received(self, peer: int, payload: Any) -> None: ...


EPOCH = 1_700_000_000
"""Clique-Time when a simulation begins"""

NodeFactory = Callable[["World", int, Any], INode]


class World:
    """The engine, the network, the recorder and every node, dead ones by what they had committed."""

    def __init__(self, make: NodeFactory, seed: int, model: NetworkModel | None = None) -> None:
        self.seed = seed
        self.random = Random(f"world {seed}")
        self.engine = Engine()
        self.network = Network(self.engine, Random(f"network {seed}"), model)
        self.recorder = Recorder()
        self.nodes: dict[int, INode] = {}
        self.down: dict[int, Any] = {}
        self.documents: dict[bytes, Place] = {}
        self.paths: dict[bytes, tuple[bytes, ...]] = {}
        """of each document: the ids from its root to itself"""
        self.follows: dict[int, list[Channel]] = {}
        """the channels that each node follows or, once it has joined, will follow"""
        self.liars: set[int] = set()
        self.core_events = 0
        self.core_seconds = 0.0
        """processor seconds in which the cores handled them"""
        self._make = make

    def add(self, number: int, inviter: int | None) -> INode:
        """Start a new node by an invitation from ``inviter``; None founds the network."""
        node = self._raise(number, None)
        node.join(inviter)
        return node

    def crash(self, number: int) -> None:
        """Kill a node at once; what it had not committed is lost and its peers notice late."""
        node = self.nodes.pop(number, None)
        if node is not None:
            self.down[number] = node.persisted()
            self.network.detach(number)
            self.recorder.went_down(number, self.engine.now)

    def restart(self, number: int) -> None:
        """Start a dead node again from what it had committed."""
        if number in self.down:
            self._raise(number, self.down.pop(number))
            self.recorder.came_up(number, self.engine.now)

    def new_document(self, parent: bytes | None = None, size: int = 2048, key: bytes = b"") -> Place:
        """Make up a document of an author (its key) below ``parent``, or a root; nobody has it yet."""
        identity = sha256(f"document {self.seed} {len(self.documents)}".encode()).digest()
        parents = () if parent is None else (parent,)
        place = Place(identity, wall_clock(self.engine.now), parents, size, key)
        self.documents[identity] = place
        self.paths[identity] = (*self.paths.get(parent or b"", ()), identity)
        return place

    def publish(
        self, author: int, parent: bytes | None = None, size: int = 2048, key: bytes = b"", *, spam: bool = False
    ) -> bytes:
        """Publish a new document at a live node, for everyone that follows a channel of it; spam is for nobody.

        Returns its id.
        """
        place = self.new_document(parent, size, key)
        wanted = frozenset(number for number in self.follows if not spam and self.wants(number, place.id))
        self.recorder.published(place.id, self.engine.now, author, wanted)
        self.nodes[author].publish(place)
        return place.id

    def wants(self, number: int, identity: bytes) -> bool:
        """Return whether a node follows a channel to which the document belongs."""
        path = self.paths[identity]
        return any(
            channel.document == identity or channel.document in (path[-2:] if channel.comments else path)
            for channel in self.follows.get(number, ())
        )

    def _raise(self, number: int, committed: Any) -> INode:
        node = self._make(self, number, committed)
        self.nodes[number] = node
        self.network.attach(number, node)
        node.start()
        return node


def wall_clock(now: float) -> int:
    """Return the Clique-Time that belongs to a simulated time."""
    return EPOCH + int(now)


def inviters(topology: str, count: int, random: Random) -> list[int | None]:
    """Return each node's inviter; ``topology`` is line, star or tree (two to four invitations a member)."""
    if topology == "line":
        return [None, *range(count - 1)]
    if topology == "star":
        return [None, *([0] * (count - 1))]
    if topology != "tree":
        raise ValueError(f"no such topology: {topology}")
    chosen: list[int | None] = [None]
    places = [0] * 3
    while len(chosen) < count:
        place = random.randrange(len(places))
        places[place], places[-1] = places[-1], places[place]
        inviter = places.pop()
        places += [len(chosen)] * random.randint(2, 4)
        chosen.append(inviter)
    return chosen
