"""Foreign articles as documents: what is kept, dropped, repaired and refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.document import DocumentError, DocumentRefused, Signer, address_of, canonical, compose, id_text
from cliquenntp.newsgroup import importing
from cliquenntp.newsgroup.importing import ArticleRefused, document_fields, read_article, read_date

SIGNER = Signer(bytes(range(32)))
SENDER = address_of(SIGNER.key, "owner")
PARENT = b"p" * 32
ARTICLE = b"""\
Path: news.example.com!not-for-mail
Received: from a by b;
\tMon, 5 Apr 1993 19:08:25 GMT
From: Ren\xe9 <rene@example.com>
Newsgroups: sci.Space,  misc.test
subject: A
 folded subject
Message-ID: <1@example.com>
References: <a@example.com> broken <b@example.com>
 <c@example.com>
In-Reply-To: Your message <d@example.com>
Date: Mon, 5 Apr 93 19:08:25 GMT
Sender: daemon@example.com
Organization: Example
NNTP-Posting-Host: host.example.com
X-Face: abc
Clique-Parent: forged
Clique-Cancel: forged
Lines: 2
MIME-Version: 1.0
List-Id: <list.example.com>
List-Unsubscribe: <https://example.com/?secret>

Text \xff
--\x20

"""


def document(raw: bytes, time: int = 734_036_905):
    article = read_article(raw)
    return compose(SIGNER, document_fields(article, [PARENT], SENDER, time), article.body, time), article


def changed(old: bytes, new: bytes) -> bytes:
    assert old in ARTICLE
    return ARTICLE.replace(old, new)


def test_what_is_kept_and_what_is_made():
    made, article = document(ARTICLE)
    assert article.repairs == ()
    assert [name for name, _ in made.headers][2:] == [
        b"From", b"subject", b"Date", b"Organization", b"MIME-Version", b"List-Id",
        b"Sender", b"Clique-Parent", b"Clique-Original-Message-ID",
    ]  # fmt: skip
    assert made.headers.get(b"From") == b"Ren\xe9 <rene@example.com>"
    assert made.headers.get(b"Subject") == b"A folded subject"
    assert made.headers.get(b"Date") == b"Mon, 5 Apr 93 19:08:25 GMT"
    assert made.headers.get(b"Sender") == SENDER.encode()
    assert made.headers.get(b"Clique-Original-Message-ID") == b"<1@example.com>"
    assert (made.parents, made.cancel) == ((PARENT,), None)
    assert made.body == b"Text \xff\r\n-- \r\n\r\n"


def test_what_an_article_says():
    article = read_article(ARTICLE)
    assert article.message_id == b"<1@example.com>"
    assert article.references == tuple(b"<%c@example.com>" % name for name in b"cbad")
    assert article.newsgroups == ("sci.space", "misc.test")
    assert article.date == 734_036_905


@pytest.mark.parametrize(
    ("raw", "repair"),
    [
        (b"From someone Mon Apr  5 19:08:25 1993\n" + ARTICLE, importing.MBOX_LINE),
        (b">From someone Mon Apr  5 19:08:25 1993\n" + ARTICLE, importing.MBOX_LINE),
        (b"\n\n" + ARTICLE, importing.EMPTY_LINES),
        (changed(b"Example\n", b"Ex\0ample\n"), importing.OCTETS),
        (changed(b"Text", b"Te\rxt"), importing.OCTETS),
        (ARTICLE.partition(b"\n\n")[0], importing.NO_EMPTY_LINE),
        (changed(b" folded", b"folded"), importing.BROKEN_LINE),
        (changed(b"Organization:", b"Organization :"), importing.BLANK_BEFORE_COLON),
        (changed(b"Lines:", b"From:"), importing.DOUBLE_FIELD),
        (changed(b"From:", b"X-From:"), importing.NO_FROM),
        (changed(b"subject: A\n folded subject", b"Subject: "), importing.NO_SUBJECT),
        (changed(b"Date:", b"X-Date:"), importing.NO_DATE),
        (changed(b"Date: Mon, 5", b"Date: yesterday"), importing.NO_DATE),
        (changed(b"Date: Mon, 5 Apr 93", b"Date: Thu, 1 Jan 1970"), importing.NO_DATE),
        (changed(b"Message-ID:", b"X-Message-ID:"), importing.NO_MESSAGE_ID),
        (changed(b"<1@example.com>", b"one"), importing.NO_MESSAGE_ID),
        (changed(b"<1@example.com>", b"<" + b"1" * 250 + b"@x>"), importing.NO_MESSAGE_ID),
    ],
)
def test_each_repair_is_made_and_told(raw, repair):
    made, article = document(raw)
    assert article.repairs == (repair,)
    assert made.headers.get(b"From")
    assert made.headers.get(b"Subject")
    assert read_date(made.headers.get(b"Date")) == 734_036_905
    assert not any(name.lower().startswith(b"x-") for name, _ in made.headers)


def test_what_repairs_make():
    assert document(changed(b" folded", b"folded"))[0].headers.get(b"Subject") == b"A folded subject"
    assert document(changed(b"From:", b"X-From:"))[0].headers.get(b"From") == b"daemon@example.com"
    assert read_article(b"Subject: a\n\n").fields[0] == (b"From", importing.UNKNOWN_AUTHOR)
    unreadable = document(changed(b"Date: Mon, 5", b"Date: yesterday"))[0]
    assert unreadable.headers.get(b"Original-Date") == b"yesterday Apr 93 19:08:25 GMT"
    assert unreadable.headers.get(b"Date") == b"Mon, 05 Apr 1993 19:08:25 +0000"
    assert document(changed(b"Lines:", b"From:"))[0].headers.get_all(b"From") == [b"Ren\xe9 <rene@example.com>"]


def test_digest_stands_for_a_missing_message_id():
    without = changed(b"Message-ID: <1@example.com>\n", b"")
    message_id = read_article(without).message_id
    assert message_id == read_article(without.replace(b"\n", b"\r\n")).message_id
    assert message_id.endswith(b"@sha256.invalid>")
    assert message_id != read_article(without.replace(b"Text", b"text")).message_id


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"no header here\n\ntext\n", b" folded: first\n\n", b"\xff\xfe: x\n\n"])
def test_what_is_no_article_is_refused(raw):
    with pytest.raises(ArticleRefused):
        read_article(raw)


def test_control_messages_are_refused():
    with pytest.raises(ArticleRefused, match="control"):
        read_article(changed(b"Lines: 2", b"Control: cancel <2@example.com>"))


def test_addresses_of_other_signers_are_refused():
    stranger = address_of(Signer(bytes(32)).key, "someone").encode()
    with pytest.raises(DocumentRefused):
        document(changed(b"rene@example.com", stranger))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"Mon, 5 Apr 93 19:08:25 GMT", 734_036_905),
        (b"5 Apr 93 15:08:25 EDT", 734_036_905),
        (b"Mon, 05 Apr 1993 21:08:25 +0200 (CEST)", 734_036_905),
        (b"", None),
        (b"\xff\xfe", None),
        (b"99 99 99 99", None),
        (b"Mon, 5 Apr 99999999999999 19:08:25 GMT", None),
        (b"1 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_dates(value, seconds):
    assert read_date(value) == seconds


@given(st.binary(max_size=60))
def test_reading_dates_never_raises(value):
    read_date(value)
    read_date(b"Mon, " + value + b" 1993 19:08:25 GMT")


PIECES = st.sampled_from([
    b"From: a@example.com", b"Subject: s", b"Date: 5 Apr 93 19:08:25 GMT", b"Message-ID: <x@y>", b"References: <a@b>",
    b"\n", b"\r\n", b"\r", b" ", b"\t", b"\0", b":", b"From ", b"\xe9", b"word", b"Subject :", b"=?utf-8?q?a?=",
])  # fmt: skip


@given(st.lists(PIECES, max_size=25).map(b"".join))
def test_any_pieces_become_a_document_or_are_refused(raw):
    try:
        made, article = document(raw)
    except (ArticleRefused, DocumentError):
        return
    assert canonical(raw).endswith(made.body)
    assert made.body == article.body
    assert id_text(PARENT).encode() == made.headers.get(b"Clique-Parent")
