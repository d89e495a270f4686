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


@pytest.mark.parametrize(("endpoint", "file"), [("tls:0", "certificate.pem"), ("i2p", "data/keys/i2p-public-web")])
def test_public_pages_that_cannot_be_opened_as_asked_end_the_start(tmp_path: Path, endpoint: str, file: str) -> None:
    broken = tmp_path / file
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.parent.chmod(0o700)
    broken.write_text("neither key nor certificate\n")
    broken.chmod(0o600)
    config = tmp_path / "cliquenntp.toml"
    config.write_text(
        'nntp = "tcp:0:interface=127.0.0.1"\nweb = "off"\npublic_forums = ["clique.tea"]\n'
        f'public_web = "{endpoint}"\ncertificate = "{tmp_path}/certificate.pem"\n')
    ended = twistd("--config", str(config), "--data", str(tmp_path / "data"), cwd=tmp_path)
    assert ended.returncode == 1
    told = [line for line in (ended.stdout + ended.stderr).splitlines() if "] cliquenntp: " in line]
    assert len(told) == 1 and str(broken) in told[0], ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_interrupt_stops_cliquectl_quietly(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node()
    node.stop()
    process = node.cliquectl_process("status")
    os.kill(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "Unhandled" not in error
