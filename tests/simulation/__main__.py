"""python -m tests.simulation [SCENARIO]... [--nodes N] [--seed S] [--pictures DIR] [--result FILE] [--processes P].

Without a scenario, or with ``all``: every scenario of the table of figures.  Exit status 0 when all ran, 1 when one
could not be read.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import shlex
import sys
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .run import Result, Run
from .scenario import ScenarioError, load, names
from .table import kinds, table

YOUNG_OBJECTS = 50_000
"""between two collections of garbage: there is hardly any, and looking for it took a tenth of the time"""

Job = tuple[str, int | None, int, str | None]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Simulate networks of nodes.")
    parser.add_argument("scenario", nargs="*", help=f"all, or some of: {', '.join(names())}; or a TOML file")
    parser.add_argument("--nodes", type=int, help="how many nodes, in place of the scenario's number")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", metavar="DIR", help="draw the latency curve and the overlay into this folder")
    parser.add_argument("--result", metavar="FILE", help="also write the table there, with command and seed")
    parser.add_argument("--processes", type=int, default=2, help="how many runs at once (2)")
    return parser.parse_args()


def _run(job: Job) -> tuple[Result, list[str]]:
    name, nodes, seed, pictures = job
    run = Run(load(name, nodes), seed)
    return _finish(run, run.go(), pictures)


def _finish(run: Run, result: Result, pictures: str | None) -> tuple[Result, list[str]]:
    drawn: list[str] = []
    if pictures is not None:
        from .pictures import draw  # matplotlib takes a second to import

        drawn = [str(path) for path in draw(run, Path(pictures))]
    result.latencies = []
    return result, drawn


def _run_one(job: Job, progress: Progress) -> tuple[Result, list[str]]:
    name, nodes, seed, pictures = job
    task = progress.add_task(name, total=1.0)
    run = Run(load(name, nodes), seed, lambda done, whole: progress.update(task, completed=done, total=whole))
    return _finish(run, run.go(), pictures)


def main() -> int:
    """Run what the command line names and print the table."""
    gc.set_threshold(YOUNG_OBJECTS, 50, 1000)
    arguments = _arguments()
    chosen = arguments.scenario or ["all"]
    if chosen == ["all"]:
        chosen = names()
    jobs: list[Job] = [(name, arguments.nodes, arguments.seed, arguments.pictures) for name in chosen]
    try:
        for name in chosen:
            load(name)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 1
    results: dict[str, Result] = {}
    percent = TextColumn("{task.percentage:3.0f} %")
    with Progress(TextColumn("{task.description:24}"), BarColumn(), percent, TimeElapsedColumn()) as progress:
        if len(jobs) == 1:
            result, drawn = _run_one(jobs[0], progress)
            results[result.scenario] = result
        else:
            drawn = _run_all(jobs, arguments, progress, results)
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
    jobs: list[Job], arguments: argparse.Namespace, progress: Progress, results: dict[str, Result]
) -> list[str]:
    task = progress.add_task("scenarios", total=len(jobs))
    drawn: list[str] = []
    with multiprocessing.Pool(arguments.processes, maxtasksperchild=1) as pool:
        for result, paths in pool.imap_unordered(_run, jobs):
            results[result.scenario] = result
            drawn += paths
            _write(arguments.result, results)
            progress.console.print(table([result]).splitlines()[-1], soft_wrap=True)
            progress.update(task, advance=1)
    return drawn


if __name__ == "__main__":
    sys.exit(main())
