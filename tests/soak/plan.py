"""The plan of a day: who posts, joins, leaves, dies and is cut off, and when.  Pure; the same seed gives the same day.

What a plan keeps to, so that nothing may be missing at its end: whoever dies comes back, every cut heals, and nobody
leaves a forum before what it alone may hold had time to reach others.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TypeAlias

import attrs

NEWCOMERS = 0.2
"""the share of nodes that come in the course of the day"""

FOLLOWED = 0.7
"""how likely a node follows a forum; all follow the first"""

ANSWERS = 0.65
"""the share of posts that answer an article"""

CUTS = 3
LEAVERS = 0.25
"""the share of nodes that leave a forum, half of them to come back"""

DOWN_AT_MOST = 0.25
"""the share of nodes that are dead at a time"""

CALM_SECONDS = 120.0
"""without death and cut before somebody leaves: links notice a silent peer within 60, and dial again within as many"""

HOURS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 8, 7, 6, 7, 7, 6, 6, 7, 8, 9, 10, 10, 9, 7, 4)
"""posts in each hour of the day, in relation to one another: a night and an evening"""


@attrs.frozen
class Shape:
    """How much is to happen."""

    nodes: int
    posts: int
    seconds: float
    """that the day takes"""
    forums: int = 3


@attrs.frozen
class Post:
    """A node's newsreader posts."""

    at: float
    node: int
    forum: int
    number: int
    """of the post, from 0"""
    is_answer: bool


@attrs.frozen
class Arrive:
    """A node's process begins for the first time."""

    at: float
    node: int


@attrs.frozen
class Join:
    """A node joins a forum by the invitation of a node that follows it."""

    at: float
    node: int
    forum: int
    inviter: int


@attrs.frozen
class Leave:
    """A node follows a forum no more."""

    at: float
    node: int
    forum: int


@attrs.frozen
class Kill:
    """A node's process ends without warning, in the middle of a post."""

    at: float
    node: int
    forum: int
    """to which it posts"""


@attrs.frozen
class Return:
    """A node that was killed is started again."""

    at: float
    node: int


@attrs.frozen
class Cut:
    """Nodes lose all others but one another."""

    at: float
    nodes: frozenset[int]


@attrs.frozen
class Heal:
    """All nodes reach all others again."""

    at: float


Action: TypeAlias = Post | Arrive | Join | Leave | Kill | Return | Cut | Heal


@attrs.frozen
class Plan:
    """A day."""

    shape: Shape
    members: tuple[frozenset[int], ...]
    """for each forum the nodes that follow it when the day begins; its founder is the lowest"""
    actions: tuple[Action, ...]
    """in the order of time"""
    followers: tuple[frozenset[int], ...]
    """for each forum the nodes that follow it at the end"""

    @property
    def first(self) -> tuple[int, ...]:
        """The nodes that run when the day begins."""
        return tuple(range(self.shape.nodes - newcomers(self.shape)))


def newcomers(shape: Shape) -> int:
    """Return how many nodes come in the course of the day."""
    return int(shape.nodes * NEWCOMERS)


def plan(shape: Shape, seed: int) -> Plan:
    """Return a day."""
    return _Planner(shape, random.Random(seed)).plan()


def _moments(shape: Shape, dice: random.Random) -> Iterator[tuple[float, str]]:
    """Yield when what is to happen, in any order."""
    seconds, hour = shape.seconds, shape.seconds / len(HOURS)
    for begin in dice.choices(range(len(HOURS)), HOURS, k=shape.posts):
        yield (begin + dice.random()) * hour, "post"
    for _ in range(newcomers(shape)):
        yield seconds * dice.uniform(0.1, 0.6), "arrive"
    for _ in range(shape.nodes):
        yield seconds * dice.uniform(0.05, 0.9), "kill"
    for _ in range(int(shape.nodes * LEAVERS)):
        yield seconds * dice.uniform(0.1, 0.95), "leave"
    for number in range(CUTS):
        begin = seconds * (0.15 + 0.25 * number + dice.uniform(0.0, 0.1))
        yield begin, "part"
        yield begin + seconds * dice.uniform(0.04, 0.08), "heal"


