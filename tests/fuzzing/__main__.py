"""Fuzz what comes from outside, the targets one after the other, and tell what came of it.

    python -m tests.fuzzing [--minutes N | --seconds N] [--result FILE] [TARGET ...]

The time is that of all targets together.  An input that crashes a target, takes it more than a second of the processor
or does not end is kept in build/fuzz/ with what went wrong; put into tests/fuzzing/found/ every test run tries it.
What a run has learned there helps the next one.  The status is 1 where anything failed, or a target grew in memory by
more than a tenth after its warm-up.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import attrs

from benchmarks.machine import describe
from tests.fuzzing import engine
from tests.fuzzing.engine import MOST_SECONDS, Figures

TABLE = engine.load()
TARGETS = TABLE.TARGETS

FOLDER = Path("build/fuzz")

HEADING = f"""# Fuzzing

`make fuzz`: each target gets what coverage-guided mutation (atheris) makes of its seeds.  Failures are exceptions,
broken promises of the target, inputs that take more than {MOST_SECONDS:.0f} s of the processor or do not end, and
memory that grows.

"""

MOST_GROWTH = 1.1
"""of memory after the warm-up; what libFuzzer keeps of its own is in it"""


@attrs.frozen
class Outcome:
    """What came of one target."""

    target: str
    figures: Figures
    status: int
    log: str

    @property
    def growth(self) -> float:
        """Memory at the end as a part of that after the warm-up."""
        return self.figures.octets / self.figures.warm_octets if self.figures.warm_octets else 1.0

    @property
    def faults(self) -> list[str]:
        """What is wrong, a line each."""
        found = [f"{self.target}: {path}" for path in self.figures.failures]
        if self.status:
            found.append(f"{self.target}: ended with {self.status}: {self.log[-1000:]}")
        if self.growth > MOST_GROWTH:
            found.append(f"{self.target}: memory grew to {self.growth:.2f} of what it was")
        return found


def fuzz(target: str, seconds: float) -> Outcome:
    """Fuzz one target in a process of its own, forked, as loading all takes ten seconds."""
    folder = FOLDER / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").unlink(missing_ok=True)
    child = os.fork()
    if not child:
        _write_to(folder / "log")
        engine.fuzz(TARGETS[target], TABLE.found_inputs(target).values(), seconds, folder)
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        time.sleep(0.2)
        _show_progress(target, _figures(folder), seconds)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    log = (folder / "log").read_text(errors="replace")
    return Outcome(target, _figures(folder), os.waitstatus_to_exitcode(ended[1]), log)


def _write_to(log: Path) -> None:
    """Let this process write to a file what it would say."""
    with log.open("wb") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())


def _figures(folder: Path) -> Figures:
    path = folder / "figures.json"
    return Figures(**json.loads(path.read_text())) if path.exists() else Figures()


def _show_progress(target: str, figures: Figures, seconds: float) -> None:
    if sys.stderr.isatty():
        text = f"{target}: {figures.seconds:.0f} of {seconds:.0f} s, {figures.inputs:,} inputs"
        print(f"\r\x1b[K{text}, {len(figures.failures)} failures", end="", file=sys.stderr, flush=True)


def table(outcomes: list[Outcome]) -> str:
    """Return what came out, as Markdown."""
    lines = [
        "| target | inputs | longest, ms of the processor | memory after warm-up, MB | at the end, MB | failures |",
        "|---|--:|--:|--:|--:|--:|"]
    for outcome in outcomes:
        figures = outcome.figures
        cells = (
            outcome.target, f"{figures.inputs:,}", f"{figures.longest * 1000:,.0f}", f"{figures.warm_octets / 1e6:.0f}",
            f"{figures.octets / 1e6:.0f}", str(len(outcome.faults)))
        lines.append(f"| {' | '.join(cells)} |")
    inputs = sum(outcome.figures.inputs for outcome in outcomes)
    minutes = sum(outcome.figures.seconds for outcome in outcomes) / 60
    failures = sum(len(outcome.faults) for outcome in outcomes)
    lines.append(f"| all, {minutes:.0f} minutes | {inputs:,} | | | | {failures} |")
    return "\n".join(lines)


def main() -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzzing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=60.0, metavar="N", help="of all targets together (60)")
    length.add_argument("--seconds", type=float, metavar="N")
    parser.add_argument("--result", type=Path, metavar="FILE", help="where the table is written too")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    arguments = parser.parse_args()
    names = arguments.targets or list(TARGETS)
    unknown = set(names) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    seconds = max(1.0, (arguments.seconds or arguments.minutes * 60) / len(names))
    outcomes = []
    for name in names:
        print(f"{name}: {seconds:.0f} seconds", file=sys.stderr)
        outcomes.append(fuzz(name, seconds))
        for fault in outcomes[-1].faults:
            print(fault, file=sys.stderr)
    text = f"{table(outcomes)}\n\n{describe()}\n"
    print(text)
    if arguments.result is not None:
        arguments.result.write_text(HEADING + text)
    return int(any(outcome.faults for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
