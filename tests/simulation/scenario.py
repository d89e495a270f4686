"""Scenario files: a TOML table for each run, read into a frozen value.  Unknown names are errors, not ignored."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import attrs

from .network import NetworkModel

FOLDER = Path(__file__).parent / "scenarios"


class ScenarioError(ValueError):
    """A scenario file says something that cannot be run; the message says what."""


@attrs.frozen
class Group:
    """A share of the nodes and what they follow."""

    share: float
    """of all nodes, 0 to 1; the founder is in the first group"""
    forum: bool = False
    """the whole forum"""
    starters: bool = False
    """its thread starters alone: (root, comments)"""
    threads: int = 0
    """so many whole threads, drawn for each node"""


@attrs.frozen
class Step:
    """Something that happens; ``at`` is seconds from the beginning of the measured part."""

    at: float
    do: str
    """crash, restart, restart_all, churn, partition, liars, unfollow, burst, spam"""
    share: float = 0.0
    """of the live nodes"""
    seconds: float = 0.0
    """how long a partition or churn lasts; within which the dead ones restart"""
    down: float = 1800.0
    """mean seconds that a churning node stays down"""
    center: bool = False
    """of the forum, to be crashed"""
    feeders: bool = False
    """only nodes that follow the whole forum are crashed"""
    count: int = 0
    """documents in a burst, from one author; or of spam, within ``seconds``, from ``share`` of the nodes"""
    keys: int = 0
    """authors of the spam"""
    lie: str = ""
    """what liars do: distance, claim, walk"""


STEPS = frozenset({"crash", "restart", "restart_all", "churn", "partition", "liars", "unfollow", "burst", "spam"})


@attrs.frozen
class Scenario:
    """One run of a simulated network."""

    name: str
    title: str
    protocol: str = "clique"
    nodes: int = 1000
    topology: str = "tree"
    join_seconds: float = 0.0
    """over which the nodes join; 0: half a second each"""
    settle: float = 900.0
    """seconds between the last join and the first document"""
    idle: float = 0.0
    """seconds without any document, measured, before the first one"""
    warm: int = 10
    """documents before measuring begins"""
    documents: int = 40
    gap: float = 30.0
    """seconds between documents"""
    size: int = 2048
    after: float = 300.0
    """seconds after the last document"""
    threads: int = 0
    """threads in the forum; documents are then replies in them or new ones"""
    budgets: bool = False
    """nodes take no more of authors and peers than clique.budgets allows; documents have authors, and answer others"""
    newcomers: float = 0.1
    """share of the documents that are by somebody who writes once, where there are budgets"""
    answers: float = 0.7
    """share of the documents that answer one of the last, where there are budgets"""
    commit_time: float = 0.0
    network: NetworkModel = NetworkModel()
    groups: tuple[Group, ...] = (Group(share=1.0, forum=True),)
    steps: tuple[Step, ...] = ()

    @property
    def joining(self) -> float:
        """Seconds over which the nodes join."""
        return self.join_seconds or self.nodes * 0.5

    @property
    def until_joined(self) -> Scenario:
        """What two scenarios have in common whose nodes join alike: a scenario in which nothing follows."""
        return attrs.evolve(
            self, name="", title="", idle=0.0, warm=0, documents=0, gap=0.0, size=0, after=0.0, steps=())


def names() -> list[str]:
    """Return the names of all scenario files."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str, nodes: int | None = None) -> Scenario:
    """Read a scenario by its name or its file's path; ``nodes`` overrides its number of nodes.

    Raises ScenarioError when there is none or it holds something unknown.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise ScenarioError(f"no scenario {name}; there are: {', '.join(names())}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: {error}") from None
    if nodes is not None:
        table["nodes"] = nodes
    try:
        return _scenario(path.stem, table)
    except TypeError as error:
        raise ScenarioError(f"{path}: {error}") from None


def _scenario(name: str, table: dict[str, Any]) -> Scenario:
    network = NetworkModel(**table.pop("network", {}))
    groups = tuple(Group(**group) for group in table.pop("groups", [{"share": 1.0, "forum": True}]))
    steps = tuple(Step(**step) for step in table.pop("steps", []))
    unknown = {step.do for step in steps} - STEPS
    if unknown:
        raise ScenarioError(f"{name}: no such step: {', '.join(sorted(unknown))}")
    if abs(sum(group.share for group in groups) - 1) > 0.01:
        raise ScenarioError(f"{name}: the groups' shares sum up to {sum(group.share for group in groups)}, not 1")
    return Scenario(name=name, network=network, groups=groups, steps=steps, **table)
