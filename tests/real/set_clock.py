"""A node's clocks in a test's hands."""

from __future__ import annotations

import os
import struct
from pathlib import Path

_SITE = Path(__file__).parent / "settable_clock"


class SetClock:
    """The clocks of one process, which is to be started with ``environ``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asleep = self._off = 0.0
        self._write()
        root = Path(__file__).parents[2]
        self.environ = {"SETTABLE_CLOCK": str(path), "PYTHONPATH": f"{_SITE}{os.pathsep}{root}"}

    def set(self, seconds: float) -> None:
        """Let the time of day be so many seconds off the true one."""
        self._off = seconds
        self._write()

    def sleep(self, seconds: float) -> None:
        """Let the machine have slept so many seconds more: the time of day goes on, and so does what counts sleep."""
        self._asleep += seconds
        self._off += seconds
        self._write()

    def _write(self) -> None:
        octets = struct.pack("dd", self._off, self._asleep)
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT), "r+b") as file:
            file.write(octets)
