"""One writer at a time, also where several processes and machines share a database.

A folder is locked by a file.  A database behind a server has a seat: an object that says who writes.  Whoever wants to
write takes it, and each later commit fails unless the seat is as it was then (ZODB's ``readCurrent``): so a writer that
lost its seat while it was suspended or cut off changes nothing more, whatever the clocks of two machines say.  As long
as a writer sits there it lets the seat's beat change, so that another one who comes finds it taken.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from persistent import Persistent

from cliquenntp.store.locations import StoreLocked

BEAT_SECONDS = 5.0
"""between two beats of a writer; each is a commit of some 100 octets"""

SILENT_SECONDS = 15.0
"""without a beat after which a seat is free: three beats, so that one slow commit does not cost it"""

_LOOK_SECONDS = 0.5


class SeatLost(Exception):
    """Another process writes to this database now."""


class Seat(Persistent):
    """Who writes: a random token, where that process is, and what changes as long as it lives."""

    __slots__ = ("beat", "holder", "process")

    def __init__(self) -> None:
        self.holder = b""
        self.process = ""
        self.beat = 0

    def __getstate__(self) -> tuple[object, ...]:
        return self.holder, self.process, self.beat

    def __setstate__(self, state: tuple) -> None:
        self.holder, self.process, self.beat = state


@attrs.frozen
class Process:
    """A process of a machine, as long as the machine runs."""

    machine: str
    """the boot id: no two machines have the same, nor one machine after it was started again"""
    pid: int
    started: str
    """in the kernel's ticks since the boot: another process with the same pid has another one"""

    def __str__(self) -> str:
        return f"{self.machine} {self.pid} {self.started}"

    @classmethod
    def this(cls) -> Process:
        """Return the process that asks."""
        return cls(_boot_id(), os.getpid(), _started(os.getpid()))


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return secrets.token_hex(16)


def _started(pid: int) -> str:
    """Return when a process was started, an empty string where there is none (proc(5), field 22 of stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def is_dead(process: str) -> bool:
    """Tell whether a seat's process has certainly ended: it was one of this machine, since its last boot."""
    machine, pid, started = process.split()
    return machine == _boot_id() and _started(int(pid)) != started


def take_seat(
    connection: Any, transactions: Any, location: str, sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Seat:
    """Sit down as the one writer of a database.

    Where another one sits and cannot be asked, wait whether it still beats.  Raises StoreLocked where it does.
    """
    root = connection.root()
    if "seat" not in root:
        root["seat"] = Seat()
        transactions.commit()
        transactions.begin()
    seat: Seat = root["seat"]
    seen, until = (seat.holder, seat.beat), monotonic() + SILENT_SECONDS
    while seat.holder and not is_dead(seat.process) and monotonic() < until:
        if seat.process.split()[0] == _boot_id():
            raise StoreLocked(f"{location} is in use by process {seat.process.split()[1]}: one writer at a time")
        sleep(_LOOK_SECONDS)
        transactions.abort()
        transactions.begin()
        if (seat.holder, seat.beat) != seen and seat.holder:
            raise StoreLocked(f"{location} is in use by a process of another machine: one writer at a time")
    seat.holder = secrets.token_bytes(16)
    seat.process = str(Process.this())
    seat.beat = 0
    transactions.commit()
    transactions.begin()
    return seat
