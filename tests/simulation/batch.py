"""Many scenarios at once: long ones first, and nodes that join alike join once.

Scenarios that differ only in what happens after the nodes have joined share the process that let them join: it forks
for each of them, so each goes on from the same state, just as if it had run alone.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.synchronize import Semaphore
from queue import Empty
from typing import Any, Protocol

from .run import Result, Run
from .scenario import Scenario

LOOK_EVERY = 1.0
"""seconds between two looks whether a process has died without a result"""

Finish = Callable[[Run, Result], Any]
"""what becomes of a run and its result in its own process; what it returns comes back"""

_fork = multiprocessing.get_context("fork")


class _Queue(Protocol):
    def put(self, item: Any) -> None: ...
    def get(self, block: bool = True, timeout: float | None = None) -> Any: ...


class ScenarioFailedError(RuntimeError):
    """A process ended without the results that it owed; its traceback stands on standard error."""


def effort(scenario: Scenario) -> float:
    """Return about how long a scenario takes compared with others."""
    seconds = scenario.joining + scenario.settle + scenario.idle / 4 + scenario.after
    seconds += (scenario.warm + scenario.documents) * (scenario.gap + 60.0)
    channels = sum(group.share * (group.forum + group.starters + group.threads) for group in scenario.groups)
    restless = any(step.do in ("churn", "liars", "partition", "burst") for step in scenario.steps)
    return scenario.nodes * seconds * channels * (3 if restless else 1) * (scenario.protocol == "clique")


def groups(scenarios: Sequence[Scenario]) -> list[list[Scenario]]:
    """Return the scenarios in groups that join alike, the longest first, groups and their scenarios."""
    found: dict[Scenario, list[Scenario]] = {}
    for scenario in sorted(scenarios, key=effort, reverse=True):
        found.setdefault(scenario.until_joined, []).append(scenario)
    return sorted(found.values(), key=lambda group: sum(map(effort, group)), reverse=True)


def run_all(scenarios: Sequence[Scenario], seed: int, processes: int, finish: Finish) -> Iterator[Any]:
    """Run scenarios, so many at once; yield what ``finish`` makes of each as it comes.

    Raises ScenarioFailedError when a process dies.
    """
    slots, results = _fork.Semaphore(processes), _fork.Queue()
    workers = [
        _fork.Process(target=_run_group, args=(group, seed, finish, slots, results)) for group in groups(scenarios)]
    for worker in workers:
        worker.start()
    try:
        for _ in scenarios:
            yield _next(results, workers)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _next(results: _Queue, workers: Sequence[Any]) -> Any:
    while True:
        ended = not any(worker.is_alive() for worker in workers)
        try:
            found = results.get(timeout=LOOK_EVERY)
        except Empty:
            if ended:
                raise ScenarioFailedError("no process is left that could bring another result") from None
            continue
        if isinstance(found, ScenarioFailedError):
            raise found
        return found


def _run_group(group: list[Scenario], seed: int, finish: Finish, slots: Semaphore, results: _Queue) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that its children end with it
    with slots:
        run = Run(group[0], seed)
        run.join()
        gc.freeze()  # what is not written to is not copied by a fork
    children = []
    for scenario in group:
        slots.acquire()
        child = _fork.Process(target=_go_on, args=(run, scenario, finish, slots, results), daemon=True)
        child.start()
        children.append((scenario, child))
    for scenario, child in children:
        child.join()
        if child.exitcode:
            results.put(ScenarioFailedError(f"{scenario.name}: its process ended with status {child.exitcode}"))


def _go_on(run: Run, scenario: Scenario, finish: Finish, slots: Semaphore, results: _Queue) -> None:
    try:
        run.take(scenario)
        results.put(finish(run, run.go()))
    finally:
        slots.release()
