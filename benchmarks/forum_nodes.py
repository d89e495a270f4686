"""Nodes that hold a large forum: what reading it and posting to it takes of memory and processor."""

from __future__ import annotations

import random
import shutil
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.processes import cpu_seconds, memory_bytes
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess

ARTICLES = 10_000
"""read at random"""

POSTS = 30
"""a round"""


class ReadNode:
    """A node with a forum's database, read and posted to through its NNTP server."""

    def __init__(self, folder: Path, size: int, database: Path) -> None:
        """Start it in an empty folder; the database is moved there."""
        (folder / "data").mkdir(mode=0o700, parents=True)
        shutil.move(database, folder / "data" / "database")
        self.process = NodeProcess(folder)
        self.process.start()
        self.cells = [f"{size:,}", self._memory()]
        self.posts: list[float] = []
        """microseconds of processor a post, by round"""
        self._client = NewsClient("127.0.0.1", self.process.nntp_port)

    def _memory(self) -> str:
        return f"{memory_bytes(self.process.pid) / (1 << 20):,.0f}"

    def _used(self, work: Callable[[], None]) -> float:
        before = cpu_seconds(self.process.pid)
        work()
        return cpu_seconds(self.process.pid) - before

    def read(self) -> None:
        """Ask for each list, for the whole overview, and for articles at random."""
        high = int(self._client.command("GROUP clique.large").split()[3])
        dice = random.Random(2)

        def articles() -> None:
            for _ in range(ARTICLES):
                assert self._client.listing(f"ARTICLE {dice.randint(1, high)}")[0].startswith("220")

        for command in ("LIST ACTIVE", "LIST COUNTS", "XOVER 1-"):
            used = self._used(partial(self._client.listing, command))
            self.cells += [f"{used:.2f} s, {self._memory()} MB"]
        self.cells += [f"{self._used(articles) / ARTICLES * 1e6:,.0f} us, {self._memory()} MB"]

    def post(self) -> None:
        """Post one round."""
        fields = b"Newsgroups: clique.large\r\nFrom: r <r@example.invalid>\r\nSubject: s%d\r\n\r\ntext\r\n"

        def posts() -> None:
            for number in range(POSTS):
                # none like another: a document that is here already costs little
                assert self._client.post(fields % (POSTS * len(self.posts) + number)).startswith("240")

        self.posts.append(self._used(posts) / POSTS * 1e6)

    def end(self) -> list[str]:
        """Stop the node; return its row."""
        self.cells += [f"{statistics.median(self.posts):,.0f} us", self._memory()]
        self._client.close()
        self.process.kill()
        return self.cells
