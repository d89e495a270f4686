"""Two nodes that meet over a real i2pd: join, post, read, and go on after the router was killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.i2p_router import SESSION_OPTIONS, I2PRouter
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import post, wait_for_subject
from tests.real.waiting import wait_for
from tests.real.watched_network import WatchedNetwork

GROUP = "clique.garden"

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]


def invitation(node: NodeProcess) -> str | None:
    """Return an invitation, None while the node has no address yet."""
    try:
        return node.cliquectl("invite", GROUP)["invitation"]
    except CommandFailedError:
        return None


def waits(node: NodeProcess) -> str:
    """Return why the node has no link."""
    return " ".join(peer["state"] for peer in node.ask("peers"))


def test_a_forum_over_i2p(
    make_node: Callable[..., NodeProcess], i2p_router: I2PRouter, tmp_path: Path
) -> None:
    options = [f"{name}={value}" for name, value in SESSION_OPTIONS.items()]
    config = (
        f'clique = "i2p"\ni2p_sam = "127.0.0.1:{i2p_router.sam_port}"\n'
        f"i2p_tunnel_length = 0\ni2p_tunnel_quantity = 1\ni2p_options = {options}\n"
    )
    networks = [WatchedNetwork(tmp_path / f"network{number}") for number in range(2)]
    first, second = (
        make_node(name, config=config, environ=network.environ)
        for name, network in zip(("first", "second"), networks, strict=True))
    first.cliquectl("create-forum", "garden")
    text = wait_for("an invitation", lambda: invitation(first), 90)
    assert ".b32.i2p" in text
    second.cliquectl("join", text)
    post(first, GROUP, "from the first")
    wait_for_subject(second, GROUP, "from the first", 90)
    post(second, GROUP, "from the second")
    wait_for_subject(first, GROUP, "from the second", 30)

    i2p_router.kill()
    for node in (first, second):
        wait_for("the news that the router is gone", lambda node=node: "no I2P router answers" in node.log)
    post(first, GROUP, "while no router was there")
    for _ in range(2):  # it dies again while sessions are made
        i2p_router.start()
        wait_for("a session in the making", lambda: "waits for the router" in waits(first), 20)
        i2p_router.kill()
    i2p_router.start()
    began = time.monotonic()
    wait_for_subject(second, GROUP, "while no router was there", 60)
    print(f"posts flowed {time.monotonic() - began:.1f} s after SAM was back")
    for network in networks:
        assert network.seen() == {f"connect ('127.0.0.1', {i2p_router.sam_port})"}, "nor was any name looked up"
    for node in (first, second):
        assert "Unhandled" not in node.log and "Traceback" not in node.log, node.log
