"""Random schedules: a few nodes, and connects, breaks, crashes, restarts, follows, cuts and documents in any order.

python -m tests.simulation.schedules [--count N] [--seed S] [--result FILE] [--mutant NAME]: run many, print what
violates an invariant.  Exit status 1 when anything did.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import attrs
from rich.progress import track

from cliquenntp.clique.budgets import MIB, Allowance, BudgetLimits
from cliquenntp.clique.messages import Channel

from . import invariants, mutants
from .clique_node import CliqueNode, NodeOptions
from .identity import author_key
from .network import NetworkModel
from .worlds import World

REST = 3600.0
"""seconds after the last disturbance, in which everything has to settle: more than the longest repetition"""

QUIET = 300.0
"""seconds in which nothing may be sent then"""

QUIET_TRIES = 4
"""such whiles, one of which must be quiet"""

KINDS = (*["publish"] * 3, *["crash"] * 2, *["restart"] * 2, "break", "cut", "heal", "unfollow", "follow", "wait")

PAUSES = 0.0, 0.5, 3.0, 20.0, 90.0


@attrs.frozen
class Act:
    """One act of a schedule: what, on which node (and other), how long to wait after it."""

    kind: str
    node: int
    other: int
    pause: float


@attrs.frozen
class Schedule:
    """A number of nodes, how they follow, and acts."""

    seed: int
    nodes: int
    followers: int
    """the last so many follow a thread alone"""
    commit_time: float
    acts: tuple[Act, ...]
    datagrams: bool = False
    """adverts and acknowledgements are lost, doubled and overtaken inside a link"""
    budgets: BudgetLimits | None = None
    """how much nodes take of authors; None: everything"""


def drawn(seed: int) -> Schedule:
    """Draw a schedule; every second one has datagrams, and two of four have budgets."""
    random = Random(f"schedule {seed}")
    nodes = random.randint(3, 12)
    followers = random.choice((0, 0, random.randrange(0, max(1, nodes - 2))))
    acts = [
        Act(random.choice(KINDS), random.randrange(nodes), random.randrange(nodes), random.choice(PAUSES))
        for _ in range(random.randint(5, 40))
    ]
    budgets = BudgetLimits() if seed % 4 >= 2 else None
    return Schedule(seed, nodes, followers, random.choice((0.0, 0.5)), tuple(acts), seed % 2 == 1, budgets)


def flooded(seed: int) -> Schedule:
    """Draw a schedule with more documents than there is ever room for."""
    never = 1e9
    room = Allowance(3, MIB, never)
    budgets = BudgetLimits(
        newcomer=room, established=room, forum=room, peer=room, few=room, answers=room, brought=room, compared=room,
        flooding=room, past=Allowance(1, MIB, never), share=0.0)
    schedule = drawn(seed)
    busy = tuple(Act("publish", number % schedule.nodes, 0, 0.5) for number in range(8))
    return attrs.evolve(schedule, acts=busy + schedule.acts + busy, budgets=budgets)


def crashing(seed: int) -> Schedule:
    """Draw a schedule in which full nodes crash and come back all the time, many in the middle of a commit."""
    random = Random(f"crashing {seed}")
    nodes = random.randint(3, 6)
    acts: list[Act] = []
    for _ in range(12):
        number = random.randrange(nodes)
        acts.append(Act("crash", number, 0, random.choice((0.0, 0.5, 3.0))))
        acts.append(Act("restart", number, 0, random.choice((0.0, 0.5, 3.0, 20.0))))
        other = random.randrange(nodes), random.randrange(nodes)
        acts.append(Act(random.choice(("publish", "break")), *other, random.choice((0.0, 0.5, 3.0))))
    return Schedule(seed, nodes, 0, 0.5, tuple(acts), True)


class Play:
    """A schedule under way; ``violations`` grows as it is checked after every act."""

    def __init__(self, schedule: Schedule, mutant: str = "") -> None:
        self.schedule = schedule
        options = NodeOptions(
            schedule.commit_time, send_before_commit=mutant == "send before commit", datagrams=schedule.datagrams,
            budgets=schedule.budgets)
        self.world = World(
            lambda world, number, committed: CliqueNode(world, number, committed, options),
            schedule.seed, NetworkModel(tail_share=0.1),
        )  # fmt: skip
        self.random = Random(f"play {schedule.seed}")
        self.violations: list[str] = []
        self._always = invariants.Always(self.world)
        self._stop_at_first = True

    def go(self) -> list[str]:
        """Play the schedule, let it settle, and return the violations."""
        self._join()
        for act in self.schedule.acts:
            getattr(self, f"_{act.kind}")(act)
            self._pass(act.pause)
            if self.violations:
                return self.violations
        return self._settle()

    def _join(self) -> None:
        world, schedule = self.world, self.schedule
        self.root = world.new_document().id
        self.thread = world.new_document(self.root).id
        first_follower = schedule.nodes - schedule.followers
        for number in range(schedule.nodes):
            world.follows[number] = [Channel(self.root if number < first_follower else self.thread)]
        world.follows[0] = [Channel(self.root)]
        founder = world.add(0, None)
        for identity in (self.root, self.thread):
            wanted = frozenset(number for number in world.follows if world.wants(number, identity))
            world.recorder.published(identity, world.engine.now, 0, wanted)
            founder.publish(world.documents[identity])
        for number in range(1, schedule.nodes):
            self._pass(self.random.uniform(0, 10))
            world.add(number, self.random.randrange(min(number, max(1, first_follower))))
        self._pass(self.random.choice((0.0, 200.0)))

    def _pass(self, seconds: float) -> None:
        """Let time pass, looking at the invariants after every half second in which something happened."""
        engine, end = self.world.engine, self.world.engine.now + seconds
        while not self.violations:
            soonest = engine.next_time()
            if soonest is None or soonest > end:
                break
            engine.run_until(min(end, soonest + 0.5))
            self.violations += self._always.check()
        engine.run_until(end)

    def _settle(self) -> list[str]:
        self.world.network.cut(None)
        for number in sorted(self.world.down):
            self._raise(number)
        self._pass(REST)
        if self.violations:
            return self.violations
        for number in sorted(self.world.nodes):
            self._comment(number)
        # newcomers' documents that come all at once have room one after the other
        self._pass(600.0 if self.schedule.budgets is None else REST)
        if self.schedule.budgets in (None, BudgetLimits()):
            self.violations += invariants.all_delivered(self.world)
        if not self.violations:
            # longer than the usual gap between documents can be, after which a node may ask once whether it missed one
            self._pass(5 * REST)
            self.violations += self._rest()
        return self.violations

    def _rest(self) -> list[str]:
        """Look for a quiet while, since a node short of neighbours may just be trying one, and check it at its end."""
        loud: list[str] = []
        for _ in range(QUIET_TRIES):
            loud = invariants.silent(self.world, QUIET)
            if not loud:
                return invariants.at_rest(self.world)
        return loud

    def _raise(self, number: int) -> None:
        """Restart a node, and have it follow and leave again what a crash kept from being committed."""
        self.world.restart(number)
        node = self.world.nodes.get(number)
        if isinstance(node, CliqueNode):
            wanted, followed = self.world.follows[number], list(node.core.channels)
            for channel in followed:
                if channel not in wanted:
                    node.unfollow(channel)
            if wanted and not followed:
                node.join(0 if number else None)

    def _comment(self, number: int) -> None:
        """Comment on the thread, as a node can that follows and has it: none stores what it holds no parent of."""
        node = self.world.nodes.get(number)
        if isinstance(node, CliqueNode) and self.world.follows[number] and self.thread in node.stored:
            self.world.publish(number, self.thread, key=author_key(number))

    # Acts

    def _publish(self, act: Act) -> None:
        self._comment(act.node)

    def _crash(self, act: Act) -> None:
        if len(self.world.nodes) > 1:
            self.world.crash(act.node)

    def _restart(self, act: Act) -> None:
        self._raise(act.node)

    def _break(self, act: Act) -> None:
        self.world.network.close(act.node, act.other)
        node = self.world.nodes.get(act.node)
        if node is not None:
            node.closed(act.other)

    def _cut(self, act: Act) -> None:
        self.world.network.cut(lambda number: number * act.other % 7 % 2)

    def _heal(self, act: Act) -> None:
        self.world.network.cut(None)

    def _unfollow(self, act: Act) -> None:
        node = self.world.nodes.get(act.node)
        if act.node != 0 and isinstance(node, CliqueNode):
            for channel in self.world.follows[act.node]:
                node.unfollow(channel)
            self.world.follows[act.node] = []

    def _follow(self, act: Act) -> None:
        node = self.world.nodes.get(act.node)
        if isinstance(node, CliqueNode) and not self.world.follows[act.node]:
            self.world.follows[act.node] = [Channel(self.root)]
            # what it missed while it did not follow is fetched, so it counts as wanted by nobody but later documents
            node.join(0)

    def _wait(self, act: Act) -> None:
        self._pass(200.0)


def play(seed: int, mutant: str = "", draw: Callable[[int], Schedule] = drawn) -> tuple[int, list[str]]:
    """Play the schedule of a seed; returns it with the violations.  An exception of the core counts as one."""
    with mutants.applied(mutant):
        try:
            return seed, Play(draw(seed), mutant).go()
        except Exception as error:
            return seed, [f"{type(error).__name__}: {error}"]


def play_all(seeds: Sequence[int], mutant: str = "", processes: int = 2, **progress: Any) -> dict[int, list[str]]:
    """Play many schedules, showing progress; returns those with violations."""
    with multiprocessing.Pool(processes) as pool:
        runs = pool.imap_unordered(partial(play, mutant=mutant), seeds)
        return {seed: found for seed, found in track(runs, total=len(seeds), **progress) if found}


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.schedules")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first schedule's")
    parser.add_argument("--mutant", default="", choices=["", "send before commit", *mutants.NAMES])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--result", metavar="FILE")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    failed = play_all(seeds, arguments.mutant, arguments.processes, description="schedules")
    lines = [f"{len(seeds)} schedules from seed {arguments.seed}: {len(failed)} violate an invariant"]
    lines += [f"seed {seed}: {found[0]}" for seed, found in sorted(failed.items())]
    print("\n".join(lines))
    if arguments.result:
        head = f"`python -m tests.simulation.schedules {' '.join(sys.argv[1:])}`\n\n"
        Path(arguments.result).write_text(head + "\n".join(lines) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
