"""Sizes and spans of time as people read them, the same on a page and in a terminal."""

from __future__ import annotations

import time


def octets_text(octets: float) -> str:
    """Return a number of octets with the unit that suits it: ``940 B``, ``1.2 MB``, ``37 GB``."""
    units = ["GB", "MB", "kB", "B"]
    while octets >= 1000 and len(units) > 1:
        octets /= 1000
        units.pop()
    return f"{octets:.0f} {units[-1]}" if units[-1] == "B" or octets >= 10 else f"{octets:.1f} {units[-1]}"


def clock_text(seconds: float) -> str:
    """Return a time (since 1970 UTC) by the clock of this machine: ``2026-01-31 18:03:22``."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def duration_text(seconds: float) -> str:
    """Return a span of time in the largest unit of which it has two or more: ``90 seconds``, ``3 days``."""
    for length, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} second{'' if int(seconds) == 1 else 's'}"
