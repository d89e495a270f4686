"""python -m tests.simulation [SCENARIO]... [--nodes N] [--seed S] [--pictures DIR] [--result FILE] [--processes P].

Without a scenario, or with ``all``: every scenario of the table of figures.  Exit status 0 when all ran, 1 when one
could not be read or did not come to its end.
"""

from __future__ import annotations

import argparse
import gc
import os
import shlex
import sys
from functools import partial
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .batch import ScenarioFailedError, run_all
from .run import Result, Run
from .scenario import Scenario, ScenarioError, load, names
from .table import kinds, table

YOUNG_OBJECTS = 50_000
"""between two collections of garbage: there is hardly any, and looking for it took a tenth of the time"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Simulate networks of nodes.")
    parser.add_argument("scenario", nargs="*", help=f"all, or some of: {', '.join(names())}; or a TOML file")
    parser.add_argument("--nodes", type=int, help="how many nodes, in place of the scenario's number")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", metavar="DIR", help="draw the latency curve and the overlay into this folder")
    parser.add_argument("--result", metavar="FILE", help="also write the table there, with command and seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2, help="how many runs at once (one a core)")
    return parser.parse_args()


def _finish(pictures: str | None, run: Run, result: Result) -> tuple[Result, list[str]]:
    drawn: list[str] = []
    if pictures is not None:
        from .pictures import draw  # matplotlib takes a second to import

        drawn = [str(path) for path in draw(run, Path(pictures))]
    result.latencies = []
    return result, drawn


def _run_one(scenario: Scenario, seed: int, pictures: str | None, progress: Progress) -> tuple[Result, list[str]]:
    task = progress.add_task(scenario.name, total=1.0)
    run = Run(scenario, seed, lambda done, whole: progress.update(task, completed=done, total=whole))
    return _finish(pictures, run, run.go())


def main() -> int:
    """Run what the command line names and print the table."""
    gc.set_threshold(YOUNG_OBJECTS, 50, 1000)
    arguments = _arguments()
    chosen = arguments.scenario or ["all"]
    if chosen == ["all"]:
        chosen = names()
    try:
        scenarios = [load(name, arguments.nodes) for name in chosen]
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 1
    results: dict[str, Result] = {}
    percent = TextColumn("{task.percentage:3.0f} %")
    with Progress(TextColumn("{task.description:24}"), BarColumn(), percent, TimeElapsedColumn()) as progress:
        if len(scenarios) == 1:
            result, drawn = _run_one(scenarios[0], arguments.seed, arguments.pictures, progress)
            results[result.scenario] = result
        else:
            try:
                drawn = _run_all(scenarios, arguments, progress, results)
            except ScenarioFailedError as error:
                print(error, file=sys.stderr)
                return 1
    ordered = _ordered(results)
    print(table(ordered))
    for result in ordered:
        print(f"{result.scenario}: {kinds(result)}")
    for path in drawn:
        print(path)
    _write(arguments.result, results)
    return 0


def _ordered(results: dict[str, Result]) -> list[Result]:
    return sorted(results.values(), key=lambda result: result.scenario)


def _write(path: str | None, results: dict[str, Result]) -> None:
    """Write the figures so far: a long run that is stopped leaves what it has."""
    if path is None:
        return
    ordered = _ordered(results)
    more = "\n".join(f"- {result.scenario}: {kinds(result)}" for result in ordered)
    command = f"python -m tests.simulation {shlex.join(sys.argv[1:])}"
    Path(path).write_text(f"`{command}` (seed {ordered[0].seed})\n\n{table(ordered)}\n\n{more}\n")


def _run_all(
    scenarios: list[Scenario], arguments: argparse.Namespace, progress: Progress, results: dict[str, Result]
) -> list[str]:
    task = progress.add_task("scenarios", total=len(scenarios))
    drawn: list[str] = []
    finish = partial(_finish, arguments.pictures)
    for result, paths in run_all(scenarios, arguments.seed, arguments.processes, finish):
        results[result.scenario] = result
        drawn += paths
        _write(arguments.result, results)
        progress.console.print(table([result]).splitlines()[-1], soft_wrap=True)
        progress.update(task, advance=1)
    return drawn


if __name__ == "__main__":
    sys.exit(main())
