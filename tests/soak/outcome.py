"""What a day has left: the documents of every follower, the logs, the memory; and what of it is a fault."""

from __future__ import annotations

import re
import signal
import time

import attrs

from cliquenntp.document import Document, id_text
from cliquenntp.service.imports.documents_file import MAGIC, read_entries
from tests.real.node_process import NodeProcess
from tests.soak.day import Day, newsgroup
from tests.soak.plan import Plan
from tests.soak.watch import WINDOW, Life

TROUBLE = re.compile(r"Traceback|Unhandled|#critical")
"""what no log may have"""

MOST_GROWTH = 0.10

EVEN_SECONDS = 600.0
"""until all followers have as many articles: a dial that failed is made again after 300 at most"""

LOOK_SECONDS = 1.0

SUBJECT = re.compile(rb"^Subject: post (-?\d+)\r$", re.MULTILINE)


@attrs.frozen
class Outcome:
    """What was seen at the end of a day."""

    answered: int
    """posts that got a 240"""
    documents: tuple[int, ...]
    """of each forum"""
    even_after: float
    """seconds from the end of the day until all followers had as many articles"""
    growth: tuple[tuple[int, float], ...]
    """(node, share by which it grew) for each process that lived long enough"""
    lives: tuple[Life, ...]
    processor: float
    """a node's share of a processor in the day"""
    idle_processor: float | None
    """the same when nobody did anything any more; None where that was not looked at"""
    loads: tuple[float, ...]
    """of the machine, every now and then"""
    late: float
    """seconds by which an action began after its time, at most"""
    faults: tuple[str, ...]
    """what must not be; empty where the day was survived"""

    def lines(self, plan: Plan) -> list[str]:
        """Return the figures as a Markdown table."""
        kinds = [type(action).__name__ for action in plan.actions]
        grown = sorted(share for _, share in self.growth)
        memory = [max(octets for _, octets in life.looks) / 2**20 for life in self.lives]
        rows = [
            ("nodes, of which came in the course of the day", f"{plan.shape.nodes}, {kinds.count('Arrive')}"),
            ("the day took", f"{plan.shape.seconds / 60:g} minutes"),
            ("posts answered 240, of", f"{self.answered} of {plan.shape.posts}"),
            ("documents of each forum at each of its followers", ", ".join(map(str, self.documents))),
            ("followers of each forum at the end", ", ".join(str(len(nodes)) for nodes in plan.followers)),
            *((name, str(kinds.count(kind))) for name, kind in (
                ("joins", "Join"), ("leaves", "Leave"), ("kill -9 in the middle of a post", "Kill"), ("cuts", "Cut"))),
            ("all followers even after the end", f"{self.even_after:.0f} s"),
            ("processes whose memory was compared", str(len(grown))),
            ("they grew: median, most", f"{grown[len(grown) // 2]:+.1%}, {grown[-1]:+.1%}" if grown else "-"),
            ("memory of a process: least, most", f"{min(memory):.0f}, {max(memory):.0f} MiB"),
            ("an action began late by at most", f"{self.late:.1f} s"),
            ("a node's share of a processor, and when idle", " ".join(
                f"{share:.2%}" for share in (self.processor, self.idle_processor) if share is not None)),
            ("load of the machine, all that ran on it: mean, most",
             f"{sum(self.loads) / len(self.loads):.1f}, {max(self.loads):.1f}"),
            ("faults", "; ".join(self.faults) or "none"),
        ]
        return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


