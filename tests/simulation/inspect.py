"""Looking into the cores of simulated nodes: the one place that knows how their state is laid out."""

from __future__ import annotations

from collections.abc import Iterator

from cliquenntp.clique.channel import ChannelState, Edge

from .clique_node import CliqueNode
from .identity import number_of
from .worlds import World


def cores(world: World) -> Iterator[tuple[int, CliqueNode]]:
    """Yield the live nodes that run the clique core."""
    for number, node in world.nodes.items():
        if isinstance(node, CliqueNode):
            yield number, node


def states(node: CliqueNode) -> list[ChannelState]:
    """Return the channels of a node."""
    return list(node.core.node.channels.values())


def full_states(world: World) -> Iterator[tuple[int, ChannelState]]:
    """Yield (node's number, state) of all live full nodes."""
    for number, node in cores(world):
        for state in states(node):
            if state.is_full:
                yield number, state


def peer_of(edge: Edge) -> int:
    """Return the number of the node at an edge's other end."""
    return number_of(edge.link.contact)


def other_end(world: World, number: int, edge: Edge) -> Edge | None:
    """Return the other end of an open edge, or None where the peer has it no more."""
    peer = world.nodes.get(peer_of(edge))
    if not isinstance(peer, CliqueNode) or not edge.remote:
        return None
    found = peer.core.node.edges.get(edge.remote)
    if found is None or found.remote != edge.incarnation or peer_of(found) != number:
        return None
    return found
