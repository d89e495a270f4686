"""NoCeM messages as text: what is read from them, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.newsgroup import nocem
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.nocem import Notice, notice_body, read_notice

OURS = bytes(range(32))

FROM_THE_NEWS = b"""\
-----BEGIN PGP SIGNED MESSAGE-----

The following are spam.

@@BEGIN NCM HEADERS
Version: 0.93
Issuer: nobody@example.org
Type: Spam
Action: HIDE
Count: 3
Notice-ID: 19970101-1
@@BEGIN NCM BODY
<1@example.org>	alt.test misc.test
not an id
<2@example.org> alt.test
	alt.folded
<%b	clique.tea
@@END NCM BODY

-----BEGIN PGP SIGNATURE-----
""".replace(b"<%b", message_id_of(OURS))

NOTICE = Notice(True, (b"<1@example.org>", b"<2@example.org>", OURS))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_message_from_the_news_is_read(line_end: bytes) -> None:
    assert read_notice(FROM_THE_NEWS.replace(b"\n", line_end)) == NOTICE


@pytest.mark.parametrize("change", [
    (b"@@BEGIN NCM HEADERS", b"@@BEGIN NCM HEADER"),
    (b"@@BEGIN NCM HEADERS", b"> @@BEGIN NCM HEADERS"),
    (b"@@BEGIN NCM BODY", b""),
    (b"@@END NCM BODY", b""),
    (b"HIDE", b"burn"),
    (b"Action", b"Reaction"),
])
def test_what_is_none(change: tuple[bytes, bytes]) -> None:
    assert read_notice(FROM_THE_NEWS.replace(*change)) is None


def test_one_that_names_nothing_is_none() -> None:
    assert read_notice(notice_body("me@example.org", "spam", True, "1", [])) is None


def test_what_is_too_large_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [(b"<%d@example.org>" % number, b"alt.test") for number in range(nocem.MOST_IDS + 1)]
    assert read_notice(notice_body("me@example.org", "spam", True, "1", articles)) is None
    most = read_notice(notice_body("me@example.org", "spam", True, "1", articles[1:]))
    assert most is not None
    assert len(most.targets) == nocem.MOST_IDS
    monkeypatch.setattr(nocem, "MOST_OCTETS", len(FROM_THE_NEWS) - 1)
    assert read_notice(FROM_THE_NEWS) is None


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20, unique=True), st.booleans())
def test_what_is_written_is_read_again(ids: list[bytes], hides: bool) -> None:
    body = notice_body("me@example.org", "spam", hides, "1", [(message_id_of(one), b"clique.tea") for one in ids])
    assert read_notice(body) == Notice(hides, tuple(ids))


@given(st.lists(st.sampled_from(FROM_THE_NEWS.splitlines(keepends=True)) | st.binary(max_size=30), max_size=30))
def test_any_lines_are_read_without_an_error(lines: list[bytes]) -> None:
    found = read_notice(b"".join(lines))
    assert found is None or found.targets
