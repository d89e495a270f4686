"""What a process has used, from /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads of a process, in seconds."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except (FileNotFoundError, ProcessLookupError):  # a kernel without schedstat counts in ticks of 10 ms
        fields = _stat_fields(pid)
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND if fields else 0.0


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process, in octets."""
    return _status_octets(pid, "VmRSS:")


def peak_memory_bytes(pid: int) -> int:
    """Return the most memory that a process had resident, in octets.

    What ``getrusage`` tells is no less than the process had that started it.
    """
    return _status_octets(pid, "VmHWM:")


def _status_octets(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def drop_cached(folder: Path) -> None:
    """Let the machine forget what it has cached of the files in a folder: the next reading goes to the disk."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Tree:
    """Processes with all their descendants, which a server with a process for each connection consists of."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._roots = tuple(pids)

    def pids(self) -> list[int]:
        """Return their ids."""
        children = defaultdict(list)
        for path in Path("/proc").glob("[0-9]*/stat"):
            fields = _stat_fields(int(path.parent.name))
            if fields:
                children[int(fields[1])].append(int(path.parent.name))
        found = list(self._roots)
        for pid in found:  # grows as it goes
            found += children[pid]
        return found

    def cpu_seconds(self) -> float:
        """Return their CPU time, with that of children that have ended and were waited for (in ticks of 10 ms)."""
        seconds = 0.0
        for pid in self.pids():
            fields = _stat_fields(pid)
            if fields:
                seconds += cpu_seconds(pid) + (int(fields[13]) + int(fields[14])) / TICKS_PER_SECOND
        return seconds

    def memory_bytes(self) -> int:
        """Return their memory in octets, pages that several share counted once (PSS)."""
        octets = 0
        for pid in self.pids():
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            octets += sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
        return octets


def _stat_fields(pid: int) -> list[str]:
    """Return the fields of proc(5)'s stat from the state on; none where the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
