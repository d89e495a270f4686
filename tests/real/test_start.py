"""Starting and stopping, as an operator sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.node_process import ENVIRONMENT, CommandFailedError, NodeProcess

pytestmark = pytest.mark.real


def twistd(*flags: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("twistd")), "-n", "--pidfile=", "cliquenntp", *flags]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)


def test_a_node_starts_answers_and_stops(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node()
    status = node.cliquectl("status")
    assert status["data"] == str(node.folder / "data")
    assert (node.folder / "data").stat().st_mode & 0o777 == 0o700
    assert (node.folder / "data" / "control.sock").stat().st_mode & 0o777 == 0o600
    assert node.stop() == -signal.SIGTERM  # twistd ends by the signal that stopped it
    assert not (node.folder / "data" / "control.sock").exists()
    with pytest.raises(CommandFailedError, match="no node is running"):
        node.cliquectl("status")


def test_a_node_that_was_killed_starts_again(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node()
    node.kill()
    with pytest.raises(CommandFailedError, match="has ended"):
        node.cliquectl("status")
    assert node.start().cliquectl("status")["version"]


def test_a_bad_setting_ends_it_with_one_clear_line(tmp_path: Path) -> None:
    config = tmp_path / "cliquenntp.toml"
    config.write_text('nntp = "tcp:1119"\n')
    ended = twistd("--config", str(config), cwd=tmp_path)
    assert ended.returncode == 1
    assert f"{config}: nntp: 'tcp:1119' is not allowed" in (ended.stdout + ended.stderr).splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_an_interrupt_stops_cliquectl_quietly(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node()
    node.stop()
    process = node.cliquectl_process("status")
    os.kill(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "Unhandled" not in error
