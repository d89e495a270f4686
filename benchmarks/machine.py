"""The machine on which figures were taken."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path


class Others:
    """What other programs than this one and its children have of the processors, from its making on."""

    def __init__(self) -> None:
        self._busy, self._own = _busy_seconds(), _own_seconds()
        self._began = time.monotonic()

    def share(self) -> float:
        """Return it as a part of all processors; children that have not ended count as others."""
        seconds = (_busy_seconds() - self._busy) - (_own_seconds() - self._own)
        return max(0.0, seconds / (time.monotonic() - self._began) / (os.cpu_count() or 1))


def _busy_seconds() -> float:
    """Return the seconds that all processors have worked, from proc(5)'s stat."""
    user, nice, system, _idle, _iowait, *more = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + sum(more[:3])) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def go_first(pids: Iterable[int]) -> None:
    """Let processes go before all others of this machine, in other autogroups too (sched(7)); for root."""
    for pid in pids:
        os.setpriority(os.PRIO_PROCESS, pid, -20)
        while True:
            try:
                Path(f"/proc/{pid}/autogroup").write_text("-20")
                break
            except BlockingIOError:  # it may be changed ten times a second, on all of the machine
                time.sleep(0.1)


def describe() -> str:
    """Return processor, cores, Python and the load that others put on the machine, for people."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}"
