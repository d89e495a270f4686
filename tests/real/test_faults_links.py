"""What goes wrong around links: no name server answers, a router dies again and again, no file descriptor is left."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.real.node_process import NodeProcess
from tests.real.reading import post_and_wait, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
NAMES = 15
"""more than the reactor has threads"""

LOOKUP_SECONDS = 10.0
"""for which the system's resolver waits at least: twice five seconds"""


@pytest.fixture
def silent_name_server(tmp_path: Path) -> Iterator[list[str]]:
    """How to run a program whose name server takes questions and never answers."""
    if os.geteuid() or shutil.which("unshare") is None:
        pytest.skip("needs root, for a /etc/resolv.conf of its own")
    configuration = tmp_path / "resolv.conf"
    script = f'mount --bind "{configuration}" /etc/resolv.conf && exec "$0" "$@"'
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        for host in range(9, 255):  # other test runs have such a server, too
            with suppress(OSError):
                server.bind((f"127.0.0.{host}", 53))
                break
        configuration.write_text(f"nameserver {server.getsockname()[0]}\n")
        yield ["unshare", "--mount", "sh", "-c", script]


def test_names_that_nobody_resolves_hold_nothing_up(
    make_node: Callable[..., NodeProcess], silent_name_server: list[str]
) -> None:
    first = make_node("first", clique=True, wrapper=silent_name_server)
    second = make_node("second", clique=True)
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_subject(second, GROUP, "garden")
    for number in range(NAMES):
        first.ask("connect", address=f"tls:node{number}.invalid:4433")
    began = time.monotonic()
    first.ask("verify")  # in threads
    assert post_and_wait(first, [second], GROUP, "from the first") < 10.0
    assert post_and_wait(second, [first], GROUP, "from the second") < 10.0
    assert time.monotonic() - began < LOOKUP_SECONDS, "the look-ups were still under way"

    def reasons() -> list[str]:
        return [peer["state"] for peer in first.ask("peers") if peer["address"].startswith("tls:")]

    assert len(reasons()) == NAMES
    wait_for("the reason", lambda: any("DNS lookup failed" in reason for reason in reasons()), 60.0)
    assert "Traceback" not in first.log and "Unhandled" not in first.log
