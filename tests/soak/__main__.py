"""A day of a small network of real nodes, compressed: posts, joins, leaves, deaths and cuts.  Needs root.

    python -m tests.soak [--minutes M] [--nodes N] [--posts N] [--seed N] [--keep FOLDER] [--result FILE]

Every node runs on a host of its own (network namespaces), which cuts take from the others.  At the end every follower
of a forum must have every document of it, byte for byte, no process may have grown by more than a tenth since its
warm-up, and no log may have an error that nobody handled.  The exit status is 1 where that is not so.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.machine import describe
from tests.soak.day import Day
from tests.soak.hosts import hosts
from tests.soak.outcome import Outcome, inspect
from tests.soak.plan import Plan, Shape, plan

WARM = 1 / 3
"""of the day, until a process is warm"""

IDLE_SECONDS = 60.0
"""that the nodes are watched at the end, when all have everything"""


def soak(
    folder: Path, shape: Shape, seed: int, tell: Callable[[str], None], idle: float = 0.0
) -> tuple[Plan, Outcome]:
    """Live through a day, and watch ``idle`` seconds after it; ``tell`` gets lines about the progress."""
    planned = plan(shape, seed)
    with hosts(shape.nodes) as network:
        day = Day(folder, network, planned, seed, tell)
        try:
            day.run()
            tell("the day is over")
            return planned, inspect(planned, day, shape.seconds * WARM, idle)
        finally:
            day.close()


@contextlib.contextmanager
def folder(keep: Path | None) -> Iterator[Path]:
    """Have a folder for the nodes, which stays where it was named."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    made = Path(tempfile.mkdtemp(prefix="cliquenntp-soak-"))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def main() -> int:
    """Run the soak; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="that the day takes (default: 30)")
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--posts", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the nodes' data and logs there")
    parser.add_argument("--result", type=Path, metavar="FILE", help="also write the table there")
    arguments = parser.parse_args()
    shape = Shape(arguments.nodes, arguments.posts, arguments.minutes * 60)
    began = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    with folder(arguments.keep) as place:
        planned, outcome = soak(place, shape, arguments.seed, lambda line: print(line, flush=True), IDLE_SECONDS)
    command = f"`python -m tests.soak {' '.join(sys.argv[1:])}`".replace(" `", "`")
    title = f"# A day among {shape.nodes} nodes"
    lines = [title, "", f"{command}, {began} UTC", "", describe(), "", *outcome.lines(planned)]
    print("\n".join(lines))
    if arguments.result:
        arguments.result.write_text("\n".join(lines) + "\n")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
