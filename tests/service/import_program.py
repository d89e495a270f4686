"""A program that imports an archive into a store of its own process, for measuring memory and for being killed.

    python -m tests.service.import_program ARCHIVE FOLDER

It prints the number of articles that are on disk after each step, and at last the report as one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from twisted.internet import reactor, task
from twisted.internet.threads import deferToThread

from benchmarks.processes import peak_memory_bytes
from cliquenntp.document import Signer
from cliquenntp.service.imports.importing import Import
from cliquenntp.service.imports.report import ImportProgress
from cliquenntp.service.turn import Turn
from cliquenntp.store import Store

OWNER = Signer(bytes(range(32)))


def import_archive(path: Path, folder: Path) -> dict[str, Any]:
    """Run the program to its end; return its report with rate, seconds of the processor and peak of memory in MiB."""
    command = [sys.executable, "-m", "tests.service.import_program", str(path), str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _tell(progress: ImportProgress) -> None:
    if progress.phase == "storing":
        print(progress.articles, flush=True)


async def _run(_: Any, path: str, folder: str) -> None:
    store = Store.open(Path(folder) / "store")
    turn = Turn(reactor, store)
    turn.start()
    try:
        report = await Import(turn, OWNER, "not-for-mail", time.time, deferToThread, _tell).run(Path(path))
    finally:
        await turn.stop()
        store.close()
    # the process that read the archive has ended by now
    reader = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = peak_memory_bytes(os.getpid()) + reader.ru_maxrss * 1024
    processor = time.process_time() + reader.ru_utime + reader.ru_stime
    told = {name: getattr(report, name) for name in ("read", "taken", "held", "duplicates", "refusals", "repairs")}
    print(json.dumps({**told, "rate": report.taken / report.seconds, "processor": processor, "mebibytes": used >> 20}))


if __name__ == "__main__":
    task.react(_run, sys.argv[1:3])
