"""Figures for Prometheus from real nodes: what they tell, and what they do not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cliquenntp.service.upkeep.metrics import rounded
from tests.nntp_client import NewsClient
from tests.real.node_process import ENVIRONMENT, NodeProcess
from tests.real.ports import free_port
from tests.real.reading import post, wait_for_subject
from tests.real.waiting import wait_for
from tests.web.browser import Browser

pytestmark = pytest.mark.real


def figures(browser: Browser) -> dict[str, float]:
    """Return the figures by name, with labels behind it."""
    answer = browser.get("/metrics")
    assert answer.status == 200, answer.text
    return {
        sample.name + "".join(sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text) for sample in family.samples}


def test_figures_tell_of_the_node_and_not_of_its_people(make_node: Callable[..., NodeProcess]) -> None:
    port = free_port()
    config = f'metrics = "tcp:{port}:interface=127.0.0.1"\nclique = "tcp:127.0.0.1:0"\n'
    node, friend = make_node("node", config=config), make_node("friend", clique=True)
    node.ask("create-forum", name="tea", description="")
    post(node, "clique.tea", "Green")
    browser = Browser(port)
    told = figures(browser)
    assert told["cliquenntp_peers"] == 0
    assert told["cliquenntp_channels"] == told["cliquenntp_channels_alone"] == 1
    friend.ask("join", invitation=node.ask("invite", name="clique.tea")["invitation"])
    wait_for_subject(friend, "clique.tea", "Green")
    wait_for("the link", lambda: figures(browser)["cliquenntp_channels_alone"] == 0)
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        client.command("GROUP clique.tea")
        told = figures(browser)
    assert told["cliquenntp_peers"] == 1
    assert told["cliquenntp_sessions"] == 5, "one reader, or four"
    assert told["cliquenntp_database_writable"] == 1
    assert told["cliquenntp_commit_seconds_count"] >= 2
    assert told["cliquenntp_database_bytes"] > 1000
    assert told["cliquenntp_sam_sessions_total"] == 0
    text = browser.get("/").text
    for name in ("tea", "Green", node.ask("user")["address"].rpartition("@")[2], node.ask("status")["node"]):
        assert name not in text
    assert browser.ask("GET", "/", {"Host": "rebound.example"}).status == 421
    assert browser.ask("POST", "/", body="x").status == 405


@pytest.mark.parametrize(("count", "told"), [(0, 0), (7, 7), (99, 99), (101, 100), (12_345, 12_000)])
def test_counts_of_articles_are_told_in_two_digits(count: int, told: int) -> None:
    assert rounded(count) == told


def test_a_node_writes_its_log_as_json(tmp_path: Path) -> None:
    twistd = str(Path(sys.executable).with_name("twistd"))
    words = ["-n", "--pidfile=", "--logger=cliquenntp.service.logs.json_lines", "cliquenntp"]
    words += ["--data", str(tmp_path / "data"), "--nntp", "tcp:0:interface=127.0.0.1", "--web", "off"]
    with (tmp_path / "log").open("wb") as log:
        node = subprocess.Popen([twistd, *words], cwd=tmp_path, env=ENVIRONMENT, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_for("it runs", (tmp_path / "data" / "control.sock").exists)
    finally:
        node.terminate()
        node.wait(60)
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines
    assert all({"time", "level", "module", "text"} <= set(json.loads(line)) for line in lines)