class _Planner:
    """Walks through the day and keeps in mind who is up and follows what."""

    def __init__(self, shape: Shape, dice: random.Random) -> None:
        self._shape = shape
        self._dice = dice
        self._up = set(range(shape.nodes - newcomers(shape)))
        self._unborn = [*range(len(self._up), shape.nodes)]
        self._followers: list[set[int]] = [
            {node for node in self._up if forum in (0, node) or dice.random() < FOLLOWED}
            for forum in range(shape.forums)
        ]
        for forum, followers in enumerate(self._followers):
            if len(followers) < 2:  # somebody else has to have what the founder has
                followers.add((forum + 1) % len(self._up))
        self._calm_since = dict.fromkeys(range(shape.nodes), 0.0)
        self._cut: frozenset[int] = frozenset()
        self._posts = 0
        self._later: list[tuple[float, str, int, int]] = []
        """(time, kind, node, forum): what follows from what has happened"""
        self._actions: list[Action] = []

    def plan(self) -> Plan:
        members = tuple(frozenset(followers) for followers in self._followers)
        for at, kind in sorted(_moments(self._shape, self._dice)):
            self._catch_up(at)
            getattr(self, f"_{kind}")(at)
        self._catch_up(self._shape.seconds)
        return Plan(self._shape, members, tuple(self._actions), tuple(map(frozenset, self._followers)))

    def _catch_up(self, until: float) -> None:
        """Let happen what was put off up to a time."""
        self._later.sort()
        while self._later and self._later[0][0] <= until:
            at, kind, node, forum = self._later.pop(0)
            if kind == "return":
                self._up.add(node)
                self._calm_since[node] = at
                self._actions.append(Return(at, node))
            elif kind == "leave":
                self._leave(at)
            elif node in self._up:
                self._join(at, node, forum)
            self._later.sort()

    def _post(self, at: float) -> None:
        writers = [(node, forum) for forum, nodes in enumerate(self._followers) for node in sorted(nodes & self._up)]
        node, forum = self._dice.choice(writers)
        self._actions.append(Post(at, node, forum, self._posts, self._dice.random() < ANSWERS))
        self._posts += 1

    def _arrive(self, at: float) -> None:
        node = self._unborn.pop(0)
        self._up.add(node)
        self._calm_since[node] = at
        self._actions.append(Arrive(at, node))
        self._join(at, node, 0)
        self._join(at, node, self._dice.randrange(1, self._shape.forums))

    def _join(self, at: float, node: int, forum: int) -> None:
        others = self._followers[forum] & self._up
        near = sorted(other for other in others if (other in self._cut) == (node in self._cut))
        if near:
            self._actions.append(Join(at, node, forum, self._dice.choice(near)))
            self._followers[forum].add(node)

    def _leave(self, at: float) -> None:
        calm = at - min(CALM_SECONDS, self._shape.seconds / 12)
        leavers = [
            (node, forum) for forum, nodes in enumerate(self._followers) for node in sorted(nodes & self._up)
            if self._calm_since[node] <= calm and not self._cut and len(nodes & self._up) > 3
        ]
        if not leavers:
            self._put_off(at, "leave", -1, -1)
            return
        node, forum = self._dice.choice(leavers)
        self._followers[forum].remove(node)
        self._actions.append(Leave(at, node, forum))
        if self._dice.random() < 0.5:
            self._put_off(at, "join", node, forum)

    def _kill(self, at: float) -> None:
        alive = [node for node in sorted(self._up) if any(node in nodes for nodes in self._followers)]
        if len(self._up) + len(self._unborn) > self._shape.nodes * (1 - DOWN_AT_MOST):
            node = self._dice.choice(alive)
            self._up.remove(node)
            forum = self._dice.choice([number for number, nodes in enumerate(self._followers) if node in nodes])
            self._actions.append(Kill(at, node, forum))
            self._put_off(at, "return", node, forum)

    def _put_off(self, at: float, kind: str, node: int, forum: int) -> None:
        self._later.append((at + self._shape.seconds * self._dice.uniform(0.01, 0.05), kind, node, forum))

    def _part(self, at: float) -> None:
        count = self._dice.randint(1, self._shape.nodes // 2)
        self._cut = frozenset(self._dice.sample(range(self._shape.nodes), count))
        self._actions.append(Cut(at, self._cut))

    def _heal(self, at: float) -> None:
        self._cut = frozenset()
        self._calm_since = dict.fromkeys(self._calm_since, at)
        self._actions.append(Heal(at))
