"""Flood a forum of real nodes, and see whether it stays readable.

    python -m tests.flood [--nodes N] [--flooders N] [--posts N] [--spam N] [--keys N] [--result FILE]

First they flood as fast as they can, then in another forum so slowly that they look like anybody: with as much as
people write themselves, each by a new key.  The nodes' clocks go 25 seconds on with each honest post.  In the end
every node must have every honest article, and no more spam than the budgets have room for (docs/security.md, Floods),
and no process may have grown by more than 32 MiB.  The exit status is 1 where that is not so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import attrs

from benchmarks.machine import describe
from tests.flood.forum import Shape, flood


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.flood", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=18)
    parser.add_argument("--flooders", type=int, default=2)
    parser.add_argument("--links", type=int, default=8, help="of one flooder (default: 8)")
    parser.add_argument("--posts", type=int, default=200, help="honest ones (default: 200)")
    parser.add_argument("--spam", type=int, default=20_000, help="documents (default: 20000)")
    parser.add_argument("--keys", type=int, default=2_000, help="that sign them (default: 2000)")
    parser.add_argument("--result", metavar="FILE", help="also write the table there")
    arguments = parser.parse_args()
    shape = Shape(
        arguments.nodes, arguments.flooders, arguments.posts, arguments.spam, arguments.keys, arguments.links)
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {text}", flush=True)

    command = f"`python -m tests.flood {' '.join(sys.argv[1:])}`".replace(" `", "`")
    lines, outcomes = [command, "", describe()], []
    for each in (shape, attrs.evolve(shape, spam=shape.posts, keys=shape.posts)):
        with tempfile.TemporaryDirectory(prefix="cliquenntp-flood-") as folder:
            outcome = flood(Path(folder), each, tell)
        outcomes.append(outcome)
        lines += ["", *outcome.lines()]
        print("\n".join([*outcome.lines(), *outcome.missing]))
    if arguments.result:
        Path(arguments.result).write_text("\n".join(lines) + "\n")
    return 0 if all(outcome.holds for outcome in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
