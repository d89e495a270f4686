"""What a node with a very large forum costs, beside one with 10,000 documents.

    python -m benchmarks.million [--documents 1000000] [--folder DIR] [--first] [--result FILE]

The documents are those of benchmarks.forum: signed, of about 2 KB, at the depths of a real mailing list.  They are put
into the database as pushed ones are, 300 a commit, and the forum is followed.  Both nodes run at once, and are asked in
turn: the first time with nothing cached, not even by the machine, the others after all was asked once.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import attrs
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.forum import BATCH
from benchmarks.forum_documents import TIME, Forum
from benchmarks.machine import describe, go_first
from benchmarks.nntp_clients import Measurement, Server, Workload, measure
from benchmarks.nntp_workloads import World, posting, reading
from benchmarks.processes import Tree, cpu_seconds, drop_cached, memory_bytes
from cliquenntp.document import parse
from cliquenntp.interfaces import OWNER, SHARED, Follow, Reason
from cliquenntp.service.arrival import accept
from cliquenntp.store import Store
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess

FEW = 10_000
SAMPLE = 5_000
"""articles that clients ask for, all over the forum"""

FIRST_LOOKS = 80
"""articles, and windows of 100, asked for right after a start; windows are apart in the smaller forum too"""

CLIENTS = 8
SECONDS = 2.0
ROUNDS = 3
WORKLOADS = ("group", "article")


def build(folder: Path, documents: int) -> None:
    """Make a database of so many documents in one forum that the owner follows."""
    store = Store.open(folder)
    writer, made = store.writer, Forum(1).documents()
    batches = range(-(-documents // BATCH))
    for number in track(batches, f"{documents:,} documents"):
        writer.begin()
        for raw in itertools.islice(made, min(BATCH, documents - number * BATCH)):
            record = accept(writer, parse(raw), TIME, "not-for-mail")
            if not record.parents:
                writer.channel(record.docno, False, SHARED)
                writer.follow_set(OWNER.account or "", Follow(record.id, Reason.EXPLICIT, TIME))
        writer.commit()
        store.forward()
    store.close()


@attrs.define(eq=False)
class LargeNode:
    """A node with such a database."""

    folder: Path
    documents: int
    process: NodeProcess
    goes_first: bool
    workloads: dict[str, Workload] = attrs.field(init=False)
    server: Server = attrs.field(init=False)
    found: dict[str, list[float]] = attrs.field(init=False, factory=dict)
    """CPU microseconds a request, by workload"""
    clean_start: float = 0.0
    start_after_kill: float = 0.0
    memory: list[int] = attrs.field(init=False, factory=list)

    def prepare(self) -> None:
        """Make the database in a process of its own, whose memory goes with it."""
        database = self.folder / "data" / "database"
        database.mkdir(parents=True)
        command = [sys.executable, "-m", "benchmarks.million", "--build", str(database)]
        subprocess.run([*command, "--documents", str(self.documents)], check=True)

    def _timed_start(self) -> float:
        drop_cached(self.folder / "data")
        started = time.monotonic()
        self.process.start()
        if self.goes_first:
            go_first([self.process.pid])
        with NewsClient("127.0.0.1", self.process.nntp_port) as client:
            assert client.command("GROUP clique.large").startswith("211")
            took = time.monotonic() - started
            self._look_for_the_first_time(client)
        return took

    def _look_for_the_first_time(self, client: NewsClient) -> None:
        apart = self.documents // FIRST_LOOKS
        for name, command in (("article, first time", "ARTICLE {0}"), ("over, first time", "OVER {0}-{1}")):
            used = cpu_seconds(self.process.pid)
            for first in range(1, FIRST_LOOKS * apart, apart):
                status, _ = client.listing(command.format(first, first + 99))
                assert status.startswith("22"), status
            self._note(name, (cpu_seconds(self.process.pid) - used) / FIRST_LOOKS)

    def _note(self, name: str, seconds: float) -> None:
        self.found.setdefault(name, []).append(seconds * 1e6)

    def start(self) -> None:
        """Start it after a clean stop and after SIGKILL under a post, with nothing cached."""
        self.process.start()
        self.process.stop(300)
        self.clean_start = self._timed_start()
        with NewsClient("127.0.0.1", self.process.nntp_port) as client:
            client.command("POST")
            client.send(b"From: a@b.invalid\r\nNewsgroups: clique.large\r\nSubject: cut off\r\n\r\nx\r\n.\r\n")
        self.process.kill()
        self.start_after_kill = self._timed_start()
        self.memory.append(memory_bytes(self.process.pid))
        port = self.process.nntp_port
        self.server = Server(f"{self.documents:,}", port, processes=Tree([self.process.pid]))
        world = look(port)
        self.workloads = {name: reading(world)[name] for name in WORKLOADS} | posting(world)
        last = world.numbers[-1]
        newest = range(last - FEW + 1, last - 98, 2)
        for name, numbers in (("over newest", newest), ("over anywhere", world.numbers)):
            windows = [b"OVER %d-%d" % (number, number + 99) for number in numbers if 0 < number <= last - 99]
            self.workloads[name] = Workload(name, windows, True, (b"MODE READER", b"GROUP " + world.big))

    def measure(self, name: str) -> Measurement:
        """Take one more measurement of a workload."""
        found = measure(self.server, self.workloads[name], CLIENTS, SECONDS)
        self._note(name, (found.cpu_microseconds or 0.0) / 1e6)
        return found

    def ask_all_once(self) -> None:
        """Ask for all that will be asked for, so that the caches hold what they can of it."""
        for workload in self.workloads.values():
            if workload.article is None and not callable(workload.requests):
                with NewsClient("127.0.0.1", self.process.nntp_port) as client:
                    ask = client.listing if workload.multi_line else client.command
                    for request in (*workload.prelude[1:], *workload.requests):
                        (client.command if request.startswith(b"GROUP") else ask)(request.decode())


def look(port: int) -> World:
    """Return what a node's largest newsgroup has, a sample from all over it."""
    with NewsClient("127.0.0.1", port) as client:
        client.command("MODE READER")
        numbers = [int(line) for line in client.listing("LISTGROUP clique.large")[1]]
        sample = tuple(numbers[:: max(1, len(numbers) // SAMPLE)])
        groups = [line.split()[0] for line in client.listing("LIST ACTIVE clique.large*0*1*")[1]]
        ids = tuple(client.command(f"STAT {number}").split()[2].encode() for number in sample[:100])
    return World(tuple(groups[:: max(1, len(groups) // 200)]), b"clique.large", sample, ids)


def disk(folder: Path) -> int:
    """Return how many octets a folder takes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def table_of(nodes: list[LargeNode]) -> Table:
    """Return what was found."""
    table = Table(title="CPU microseconds a request, medians; both nodes at once")
    few, many = nodes
    for column in ("", f"{few.documents:,}", f"{many.documents:,}", "ratio"):
        table.add_column(column, justify="left" if not column else "right")
    for name in few.found:
        one, other = statistics.median(few.found[name]), statistics.median(many.found[name])
        table.add_row(name, f"{one:,.1f}", f"{other:,.1f}", f"{other / one:.2f}")
    for title, attribute in (("start after a clean stop, s", "clean_start"), ("after kill -9, s", "start_after_kill")):
        table.add_row(title, f"{getattr(few, attribute):.1f}", f"{getattr(many, attribute):.1f}", "")
    for title, index in (("memory after the start, MB", 0), ("memory at the end, MB", -1)):
        table.add_row(title, *(f"{node.memory[index] >> 20:,}" for node in nodes), "")
    table.add_row("disk, MB", *(f"{disk(node.folder / 'data' / 'database') >> 20:,}" for node in nodes), "")
    return table


def main() -> None:
    """Make both databases, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--result", type=Path, help="a file for the table")
    parser.add_argument("--first", action="store_true", help="let both go before other programs (root only)")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build(options.build, options.documents)
        return
    folder = Path(tempfile.mkdtemp(prefix="cliquenntp-million-", dir=options.folder))
    nodes = [
        LargeNode(folder / str(count), count, NodeProcess(folder / str(count), clique=True), options.first)
        for count in (FEW, options.documents)]
    try:
        for node in nodes:
            node.prepare()
            node.start()
        for node in nodes:
            node.ask_all_once()
        for _ in range(ROUNDS):
            for name in nodes[0].workloads:
                for node in nodes:
                    print(f"{node.documents:,} {name}: {node.measure(name).cpu_microseconds:,.1f}", flush=True)
        for node in nodes:
            node.memory.append(memory_bytes(node.process.pid))
        console = Console(width=110, record=True)
        console.print(table_of(nodes))
        console.print(describe())
        if options.result:
            text = console.export_text().rstrip()
            command = f"python -m benchmarks.million --documents {options.documents}" + " --first" * options.first
            options.result.write_text(f"# A million documents\n\n`{command}`\n\n```\n{text}\n```\n")
    finally:
        for node in nodes:
            node.process.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
