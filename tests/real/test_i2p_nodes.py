"""Two nodes that meet over a real i2pd: join, post, read, and go on after the router was killed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.real.i2p_router import SESSION_OPTIONS, I2PRouter
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.test_two_nodes import GROUP, overview, post
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]


def invitation(node: NodeProcess) -> str | None:
    """Return an invitation, None while the node has no address yet."""
    try:
        return node.cliquectl("invite", GROUP)["invitation"]
    except CommandFailedError:
        return None


def wait_for_subject(node: NodeProcess, subject: str, seconds: float) -> None:
    try:
        wait_for(f"{subject!r} on {node.folder.name}", lambda: subject in overview(node), seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{node.log}") from None


def test_a_forum_over_i2p(make_node: Callable[..., NodeProcess], i2p_router: I2PRouter) -> None:
    options = [f"{name}={value}" for name, value in SESSION_OPTIONS.items()]
    config = (
        f'clique = "i2p"\ni2p_sam = "127.0.0.1:{i2p_router.sam_port}"\n'
        f"i2p_tunnel_length = 0\ni2p_tunnel_quantity = 1\ni2p_options = {options}\n"
    )
    first, second = make_node("first", config=config), make_node("second", config=config)
    first.cliquectl("create-forum", "garden")
    text = wait_for("an invitation", lambda: invitation(first), 90)
    assert ".b32.i2p" in text
    second.cliquectl("join", text)
    post(first, "from the first")
    wait_for_subject(second, "from the first", 90)
    post(second, "from the second")
    wait_for_subject(first, "from the second", 30)

    i2p_router.kill()
    post(first, "while no router was there")
    i2p_router.start()
    began = time.monotonic()
    wait_for_subject(second, "while no router was there", 60)
    print(f"posts flowed {time.monotonic() - began:.1f} s after SAM was back")
    for node in (first, second):
        assert "Unhandled" not in node.log and "Traceback" not in node.log, node.log
