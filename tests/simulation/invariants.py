"""The protocol's invariants I1 to I10 as predicates over all nodes; each violation is one line of text.

``Always`` holds after every event; ``at_rest`` holds when nothing has changed for a while; I7 and I8 need what the
recorder counted, so they are asked separately.
"""

from __future__ import annotations

from collections import Counter

from cliquenntp.clique import adverts
from cliquenntp.clique.channel import ChannelState, Kind
from cliquenntp.clique.election import feasible
from cliquenntp.clique.messages import Channel, Key
from cliquenntp.clique.parameters import ADVERT_DISTANCE_CHANGE, COUNT_CHANGE, EDGES_AT_MOST, SOURCES_AT_MOST

from .identity import node_key, number_of
from .inspect import cores, other_end, peer_of, states
from .worlds import World

QUIET_KINDS = frozenset({"PROBE"})
"""what may be sent at rest"""


class Always:
    """I1, I2, I9 and I10, which hold at every moment; keeps what it has to compare with."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._feasibility: dict[tuple[int, Channel, Key], tuple[int, int]] = {}

    def check(self) -> list[str]:
        """Return the violations at this moment."""
        return [*self._no_cycles(), *self._feasibility_kept(), *self._documents_verified(), *self._acknowledged()]

    def _no_cycles(self) -> list[str]:
        found = []
        parents: dict[tuple[Channel, Key, int], int] = {}
        for number, node in cores(self._world):
            for state in states(node):
                parent = state.parent
                if parent is not None and parent.kind == Kind.PEER and state.key is not None:
                    parents[state.channel, state.key, number] = peer_of(parent)
        done: set[tuple[Channel, Key, int]] = set()
        for start in parents:
            path: list[tuple[Channel, Key, int]] = []
            on_path: set[tuple[Channel, Key, int]] = set()
            place = start
            while place in parents and place not in done and place not in on_path:
                path.append(place)
                on_path.add(place)
                place = (place[0], place[1], parents[place])
            if place in on_path:
                cycle = [number for _, _, number in path[path.index(place) :]]
                found.append(f"I1: parents form a cycle: {cycle}")
            done |= on_path
        return found

    def _feasibility_kept(self) -> list[str]:
        found = []
        for number, node in cores(self._world):
            for state in states(node):
                for key, (seq, distance) in state.feasibility.items():
                    place = number, state.channel, key
                    before = self._feasibility.get(place)
                    if before is not None and (seq < before[0] or (seq == before[0] and distance > before[1])):
                        found.append(f"I2: node {number}: feasibility went from {before} to {(seq, distance)}")
                    said = node.said.get((state.channel, key)) if node.commits_later else (seq, distance)
                    if said is not None:
                        self._feasibility[place] = said
                parent = state.parent
                advert = None if parent is None or parent.kind != Kind.PEER else parent.advert
                if parent is None or advert is None or advert.key != state.key:
                    continue
                if not feasible(state, advert):
                    found.append(f"I2: node {number} has an infeasible parent, node {peer_of(parent)}")
        return found

    def _documents_verified(self) -> list[str]:
        found = []
        for number, node in cores(self._world):
            for identity in self._world.documents:
                if node.documents.contains(identity) and identity not in node.stored:
                    found.append(f"I9: node {number} holds document {identity.hex()[:8]} without its body")
        return found

    def _acknowledged(self) -> list[str]:
        found = []
        for number, node in cores(self._world):
            for edge in node.core.node.edges.values():
                other = other_end(self._world, number, edge)
                if other is None or not edge.acknowledged:
                    continue
                newest = edge.acknowledged == edge.serial == other.heard
                if other.heard < edge.acknowledged:
                    found.append(
                        f"I10: node {number} believes that node {peer_of(edge)} holds serial {edge.acknowledged}; "
                        f"it holds {other.heard}"
                    )
                elif newest and not _same_advert(edge.said, other.advert):
                    found.append(f"I10: node {peer_of(edge)} acknowledged {edge.serial}, holds another")
        return found


def _same_advert(said: object, heard: object) -> bool:
    names = ("serial", "key", "seq", "distance", "is_parent", "wants", "offer", "count", "orphan")
    return all(getattr(said, name, None) == getattr(heard, name, None) for name in names)


def at_rest(world: World) -> list[str]:
    """Return the violations of I3 to I6 and of I10 at rest."""
    return [*_one_center(world), *_parents_know(world), *_wants_exact(world), *_edges_lawful(world)]


def _reachable(world: World) -> dict[int, set[int]]:
    """Return, for each live node that follows anything, those that it can find by addresses that are known.

    Known to such nodes, or to nodes that these can ask and that remember whom they left.
    """
    neighbours: dict[int, set[int]] = {number: set() for number in world.nodes if world.follows[number]}
    left_behind = {
        number: {number_of(contact) for left in node.core.node.tombstones.values() for contact in left.contacts}
        for number, node in cores(world) if number not in neighbours
    }  # fmt: skip
    for number, node in cores(world):
        if number not in neighbours:
            continue
        asked = {number_of(known.contact) for state in states(node) for known in state.known.values()}
        named = set[int]().union(*(left_behind.get(other, set()) for other in asked))
        for other in (asked | named) & neighbours.keys():
            neighbours[number].add(other)
            neighbours[other].add(number)
    reach: dict[int, set[int]] = {}
    for component in _parts(neighbours):
        reach |= dict.fromkeys(component, component)
    return reach


def _parts(neighbours: dict[int, set[int]]) -> list[set[int]]:
    left, found = set(neighbours), []
    while left:
        stack, component = [left.pop()], set()
        while stack:
            number = stack.pop()
            component.add(number)
            fresh = neighbours[number] & left
            left -= fresh
            stack += fresh
        found.append(component)
    return found


def _members(world: World) -> dict[Channel, dict[int, ChannelState]]:
    members: dict[Channel, dict[int, ChannelState]] = {}
    for number, node in cores(world):
        for state in states(node):
            members.setdefault(state.channel, {})[number] = state
    return members


def _components(states_of: dict[int, ChannelState]) -> list[set[int]]:
    neighbours = {
        number: {peer_of(edge) for edge in state.open_edges() if edge.kind == Kind.PEER} & states_of.keys()
        for number, state in states_of.items()
    }
    return _parts(neighbours)


def _one_center(world: World) -> list[str]:
    found, reach = [], _reachable(world)
    for channel, states_of in _members(world).items():
        components = _components(states_of)
        full = next(iter(states_of.values())).is_full
        if full and len(components) > len({min(reach[number]) for number in states_of}):
            found.append(f"I6: the overlay has {len(components)} parts: {sorted(map(sorted, components))}")
        for component in components:
            keys = {states_of[number].key for number in component}
            if len(keys) != 1:
                found.append(f"I3: {len(keys)} keys among nodes {sorted(component)} of {channel.document.hex()[:8]}")
                continue
            (key,) = keys
            fed = any(edge.kind == Kind.FEEDER for number in component for edge in states_of[number].open_edges())
            if key is None:
                found.append(f"I3: nodes {sorted(component)} have no center")
            elif not fed and not any(node_key(number) == key.center for number in component):
                found.append(f"I3: the center of nodes {sorted(component)} is not among them")
    return found


def _parents_know(world: World) -> list[str]:
    found = []
    for number, node in cores(world):
        for state in states(node):
            if state.is_center(node_key(number)):
                continue
            parent = state.parent
            if parent is None:
                found.append(f"I4: node {number} has no parent in {state.channel.document.hex()[:8]}")
                continue
            other = other_end(world, number, parent)
            if other is None or not other.is_child:
                found.append(f"I4: node {number}'s parent, node {peer_of(parent)}, does not know it as a child")
    return found


def _wants_exact(world: World) -> list[str]:
    found = []
    for number, node in cores(world):
        for edge in node.core.node.edges.values():
            if not edge.remote or edge.said is None:
                continue
            true = adverts.current(edge.state, edge, edge.serial)
            if edge.acknowledged != edge.serial:
                found.append(f"I10: node {number} waits at rest for an acknowledgement of node {peer_of(edge)}")
            for name in ("key", "is_parent", "wants", "offer", "orphan"):
                if getattr(true, name) != getattr(edge.said, name):
                    found.append(f"I5: node {number} told node {peer_of(edge)} another {name} than is true")
            # an old distance is safe by feasibility, and a count only chooses a number of hops
            if abs(true.distance - edge.said.distance) >= ADVERT_DISTANCE_CHANGE:
                found.append(f"I5: node {number} told node {peer_of(edge)} a distance far from the true one")
            if abs(true.count - edge.said.count) > COUNT_CHANGE * max(edge.said.count, 1):
                found.append(f"I5: node {number} told node {peer_of(edge)} a count far from the true one")
    return found


def _edges_lawful(world: World) -> list[str]:
    found = []
    for number, node in cores(world):
        for edge in node.core.node.edges.values():
            if edge.remote and other_end(world, number, edge) is None:
                found.append(f"I6: node {number} has an edge that node {peer_of(edge)} has not")
        for state in states(node):
            twice = [key for key, count in Counter(
                (edge.link.contact.key, edge.channel) for edge in state.edges.values()).items() if count > 1]
            if twice:
                found.append(f"I6: node {number} has two edges of one channel with one peer")
            if state.degree(Kind.PEER, Kind.FEEDER) > EDGES_AT_MOST:
                found.append(f"I6: node {number} has {state.degree(Kind.PEER, Kind.FEEDER)} edges")
            own = [edge for edge in state.open_edges() if edge.kind == Kind.FEEDER or not edge.is_child]
            if not state.is_full and state.degree(Kind.FEEDER) and len(own) > SOURCES_AT_MOST:
                found.append(f"I6: node {number} has {len(own)} edges besides the followers that hang on it")
    return found


def silent(world: World, seconds: float) -> list[str]:
    """Let time pass and return what was sent in it although nothing happened (I7)."""
    world.recorder.reset_traffic()
    world.engine.run_until(world.engine.now + seconds)
    loud = {kind: count for kind, count in world.recorder.frames.items() if kind not in QUIET_KINDS}
    return [f"I7: frames at rest: {loud}"] if loud else []


def all_delivered(world: World) -> list[str]:
    """Return which live nodes lack a document that they want (I8)."""
    found = []
    reach = _reachable(world)
    for identity, nodes in world.recorder.missing(set(world.nodes)).items():
        following = {number: node for number, node in cores(world) if world.wants(number, identity)}
        holders = {number for number, node in following.items() if identity in node.stored}
        lacking = [number for number in nodes if number in following and reach[number] & holders]
        if lacking:
            found.append(f"I8: document {identity.hex()[:8]} is missing at nodes {lacking}")
    return found

