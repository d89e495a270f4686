"""The arguments of commands: numbers, ranges, message-ids, header names, dates (RFC 3977 section 9.8)."""

from __future__ import annotations

import re

HIGHEST_NUMBER = 2**31 - 1
"""article numbers stay below this, for newsreaders keep them in 32 bits (RFC 3977 section 6)"""

MESSAGE_ID_LIMIT = 250
"""octets of a message-id with its angle brackets (RFC 3977 section 3.6)"""

_RANGE = re.compile(rb"(\d{1,16})(-(\d{1,16})?)?")
_MESSAGE_ID = re.compile(rb"<[\x21-\x3b\x3d\x3f-\x7e]{1,248}>")
_HEADER_NAME = re.compile(rb"[\x21-\x39\x3b-\x7e]+")
_DATE = re.compile(rb"(\d\d)?(\d\d)(\d\d)(\d\d)")
_TIME = re.compile(rb"(\d\d)(\d\d)(\d\d)")
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class ArgumentError(Exception):
    """An argument breaks its syntax: the answer is 501."""


def number(text: bytes) -> int:
    """Return an article number; one that is too great to exist becomes the greatest that could."""
    if not text.isdigit() or len(text) > 16:
        raise ArgumentError
    return min(int(text), HIGHEST_NUMBER)


def number_range(text: bytes) -> tuple[int, int]:
    """Return the first and last number of ``n``, ``n-`` or ``n-m`` (RFC 3977 section 8.3.1); last < first is empty."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ArgumentError
    first = min(int(match[1]), HIGHEST_NUMBER)
    if match[2] is None:
        return first, first
    return first, HIGHEST_NUMBER if match[3] is None else min(int(match[3]), HIGHEST_NUMBER)


def message_id(text: bytes) -> bytes:
    """Return a message-id, checked as RFC 3977 section 3.6 says: angle brackets around 1 to 248 printable octets."""
    if not _MESSAGE_ID.fullmatch(text):
        raise ArgumentError
    return text


def header_name(text: bytes) -> bytes:
    """Return a header's name, or a metadata item's with its colon, checked (RFC 5536 section 2.2)."""
    if not _HEADER_NAME.fullmatch(text[1:] if text.startswith(b":") else text):
        raise ArgumentError
    return text


def moment(date: bytes, time: bytes, zone: bytes | None, now: float) -> int:
    """Return ``[yy]yymmdd hhmmss [GMT]`` (RFC 3977 section 7.3) as seconds since 1970 UTC; negative before it.

    A year of two digits lies in the current century unless that would be in the future.  This server's own time zone,
    which a missing GMT asks for, is UTC.
    """
    date_match, time_match = _DATE.fullmatch(date), _TIME.fullmatch(time)
    if date_match is None or time_match is None or (zone is not None and zone.upper() != b"GMT"):
        raise ArgumentError
    century, *rest = date_match.groups()
    year, month, day = (int(part) for part in rest)
    if century is None:
        this_year = civil(now)[0]
        year += this_year - this_year % 100 - (100 if year > this_year % 100 else 0)
    else:
        year += int(century) * 100
    hour, minute, second = (int(part) for part in time_match.groups())
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1] + leap:
        raise ArgumentError
    if hour > 23 or minute > 59 or second > 60:  # 60: a leap second
        raise ArgumentError
    return _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date of the proleptic Gregorian calendar."""
    # years that begin in March have the leap day at their end
    year -= month <= 2
    from_march = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return 365 * year + year // 4 - year // 100 + year // 400 + from_march - 719468


def civil(seconds: float) -> tuple[int, int, int, int, int, int]:
    """Return (year, month, day, hour, minute, second) in UTC of seconds since 1970."""
    days, rest = divmod(int(seconds), 86400)
    days += 719468
    era, day_of_era = divmod(days, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    year = year_of_era + era * 400 + (month <= 2)
    return (
        year, month, day_of_year - (153 * from_march + 2) // 5 + 1,
        rest // 3600, rest // 60 % 60, rest % 60,
    )
