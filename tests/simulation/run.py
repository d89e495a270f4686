"""One run of a scenario, from the founding of the forum to the figures."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from random import Random
from time import perf_counter, process_time
from typing import Any

import attrs

from cliquenntp.clique.budgets import BudgetLimits
from cliquenntp.clique.messages import Channel

from . import liars
from .baselines import FloodNode, PlumtreeNode
from .clique_node import CliqueNode, NodeOptions
from .flooded import Flood, measure_flood
from .identity import author_key, node_key
from .inspect import full_states
from .measure import percentile
from .scenario import Group, Scenario, ScenarioError, Step
from .worlds import INode, World, inviters

AUTHORS = 4
"""people who write at a node, besides those who write once, where there are budgets"""

RECENT = 200
"""honest documents that answers are given to"""

WATCH_EVERY = 5.0
"""seconds between two looks whether all agree on a center again"""

Progress = Callable[[float, float], None]
"""called with (simulated seconds so far, seconds in all)"""


@attrs.define
class Result:
    """The figures of one run; times in seconds, sizes in bytes.  None: not measured in this scenario."""

    scenario: str
    protocol: str
    nodes: int
    seed: int
    delivered: float = 0.0
    missing: int = 0
    p50: float = 0.0
    p99: float = 0.0
    redundancy: float = 0.0
    control: float = 0.0
    join: float = 0.0
    idle: float | None = None
    merged: float | None = None
    caught_up: float | None = None
    unwanted: int = 0
    degree: int = 0
    streams: int = 0
    follower_streams: int = 0
    events: int = 0
    """handled by the cores of all nodes"""
    core_seconds: float = 0.0
    """processor seconds that the cores took for them"""
    processor: float = 0.0
    """processor seconds of the whole run: cores, wire encoding, network model, measuring"""
    seconds: float = 0.0
    """by the clock on the wall"""
    kinds: dict[str, float] = attrs.field(factory=dict)
    """control bytes a delivered copy, by the first message of the frame"""
    idle_kinds: dict[str, float] = attrs.field(factory=dict)
    """bytes a node and day while no document comes, by the first message of the frame"""
    flood: Flood | None = None
    latencies: list[float] = attrs.field(factory=list, repr=False)


class Run:
    """A scenario under way; ``world`` can be looked at afterwards."""

    def __init__(self, scenario: Scenario, seed: int, progress: Progress | None = None) -> None:
        self.seed = seed
        self.random = Random(f"run {seed}")
        self.world = World(_factory(scenario), seed, scenario.network)
        self.root = b""
        self.threads: list[bytes] = []
        self.began = 0.0
        self._progress = progress
        self._churn_until = 0.0
        self._watching = False
        self._honest_documents: list[bytes] = []
        self._by_newcomers: set[bytes] = set()
        self._spam = 0
        self._joining: tuple[float, float] | None = None
        self.take(scenario)

    def take(self, scenario: Scenario) -> None:
        """Go on with a scenario, in place of another in which the nodes join alike."""
        self.scenario = scenario
        self.result = Result(scenario.name, scenario.protocol, scenario.nodes, self.seed)
        self._end = scenario.joining + scenario.settle + scenario.idle + scenario.after
        self._end += (scenario.warm + scenario.documents) * scenario.gap

    def join(self) -> None:
        """Let the nodes join and settle."""
        started, used = perf_counter(), process_time()
        self._join()
        self._until(self.scenario.joining + self.scenario.settle)
        self._joining = perf_counter() - started, process_time() - used

    def go(self) -> Result:
        """Run everything, or all that follows the joining, and return the figures."""
        if self._joining is None:
            self.join()
        assert self._joining is not None
        started, used = perf_counter() - self._joining[0], process_time() - self._joining[1]
        world, scenario = self.world, self.scenario
        self.result.join = sum(world.recorder.control.values()) / scenario.nodes
        if scenario.idle:
            world.recorder.reset_traffic()
            self._until(world.engine.now + scenario.idle)
            bytes_a_second = sum(world.recorder.control.values()) / scenario.idle
            self.result.idle = bytes_a_second / scenario.nodes * 86400
            share = 86400 / scenario.idle / scenario.nodes
            self.result.idle_kinds = {kind: size * share for kind, size in world.recorder.control.most_common()}
        for _ in range(scenario.warm):
            self._publish()
            self._until(world.engine.now + scenario.gap)
        self.began = world.engine.now
        world.recorder.reset_traffic()
        for step in scenario.steps:
            world.engine.at(self.began + step.at, self._step, step)
        for _ in range(scenario.documents):
            self._publish()
            self._until(world.engine.now + scenario.gap)
        self._until(world.engine.now + scenario.after)
        self._measure()
        self.result.seconds, self.result.processor = perf_counter() - started, process_time() - used
        return self.result

    # Phases

    def _join(self) -> None:
        world, scenario = self.world, self.scenario
        self.root = world.new_document(key=author_key(0) if scenario.budgets else b"").id
        self.threads = [world.new_document(self.root).id for _ in range(scenario.threads)]
        for number in range(scenario.nodes):
            world.follows[number] = self._choose_follows(number)
        world.follows[0] = [Channel(self.root)]
        founder = world.add(0, None)
        for identity in (self.root, *self.threads):
            founder.publish(world.documents[identity])
        chosen = inviters(scenario.topology, scenario.nodes, Random(f"invitations {self.seed}"))
        for number in range(1, scenario.nodes):
            world.engine.at(scenario.joining * number / scenario.nodes, world.add, number, chosen[number])

    def _choose_follows(self, number: int) -> list[Channel]:
        place, groups = self.random.random() * 0.9999, self.scenario.groups
        for group in groups:
            if place < group.share:
                return self._follows(group)
            place -= group.share
        return self._follows(groups[-1])

    def _follows(self, group: Group) -> list[Channel]:
        found = [Channel(self.root)] if group.forum else []
        if group.starters:
            found.append(Channel(self.root, True))
        found += [Channel(thread) for thread in self.random.sample(self.threads, group.threads)]
        return found

    def _until(self, when: float) -> None:
        engine = self.world.engine
        while engine.now < when:
            engine.run_until(min(when, engine.now + 30.0))
            if self._progress is not None:
                self._progress(engine.now, self._end)

    def _publish(self, author: int | None = None) -> None:
        world = self.world
        if author is None:
            live = [number for number in world.nodes if number not in world.liars]
            if not live:
                return
            author = self.random.choice(live)
        followed = world.follows[author]
        if not followed:
            return
        channel = self.random.choice(followed)
        parent = channel.document
        if parent == self.root and not channel.comments and self.threads and self.random.random() < 0.7:
            parent = self.random.choice(self.threads)
        if not self.scenario.budgets:
            world.publish(author, parent, self.scenario.size)
            return
        is_newcomer = self.random.random() < self.scenario.newcomers
        number = author + self.scenario.nodes * self.random.randrange(AUTHORS)
        number = -1 - len(world.documents) if is_newcomer else number
        key = author_key(number)
        if self._honest_documents and self.random.random() < self.scenario.answers:
            node = world.nodes[author]
            assert isinstance(node, CliqueNode)
            recent = [one for one in self._honest_documents[-RECENT:] if node.documents.contains(one)]
            parent = self.random.choice(recent or [parent])
        written = world.publish(author, parent, self.scenario.size, key)
        self._honest_documents.append(written)
        if is_newcomer:
            self._by_newcomers.add(written)

    # Steps

    def _step(self, step: Step) -> None:
        getattr(self, f"_do_{step.do}")(step)

    def _victims(self, step: Step) -> list[int]:
        live = sorted(self.world.nodes)
        if step.feeders:
            live = [number for number in live if Channel(self.root) in self.world.follows[number]]
        return self.random.sample(live, round(step.share * len(live)))

    def _do_crash(self, step: Step) -> None:
        victims = self._victims(step)
        if step.center:
            keys = [state.key for _, state in full_states(self.world) if state.key is not None]
            center = max(keys).center
            victims += [number for number in self.world.nodes if node_key(number) == center]
        for number in victims:
            self.world.crash(number)
        self._watch()

    def _do_restart(self, step: Step) -> None:
        for number in sorted(self.world.down):
            self.world.engine.after(self.random.uniform(0, step.seconds), self.world.restart, number)
        self._watch(step.seconds)

    def _do_restart_all(self, step: Step) -> None:
        for number in sorted(self.world.nodes):
            self.world.crash(number)
        self._do_restart(step)

    def _do_churn(self, step: Step) -> None:
        """Keep ``share`` of all nodes down, each for ``down`` seconds on average."""
        self._churn_until = self.world.engine.now + step.seconds
        for number in self._victims(step):
            self.world.crash(number)
            self.world.engine.after(self.random.expovariate(1 / step.down), self._churn_back, number, step)

    def _churn_back(self, number: int, step: Step) -> None:
        self.world.restart(number)
        if self.world.engine.now >= self._churn_until:
            return
        other = self.random.choice(sorted(self.world.nodes))
        self.world.crash(other)
        self.world.engine.after(self.random.expovariate(1 / step.down), self._churn_back, other, step)

    def _do_partition(self, step: Step) -> None:
        share = step.share or 0.5
        cut = {number for number in range(self.scenario.nodes) if self.random.random() < share}
        self.world.network.cut(lambda number: number in cut)
        self.world.engine.after(step.seconds, self._heal)

    def _heal(self) -> None:
        self.world.network.cut(None)
        self._watch()

    def _do_liars(self, step: Step) -> None:
        for number in self._victims(step):
            liars.corrupt(self.world, number, step.lie)

    def _do_spam(self, step: Step) -> None:
        """Have some nodes write spam, answers to honest documents and threads, each by the next of many keys."""
        spammers = self.random.sample(range(1, self.scenario.nodes), round(step.share * self.scenario.nodes))
        for number in spammers:
            self.world.liars.add(number)
            node = self.world.nodes[number]
            assert isinstance(node, CliqueNode)
            node.core.node.admission = None
        gap = step.seconds / step.count
        for count in range(step.count):
            self.world.engine.after(count * gap, self._write_spam, spammers[count % len(spammers)], step)

    def _write_spam(self, number: int, step: Step) -> None:
        below = self._honest_documents[-RECENT:] if self.random.random() < 0.5 else ()
        key = sha256(f"spammer {self._spam % step.keys}".encode()).digest()
        self.world.publish(number, self.random.choice(below or [self.root]), self.scenario.size, key, spam=True)
        self._spam += 1

    def _do_unfollow(self, step: Step) -> None:
        for number in self._victims(step):
            node = self.world.nodes[number]
            for channel in self.world.follows[number]:
                if isinstance(node, CliqueNode):
                    node.unfollow(channel)
            self.world.follows[number] = []
        self._watch()

    def _do_burst(self, step: Step) -> None:
        author = self.random.choice(sorted(self.world.nodes))
        for _ in range(step.count):
            self._publish(author)

    # Figures

    def _watch(self, later: float = 0.0) -> None:
        """From now (or ``later``) on look when all live full nodes agree on a live center and have every document."""
        self.result.merged = self.result.caught_up = None
        begin = self.world.engine.now + later
        known = frozenset(self.world.recorder.documents)
        if not self._watching:
            self._watching = True
            self.world.engine.at(begin + WATCH_EVERY, self._look, begin, known)

    def _look(self, begin: float, known: frozenset[bytes]) -> None:
        result, now = self.result, self.world.engine.now
        if result.merged is None and self._agreed():
            result.merged = now - begin
        if result.caught_up is None and not known & self.world.recorder.missing(self._honest()).keys():
            result.caught_up = now - begin
        if result.merged is None or result.caught_up is None:
            self.world.engine.after(WATCH_EVERY, self._look, begin, known)
        else:
            self._watching = False

    def _agreed(self) -> bool:
        keys = {state.key for number, state in full_states(self.world) if number not in self.world.liars}
        if len(keys) != 1:
            return not keys
        (key,) = keys
        return key is not None and any(node_key(number) == key.center for number in self.world.nodes)

    def _honest(self) -> set[int]:
        return self.world.nodes.keys() - self.world.liars

    def _measure(self) -> None:
        result, recorder, live = self.result, self.world.recorder, self._honest()
        result.delivered = recorder.delivery(live, self.began)
        result.missing = sum(map(len, recorder.missing(live, self.began).values()))
        result.latencies = recorder.latencies(self.began)
        result.p50, result.p99 = percentile(result.latencies, 0.5), percentile(result.latencies, 0.99)
        result.redundancy = recorder.redundancy(self.began)
        result.control = recorder.control_per_copy()
        copies = max(1, recorder.first_bodies)
        result.kinds = {kind: size / copies for kind, size in recorder.control.most_common()}
        result.unwanted = recorder.unwanted
        result.degree = max((state.degree(0) for _, state in full_states(self.world)), default=0)
        full = {number for number, _ in full_states(self.world)} or live
        streams = {number: len(self.world.network.peers(number)) for number in live}
        result.streams = max((streams[number] for number in full & live), default=0)
        result.follower_streams = max((streams[number] for number in live - full), default=0)
        result.events, result.core_seconds = self.world.core_events, self.world.core_seconds
        if self._spam:
            result.flood = measure_flood(self.world, live, self._spam, self._by_newcomers, self.began)


def _factory(scenario: Scenario) -> Callable[[World, int, Any], INode]:
    options = NodeOptions(scenario.commit_time, budgets=BudgetLimits() if scenario.budgets else None)
    if scenario.protocol == "clique":
        return lambda world, number, committed: CliqueNode(world, number, committed, options)
    if scenario.protocol == "flood":
        return FloodNode
    if scenario.protocol == "plumtree":
        return PlumtreeNode
    raise ScenarioError(f"no such protocol: {scenario.protocol}")
