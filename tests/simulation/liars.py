"""Nodes that break the rules while their frames are well formed: what honest ones must bear."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from cliquenntp.clique import claiming
from cliquenntp.clique import effects as do
from cliquenntp.clique.messages import AdvertMessage, Contact, Message, Offer, Walk

from .clique_node import CliqueNode
from .identity import node_key
from .worlds import World

CLAIM_EVERY = 20.0
WALKS_EVERY = 10.0
WALKS_AT_ONCE = 20
WALK_HOPS = 6


def corrupt(world: World, number: int, lie: str) -> None:
    """Make a live node a liar from now on: ``distance``, ``claim`` or ``walk``."""
    node = world.nodes[number]
    if not isinstance(node, CliqueNode):
        raise TypeError("only nodes of the clique lie")
    world.liars.add(number)
    # the node goes on with its core and state; what it performs changes
    node.__class__ = {"distance": ZeroDistance, "claim": Claimer, "walk": Introducer}[lie]
    begin: Any = getattr(node, "begin_lying", None)
    if begin is not None:
        begin()


class ZeroDistance(CliqueNode):
    """Says that it is beside the center, so that many take it for their parent, and drops every document."""

    def _send(self, effect: do.Send) -> None:
        lies: list[Message] = []
        for message in effect.messages:
            if isinstance(message, AdvertMessage):
                message = evolve(message, advert=evolve(message.advert, distance=0))
            if not isinstance(message, Offer):
                lies.append(message)
        if lies:
            super()._send(do.Send(effect.link, tuple(lies)))

    def _send_document(self, effect: do.SendDocument) -> None:
        pass


class Claimer(CliqueNode):
    """Claims to be the center again and again, signed and lawful."""

    def begin_lying(self) -> None:
        """Claim now and go on claiming."""
        if not self.alive:
            return
        core = self.core.node
        core.now = self._world.engine.now
        for state in core.channels.values():
            claiming.take_term(core, state)
        effects = core.take_effects([])
        self._perform(effects)
        self._sleep()
        self._world.engine.after(CLAIM_EVERY, self.begin_lying)


class Introducer(CliqueNode):
    """Introduces nodes that do not exist, many at a time."""

    def begin_lying(self) -> None:
        """Send walks of nobody on every edge, and go on."""
        if not self.alive:
            return
        for edge in list(self.core.node.edges.values()):
            if edge.remote:
                nobody = [10**9 + self._world.random.randrange(10**6) for _ in range(WALKS_AT_ONCE)]
                walks = [
                    Walk(edge.remote, Contact(node_key(number), f"i2p:{number:052}.b32.i2p"), None, WALK_HOPS, 0)
                    for number in nobody
                ]
                self._send(do.Send(edge.link.number, tuple(walks)))
        self._world.engine.after(WALKS_EVERY, self.begin_lying)
