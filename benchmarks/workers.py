"""What workers add: the same node with one and with two, asked by as many clients, in turn.

    python -m benchmarks.workers [--articles 2000] [--rounds 5] [--seconds 3]

Clients ask for several things at once, so that they cost little beside the servers on the same processors.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe
from benchmarks.nntp_clients import Server, measure
from benchmarks.nntp_workloads import World, reading
from tests.real.articles import make_articles
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for

CLIENTS = 8
DEPTHS = {"article": 32, "over-100": 8}
"""requests that a client has under way at once"""

COUNTS = (1, 2)


def start(folder: Path, workers: int, articles: Path) -> NodeProcess:
    """Return a node with so many workers that serve already."""
    node = NodeProcess(folder, config=f'clique = "off"\nworkers = {workers}\n')
    node.start().cliquectl("import", str(articles), "--forum", "bench", seconds=600)
    wait_for("the workers are there", lambda: node.ask("status")["workers_connected"] == workers)
    return node


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    table = Table(title=f"requests/s of {CLIENTS} clients, medians of {options.rounds} runs in turn")
    for column in ("", *(f"{count} worker{'s' * (count > 1)}" for count in COUNTS), "ratio"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory(prefix="cliquenntp-workers-") as name:
        folder = Path(name)
        articles = make_articles(folder, options.articles)
        nodes = [start(folder / str(count), count, articles) for count in COUNTS]
        try:
            servers = [Server("workers", node.nntp_port) for node in nodes]
            world = World.look(servers[0])
            for workload, depth in DEPTHS.items():
                asked = attrs.evolve(reading(world)[workload], depth=depth)
                for server in servers:  # each worker loads from the database what it is asked for first
                    measure(server, asked, CLIENTS, options.seconds * len(COUNTS))
                rates: list[list[float]] = [[] for _ in nodes]
                for _ in range(options.rounds):
                    for rate, server in zip(rates, servers, strict=True):
                        rate.append(measure(server, asked, CLIENTS, options.seconds).per_second)
                one, two = map(statistics.median, rates)
                table.add_row(f"{asked.title}, {depth} at once", f"{one:,.0f}", f"{two:,.0f}", f"{two / one:.2f}")
        finally:
            for node in nodes:
                node.kill()
    console = Console(width=110)
    console.print(table)
    console.print(describe())


if __name__ == "__main__":
    main()
