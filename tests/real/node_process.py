"""A node as its users run it: a twistd process with cliquectl beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.control_client import CommandFailedError, ask
from tests.real.sessions import kill_session
from tests.real.waiting import wait_for

LOOPBACK = "tcp:0:interface=127.0.0.1"
ENVIRONMENT = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(__file__).parents[2])}


class NodeProcess:
    """A node with its data in a folder; ``start`` and ``kill`` it as often as a test likes."""

    def __init__(
        self, folder: Path, clique: bool = False, config: str = "", web: str = "off",
        environ: Mapping[str, str] | None = None, wrapper: Sequence[str] = (), nntp: str = LOOPBACK,
    ) -> None:
        self.folder = folder
        self._nntp = nntp
        self._web = web
        self._clique = "tcp:127.0.0.1:0" if clique else "off"
        self._config = config
        """a TOML file's text, which then says where other nodes connect"""
        self._wrapper = wrapper
        """the beginning of a command line, whose rest is to be run instead"""
        self._environ = ENVIRONMENT | (environ or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._status: dict[str, Any] = {}
        """as it was when the process first answered"""

    @property
    def log(self) -> str:
        """What the process has written so far."""
        path = self.folder / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def launch(self) -> None:
        """Start the process and return at once."""
        self.folder.mkdir(exist_ok=True)
        flags = ["--data", str(self.folder / "data"), "--nntp", self._nntp, "--web", self._web]
        if self._config:
            (self.folder / "cliquenntp.toml").write_text(self._config)
            flags += ["--config", str(self.folder / "cliquenntp.toml")]
        else:
            flags += ["--clique", self._clique]
        with (self.folder / "log").open("ab") as log:
            twistd = str(Path(sys.executable).with_name("twistd"))
            self._process = subprocess.Popen(
                [*self._wrapper, twistd, "-n", "--pidfile=", "cliquenntp", *flags],
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> NodeProcess:
        """Start the process and wait until it answers."""
        self.launch()
        return self.wait()

    def wait(self) -> NodeProcess:
        """Wait until the process that was launched answers."""
        self._status = wait_for("the node answers", self._answer, 60.0)
        if self._clique != "off":
            # the port that it was given, so that others find it after a restart
            [self._clique] = self._status["clique"]
        return self

    def _answer(self) -> dict[str, Any] | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the node ended with status {self._process.returncode}:\n{self.log}")
        try:
            return self.ask("status")
        except OSError:
            return None

    def ask(self, command: str, **arguments: Any) -> Any:
        """Run a command as cliquectl does, without a process of its own.  Raises CommandFailedError."""
        return ask(self.folder / "data" / "control.sock", command, arguments)

    def cliquectl_process(self, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start cliquectl with a command."""
        socket = str(self.folder / "data" / "control.sock")
        command = [sys.executable, "-m", "cliquenntp.control.cliquectl", "--socket", socket, "--json", *words]
        return subprocess.Popen(
            command, env=ENVIRONMENT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            encoding="utf-8",
        )

    def cliquectl(self, *words: str, seconds: float = 120.0) -> Any:
        """Run a command of cliquectl; return its JSON.  Raises CommandFailedError."""
        process = self.cliquectl_process(*words)
        try:
            out, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"cliquectl {words}: no answer within {seconds} s\n{self.log}") from None
        if process.returncode:
            raise CommandFailedError(error.strip())
        return json.loads(out)

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running_pid(self) -> int | None:
        """The same, None while none runs; for other threads than the one that starts and kills."""
        process = self._process
        return None if process is None else process.pid

    @property
    def feed_port(self) -> int:
        """The port on which it takes articles of other news servers."""
        return int(self._status["feed"][0].rpartition(":")[2])

    @property
    def nntp_port(self) -> int:
        """The port of its NNTP server."""
        return int(self._status["nntp"][0].rpartition(":")[2])

    def kill(self) -> None:
        """End the process without warning (SIGKILL), and with it all that it started."""
        if self._process is not None:
            kill_session(self._process)
            self._process = None

    def wait_for_end(self, seconds: float = 120.0) -> int:
        """Wait until the process has ended by itself; return its exit status, or the negative number of a signal."""
        assert self._process is not None
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the node goes on:\n{self.log[-3000:]}") from None
        self.kill()
        return status

    def stop(self, seconds: float = 30.0) -> int:
        """End the process as an operator does (SIGTERM); return its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(seconds)
        self._process = None
        return status
