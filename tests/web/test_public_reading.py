"""What a page makes of articles that anybody may have written."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from cliquenntp.interfaces import Article
from cliquenntp.newsgroup.rendering import dot_stuffed
from cliquenntp.web.public.reading import MOST_SOURCE_OCTETS, MOST_TEXT, NO_TEXT, Text, author_of, entry_of, text_of
from cliquenntp.web.public.threads import MOST_INDENTS, placed, talks

PIECES = (
    b"Content-Type: text/plain; charset=utf-8\r\n", b"Content-Type: multipart/mixed; boundary=x\r\n", b"\r\n",
    b"--x\r\n",
    b"--x--\r\n", b"Content-Transfer-Encoding: base64\r\n", b"=?utf-8?b?//8=?=", b"<script>alert(1)</script>\r\n",
    b"Content-Type: text/plain; charset=rot13\r\n", b"Content-Disposition: attachment; filename*=x''%ff\r\n",
    b"\xff\xfe",
    b"Content-Type: message/rfc822\r\n", b"A\xe2\x80\xaeB\r\n", b"begin 644 x\r\n", b"Content-Type: ;;;=\r\n",
)  # fmt: skip


def article(head: bytes, body: bytes) -> Article:
    return Article(b"<x@y>", dot_stuffed(head), dot_stuffed(body))


def test_a_plain_text_is_shown_as_it_is() -> None:
    assert text_of(article(b"Subject: x\r\n", b".dot\r\n\tTab <b>&amp;\r\n")) == Text(
        ".dot\n        Tab <b>&amp;", False, ())


def test_parts_that_are_no_text_are_named_alone() -> None:
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n'
    body = (
        b"--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nM=FCll\r\n"
        b"--x\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n"
        b"--x\r\nContent-Type: image/png\r\n"
        b"Content-Disposition: attachment; filename=\"a<b>.png\"\r\n\r\n...\r\n--x--\r\n")
    assert text_of(article(head, body)) == Text("Müll", False, ("text/html", "a<b>.png (image/png)"))


def test_what_is_too_long_is_cut_or_left_to_newsreaders() -> None:
    long = text_of(article(b"Subject: x\r\n", b"word\r\n" * 10_000))
    assert (len(long.text), long.is_cut) == (MOST_TEXT, True)
    assert text_of(article(b"Subject: x\r\n", b"word\r\n" * (MOST_SOURCE_OCTETS // 4))) == Text(NO_TEXT, False, ())


def test_a_thousand_nested_parts_end_in_some_text() -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (number, number) for number in range(1000))
    began = time.process_time()
    assert text_of(article(b"MIME-Version: 1.0\r\n" + nested, b"end\r\n")).text.startswith("--0")
    assert time.process_time() - began < 1.0, "taken apart they take five"


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=30), st.integers(0, 30))
@settings(deadline=None)
def test_whatever_an_article_is_made_of_there_is_something_to_show(pieces: list[bytes], split: int) -> None:
    shown = text_of(article(b"".join(pieces[:split]), b"".join(pieces[split:])))
    shown.text.encode("utf-8")
    assert not any((ord(character) < 32 and character != "\n") or character == "\u202e" for character in shown.text)


def test_an_address_is_shown_by_its_name_alone() -> None:
    assert author_of(b"Ann <ann@example.org>") == ("Ann", "")
    assert author_of(b"ann@example.org") == ("ann", "")
    assert author_of(b"=?utf-8?q?Zo=C3=AB?= <owner@abcdefghij234567abcd.clique.invalid>") == ("Zoë", "abcdefgh")
    assert author_of(b"") == ("somebody", "")
    assert author_of(b'"\xe2\x80\xaeevil\r\n" <x@y>')[0] == "evil"


def line(number: int, *references: int) -> bytes:
    told = b" ".join(b"<a%d@clique.invalid>" % one for one in references)
    fields = (b"%d" % number, b"Subject %d" % number, b"A <a@b>", b"now", b"<a%d@clique.invalid>" % number, told)
    return b"\t".join((*fields, b"1", b"1"))


def test_answers_stand_behind_what_they_answer() -> None:
    lines = (line(1), line(2), line(3, 1), line(4, 2), line(5, 1, 3), line(6, 1), line(7, 99))
    entries = [entry_of(one) for one in lines]
    assert [(one.entry.number, one.depth) for one in placed(entries)] == [
        (1, 0), (3, 1), (5, 2), (6, 1), (2, 0), (4, 1), (7, 0)]
    assert [(talk.first, talk.newest.number, talk.count) for talk in talks(entries)] == [
        ("a99", 7, 1), ("a1", 6, 4), ("a2", 4, 2)]


def test_a_chain_of_a_thousand_and_a_circle_are_shown_once() -> None:
    chain = placed([entry_of(line(number, *range(1, number)[-3:])) for number in range(1, 1001)])
    assert [one.entry.number for one in chain] == [*range(1, 1001)]
    assert max(one.depth for one in chain) == MOST_INDENTS
    circle = placed([entry_of(line(1, 2)), entry_of(line(2, 1))])
    assert sorted(one.entry.number for one in circle) == [1, 2]
