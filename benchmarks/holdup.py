"""How long a long answer holds up other clients: the longest step of a session, in CPU milliseconds.

    python -m benchmarks.holdup [--articles 100000] [--folder DIR]

A forum with that many articles, and so that many newsgroups, is asked what takes long.  Between two steps the server
turns to its other clients.  Cold means that nothing is cached in the process but what the database keeps on disk.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
import zlib
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table
from twisted.internet import reactor

from benchmarks.newsview import fill
from cliquenntp.interfaces import OWNER
from cliquenntp.nntp.session import Session, SessionSettings, State
from cliquenntp.service.readers.views import Views
from cliquenntp.service.upkeep.collecting import RareCollections
from cliquenntp.store import Store

MOST_MILLISECONDS = 10.0
"""that nobody is to wait for somebody else's answer"""

NOW = 1_900_000_000.0

COMMANDS = (
    "LIST ACTIVE", "LIST ACTIVE *length*7*", "LIST ACTIVE *no.such*", "LIST NEWSGROUPS", "LIST COUNTS",
    "LIST ACTIVE.TIMES", "LISTGROUP", "OVER 1-", "XOVER 1-", "HDR Subject 1-", "HDR Keywords 1-", "HDR :bytes 1-",
    "XHDR References 1-", "XPAT Subject 1- *length*1*7*", "XPAT Keywords 1- *x*",
    "XPAT Subject 1- *" + "a*" * 120, "NEWNEWS * 19900101 000000", "NEWNEWS *length*7* 19900101 000000",
    "NEWNEWS {group} 19900101 000000", "NEWNEWS *,!*length*7* 19900101 000000", "NEWGROUPS 19900101 000000", "NEXT",
)  # fmt: skip

COMPRESSED = ("LIST ACTIVE", "LIST COUNTS", "OVER 1-", "XHDR References 1-", "XPAT Subject 1- *length*1*7*")
"""asked once more after COMPRESS DEFLATE"""


@attrs.frozen
class Answer:
    """What an answer took."""

    octets: int
    steps: int
    seconds: float
    longest: float
    """seconds of its longest step"""


class Asking:
    """A session over a store, whose steps are timed."""

    def __init__(self, folder: Path) -> None:
        self._store = Store.open(folder)
        views = Views(self._store.reader, "not-for-mail")
        self._session = Session(
            views.of(OWNER), OWNER, SessionSettings(), lambda: b"<x@y>", _raise, clock=time.monotonic
        )
        self._session.greet()
        self._shrinker: Any = None
        self._collections = RareCollections(reactor)
        self._collections.start()  # as a node does

    def close(self) -> None:
        """Let go of the store."""
        self._collections.stop()
        self._store.close()

    def compress(self) -> None:
        """Go on in compressed octets."""
        self._session.receive(b"COMPRESS DEFLATE\r\n", NOW)
        self._shrinker = zlib.compressobj(wbits=-zlib.MAX_WBITS)

    def ask(self, command: str) -> Answer:
        """Ask one command and return what its answer took."""
        octets = steps = 0
        times: list[float] = []
        for output, seconds in self._steps(command):
            octets += len(output)
            steps += 1
            times.append(seconds)
        return Answer(octets, steps, sum(times), max(times))

    def _steps(self, command: str) -> Iterator[tuple[bytes, float]]:
        session = self._session
        line = command.encode() + b"\r\n"
        if self._shrinker is not None:
            line = self._shrinker.compress(line) + self._shrinker.flush(zlib.Z_SYNC_FLUSH)
        started = time.thread_time()
        output = session.receive(line, NOW)
        yield output, time.thread_time() - started
        while session.state is State.TALKING:
            started = time.thread_time()
            output = session.resume(NOW)
            yield output, time.thread_time() - started


def _raise(error: Exception) -> None:
    raise error


def measure(folder: Path, group: str) -> Iterator[tuple[str, Answer, Answer]]:
    """Yield (command, its answer cold, warm)."""
    for command, is_compressed in chain(product(COMMANDS, [False]), product(COMPRESSED, [True])):
        asking = Asking(folder)
        if is_compressed:
            asking.compress()
        asking.ask(f"GROUP {group}")
        gc.collect()
        text = command.format(group=group)
        yield f"{command}, compressed" if is_compressed else command, asking.ask(text), asking.ask(text)
        asking.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keeps the database for another run (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cliquenntp-holdup-") as temporary:
        folder = arguments.folder or Path(temporary)
        store = Store.open(folder)
        if not store.reader.newest():
            fill(store, 1, arguments.articles)
        group = store.reader.record(1).name
        store.close()
        table = Table(title=f"answers over {arguments.articles:,} articles; no step shall take {MOST_MILLISECONDS} ms")
        for column in ("", "MB", "steps", "cold: total ms", "longest ms", "warm: total ms", "longest ms"):
            table.add_column(column, justify="right" if column else "left")
        for command, cold, warm in measure(folder, group):
            title = command if len(command) < 40 else command[:37] + "..."
            table.add_row(
                title, f"{cold.octets / 1e6:.1f}", str(cold.steps), f"{cold.seconds * 1e3:,.0f}", _shown(cold),
                f"{warm.seconds * 1e3:,.1f}", _shown(warm),
            )
        Console(width=130).print(table)


def _shown(answer: Answer) -> str:
    mark = " !" if answer.longest * 1e3 > MOST_MILLISECONDS else ""
    return f"{answer.longest * 1e3:.1f}{mark}"


if __name__ == "__main__":
    main()
