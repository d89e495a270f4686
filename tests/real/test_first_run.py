"""What `make run` starts once everything is installed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import ENVIRONMENT, LOOPBACK
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real


def test_a_newcomer_finds_a_forum_and_how_to_read_it(tmp_path: Path) -> None:
    output = tmp_path / "output"
    for _ in range(2):  # the second start finds the sample and takes it no second time
        # a shell lets what it starts in the background ignore Ctrl-C, and the tests may have been started so
        command = ["env", "--default-signal=INT", sys.executable, "-m", "cliquenntp.service.first_run"]
        command += ["--data", "data", "--nntp", LOOPBACK]
        with output.open("w") as file:
            process = subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=file, stderr=subprocess.STDOUT)
        try:
            text = wait_for("the explanation", lambda: "Ctrl-C" in output.read_text() and output.read_text(), 60)
            for program in ("slrn", "tin", "Thunderbird", "Gnus"):
                assert program in text
            assert re.search(r"owner@[a-z2-7]{20}\.clique\.invalid", text)
            port = re.search(r"slrn -h 127\.0\.0\.1 -p (\d+)", text)
            assert port is not None
            with NewsClient("127.0.0.1", int(port[1])) as client:
                assert client.command("GROUP clique.welcome").split()[1] == "13"
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        assert not (tmp_path / "data" / "control.sock").exists(), "the node was not stopped"
