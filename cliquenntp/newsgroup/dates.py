"""Dates as articles have them."""

from __future__ import annotations

from email.utils import mktime_tz, parsedate_tz


def seconds_of(value: bytes) -> float | None:
    """Return the time that a Date header's value tells, in seconds since 1970 UTC; None where it cannot be read.

    Two-digit years and names of zones are understood.
    """
    try:
        parts = parsedate_tz(value.decode("latin-1"))
        return None if parts is None else mktime_tz(parts)
    except (ValueError, OverflowError, IndexError, TypeError):  # email.utils is not written for rubbish
        return None
