"""Clocks that are set by hours and years, and a machine that sleeps."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.node_process import NodeProcess
from tests.real.reading import overview, post, wait_for_subject
from tests.real.set_clock import SetClock
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
HOUR = 3600.0
TEN_YEARS = 10 * 365 * 86400.0


@pytest.fixture
def clocks(tmp_path: Path) -> list[SetClock]:
    """The clocks of the two nodes."""
    return [SetClock(tmp_path / f"{name}.clock") for name in ("first", "second")]


@pytest.fixture
def pair(make_node: Callable[..., NodeProcess], clocks: list[SetClock]) -> list[NodeProcess]:
    """Two nodes that share a forum."""
    first, second = pair = [
        make_node(name, clique=True, environ=clock.environ)
        for name, clock in zip(("first", "second"), clocks, strict=True)]
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    post(first, GROUP, "before")
    wait_for_subject(second, GROUP, "before")
    wait_for("one link", lambda: linked(first) and linked(second))
    return pair


def linked(node: NodeProcess) -> bool:
    return [peer["state"] for peer in node.ask("peers")] == ["linked"]


def test_a_clock_that_is_set_stops_no_timer_and_ends_no_link(pair: list[NodeProcess], clocks: list[SetClock]) -> None:
    clock = clocks[1]
    first, second = pair
    for seconds in (HOUR, -HOUR, TEN_YEARS, -TEN_YEARS):
        clock.set(seconds)
        subject = f"while the other's clock is {seconds:+.0f} s off"
        post(first, GROUP, subject)
        post(second, GROUP, f"by a clock that is {seconds:+.0f} s off")
        if seconds > 0:
            # to a clock that is slow it comes from the future, and waits at the sender
            wait_for_subject(second, GROUP, subject, 10.0)
        else:
            wait_for_subject(first, GROUP, f"by a clock that is {seconds:+.0f} s off", 10.0)
            assert subject not in overview(second, GROUP)
        assert second.ask("status")["uptime"] < HOUR
        clock.set(0.0)
        post(first, GROUP, f"right again after {seconds:+.0f} s")
        wait_for_subject(second, GROUP, f"right again after {seconds:+.0f} s", 10.0)
    for node in pair:
        assert linked(node)
        assert node.log.count(": open, ") == 1 and ": closed: " not in node.log, node.log
        assert "Traceback" not in node.log


def test_a_machine_that_slept_for_hours_is_linked_again_when_it_wakes(
    pair: list[NodeProcess], clocks: list[SetClock]
) -> None:
    first, second = pair
    os.kill(second.pid, signal.SIGSTOP)
    for number in (1, 2):
        # within the first hour a ping is sent, within the second it is missed; a post wakes the process
        clocks[0].sleep(HOUR)
        post(first, GROUP, f"in hour {number}")
    wait_for("no link", lambda: not linked(first))
    clocks[1].sleep(2 * HOUR)
    os.kill(second.pid, signal.SIGCONT)
    for number in (1, 2):
        wait_for_subject(second, GROUP, f"in hour {number}")
    post(second, GROUP, "awake")
    wait_for_subject(first, GROUP, "awake")
    for node in pair:
        subjects = set(overview(node, GROUP))
        assert {"before", "in hour 1", "in hour 2", "awake"} < subjects, "nothing expired, nothing was lost"
        assert "Traceback" not in node.log


def test_a_node_that_was_stopped_for_a_moment_goes_on(pair: list[NodeProcess]) -> None:
    first, second = pair
    os.kill(second.pid, signal.SIGSTOP)
    for number in range(50):
        post(first, GROUP, f"post {number}")
    os.kill(second.pid, signal.SIGCONT)
    for number in range(50):
        wait_for_subject(second, GROUP, f"post {number}", 10.0)
    post(second, GROUP, "on it goes")
    wait_for_subject(first, GROUP, "on it goes", 10.0)
    assert second.log.count(": open, ") == 1