class _Inspection:
    """Gathers the faults of a day."""

    def __init__(self, plan: Plan, day: Day) -> None:
        self._plan = plan
        self._day = day
        self.faults = [f"answered otherwise than 240: {refusal}" for refusal in day.refused]

    def wait_until_even(self) -> float:
        """Wait until all followers have as many articles of each forum; return the seconds it took."""
        began = time.monotonic()
        while time.monotonic() < began + EVEN_SECONDS:
            if all(self._is_even(forum) for forum in range(self._plan.shape.forums)):
                break
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    def _is_even(self, forum: int) -> bool:
        counts = {count(self._day.nodes[node], forum) for node in self._plan.followers[forum]}
        return len(counts) == 1 and min(counts) > len(self._day.answered[forum])

    def compare(self, forum: int) -> int:
        """Compare what the followers of a forum have, byte for byte, with what was answered; return how many."""
        held = {node: documents_of(self._day.nodes[node], forum) for node in sorted(self._plan.followers[forum])}
        every: dict[bytes, bytes] = {}
        for documents in held.values():
            every |= documents
        for node, documents in held.items():
            missing = every.keys() - documents.keys()
            if missing:
                some = ", ".join(sorted(map(id_text, missing))[:3])
                self.faults.append(f"node {node} lacks {len(missing)} documents of {newsgroup(forum)}: {some}")
            if any(every[found] != raw for found, raw in documents.items()):
                self.faults.append(f"node {node} has other bytes than the rest in {newsgroup(forum)}")
        posts = {int(found[1]) for raw in every.values() if (found := SUBJECT.search(raw)) is not None}
        lost = self._day.answered[forum] - posts
        if lost:
            self.faults.append(f"{newsgroup(forum)}: answered 240 and gone: {sorted(lost)}")
        return len(every)

    def read_logs(self) -> None:
        """Look for what no log may have."""
        for node in self._day.nodes:
            lines = node.log.splitlines()
            for number, line in enumerate(lines):
                if TROUBLE.search(line):
                    told = " / ".join(lines[number : number + 3])
                    self.faults.append(f"{node.folder.name}'s log, line {number + 1}: {told}")
                    break

    def growth(self, warm: float) -> list[tuple[int, float]]:
        """Return by which share processes grew after ``warm`` seconds."""
        window = self._plan.shape.seconds * WINDOW
        found = [(life.node, life.growth(warm, window)) for life in self._day.watch.lives.values()]
        grown = [(node, share) for node, share in found if share is not None]
        self.faults += (
            f"node {node} grew by {share:.1%} after its warm-up" for node, share in grown if share > MOST_GROWTH
        )
        return grown

    def stop(self) -> None:
        """End all nodes as an operator does."""
        for node in self._day.nodes:
            status = node.stop()
            if status not in (0, -signal.SIGTERM):
                self.faults.append(f"{node.folder.name} ended with status {status}")


def inspect(plan: Plan, day: Day, warm: float, idle: float) -> Outcome:
    """Look at what a day has left, and end its nodes.

    A process is warm after ``warm`` seconds; for ``idle`` seconds the nodes are watched doing nothing.
    """
    inspection = _Inspection(plan, day)
    nodes = plan.shape.nodes
    processor = day.watch.processor / plan.shape.seconds / nodes
    even_after = inspection.wait_until_even()
    before = day.watch.processor
    time.sleep(idle)
    idle_processor = (day.watch.processor - before) / idle / nodes if idle else None
    day.watch.stop()
    documents = tuple(inspection.compare(forum) for forum in range(plan.shape.forums))
    growth = inspection.growth(warm)
    inspection.stop()
    inspection.read_logs()
    return Outcome(
        sum(map(len, day.answered.values())), documents, even_after, tuple(growth),
        tuple(day.watch.lives.values()), processor, idle_processor, tuple(day.watch.loads), day.late,
        tuple(inspection.faults),
    )


def documents_of(node: NodeProcess, forum: int) -> dict[bytes, bytes]:
    """Return the bytes of a forum's documents by id, as cliquectl writes them."""
    file = node.folder / f"soak{forum}.documents"
    node.ask("export", name=newsgroup(forum), path=str(file), format="documents")
    with file.open("rb") as entries:
        assert entries.read(len(MAGIC)) == MAGIC
        found = list(read_entries(entries))
    assert all(isinstance(entry, Document) and not entry.is_stub for entry in found), found
    return {entry.id: entry.raw for entry in found if isinstance(entry, Document)}


def count(node: NodeProcess, forum: int) -> int:
    """Return how many articles of a forum are there."""
    [row] = [row for row in node.ask("forums") if row["name"] == newsgroup(forum)]
    return int(row["articles"])
