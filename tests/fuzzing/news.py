"""What a newsreader or another news server may send: commands and articles."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache, partial

import attrs

from cliquenntp.document import Document, DocumentError, Signer, address_of, compose, decode_header, parse
from cliquenntp.interfaces import FEEDER, OWNER, Article, Identity, IFeed, Right
from cliquenntp.newsgroup.control import LeaveForum, PostRefused
from cliquenntp.newsgroup.feeding import cancelled_by, read_cancel, read_fed
from cliquenntp.newsgroup.gateway import Gateway
from cliquenntp.newsgroup.importing import ArticleRefused, document_fields, read_article, read_date
from cliquenntp.newsgroup.message_ids import is_message_id, message_id_of, message_ids_in
from cliquenntp.newsgroup.outgoing import utc_date
from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.newsgroup.posting import Poster, draft
from cliquenntp.newsgroup.rendering import render
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.nntp.session import SessionSettings, Verifier
from cliquenntp.nntp.session.table import COMMANDS
from cliquenntp.nntp.session.wildmat import Wildmat, WildmatError, parse_old_pattern, parse_wildmat
from cliquenntp.web.public.reading import author_of, entry_of, text_of
from tests.fuzzing.target import Target, split_by
from tests.memory_archive import MemoryArchive
from tests.nntp.lawful import replies_of
from tests.nntp.session_wire import SessionWire
from tests.nntp.small_feed import SmallFeed
from tests.small_forum import NOW, SmallForum, accept, persona

POSTER = persona("poster")
ADDRESS = address_of(POSTER.key, "poster")
PATH_IDENTITY = "news.example.org"


def _documents() -> tuple[Document, ...]:
    forum = SmallForum("tea")
    thread = forum.post("Oolong", author="poster")
    forum.post("Re: =?utf-8?q?Oolong?=", parent=thread, author="poster", body=b".dot\r\nno end")
    return tuple(parse(raw) for raw in forum.archive.raws.values())


SMALL = _documents()
"""a forum, a thread and an answer"""
_ROOT, _THREAD, _ANSWER = SMALL


def small_archive() -> MemoryArchive:
    """Return an archive with a forum, a thread and an answer."""
    archive = MemoryArchive()
    for document in SMALL:
        accept(archive, document, NOW)
    return archive


@lru_cache(1)
def small_view() -> NewsView:
    """Return the news view of a small archive, which nobody changes."""
    return NewsView(small_archive())


@lru_cache(1)
def _verifier() -> Verifier:
    return Verifier.of("correct", b"salt" * 4, 4096)


_STRANGER = Identity(None, Right.READ)
_NOBODY = Identity(None, Right.NONE)


def _session(door: int) -> SessionWire:
    """Return a session of the owner, a stranger, somebody who logs in or another news server."""
    identity = (OWNER, _STRANGER, _NOBODY, FEEDER)[door % 4]
    is_open = identity is not _NOBODY
    settings = SessionSettings(
        article_limit=2000, motd=("Welcome", ".hidden"), verifier_of=None if is_open else lambda name: _verifier(),
        confidential=bool(door & 4), starttls=bool(door & 8))
    feed: IFeed | None = SmallFeed() if identity is FEEDER else None
    wire = SessionWire(small_view(), identity, settings, feed=feed)
    wire.verifiers["mary"] = _verifier()
    return wire


def converse(data: bytes) -> None:
    """Any bytes get lawful replies, the same in whatever pieces they come; the first two octets are door and step."""
    door, step, stream = data[0] if data else 0, data[1] if len(data) > 1 else 0, data[2:]
    cut, whole = _session(door), _session(door)
    whole.send(stream)
    for piece in split_by(stream, 1 + step):
        if cut.closed:
            break
        cut.send(piece)
    assert cut.faults == whole.faults == [], (cut.faults, whole.faults)
    upper = stream.upper()
    if b"COMPRESS" in upper:  # what follows is compressed, in pieces as it was said
        return
    replies_of(whole.output)
    if b"STARTTLS" not in upper:  # what comes in one piece with it is dropped: RFC 4642 section 2.2.2
        assert cut.output == whole.output


def is_lawful(article: Article) -> None:
    """Assert that an article can be sent: lines that end with CRLF and nothing else, dots stuffed."""
    for lines in (article.head, article.body):
        assert not lines or lines.endswith(b"\r\n")
        assert b"\0" not in lines
        assert lines.count(b"\r") == lines.count(b"\n") == lines.count(b"\r\n")
        assert all(not line.startswith(b".") or line.startswith(b"..") for line in lines.split(b"\r\n"))
    assert b"\r\n\r\n" not in article.head


def show(document: Document) -> None:
    """Store a document and show it in every way."""
    archive = small_archive()
    if archive.find(document.id) is not None:
        return
    try:
        record = accept(archive, document, NOW, PATH_IDENTITY)
    except ParentMissing:
        return
    overview = archive.overview(record.docno)
    assert overview.count(b"\t") == 7 and not {0, 10, 13} & set(overview), overview
    article = render(record.id, len(record.roots), document.raw, overview, PATH_IDENTITY.encode())
    is_lawful(article)
    unstuffed = (article.head + b"\r\n" + article.body).replace(b"\r\n..", b"\r\n.")
    assert int(overview.split(b"\t")[5]) == len(unstuffed.removeprefix(b"."[: article.head.startswith(b"..")]))
    entry_of(b"1\t" + overview)
    text_of(article).text.encode()
    Gateway(archive, lambda forum: "misc.tea", PATH_IDENTITY).article(record.docno, "clique.tea", True)


def take_document(data: bytes) -> None:
    """A document is refused, or can be kept and shown; nobody looks at its signature here."""
    try:
        document = parse(data)
    except DocumentError as error:
        assert "\n" not in error.reason, error.reason
        return
    show(document)


class _Unsigned(Signer):
    """Signs nothing: that takes longer than all the rest."""

    def signature(self, unsigned: bytes, time: int) -> bytes:
        return bytes(64)


SIGNER = _Unsigned(POSTER.seed)


def _show_composed(fields: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
    """Make a document, and show what others read of it, which must be what was written."""
    composed = compose(SIGNER, fields, body, NOW)
    read = parse(composed.raw)
    assert read.headers.fields == composed.headers.fields
    assert attrs.evolve(read, headers=composed.headers) == composed and read.body == body
    show(read)


def take_article(data: bytes) -> None:
    """An article from elsewhere is refused or becomes a document."""
    try:
        article = read_article(data)
        fields = document_fields(article, [_THREAD.id], ADDRESS, NOW)
        _show_composed(fields, article.body)
    except (ArticleRefused, DocumentError) as error:
        assert "\n" not in error.reason, error.reason
        return
    for read in (partial(read_fed, now=NOW), read_cancel):
        try:
            read(data, article.message_id, PATH_IDENTITY)
        except ArticleRefused as error:
            assert "\n" not in error.reason, error.reason


def post(data: bytes) -> None:
    """What a newsreader posts is refused with a reason, or becomes a document."""
    archive = small_archive()
    try:
        drafted = draft(data, archive, Poster(OWNER, POSTER.key, (b"Organization",)), NOW)
        if isinstance(drafted, LeaveForum):
            return
        _show_composed(drafted.fields, drafted.body)
    except (PostRefused, DocumentError) as error:
        assert "\n" not in error.reason and "\r" not in error.reason, error.reason


def read_value(data: bytes) -> None:
    """Header values become text for people, dates and Message-IDs, whatever they are."""
    text = decode_header(data)
    assert not any(ord(character) < 32 for character in text)
    text.encode("utf-8")
    name, _ = author_of(data)
    name.encode("utf-8")
    seconds = read_date(data)
    assert seconds is None or seconds > 0
    assert re.fullmatch(rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", utc_date(data, NOW))
    assert all(is_message_id(one) for one in message_ids_in(data))
    cancelled_by(data)


def match(data: bytes) -> None:
    """A pattern and a text, by lines: a wildmat matches what the RFC's rules say, in time."""
    pattern, _, text = data.partition(b"\n")
    pattern = pattern[:510]
    try:
        parse_old_pattern(pattern).matches(text)
    except WildmatError:
        pass
    try:
        wildmat = parse_wildmat(pattern)
    except WildmatError:
        return
    matches = wildmat.matches(text)
    if len(pattern) * len(text) <= 4096:
        assert matches == _matches_slowly(wildmat, text)


