"""Many scenarios at once give what each gives alone."""

from __future__ import annotations

import attrs
import pytest

from tests.simulation.batch import ScenarioFailedError, effort, groups, run_all
from tests.simulation.run import Result, Run
from tests.simulation.scenario import load, names

NAMES = ("third_dies", "calm", "star", "partition")


def figures(run: Run, result: Result) -> Result:
    """Return a result without what another run of the same seed may take longer for."""
    result.seconds = result.processor = result.core_seconds = 0.0
    return result


def test_each_scenario_gives_what_it_gives_alone() -> None:
    scenarios = [attrs.evolve(load(name, 12), documents=5) for name in NAMES]
    together = {result.scenario: result for result in run_all(scenarios, 3, 2, figures)}
    assert together.keys() == set(NAMES)
    for scenario in scenarios:
        run = Run(scenario, 3)
        assert together[scenario.name] == figures(run, run.go())


def test_scenarios_share_the_joining_where_it_is_alike_and_long_ones_begin() -> None:
    scenarios = [load(name, 100) for name in names()]
    found = groups(scenarios)
    assert sorted(one.name for group in found for one in group) == names()
    (together,) = [group for group in found if "third_dies" in {one.name for one in group}]
    assert {"calm", "churn", "center_dies", "half_dies", "partition"} <= {one.name for one in together}
    assert {"star", "restart_all", "mixed", "flood"}.isdisjoint(one.name for one in together)
    assert together == sorted(together, key=effort, reverse=True)
    whole = [sum(map(effort, group)) for group in found]
    assert whole == sorted(whole, reverse=True)


def test_a_process_that_dies_is_told() -> None:
    def die(run: Run, result: Result) -> None:
        raise SystemExit(3)

    with pytest.raises(ScenarioFailedError, match="star: its process ended with status 3"):
        list(run_all([load("star", 3)], 1, 2, die))
