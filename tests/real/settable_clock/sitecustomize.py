"""Python imports this before anything else where its folder is in PYTHONPATH: clocks that a test sets.

The environment's SETTABLE_CLOCK names a file with two doubles: seconds by which the time of day is off, and seconds
that the machine has slept.
"""

import mmap
import os
import struct
import time

_READ = struct.Struct("dd").unpack_from
_time, _clock_gettime = time.time, time.clock_gettime

with open(os.environ["SETTABLE_CLOCK"], "rb") as _file:
    _SET = mmap.mmap(_file.fileno(), 0, access=mmap.ACCESS_READ)


def _set_time() -> float:
    return _time() + _READ(_SET)[0]


def _set_clock_gettime(clock: int) -> float:
    return _clock_gettime(clock) + (_READ(_SET)[1] if clock == time.CLOCK_BOOTTIME else 0.0)


time.time, time.clock_gettime = _set_time, _set_clock_gettime