def _matches_slowly(wildmat: Wildmat, text: bytes) -> bool:
    """RFC 3977 section 4.2 by the book: the right-most pattern that matches decides."""
    value = text.decode("utf-8", "surrogateescape")
    for pattern in reversed(wildmat.text.decode().split(",")):
        reached = {0}
        for character in pattern.removeprefix("!"):
            if character == "*":
                reached = set(range(min(reached), len(value) + 1)) if reached else reached
            else:
                reached = {at + 1 for at in reached if at < len(value) and character in ("?", value[at])}
        if len(value) in reached:
            return not pattern.startswith("!")
    return False


HEAD = "From: Pat <pat@x.example>\r\nNewsgroups: clique.tea\r\nSubject: =?utf-8?b?VMOpZQ==?=\r\n"
_NAMES = b"""From Sender Subject Newsgroups Date Message-ID References In-Reply-To Control Supersedes Path Xref Lines
    Followup-To Reply-To Organization Content-Type Content-Transfer-Encoding MIME-Version Distribution Approved
    Clique-Parent Clique-Forum Clique-Link Clique-Cancel Clique-Supersedes Clique-Target-Time Clique-Moderator
    Clique-Importer Clique-Work Clique-Work-Asked""".split()
_FIELD_WORDS = tuple(b"\r\n" + name + b": " for name in _NAMES)
_VALUE_WORDS = (
    b"=?utf-8?q?", b"=?utf-16?b?", b"=?iso-2022-jp?B?", b"?=", b"=?x-unknown*en?q?", b"\r\n ", b"\xff\xfe", b"<1@x>",
    message_id_of(_THREAD.id), b"Tue, 24 Nov 2026 12:00:00 +0000", b"-9999", b"99999999999999999999", b"@", b"(", b"\"",
    ADDRESS.encode(), b"clique.tea", b"newgroup clique.x", b"rmgroup clique.tea", b"cancel ", b"\0", b"\xe2\x80\xae",
    b"multipart/mixed; boundary=x", b"\r\n--x\r\n", b"base64", b"cmsg ",
)  # fmt: skip
ARTICLE_WORDS = _FIELD_WORDS + _VALUE_WORDS
_POSTS = (
    HEAD + "\r\nText.\r\n",
    HEAD + f"References: {message_id_of(_THREAD.id).decode()}\r\nMessage-ID: <1@x.example>\r\n\r\n.\r\n",
    HEAD + "Control: newgroup clique.new\r\n\r\nFor your newsgroups file:\r\nclique.new\tNews\r\n",
    HEAD + f"Control: cancel {message_id_of(_ANSWER.id).decode()}\r\n\r\n\r\n",
    HEAD + f"Supersedes: {message_id_of(_THREAD.id).decode()}\r\nOrganization: None\r\n\r\nBetter.\r\n",
    HEAD + "Content-Type: multipart/mixed; boundary=x\r\nMIME-Version: 1.0\r\n\r\n--x\r\n\r\na\r\n--x--\r\n",
)
_ARTICLES = (
    b"Path: a!b!not-for-mail\r\nFrom: a@b.example\r\nNewsgroups: misc.tea,misc.test\r\nSubject: Tea\r\n"
    b"Date: 24 Nov 2026 12:00:00 GMT\r\nMessage-ID: <1@b.example>\r\nReferences: <0@b.example>\r\n\r\nText.\r\n",
    b"From x Mon Apr  5 1993\nFrom : a@b\nsubject: x\n folded\nDate: Mon, 5 Apr 93 19:08:25 GMT\n\nbody\r",
    b"Path: a\r\nControl: cancel <0@b.example>\r\nMessage-ID: <2@b.example>\r\nNewsgroups: misc.tea\r\n\r\n",
)
_COMMANDS = (
    *(name + b" " for command in COMMANDS for name in command.split()),
    b"\r\n", b"clique.tea\r\n", b"<1@x>", message_id_of(_THREAD.id), b"1-", b"1-3\r\n", b"20260101 000000 GMT\r\n",
    b"\r\n.\r\n", b"Subject", b":bytes", b"*", b"!", b"USER mary\r\n", b"PASS correct\r\n", b"From: a\r\n\r\n",
)  # fmt: skip
_PLAIN = b64encode(b"\0mary\0correct")
_SCRAM = b64encode(b"n,,n=mary,r=x")
_TALKS = (
    b"CAPABILITIES\r\nGROUP clique.tea\r\nOVER 1-\r\nARTICLE 2\r\nNEXT\r\nHDR Subject 1-\r\nXPAT From 1- *a*\r\n",
    b"MODE READER\r\nLIST\r\nLIST NEWSGROUPS clique.*\r\nLIST OVERVIEW.FMT\r\nNEWNEWS * 20200101 000000\r\nHELP\r\n",
    b"POST\r\nFrom: a@b\r\nSubject: x\r\nNewsgroups: clique.tea\r\n\r\n..dot\r\n.\r\nDATE\r\nQUIT\r\n",
    b"AUTHINFO USER mary\r\nAUTHINFO PASS correct\r\nGROUP clique.tea\r\nLISTGROUP\r\nLAST\r\nSTAT\r\n",
    b"AUTHINFO SASL PLAIN " + _PLAIN + b"\r\nAUTHINFO SASL SCRAM-SHA-256\r\n" + _SCRAM + b"\r\n*\r\n",
    b"MODE STREAM\r\nCHECK <1@x>\r\nTAKETHIS <1@x>\r\nFrom: a\r\n\r\nx\r\n.\r\nIHAVE <2@x>\r\nFrom: b\r\n\r\n.\r\n",
    b"STARTTLS\r\nCOMPRESS DEFLATE\r\n",
    b"GROUP clique.tea\r\nLISTGROUP clique.tea 2-\r\nXOVER\r\nBODY 3\r\nHEAD 1\r\n",
)  # fmt: skip
TARGETS = (
    Target(
        "session", converse,
        tuple(bytes([door, step]) + talk for talk in _TALKS for door, step in ((0, 6), (2 + 4, 255), (3 + 8, 0))),
        _COMMANDS, 8192,
    ),
    Target("document", take_document, tuple(document.raw for document in SMALL), ARTICLE_WORDS, 65_536),
    Target("article", take_article, _ARTICLES, ARTICLE_WORDS, 65_536),
    Target("post", post, tuple(map(str.encode, _POSTS)), ARTICLE_WORDS, 65_536),
    Target(
        "header", read_value,
        (b"=?utf-8?b?VMOpZQ==?= =?iso-8859-1?q?_caf=E9?=", b"Mon, 5 Apr 93 19:08:25 +0200 (CEST)",
         b"\"A (b)\" <a@b.example>, c@d", b"<1@x> (comment) <2@x>"),
        _VALUE_WORDS, 65_536,
    ),
    Target(
        "wildmat", match,
        (b"clique.*,!clique.tea*\nclique.tea.oolong", b"*a*b*c?\n" + b"abc" * 20, b"[a-z]*\\**[^b]\nx"),
        (b"*", b"?", b",!", b"[^", b"-", b"]", b"\\", b"\xc3\xa9"), 2048,
    ),
)  # fmt: skip
