"""Cutting what arrives into lines and articles; what ends an article and what doesn't."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.nntp.session.input import BadLine, Input, flaw

FRAGMENTS = [b"\r\n", b"\r", b"\n", b".", b"..", b"\0", b"a", b"text", b"\r\n."]
OCTETS = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[low:high] for low, high in itertools.pairwise(places)]


@given(OCTETS, st.lists(st.integers(0, 100), max_size=8), st.integers(0, 60))
def test_an_article_ends_at_the_first_crlf_dot_crlf(data: bytes, cuts: list[int], limit: int) -> None:
    stream = data + b"\r\n.\r\nDATE\r\n"
    end = (b"\r\n" + stream).index(b"\r\n.\r\n")
    expected = stream[:end]
    taken = None
    source = Input()
    for piece in split(stream, cuts):
        source.feed(piece)
        if taken is None:
            taken = source.article(limit)
    assert taken is not None
    article, size = taken
    assert size == len(expected)
    if len(expected) > limit:
        assert article is None
    else:
        unstuffed = b"\r\n".join(line.removeprefix(b".") for line in expected.split(b"\r\n"))
        assert article == unstuffed
        assert len(source) == len(stream) - end - 3


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(200, 400))
def test_nothing_of_an_oversized_article_is_kept(pieces: list[bytes], limit: int) -> None:
    source = Input()
    for piece in [b"x" * 1000, *pieces]:
        source.feed(piece.replace(b"\r", b""))
        assert source.article(limit) is None
        assert len(source._article) <= limit + 10 + len(piece)
    source.feed(b"")
    assert source.article(limit) is None
    assert len(source._article) == 4


@pytest.mark.parametrize(
    ("article", "reason"),
    [
        (b"a\r\n", None), (b"", None), (b"a\nb\r\n", "LF"),
        (b"a\r\r\n", "CR"), (b"a\r\n\rb", "CR"), (b"a\0\r\n", "NUL"),
        (b"\n", "LF"), (b"\n\r\n", "LF"), (b"\r\n\n", "LF"),
    ],
)
def test_flaws(article: bytes, reason: str | None) -> None:
    found = flaw(article)
    assert found is None if reason is None else reason in (found or "")


def test_lines_of_512_octets() -> None:
    source = Input()
    source.feed(b"x" * 510 + b"\r\n" + b"x" * 511 + b"\r\nDATE\r\n")
    assert source.line() == b"x" * 510
    assert source.line() is BadLine.TOO_LONG
    assert source.line() == b"DATE"
    assert source.line() is None


def test_an_endless_line_is_answered_once_and_not_kept() -> None:
    source = Input()
    answers = []
    for _ in range(1000):
        source.feed(b"x" * 1000)
        while (line := source.line()) is not None:
            answers.append(line)
    assert answers == [BadLine.TOO_LONG]
    assert len(source) == 0
    source.feed(b"\r")
    assert source.line() is None
    source.feed(b"\nDATE\r\n")
    assert source.line() == b"DATE"


def test_a_bare_line_feed_is_answered_at_once() -> None:
    """Who types into a plain TCP connection learns why nothing happens."""
    source = Input()
    source.feed(b"DATE\n")
    assert source.line() is BadLine.BARE_LINE_FEED
    source.feed(b"POST\r\nDATE\r\n")
    assert source.line() == b"DATE"
