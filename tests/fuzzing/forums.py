"""What strangers may say about a forum and its articles: notices, work, and what a newsreader orders."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred

from cliquenntp.document import (
    DEFAULT_LIMITS,
    Document,
    DocumentError,
    WorkMissing,
    challenge,
    compose,
    id_text,
    key_text,
    parse,
    work_bits,
)
from cliquenntp.interfaces import OWNER
from cliquenntp.newsgroup.control import LeaveForum, PostRefused
from cliquenntp.newsgroup.importing import ArticleRefused, read_article
from cliquenntp.newsgroup.local import CONTROL
from cliquenntp.newsgroup.message_ids import is_message_id, message_id_of
from cliquenntp.newsgroup.named import Kind
from cliquenntp.newsgroup.nocem import MOST_IDS, HonouredNotices, Notice, is_notice, notice_body, read_notice
from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.newsgroup.posting import Poster, draft
from cliquenntp.newsgroup.work import work_asked, work_needed
from cliquenntp.nntp.session import PostResult
from cliquenntp.service.arrival import accept
from cliquenntp.service.local_control import LocalControl
from cliquenntp.service.orders import VERBS
from cliquenntp.service.power import Power
from cliquenntp.service.readers.local_groups import LocalGroups
from tests.fuzzing.links import BETWEEN
from tests.fuzzing.news import (
    ADDRESS,
    ARTICLE_WORDS,
    HEAD,
    PATH_IDENTITY,
    POSTER,
    SIGNER,
    SMALL,
    is_lawful,
    small_archive,
)
from tests.fuzzing.target import Target
from tests.memory_archive import MemoryArchive
from tests.newsgroup.test_nocem import FROM_THE_NEWS
from tests.signed_documents import forum
from tests.small_forum import NOW, persona
from tests.worked_documents import post

_ROOT, _THREAD, _ANSWER = SMALL


def notice(data: bytes) -> None:
    """An article, posted or from the news, names what is hidden for who honours its author, and nothing else."""
    _said(data)
    try:
        _said(read_article(data).body)
    except ArticleRefused:
        pass
    archive = small_archive()
    try:
        drafted = draft(data, archive, Poster(OWNER, POSTER.key, ()), NOW)
        if isinstance(drafted, LeaveForum):
            return
        document = parse(compose(SIGNER, drafted.fields, drafted.body, NOW).raw)
        accept(archive, document, NOW, PATH_IDENTITY)
    except (PostRefused, DocumentError, ParentMissing):
        return
    said = _said(document.body)
    assert is_notice(document) == (said is not None)
    honoured = HonouredNotices(archive)
    honoured.honour({_ROOT.id: (POSTER.key,)})
    stands_here = 1 in archive.record(archive.newest()).roots and document.parents
    for docno in (1, 2, 3):
        record = archive.record(docno)
        hidden = said is not None and said.hides and stands_here and docno > 1 and record.id in said.targets
        assert honoured.hides(docno) == bool(hidden), (docno, said)


def _said(body: bytes) -> Notice | None:
    """Return what a body says, of which all can be said again."""
    said = read_notice(body)
    if said is not None:
        assert 0 < len(said.targets) <= MOST_IDS and len({*said.targets}) == len(said.targets)
        names = [target if len(target) != 32 or is_message_id(target) else message_id_of(target)
                 for target in said.targets]
        again = notice_body("a@b.example", "spam", said.hides, "1", [(name, b"misc.tea") for name in names])
        assert read_notice(again) == said
    return said


def work(data: bytes) -> None:
    """Documents with work and about it, one after the other: what is refused is what has less than the least asked."""
    archive = MemoryArchive()
    for raw in (_FORUM.raw, *data.split(BETWEEN)):
        try:
            document = parse(raw)
        except DocumentError as error:
            assert "\n" not in error.reason, error.reason
            continue
        bits = _bits_by_the_book(document)
        assert work_bits(document) == bits
        if archive.find(document.id) is not None:
            continue
        least = _least(document, archive)
        assert work_needed(document, archive) <= DEFAULT_LIMITS.work_bits
        try:
            record = accept(archive, document, NOW, PATH_IDENTITY)
        except WorkMissing as error:
            assert bits < least and "\n" not in str(error), error
            continue
        except ParentMissing:
            continue
        assert bits >= least or document.author == archive.record(record.roots[0]).author or _are_named(archive)
        for root in record.roots:
            assert 0 <= work_asked(root, archive) <= DEFAULT_LIMITS.work_bits


def _bits_by_the_book(document: Document) -> int:
    """Return the bits of work of a document as docs/protocol describes them."""
    name, _, value = document.raw.split(b"\r\n", 3)[2].partition(b": ")
    bits, _, nonce = value.partition(b" ")
    if name != b"Clique-Work" or not bits.isdigit():
        return 0
    seed = challenge(document.author, document.time, document.raw.split(b"\r\n", 3)[3])
    number = int.from_bytes(sha256(seed + nonce).digest(), "big")
    return int(bits) if number.bit_length() <= 256 - int(bits) else 0


def _least(document: Document, archive: MemoryArchive) -> int:
    """Return the least that the forum of a document's first parent ever asked for, where its root asks for any."""
    parent = archive.find(document.parents[0]) if document.parents else None
    if parent is None:
        return 0
    root = parse(archive.raws[archive.record(parent).roots[0]])
    asked = [
        held.work_asked for held in map(parse, archive.raws.values())
        if held.work_asked is not None and held.author == root.author and held.parents[:1] == (root.id,)]
    return 0 if root.work_asked is None else min(root.work_asked, *asked, root.work_asked)


