"""Numbers, ranges, message-ids, names and dates as RFC 3977 spells them."""

from __future__ import annotations

import calendar
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.nntp.session import arguments
from cliquenntp.nntp.session.arguments import HIGHEST_NUMBER, ArgumentError

NOW = calendar.timegm((2026, 11, 24, 12, 0, 0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"5", (5, 5)), (b"5-", (5, HIGHEST_NUMBER)), (b"5-9", (5, 9)), (b"9-5", (9, 5)), (b"0-0", (0, 0)),
        (b"0005", (5, 5)), (b"1-9999999999999999", (1, HIGHEST_NUMBER)),
    ],
)
def test_ranges(text: bytes, expected: tuple[int, int]) -> None:
    assert arguments.number_range(text) == expected


@pytest.mark.parametrize(
    "text", [b"", b"-", b"-5", b"5--", b"5-6-7", b"a", b"5-a", b"+5", b"5 ", b"1" * 17, b"1-" + b"1" * 17]
)
def test_bad_ranges(text: bytes) -> None:
    with pytest.raises(ArgumentError):
        arguments.number_range(text)


@pytest.mark.parametrize("text", [b"", b"-1", b"1-", b"x", "٣".encode(), b"1" * 17])
def test_bad_numbers(text: bytes) -> None:
    with pytest.raises(ArgumentError):
        arguments.number(text)


@pytest.mark.parametrize("text", [b"<a@b>", b"<" + b"x" * 248 + b">", b"<!>"])
def test_message_ids(text: bytes) -> None:
    assert arguments.message_id(text) == text


@pytest.mark.parametrize(
    "text",
    [b"", b"<>", b"<a@b", b"a@b>", b"<a>b>", b"<a<b>", b"<a b>", b"<" + b"x" * 249 + b">", b"<\xc3\xa9>", b"<\x7f>"],
)
def test_bad_message_ids(text: bytes) -> None:
    with pytest.raises(ArgumentError):
        arguments.message_id(text)


@pytest.mark.parametrize("text", [b"Subject", b":bytes", b"X-No.Such!"])
def test_header_names(text: bytes) -> None:
    assert arguments.header_name(text) == text


@pytest.mark.parametrize("text", [b"", b":", b"Subject:", b"a b", b"\xc3\xa9", b"::x"])
def test_bad_header_names(text: bytes) -> None:
    with pytest.raises(ArgumentError):
        arguments.header_name(text)


@given(st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)))
def test_dates_agree_with_the_calendar(moment: datetime.datetime) -> None:
    moment = moment.replace(microsecond=0)
    seconds = int((moment - datetime.datetime(1970, 1, 1)).total_seconds())
    date = f"{moment.year:04}{moment.month:02}{moment.day:02}".encode()
    time = f"{moment.hour:02}{moment.minute:02}{moment.second:02}".encode()
    assert arguments.moment(date, time, b"GMT", NOW) == seconds
    assert arguments.civil(seconds) == tuple(moment.timetuple()[:6])


@pytest.mark.parametrize(
    ("date", "expected"),
    [(b"261124", 2026), (b"270101", 1927), (b"991231", 1999), (b"000101", 2000)],
)
def test_years_of_two_digits_are_not_in_the_future(date: bytes, expected: int) -> None:
    seconds = arguments.moment(date, b"000000", None, NOW)
    assert arguments.civil(seconds)[0] == expected


@pytest.mark.parametrize(
    ("date", "time", "zone"),
    [
        (b"20261301", b"000000", None), (b"20260001", b"000000", None), (b"20260100", b"000000", None),
        (b"20260431", b"000000", None), (b"20260229", b"000000", None), (b"19000229", b"000000", None),
        (b"20260101", b"240000", None), (b"20260101", b"006000", None), (b"20260101", b"000061", None),
        (b"2026010", b"000000", None), (b"20260101", b"00000", None), (b"x0260101", b"000000", None),
        (b"20260101", b"000000", b"CET"),
    ],
)
def test_bad_dates(date: bytes, time: bytes, zone: bytes | None) -> None:
    with pytest.raises(ArgumentError):
        arguments.moment(date, time, zone, NOW)


def test_leap_days_and_leap_seconds() -> None:
    assert arguments.civil(arguments.moment(b"20000229", b"235960", b"gmt", NOW)) == (2000, 3, 1, 0, 0, 0)
