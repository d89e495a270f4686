"""What moving a node's database takes: cliquectl copy-storage while newsreaders read and post, and the switch after it.

    python -m benchmarks.moving [--documents 100000] [--folder DIR] [--result FILE]

The database of a running node is copied to a folder that ZEO serves then, and that of another one to PostgreSQL.  Its
forum is that of benchmarks.million.  Posts are taken until the node only reads; from then on they are not until it has
been started again with the copy.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.storages import POSTGRESQL, PostgresServer, StorageServer, ZeoServer
from tests.real.waiting import wait_for

REST_SECONDS = 0.1
"""between two posts, and two readings"""

POST = b"From: a@b.invalid\r\nNewsgroups: clique.large\r\nSubject: meanwhile\r\n\r\nx\r\n.\r\n"


class Newsreaders:
    """One that posts and one that reads, until the node goes; threads."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.taken = 0
        self.last_taken = 0.0
        """when the last post was acknowledged"""
        self.longest_reading = 0.0
        """seconds"""
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=one) for one in (self._post, self._read)]
        for thread in self._threads:
            thread.start()

    def _post(self) -> None:
        with NewsClient("127.0.0.1", self._port) as client:
            while not self._ended.wait(REST_SECONDS):
                client.command("POST")
                client.send(POST)
                if client.status().startswith("240"):
                    self.taken += 1
                    self.last_taken = time.monotonic()

    def _read(self) -> None:
        with NewsClient("127.0.0.1", self._port) as client:
            low, high = map(int, client.command("GROUP clique.large").split()[2:4])
            number = low
            while not self._ended.wait(REST_SECONDS):
                began = time.monotonic()
                number = low + (number + 7919) % (high - low)
                assert client.listing(f"ARTICLE {number}")[0].startswith("220")
                self.longest_reading = max(self.longest_reading, time.monotonic() - began)

    def end(self) -> None:
        """Let both go."""
        self._ended.set()
        for thread in self._threads:
            thread.join()


@attrs.frozen
class Move:
    """What a move took, in seconds."""

    copying: float
    """while posts were taken"""
    read_only: float
    """from the last post that was taken to the end of copy-storage"""
    restart: float
    """from there to a post that the node with the copy takes"""
    longest_reading: float
    """of an article, all the while"""
    taken: int
    """posts meanwhile"""


def move(folder: Path, database: Path, server: StorageServer, destination: str) -> Move:
    """Move a database."""
    node = NodeProcess(folder, config=f'clique = "off"\nstorage = "{database}"\n').start()
    there = folder.with_name(f"{folder.name}-moved")
    moved = NodeProcess(there, config=f'clique = "off"\nstorage = "{server.location}"\n')
    try:
        newsreaders = Newsreaders(node.nntp_port)
        try:
            wait_for("posts are taken", lambda: newsreaders.taken)
            began = time.monotonic()
            node.cliquectl("copy-storage", destination, seconds=3600)
            copied = time.monotonic()
        finally:
            newsreaders.end()
        node.stop(300)
        if isinstance(server, ZeoServer):
            server.start()
        moved.start()
        with NewsClient("127.0.0.1", moved.nntp_port) as client:
            client.command("POST")
            client.send(POST)
            assert client.status().startswith("240")
        last = newsreaders.last_taken
        return Move(
            last - began, copied - last, time.monotonic() - copied, newsreaders.longest_reading, newsreaders.taken)
    finally:
        node.kill()
        moved.kill()


def main() -> None:
    """Make the database, move it to both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--result", type=Path, help="a file for the table")
    options = parser.parse_args()
    if POSTGRESQL is None:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
    moves: dict[str, Move] = {}
    with tempfile.TemporaryDirectory(prefix="cliquenntp-moving-", dir=options.folder) as name:
        folder = Path(name)
        database = folder / "database"
        database.mkdir()
        command = [sys.executable, "-m", "benchmarks.million", "--build", str(database)]
        subprocess.run([*command, "--documents", str(options.documents)], check=True)
        zeo, postgresql = ZeoServer(folder / "zeo"), PostgresServer(folder / "postgresql")
        try:
            moves["zeo://"] = move(folder / "first", database, zeo, str(zeo.folder))
            moves["postgresql://"] = move(folder / "second", database, postgresql, postgresql.location)
        finally:
            zeo.close()
            postgresql.close()
    table = Table(title=f"{options.documents:,} documents are moved from a folder, seconds")
    for column in ("to", *moves):
        table.add_column(column, justify="right" if column != "to" else "left")
    for title, field in (
        ("copied while posts are taken", "copying"), ("read-only: the rest copied, all compared", "read_only"),
        ("stopped, and started with the copy", "restart"), ("the longest wait for an article", "longest_reading"),
    ):
        table.add_row(title, *(f"{getattr(one, field):.1f}" for one in moves.values()))
    table.add_row("posts taken meanwhile", *(f"{one.taken:,}" for one in moves.values()))
    console = Console(width=110, record=True)
    console.print(table)
    console.print(describe())
    if options.result:
        command = f"python -m benchmarks.moving --documents {options.documents}"
        options.result.write_text(f"# Moving a database\n\n`{command}`\n\n```\n{console.export_text().rstrip()}\n```\n")


if __name__ == "__main__":
    main()
