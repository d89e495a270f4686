"""What the processes of a soak take: memory and time of the processor, looked at again and again."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import attrs

from tests.real.node_process import NodeProcess

LOOK_SECONDS = 2.0

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")

WINDOW = 0.1
"""the share of the day over which an amount of memory is averaged"""


@attrs.define
class Life:
    """One process of a node, from its start to its end."""

    node: int
    pid: int
    looks: list[tuple[float, int]] = attrs.Factory(list)
    """(seconds since the day began, octets of memory that are its own or shared)"""
    processor: float = 0.0
    """seconds of a processor that it has used"""

    def growth(self, warm: float, window: float) -> float | None:
        """Return by which share it grew after ``warm`` seconds; None where it did not live long enough to tell.

        Compared are the medians of a window behind the warm-up and of the last one.
        """
        begin, end = self.looks[0][0] + warm, self.looks[-1][0] - window
        if end < begin + window:
            return None
        before = statistics.median(octets for at, octets in self.looks if begin <= at <= begin + window)
        return statistics.median(octets for at, octets in self.looks if at >= end) / before - 1.0


class Watch:
    """A thread that looks at all nodes until it is stopped."""

    def __init__(self, nodes: Sequence[NodeProcess]) -> None:
        self._nodes = nodes
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.lives: dict[int, Life] = {}
        """by process id"""
        self.loads: list[float] = []
        """of the whole machine, what else runs on it included (load average of a minute)"""

    @property
    def processor(self) -> float:
        """Seconds of a processor that all processes have used so far."""
        return sum(life.processor for life in self.lives.values())

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.loads.append(os.getloadavg()[0])
            for number, node in enumerate(self._nodes):
                pid = node.running_pid
                if pid is not None:
                    self._look(number, pid)

    def _look(self, number: int, pid: int) -> None:
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return
        life = self.lives.setdefault(pid, Life(number, pid))
        life.looks.append((time.monotonic() - self._began, pages * PAGE))
        life.processor = (int(fields[11]) + int(fields[12])) / TICKS
