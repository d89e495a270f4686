"""What a node takes of a forum: all, its thread starters, what is new from a day on, and what it missed."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.reading import message_id, overview, post, wait_for_subject
from tests.real.set_clock import SetClock
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
DAY = 86400
YEAR = 365 * DAY


def shares(node: NodeProcess) -> list[str]:
    """Return the forums that a node shares with others."""
    return [forum for peer in node.ask("peers") for forum in peer.get("forums", ())]


def write_mbox(path: Path, *articles: tuple[str, float, str]) -> Path:
    """Write an mbox: for each article its subject, its age in seconds, and the subject of what it answers."""
    now = time.time()
    with path.open("w") as file:
        for subject, age, parent in articles:
            file.write("From maker@example.invalid Mon Jan  1 00:00:00 2024\n")
            file.write(f"Message-ID: <{subject.replace(' ', '.')}@example.invalid>\n")
            file.write(f"From: maker <maker@example.invalid>\nDate: {formatdate(now - age)}\nSubject: {subject}\n")
            if parent:
                file.write(f"References: <{parent.replace(' ', '.')}@example.invalid>\n")
            file.write("\ntext\n\n")
    return path


def test_a_node_that_follows_thread_starters_alone_gets_each_of_them(
    make_nodes: Callable[..., list[NodeProcess]],
) -> None:
    first, second = make_nodes("first", "second")
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    second.cliquectl("unfollow", GROUP)
    wait_for("no shared forum", lambda: not shares(first))
    with NewsClient("127.0.0.1", first.nntp_port) as client:
        second.ask("follow", name=GROUP, depth="comments")
        lines = f"Newsgroups: {GROUP}\r\nFrom: r <r@example.invalid>\r\nSubject: at the same moment\r\n\r\ntext\r\n"
        assert client.post(lines.encode()).startswith("240")
    wait_for_subject(second, GROUP, "at the same moment", 10.0)
    starter = message_id(first, GROUP, "at the same moment")
    post(first, GROUP, "Re: at the same moment", f"References: {starter}")
    post(first, GROUP, "another thread")
    wait_for_subject(second, GROUP, "another thread", 10.0)
    assert set(overview(second, GROUP)) == {"garden", "at the same moment", "another thread"}


def test_a_horizon_leaves_out_what_is_older_but_ancestors(
    make_nodes: Callable[..., list[NodeProcess]], tmp_path: Path
) -> None:
    first, second = make_nodes("first", "second")
    first.cliquectl("create-forum", "garden")
    archive = write_mbox(
        tmp_path / "garden.mbox",
        ("old and alone", 5 * YEAR, ""),
        ("old and answered", 5 * YEAR, ""),
        ("old answer", 4 * YEAR, "old and answered"),
        ("other old answer", 4 * YEAR, "old and answered"),
        ("late answer", 10 * DAY, "old answer"),
        ("young", 9 * DAY, ""),
    )
    first.cliquectl("import", str(archive), "--forum", "garden")
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 30 * DAY))
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"], "--since", since)
    for subject in ("late answer", "young"):
        wait_for_subject(second, GROUP, subject)
    post(first, GROUP, "newest")
    wait_for_subject(second, GROUP, "newest")
    held = {"garden", "old and answered", "old answer", "late answer", "young", "newest"}
    assert set(overview(second, GROUP)) == held

    second.ask("resync", name=GROUP)
    post(second, GROUP, "back")
    wait_for_subject(first, GROUP, "back")
    assert set(overview(second, GROUP)) == held | {"back"}


def test_resync_fetches_what_was_missed(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    clocks = {name: SetClock(tmp_path / f"{name}.clock") for name in ("first", "second")}
    first, second = (make_node(name, clique=True, environ=clock.environ) for name, clock in clocks.items())
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    post(first, GROUP, "before")
    wait_for_subject(second, GROUP, "before")
    # old enough to be compared once both clocks are right, and too far ahead for the one that is two days slow
    clocks["first"].set(-1000.0)
    clocks["second"].set(-2 * DAY)
    post(first, GROUP, "missed")
    post(second, GROUP, "written by a slow clock")
    wait_for_subject(first, GROUP, "written by a slow clock")
    for clock in clocks.values():
        clock.set(0.0)
    post(first, GROUP, "after")
    wait_for_subject(second, GROUP, "after")
    assert "missed" not in overview(second, GROUP)
    assert second.cliquectl("resync", GROUP)["nodes"] == 1
    wait_for_subject(second, GROUP, "missed", 20.0)
    assert set(overview(first, GROUP)) == set(overview(second, GROUP))
