"""Wildmats: RFC 3977 section 4's examples, a plain matcher to compare with, and patterns made to cost much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.nntp.session.wildmat import WildmatError, parse_old_pattern, parse_wildmat


def plainly_matches(pattern: str, text: str) -> bool:
    """Match one pattern the obvious way: row by row, no cleverness."""
    reachable = {0}
    for character in pattern:
        if character == "*":
            reachable = set(range(min(reachable, default=len(text) + 1), len(text) + 1))
        else:
            reachable = {
                at + 1 for at in reachable if at < len(text) and (character == "?" or character == text[at])
            }
    return len(text) in reachable


@pytest.mark.parametrize(
    ("wildmat", "text", "expected"),
    [
        # section 4.4
        ("a*,!*b,*c*", "aaa", True),
        ("a*,!*b,*c*", "abb", False),
        ("a*,!*b,*c*", "ccb", True),
        ("a*,!*b,*c*", "xxx", False),
        ("a*,c*,!*b", "abb", False),
        ("a*,c*,!*b", "ccb", False),
        ("*foo*", "foo", True),
        ("mim*", "mimetype", True),
        ("*one?", "the one!", True),
        ("*one?", "the one", False),
        ("?", "я", True),
        ("??", "я", False),
        ("*", "", True),
        ("!*", "anything", False),
        ("café", "café", True),
        ("a.c", "abc", False),
        ("a\nb", "a\nb", True),
    ],
)
def test_examples(wildmat: str, text: str, expected: bool) -> None:
    assert parse_wildmat(wildmat.encode()).matches(text.encode()) is expected


@given(
    st.lists(st.tuples(st.booleans(), st.text("ab*?é", min_size=1, max_size=7)), min_size=1, max_size=5),
    st.text("abé", max_size=9),
)
def test_the_right_most_pattern_that_matches_decides(patterns: list[tuple[bool, str]], text: str) -> None:
    wildmat = ",".join(("" if wanted else "!") + pattern for wanted, pattern in patterns)
    deciding = [wanted for wanted, pattern in patterns if plainly_matches(pattern, text)]
    assert parse_wildmat(wildmat.encode()).matches(text.encode()) is (bool(deciding) and deciding[-1])


@pytest.mark.parametrize("text", [b"", b",", b"a,", b"a,,b", b"!", b"a,!", b"[a]", b"a\\b", b"a!b", b"!!a", b"\xff"])
def test_what_is_no_wildmat(text: bytes) -> None:
    with pytest.raises(WildmatError):
        parse_wildmat(text)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_match_or_are_refused(pattern: bytes, text: bytes) -> None:
    for parse in (parse_wildmat, parse_old_pattern):
        try:
            assert parse(pattern).matches(text) in (True, False)
        except WildmatError:
            pass


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (b"[a-c]x", b"bx", True),
        (b"[a-c]x", b"dx", False),
        (b"[^a-c]x", b"dx", True),
        (b"[]]", b"]", True),
        (b"[^]]", b"]", False),
        (b"[a-]", b"-", True),
        (b"[c-a]", b"b", False),
        (b"[^c-a]", b"b", True),
        (b"\\*", b"*", True),
        (b"\\*", b"x", False),
        (b"[\\]", b"\\", True),
        (b"a,b", b"a,b", True),
        (b"!a", b"!a", True),
        (b"*[Tt]ea*", b"Green Tea?", True),
        (b"[a^]", b"^", True),
        (b"[[]", b"[", True),
        (b"[&&]", b"&", True),
    ],
)
def test_old_patterns(pattern: bytes, text: bytes, expected: bool) -> None:
    assert parse_old_pattern(pattern).matches(text) is expected


@pytest.mark.parametrize("pattern", [b"", b"[a", b"[]", b"a\\"])
def test_what_is_no_old_pattern(pattern: bytes) -> None:
    with pytest.raises(WildmatError):
        parse_old_pattern(pattern)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", [b"*a" * 200 + b"b", b"*?" * 200 + b"b", b"*a?" * 130 + b"*b", b"*" * 400 + b"b"])
def test_hostile_patterns_cost_little(pattern: bytes) -> None:
    """With backtracking each of these would take longer than the universe has been there."""
    wildmat = parse_wildmat(pattern)
    assert not wildmat.matches(b"a" * 5000)


@given(st.text("ab*?é", min_size=1, max_size=7), st.text("abé", max_size=9))
def test_a_value_without_what_is_required_never_matches(pattern: str, text: str) -> None:
    parsed = parse_old_pattern(pattern.encode())
    assert parsed.matches(text.encode()) is plainly_matches(pattern, text)
    assert parsed.required in text.encode() or not parsed.matches(text.encode())


def test_shortcuts() -> None:
    assert parse_old_pattern(b"*tea?leaf*").required == b"leaf"
    assert parse_old_pattern(b"[tT]ea").required == b""
    assert parse_wildmat(b"clique.tea").literal == b"clique.tea"
    assert parse_wildmat(b"clique.*").literal is None
    assert parse_wildmat(b"!clique.tea").literal is None
    assert parse_wildmat(b"a,b").literal is None
    assert parse_wildmat(b"*").everything
    assert not parse_wildmat(b"*,!a").everything
