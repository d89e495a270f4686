"""Every order of events in a graph of four nodes, up to a number of events: what random schedules may never hit.

python -m tests.simulation.explore [--depth N] [--states N] [--mutant NAME]: from a settled tree, take every next event
that could happen (a frame arrives on one of the streams, a stream breaks, a node crashes and starts again, the next
deadline comes) and look at I1, I2 and I10 after each; from some of the last states let everything settle and look at
I3 and I10.  States that are equal in all that the election and the adverts work on are gone on from once.  Exit status
1 when anything was violated.

The nodes are real cores; what is left out is the wire encoding (a frame is a tuple of messages) and chance (the dice
fall the same way always, so that a state has one future for each order of events).
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections import deque
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import attrs

from cliquenntp.clique import Core
from cliquenntp.clique import effects as do
from cliquenntp.clique import events as on
from cliquenntp.clique.channel import Edge
from cliquenntp.clique.documents import Documents
from cliquenntp.clique.election import feasible
from cliquenntp.clique.messages import Channel, Key
from cliquenntp.interfaces import Place

from . import mutants
from .identity import Claims, contact_of, node_key, number_of
from .worlds import EPOCH

LINKS = {(0, 1): 0.1, (1, 2): 0.1, (2, 3): 0.1, (1, 3): 4.0, (0, 3): 4.0}
"""one way seconds: the tree is the line 0, 1, 2, 3, and node 3 has two slow ways around"""

NODES = range(4)

ROOT = Place(bytes(range(32)), EPOCH)

FORUM = Channel(ROOT.id)

SETTLE = 900.0
"""seconds: an orphan waits at most 170 before it claims, and a claim is followed at most once in 60"""

Action = tuple[Any, ...]


class FixedDice:
    """Dice that always fall the same way."""

    def random(self) -> float:
        """Return the middle."""
        return 0.5

    def randrange(self, stop: int) -> int:
        """Return the first."""
        return 0


@attrs.define
class FourNodes:
    """The state of all: cores, what they committed, streams and what is on its way."""

    now: float = 0.0
    cores: dict[int, Core] = attrs.field(factory=dict)
    pieces: dict[int, dict[Any, Any]] = attrs.field(factory=dict)
    links: dict[tuple[int, int], int] = attrs.field(factory=dict)
    """{(node, link's number there): peer}; links have one number at both ends"""
    frames: dict[tuple[int, int], list[tuple[int, Any]]] = attrs.field(factory=dict)
    """{(sender, receiver): (link's number, message tuple, or None: the stream's end)}"""
    dials: list[tuple[int, int]] = attrs.field(factory=list)
    before: dict[int, dict[Any, Any]] = attrs.field(factory=dict)
    """what each node had committed before its last event"""
    best: dict[tuple[int, Key], tuple[int, int]] = attrs.field(factory=dict)
    """each node's feasible (seq, distance) when it was last looked at, whatever crashed since"""
    commits_late: bool = False
    """the mutant: a crash loses what the last event led to, which was sent already"""
    opened: int = 0
    breaks: int = 0
    crashes: int = 0

    # What can happen

    def actions(self) -> list[Action]:
        """Return every event that can be the next."""
        found: list[Action] = [("deliver", *pair) for pair, waiting in sorted(self.frames.items()) if waiting]
        found += [("dial", *pair) for pair in dict.fromkeys(self.dials)]
        if self.breaks:
            found += [("break", node, link) for (node, link), peer in sorted(self.links.items()) if node < peer]
        if self.crashes:
            found += [("crash", node) for node in sorted(self.cores)]
        return [*found, ("time",)]

    def act(self, action: Action) -> None:
        """Let one event happen."""
        getattr(self, f"_{action[0]}")(*action[1:])

    def _deliver(self, sender: int, receiver: int) -> None:
        link, messages = self.frames[sender, receiver].pop(0)
        if messages is None:
            self.links.pop((receiver, link), None)
            self.handle(receiver, on.LinkClosed(link))
            return
        for message in messages:
            self.handle(receiver, on.MessageReceived(link, message))

    def _dial(self, caller: int, peer: int) -> None:
        self.dials = [one for one in self.dials if one != (caller, peer)]
        self.opened += 1
        link, secret = self.opened, b"secret %d" % self.opened
        latency = LINKS[min(caller, peer), max(caller, peer)]
        for node, other in ((peer, caller), (caller, peer)):
            self.links = {end: far for end, far in self.links.items() if (end[0], far) != (node, other)}
            self.links[node, link] = other
        for node, other in ((peer, caller), (caller, peer)):
            self.handle(node, on.LinkOpened(link, contact_of(other), secret, node == caller, latency))

    def _break(self, node: int, link: int) -> None:
        self.breaks -= 1
        self._end(node, self.links[node, link], link)
        self._end(self.links[node, link], node, link)

    def _end(self, sender: int, receiver: int, link: int) -> None:
        self.frames.setdefault((sender, receiver), []).append((link, None))

    def _crash(self, node: int) -> None:
        self.crashes -= 1
        for (end, link), peer in list(self.links.items()):
            if end == node:
                del self.links[end, link]
                self._end(node, peer, link)
        for pair in [one for one in self.frames if one[1] == node]:
            del self.frames[pair]
        self.dials = [one for one in self.dials if one[0] != node]
        self.start(node)

    def _time(self) -> None:
        soonest = min((core.next_deadline() or 0.0, node) for node, core in self.cores.items())
        self.now = max(self.now, soonest[0])
        self.handle(soonest[1], on.TimerDue())

    # Nodes

    def start(self, node: int) -> None:
        """Start a node from what it has committed."""
        documents = Documents()
        documents.add(ROOT)
        if self.commits_late:
            self.pieces[node] = self.before.get(node, {})
        pieces = self.pieces.setdefault(node, {})
        self.cores[node] = Core(
            contact_of(node), documents, Claims(node_key(node)), FixedDice(), EPOCH, pieces, self.now)

    def handle(self, node: int, event: on.Event) -> None:
        """Have a node handle one event, commit, and send."""
        self.before[node] = dict(self.pieces[node])
        for effect in self.cores[node].handle(event, self.now):
            if isinstance(effect, do.Persist):
                self.pieces[node][effect.piece] = effect.value
            elif isinstance(effect, do.Send) and (node, effect.link) in self.links:
                peer = self.links[node, effect.link]
                self.frames.setdefault((node, peer), []).append((effect.link, effect.messages))
            elif isinstance(effect, do.Dial):
                self._wish(node, number_of(effect.contact))
            elif isinstance(effect, do.Close) and (node, effect.link) in self.links:
                self._end(node, self.links.pop((node, effect.link)), effect.link)
                self.handle(node, on.LinkClosed(effect.link))

    def _wish(self, node: int, peer: int) -> None:
        if (min(node, peer), max(node, peer)) in LINKS:
            self.dials.append((node, peer))
        else:
            self.handle(node, on.DialFailed(contact_of(peer)))

    def settle(self, seconds: float) -> None:
        """Let everything arrive in some order, and time pass."""
        end = self.now + seconds
        while True:
            action = next(iter(self._deliveries()), None)
            if action is None:
                soonest = min(core.next_deadline() or 0.0 for core in self.cores.values())
                if soonest > end:
                    break
                action = ("time",)
            self.act(action)
        self.now = end

    def _deliveries(self) -> list[Action]:
        return [one for one in self.actions() if one[0] in ("deliver", "dial")]

    # What must hold

    def edges(self) -> Iterator[tuple[int, Edge]]:
        """Yield every node's edges."""
        for number, core in self.cores.items():
            for edge in core.node.edges.values():
                yield number, edge

    def violations(self) -> list[str]:
        """Return what does not hold at this moment of I1, I2 and I10."""
        found = []
        parents = {}
        for number, core in self.cores.items():
            state = core.channels[FORUM]
            for key, (seq, distance) in state.feasibility.items():
                earlier = self.best.get((number, key), (seq, distance))
                if (seq, -distance) < (earlier[0], -earlier[1]):
                    found.append(f"I2: node {number}: feasibility went from {earlier} to {(seq, distance)}")
                self.best[number, key] = (seq, distance)
            parent = state.parent
            if parent is None:
                continue
            parents[state.key, number] = number_of(parent.link.contact)
            if parent.advert is not None and parent.advert.key == state.key and not feasible(state, parent.advert):
                found.append(f"I2: node {number} has an infeasible parent")
        for key, number in parents:
            place, steps = number, 0
            while (key, place) in parents and steps <= len(NODES):
                place, steps = parents[key, place], steps + 1
            if steps > len(NODES):
                found.append(f"I1: parents form a cycle at node {number}")
        for number, edge in self.edges():
            far = self._far_end(number, edge)
            if far is not None and far.heard < edge.acknowledged:
                found.append(f"I10: node {number} believes in serial {edge.acknowledged}, the peer holds {far.heard}")
            elif far is not None and edge.acknowledged == edge.serial == far.heard and not _same(edge, far):
                found.append(f"I10: node {number}'s peer acknowledged {edge.serial} and holds another")
        return found

    def _far_end(self, number: int, edge: Edge) -> Edge | None:
        peer = self.cores[number_of(edge.link.contact)]
        far = peer.node.edges.get(edge.remote)
        if far is None or far.remote != edge.incarnation or far.link.number != edge.link.number:
            return None
        return far

    def unsettled(self) -> list[str]:
        """Return what does not hold at rest of I3 and I10."""
        states = {number: core.channels[FORUM] for number, core in self.cores.items()}
        keys = {state.key for state in states.values()}
        found = [f"I3: {len(keys)} keys at rest"] if len(keys) > 1 else []
        centers = [number for number, state in states.items() if state.is_center(node_key(number))]
        if len(centers) != 1:
            found.append(f"I3: centers at rest: {centers}")
        found += [
            f"I4: node {number} has no parent at rest" for number, state in states.items()
            if state.parent is None and number not in centers]
        found += [
            f"I10: node {number} waits at rest for an acknowledgement" for number, edge in self.edges()
            if edge.acknowledged != edge.serial]
        return found

    def digest(self) -> bytes:
        """Return what stands for this state: equal for two whose election and adverts cannot tell them apart."""
        whole: list[Any] = [self.breaks, self.crashes, sorted(self.links.items()), self.dials]
        whole += [sorted((pair, waiting) for pair, waiting in self.frames.items() if waiting)]
        for core in self.cores.values():
            state, node = core.channels[FORUM], core.node
            whole.append((
                state.key, state.seq, state.distance, state.parent and state.parent.incarnation,
                state.orphan_since is None, list(state.feasibility.items()), sorted(state.requests_waiting.items()),
                [(one.incarnation, one.remote, one.advert, one.heard, one.said, one.acknowledged, one.blocked_until)
                 for one in node.edges.values()],
                sorted(repr((kind, at - self.now)) for (kind, _), at in node.timers._times.items())))
        return blake2b(repr(whole).encode(), digest_size=16).digest()


def _same(edge: Edge, far: Edge) -> bool:
    said, heard = edge.said, far.advert
    assert said is not None and heard is not None
    return attrs.evolve(said, signature=b"") == attrs.evolve(heard, signature=b"")


def settled() -> FourNodes:
    """Return the four nodes with their tree grown and nothing under way."""
    world = FourNodes()
    for node in NODES:
        world.start(node)
        if node:
            near = [low + high - node for low, high in LINKS if node in (low, high) and low + high - node < node]
            world.handle(node, on.InvitationTaken(ROOT.id, tuple(contact_of(peer) for peer in near)))
        world.handle(node, on.Follow(FORUM, founded=not node))
        world.settle(60.0)
    world.settle(SETTLE)
    return world


@attrs.define
class Found:
    """What an exploration saw."""

    states: int = 0
    repeated: int = 0
    depth: int = 0
    rests: int = 0
    violations: list[str] = attrs.field(factory=list)
    path: tuple[Action, ...] = ()
    """the events that led to the violation"""


def explore(
    depth: int, states: int, breaks: int = 1, crashes: int = 1, rest_every: int = 50, commits_late: bool = False,
) -> Found:
    """Go through every order of up to ``depth`` events, breadth first, until ``states`` were seen or one is wrong.

    Every ``rest_every``-th state is also let settle.
    """
    world = settled()
    world.breaks, world.crashes, world.commits_late = breaks, crashes, commits_late
    found = Found(violations=world.unsettled())
    waiting: deque[tuple[bytes, tuple[Action, ...]]] = deque([(pickle.dumps(world, -1), ())])
    seen = {world.digest()}
    while waiting and found.states < states and not found.violations:
        before, path = waiting.popleft()
        if len(path) >= depth:
            continue
        for action in pickle.loads(before).actions():
            world = pickle.loads(before)
            world.act(action)
            found.states += 1
            found.path = (*path, action)
            found.depth = len(found.path)
            found.violations = world.violations()
            if found.violations:
                break
            name = world.digest()
            if name in seen:
                found.repeated += 1
                continue
            seen.add(name)
            waiting.append((pickle.dumps(world, -1), found.path))
            if found.states % rest_every == 0:
                found.rests += 1
                world.settle(SETTLE)
                found.violations = world.unsettled()
                if found.violations:
                    break
    return found


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.explore")
    parser.add_argument("--depth", type=int, default=10)
    parser.add_argument("--states", type=int, default=200_000)
    parser.add_argument("--breaks", type=int, default=1)
    parser.add_argument("--crashes", type=int, default=1)
    parser.add_argument("--rest-every", type=int, default=200)
    parser.add_argument("--mutant", default="", choices=["", "send before commit", *mutants.NAMES])
    arguments = parser.parse_args()
    with mutants.applied(arguments.mutant):
        found = explore(
            arguments.depth, arguments.states, arguments.breaks, arguments.crashes, arguments.rest_every,
            arguments.mutant == "send before commit")
    print(f"{found.states} events, {found.repeated} led to a state seen before, up to {found.depth} in a row, "
          f"{found.rests} states let settle: {found.violations or 'every invariant holds'}")
    if found.violations:
        print("\n".join(" ".join(map(str, action)) for action in found.path))
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