def _are_named(archive: MemoryArchive) -> bool:
    """Tell whether anybody is named who need not do work."""
    return any(b"Clique-Moderator" in raw or b"Clique-Importer" in raw for raw in archive.raws.values())


def order(data: bytes) -> None:
    """An article to the control newsgroup is refused in one line, or stands there, and an answer, as can be sent."""
    archive = small_archive()
    groups = LocalGroups(archive)

    def submit(step: Callable[[MemoryArchive], Any]) -> Deferred[Any]:
        return maybeDeferred(step, archive)

    control = LocalControl(archive, submit, Power(archive, submit), groups, lambda: NOW, PATH_IDENTITY)
    try:
        taken = control.post(data, OWNER)
    except PostRefused as error:
        assert error.reason.isprintable(), error.reason
        return
    if taken is None:
        return
    results: list[Any] = []
    taken.addBoth(results.append)
    assert isinstance(results[0], PostResult), results
    for number, article in groups.of(OWNER.account or "").articles.items():
        is_lawful(article.article())
        line = article.overview(number).removesuffix(b"\r\n")
        assert line.count(b"\t") == 8 and not {0, 10, 13} & set(line), line


_PGP = b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n"
_NOTICE = notice_body("pat@x.example", "spam", True, "1", [
    (message_id_of(_THREAD.id), b"clique.tea"), (b"<1@x.example>", b"misc.tea,misc.test")])
_SHOWING = notice_body("pat@x.example", "spam", False, "2", [(message_id_of(_ANSWER.id), b"clique.tea")])
_FROM_THE_NEWS = FROM_THE_NEWS.replace(b"\n", b"\r\n")
_NOTICES = tuple(
    HEAD.encode() + b"\r\n" + body for body in (_NOTICE, _SHOWING, _PGP + _NOTICE + _SHOWING, _FROM_THE_NEWS))
_NOTICE_WORDS = (
    *(line + b"\r\n" for line in _FROM_THE_NEWS.split(b"\r\n") if line), message_id_of(_ROOT.id),
    message_id_of(_THREAD.id) + b"\t", b"Action: show\r\n", b"\n", b"\r\n", b"\x0c", b"- ", b"\xff", b"<2@x.example> ",
    b"Content-Transfer-Encoding: base64\r\n",
)  # fmt: skip

_OWNER = persona("founder")
_FORUM = forum("coffee", author=_OWNER, time=NOW, Clique_Work_Asked="4")
_MINT = post("Mint", _FORUM, bits=4)
_LESS = post("What it takes", _FORUM, author=_OWNER, time=NOW + 5, Clique_Work_Asked="2")
_MORE = post("What it takes", _FORUM, author=_OWNER, time=NOW + 9, Clique_Work_Asked="6")
_HELPED = post("Who helps", _FORUM, author=_OWNER, time=NOW + 1, Clique_Moderator=key_text(POSTER.key))
_SHORT = post("Short", _FORUM, bits=2, time=NOW + 6)
_WORKED = (
    (_MINT, post("Re: Mint", _MINT, bits=6)), (_LESS, _SHORT, _MORE, post("None", _SHORT, time=NOW + 10)),
    (_HELPED, post("By a moderator", _FORUM, author=POSTER, time=NOW + 2), _MINT),
    (forum("tea", Clique_Work_Asked="0"), post("Beside", _FORUM, bits=9)),
    (_MINT, _MORE, post("cancel", _FORUM, _MINT, bits=4, Clique_Cancel=id_text(_MINT.id))),
)  # fmt: skip
_WORK_WORDS = (
    BETWEEN, b"\r\nClique-Work: ", b"\r\nClique-Work-Asked: ", b"1 0", b"4 17", b"256 x", b"999 1", b"\r\n ", b"00",
    b"Clique-Work: 1 1\r\n", _MINT.raw + BETWEEN, _LESS.raw + BETWEEN, _MORE.raw + BETWEEN,
    b"\r\nClique-Importer: " + key_text(POSTER.key).encode(), id_text(_FORUM.id).encode(), id_text(_MINT.id).encode(),
)  # fmt: skip

_TO_CONTROL = b"From: Me <me@x.example>\r\nNewsgroups: " + CONTROL + b"\r\nSubject: please\r\n"
_ID = message_id_of(_THREAD.id)
_ORDERS = (
    _TO_CONTROL + b"\r\nhide author " + _ID + b"\r\nhidden\r\nblocked\r\n-- \r\nMe\r\n",
    _TO_CONTROL + b"Message-ID: <1@x.example>\r\n\r\nblock document\r\n" + _ID + b"\r\n> quoted\r\n",
    _TO_CONTROL + b"References: <0@x>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nYmxvY2tlZA==\r\n",
    _TO_CONTROL + b"\r\nhelp\r\n",
)  # fmt: skip
_ORDER_WORDS = (
    *(verb.encode() + b" " for verb in VERBS), *(kind.value.encode() + b" " for kind in Kind), _ID, b"clique.tea",
    id_text(_THREAD.id).encode(), key_text(POSTER.key).encode(), b"@" + ADDRESS.encode(), b"hidden\r\n", b"\r\n\r\n",
)  # fmt: skip

TARGETS = (
    Target("notice", notice, _NOTICES, _NOTICE_WORDS, 65_536),
    Target("work", work, tuple(BETWEEN.join(one.raw for one in world) for world in _WORKED), _WORK_WORDS, 16_384),
    Target("orders", order, _ORDERS, (*_ORDER_WORDS, *ARTICLE_WORDS), 32_768),
)
