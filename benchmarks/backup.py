"""A backup of a large database while posts go on, put back elsewhere, and bits flipped in it.

    python -m benchmarks.backup [--articles 20000] [--flips 200] [--looks 10] [--result FILE]

The articles are those of 20_newsgroups where CLIQUENNTP_CORPUS names the folder, else made up.  After the restore
`verify` must be clean.  Then each flipped bit must be found by the sums of the file; for some of them everything is
looked at, to tell how many documents can still be read.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import attrs

from benchmarks.processes import cpu_seconds
from cliquenntp.service.upkeep.backup import restore_backup
from cliquenntp.service.upkeep.verification import look_at_documents
from cliquenntp.store import Store, StoreUnusable
from cliquenntp.store.database import DATABASE_FILE, SUMS_FILE
from cliquenntp.store.sums import FileSums
from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess
from tests.real.reading import count, post

PASSPHRASE = "nine lives"
POSTED = "clique.posted"


@attrs.define
class Result:
    """What came out, a line each."""

    lines: list[tuple[str, str]] = attrs.Factory(list)

    def add(self, what: str, figure: str) -> None:
        """Note a figure, and show it at once."""
        self.lines.append((what, figure))
        print(f"{what}: {figure}", flush=True)

    def text(self, command: str) -> str:
        """Return the page to keep."""
        rows = "\n".join(f"| {what} | {figure} |" for what, figure in self.lines)
        machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
        return f"# A large backup\n\n`{command}` on {machine}:\n\n| what | figure |\n|---|---|\n{rows}\n"


class Posting(threading.Thread):
    """Somebody who posts one article after the other."""

    def __init__(self, node: NodeProcess) -> None:
        super().__init__(daemon=True)
        self._node = node
        self._ending = threading.Event()
        self.slowest = 0.0
        self.posted = 0

    def run(self) -> None:
        """Post until ``end``."""
        while not self._ending.is_set():
            began = time.monotonic()
            post(self._node, POSTED, f"Post {self.posted}")
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.posted += 1

    def end(self) -> None:
        """End after the article that is under way."""
        self._ending.set()
        self.join()


def fill(node: NodeProcess, articles: int, folder: Path) -> None:
    """Import articles: real ones where there are any."""
    corpus = os.environ.get("CLIQUENNTP_CORPUS")
    if corpus and articles >= 20_000:
        node.cliquectl("import", str(Path(corpus) / "20_newsgroups.tar.gz"), seconds=3600)
        articles -= node.cliquectl("status")["documents"]
    if articles > 0:
        write_mbox(folder / "articles.mbox", articles)
        node.cliquectl("import", str(folder / "articles.mbox"), "--forum", "more", seconds=3600)


def back_up(node: NodeProcess, folder: Path, result: Result) -> Path:
    """Make the backup while somebody posts; return its file."""
    node.cliquectl("create-forum", POSTED.removeprefix("clique."))
    (folder / "passphrase").write_text(f"{PASSPHRASE}\n")
    file = folder / "node.backup"
    posting = Posting(node)
    posting.start()
    began, cpu = time.monotonic(), cpu_seconds(node.pid)
    node.cliquectl("backup", str(file), "--passphrase-file", str(folder / "passphrase"), seconds=3600)
    elapsed, used = time.monotonic() - began, cpu_seconds(node.pid) - cpu
    posting.end()
    size = file.stat().st_size / 1e6
    result.add("backup", f"{size:.0f} MB in {elapsed:.1f} s ({used:.1f} s of the node's processor)")
    result.add("posts meanwhile", f"{posting.posted}, the slowest {posting.slowest * 1000:.0f} ms")
    if count(node, POSTED) != posting.posted + 1:
        raise SystemExit("a post was lost")
    return file


def restore(file: Path, folder: Path, result: Result) -> Path:
    """Restore, start, verify; return the folder of the restored database."""
    data = folder / "elsewhere" / "data"
    began = time.monotonic()
    restore_backup(file, data, PASSPHRASE)
    result.add("restore", f"{time.monotonic() - began:.1f} s")
    node = NodeProcess(folder / "elsewhere").start()
    began = time.monotonic()
    try:
        wrong = node.cliquectl("verify", seconds=3600)
        result.add("verify", f"{len(wrong)} things wrong, {time.monotonic() - began:.1f} s")
        result.add("documents restored", f"{node.cliquectl('status')['documents']:,}")
        if wrong:
            raise SystemExit(f"verify is not clean: {wrong[:5]}")
    finally:
        node.stop()
    return data / "database"


def flip(folder: Path, flips: int, looks: int, seed: int, result: Result) -> None:
    """Flip bits one at a time, and see that each is told and how much can still be read."""
    dice = random.Random(seed)
    file = folder / DATABASE_FILE
    size = file.stat().st_size
    found = unusable = 0
    readable: list[int] = []
    logging.disable(logging.CRITICAL)  # ZODB tells of each state that it cannot load
    for number in range(flips):
        place, bit = dice.randrange(size), 1 << dice.randrange(8)
        _change(file, place, bit)
        damages = [damage for damage in FileSums(file, folder / SUMS_FILE).damages() if damage]
        found += [damage.start <= place < damage.end for damage in damages] == [True]
        if number < looks:
            kept = _readable(folder)
            unusable += kept is None
            readable += [] if kept is None else [kept]
        _change(file, place, bit)
    logging.disable(logging.NOTSET)
    result.add("flipped bits found by the sums", f"{found} of {flips} (file of {size / 1e6:.0f} MB, seed {seed})")
    readable.sort()
    result.add("databases that do not open (the message says: restore a backup)", f"{unusable} of {looks}")
    if readable:
        result.add("documents whole after a flip", f"least {readable[0]:,}, median {readable[len(readable) // 2]:,}")
    if found != flips:
        raise SystemExit("a flipped bit was not found")


def _change(file: Path, place: int, bit: int) -> None:
    with file.open("r+b") as octets:
        octets.seek(place)
        [value] = octets.read(1)
        octets.seek(place)
        octets.write(bytes([value ^ bit]))


def _readable(folder: Path) -> int | None:
    """Return how many documents are whole, None where the database does not open; it is left as it was."""
    file = folder / DATABASE_FILE
    before = file.stat()
    try:
        store = Store.open(folder)
    except StoreUnusable:
        return None
    with store.snapshot() as archive:
        whole = sum(1 for look in look_at_documents(archive) if look is None)
    store.close()
    if file.stat().st_size != before.st_size:
        raise SystemExit("looking changed the database")
    return whole


def main(argv: Sequence[str] | None = None) -> None:
    """Run all of it, and print or keep what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--looks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--result", type=Path)
    options = parser.parse_args(argv)
    result = Result()
    with tempfile.TemporaryDirectory(prefix="cliquenntp-bench-") as name:
        folder = Path(name)
        node = NodeProcess(folder / "node").start()
        try:
            fill(node, options.articles, folder)
            result.add("documents", f"{node.cliquectl('status')['documents']:,}")
            file = back_up(node, folder, result)
        finally:
            node.kill()
        flip(restore(file, folder, result), options.flips, options.looks, options.seed, result)
    if options.result:
        words = argv if argv is not None else sys.argv[1:]
        options.result.write_text(result.text(" ".join(["python -m benchmarks.backup", *words])))


if __name__ == "__main__":
    main()
