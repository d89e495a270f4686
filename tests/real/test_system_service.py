"""What the system's service relies on: sockets that systemd opened, SIGHUP, and a unit that shuts the rest out."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cliquenntp.service.first_run import SAMPLE
from tests.conftest import needs_program
from tests.nntp_client import NewsClient
from tests.real.node_process import ENVIRONMENT, NodeProcess
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

PACKAGING = Path(__file__).parents[2] / "packaging"
MOST_EXPOSED = 2.0
LISTEN = {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "cliquenntp.socket"}


@pytest.fixture
def opened() -> Iterator[socket.socket]:
    """A listening socket, as systemd opens it before the node is started."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_a_client_that_came_before_the_node_is_answered(opened: socket.socket, tmp_path: Path) -> None:
    waiting = socket.create_connection(opened.getsockname())
    twistd = Path(sys.executable).with_name("twistd")
    node = subprocess.Popen(
        # as systemd does: the sockets are for LISTEN_PID, from descriptor 3 on
        ["bash", "-c", 'LISTEN_PID=$$ exec "$0" "$@" 3<&"$OPENED"', str(twistd), "-n", "--pidfile=", "cliquenntp",
          "--data", str(tmp_path / "data"), "--nntp", "systemd:domain=INET:index=0", "--web", "off"],
        env=ENVIRONMENT | LISTEN | {"OPENED": str(opened.fileno())}, pass_fds=[opened.fileno()], cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        waiting.settimeout(30)
        assert waiting.recv(1000).startswith(b"200 ")
    finally:
        waiting.close()
        node.terminate()
        assert node.wait(30) == -signal.SIGTERM, "which systemd takes as a good end"


def test_sighup_reads_the_settings_again_and_a_bad_file_changes_nothing(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node(config='quota = "1 GB"\n')
    node.cliquectl("import", str(SAMPLE), "--forum", "welcome")
    config = node.folder / "cliquenntp.toml"
    assert node.cliquectl("expire", "--dry-run")["documents"] == 0
    config.write_text('quota = "1 GB"\npath_identity = "news.example"\n[[expire]]\nforums = "*"\ndays = 0\n')
    os.kill(node.pid, signal.SIGHUP)
    wait_for("the rule counts", lambda: node.cliquectl("expire", "--dry-run")["documents"] > 0)
    assert "count from the next start: path_identity" in node.log

    config.write_text("quota = 1\n")
    os.kill(node.pid, signal.SIGHUP)
    wait_for("the log tells", lambda: "the settings stay as they were" in node.log)
    assert node.cliquectl("expire", "--dry-run")["documents"] > 0
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert client.greeting.startswith("200 ")


@needs_program("systemd-analyze", "systemd")
def test_the_unit_shuts_out_what_it_does_not_need(tmp_path: Path) -> None:
    unit = tmp_path / "cliquenntp.service"
    unit.write_text((PACKAGING / unit.name).read_text().replace("@BINDIR@", "/usr/bin").replace("@SYSCONFDIR@", "/etc"))
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True, check=True).stdout
    [exposed] = re.findall(r"exposure level for cliquenntp\.service: ([0-9.]+)", told)
    assert float(exposed) < MOST_EXPOSED, told
