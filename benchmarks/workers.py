"""What workers add: the same node with one and with two, asked by as many clients, in turn.

    python -m benchmarks.workers [--articles 2000] [--rounds 5] [--seconds 2] [--first] [--result FILE]

Clients and workers share the processors, so the clients are those of benchmarks.counting_clients, and the table says
what they cost beside the workers.  ``--first`` lets all of them go before whatever else runs (root only).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.counting_clients import Block, Count, blocks_of, count
from benchmarks.machine import describe, go_first
from benchmarks.nntp_clients import Server, Workload
from benchmarks.nntp_workloads import World, reading
from benchmarks.processes import Tree
from tests.real.articles import make_articles
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for

CLIENTS = 8
ASKED = (("article", 128), ("over-100", 8), ("article", 1))
"""workloads, and how many requests a client has under way at once"""

COUNTS = (1, 2)


@attrs.define(eq=False)
class Side:
    """A node with so many workers, and what was found of it."""

    process: NodeProcess
    pids: list[int]
    """of its workers"""
    blocks: list[Block] = attrs.field(init=False)
    counts: list[Count] = attrs.field(init=False, factory=list)

    @classmethod
    def start(cls, folder: Path, workers: int, articles: Path) -> Side:
        """Return one whose workers serve already."""
        node = NodeProcess(folder, config=f'clique = "off"\nworkers = {workers}\n')
        node.start().cliquectl("import", str(articles), "--forum", "bench", seconds=600)
        wait_for("the workers are there", lambda: node.ask("status")["workers_connected"] == workers)
        return cls(node, node.ask("status")["workers"])

    def prepare(self, workload: Workload, seconds: float) -> None:
        """Let all workers load from the database what they will be asked for."""
        self.counts.clear()
        self.blocks = blocks_of(self.process.nntp_port, workload)
        self._count(workload, seconds)

    def measure(self, workload: Workload, seconds: float) -> None:
        """Take one more measurement."""
        self.counts.append(self._count(workload, seconds))

    def _count(self, workload: Workload, seconds: float) -> Count:
        return count(self.process.nntp_port, self.blocks, workload, CLIENTS, seconds, self.pids)

    def median(self, of: str) -> float:
        """Return the middle one of what the measurements say."""
        return statistics.median(getattr(one, of) for one in self.counts)

    def smallest_share(self) -> float:
        """Return what part of the workers' work the one with the least had, in all measurements together."""
        used = [sum(seconds) for seconds in zip(*(one.server_seconds for one in self.counts), strict=True)]
        return min(used) / sum(used)


def figures(one: Side, two: Side) -> dict[str, str]:
    """Return what is to be said of a workload, by name."""
    ratios = [many.per_second / single.per_second for single, many in zip(one.counts, two.counts, strict=True)]
    return {
        "requests/s of one worker": f"{one.median('per_second'):,.0f}",
        "of two workers": f"{two.median('per_second'):,.0f}",
        "ratio": f"{two.median('per_second') / one.median('per_second'):.2f}",
        "ratio of single runs": f"{min(ratios):.2f} to {max(ratios):.2f}",
        "CPU us a request, one": f"{one.median('server_microseconds'):.1f}",
        "  of two workers": f"{two.median('server_microseconds'):.1f}",
        "  of their clients": f"{two.median('client_microseconds'):.1f}",
        "the idler worker's share": f"{two.smallest_share():.0%}",
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--first", action="store_true", help="go before other programs of this machine")
    parser.add_argument("--result", type=Path, help="a file for the table")
    options = parser.parse_args()
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="cliquenntp-workers-") as name:
        folder = Path(name)
        articles = make_articles(folder, options.articles)
        sides = [Side.start(folder / str(count), count, articles) for count in COUNTS]
        try:
            if options.first:
                go_first(Tree([os.getpid()]).pids())
            world = World.look(Server("workers", sides[0].process.nntp_port))
            for name, depth in ASKED:
                asked = attrs.evolve(reading(world)[name], depth=depth)
                for side in sides:
                    side.prepare(asked, options.seconds)
                for _ in range(options.rounds):
                    for side in sides:
                        side.measure(asked, options.seconds)
                found[f"{asked.title}, {depth}"] = figures(*sides)
        finally:
            for side in sides:
                side.process.kill()
    table = Table(title=f"{CLIENTS} clients, medians of {options.rounds} runs of {options.seconds:g} s in turn;"
                        " a client has so many requests under way")
    table.add_column("")
    for title in found:
        table.add_column(title, justify="right")
    for name in next(iter(found.values())):
        table.add_row(name, *(figure[name] for figure in found.values()))
    console = Console(width=110, record=True)
    console.print(table)
    console.print(describe())
    if options.result:
        command = f"python -m benchmarks.workers --articles {options.articles} --rounds {options.rounds}"
        command += f" --seconds {options.seconds:g}" + " --first" * options.first
        options.result.write_text(f"# Two workers\n\n`{command}`\n\n```\n{console.export_text().rstrip()}\n```\n")


if __name__ == "__main__":
    main()
