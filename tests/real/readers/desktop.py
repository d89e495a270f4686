"""A GTK program on a screen of its own, and somebody before it: ``desktop_agent.py`` looks and presses."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.real.sessions import kill_session
from tests.real.waiting import wait_for

AGENT = Path(__file__).with_name("desktop_agent.py")
SYSTEM_PYTHON = "/usr/bin/python3"  # has Debian's python3-gi
SECONDS = 120.0
"""longer than the agent looks for anything, and than it reads a table of 20,000 rows"""


class PersonFailedError(Exception):
    """Something was not there to be pressed or read; the text says what."""


class Desktop:
    """A screen under Xvfb with one program, whose windows are read through AT-SPI."""

    def __init__(self, folder: Path, command: str, environ: Mapping[str, str]) -> None:
        """Start the program; the folder takes its log and is where its session's sockets lie."""
        folder.mkdir(exist_ok=True, mode=0o700)
        self.log = folder / "log"
        self._log = self.log.open("ab")
        # Without -noreset it resets when its last client leaves, and the one that comes in that moment cannot open it:
        # a session's daemons come and go while the program starts.
        self._screen = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", "1000x700x24", "-nolisten", "tcp"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True)
        self.display = f":{self._number_of_screen()}"
        inside = f"{command} & exec {SYSTEM_PYTHON} '{AGENT}' {command.split()[0]} >&3"
        self._session = subprocess.Popen(  # the daemons of the session write to its output, too: the agent has another
            ["sh", "-c", 'exec 3>&1 >&2; exec dbus-run-session -- sh -c "$0"', inside],
            env=environ | {"DISPLAY": self.display, "GTK_MODULES": "gail:atk-bridge", "XDG_RUNTIME_DIR": str(folder)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True)

    def _number_of_screen(self) -> int:
        """Wait until Xvfb tells which display it has taken, so that nobody else has that one."""
        assert self._screen.stdout is not None
        told, _, _ = select.select([self._screen.stdout], [], [], SECONDS)
        line = self._screen.stdout.readline() if told else b""
        if not line:  # it has ended, or is silent
            kill_session(self._screen)
            raise AssertionError(f"Xvfb told no display:\n{self.log.read_text('utf-8', 'replace')}")
        return int(line)

    def do(self, action: str, *arguments: Any) -> Any:
        """Let the person do something: a method of the agent's ``Person``.  Raises PersonFailedError."""
        assert self._session.stdin is not None and self._session.stdout is not None
        self._session.stdin.write(json.dumps([action, *arguments]).encode() + b"\n")
        self._session.stdin.flush()
        answers, _, _ = select.select([self._session.stdout], [], [], SECONDS)
        assert answers, f"{action} {arguments}: nobody answered within {SECONDS} s"
        line = self._session.stdout.readline()
        assert line, "the session has ended"
        result, error = json.loads(line)
        if error:
            raise PersonFailedError(error)
        return result

    def wait_for_window(self, title: str, seconds: float = 60.0) -> None:
        """Wait until a window is open whose title begins so."""
        try:
            wait_for(f"a window {title!r}",
                     lambda: any(name.startswith(title) for name in self.do("windows")), seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; open are {self.do('windows')}") from None

    def screenshot(self) -> bytes:
        """Return a picture (PNG) of the screen."""
        taken = ["import", "-display", self.display, "-window", "root", "png:-"]
        return subprocess.run(taken, check=True, capture_output=True).stdout

    def close(self) -> None:
        """End the program and its screen."""
        for process in (self._session, self._screen):
            kill_session(process)
        self._log.close()
