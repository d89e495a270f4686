"""The public pages of a small forum in memory: what each shows, and what is no page."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import attrs
import pytest
from twisted.internet.defer import Deferred, ensureDeferred, succeed

from cliquenntp.document import address_of, id_text
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.web.answer import Page
from cliquenntp.web.public import pages
from cliquenntp.web.public.pages import FORUM_ARTICLES, THREAD_ARTICLES, PublicPages
from cliquenntp.web.public.threads import MOST_INDENTS
from tests.small_forum import SmallForum, persona
from tests.web.accessible import wrong_with

ANN = "Ann & <i>Ann</i>"
SCRIPT = "<script>alert('1')</script>&amp;\""


@attrs.frozen
class Asked:
    """A request, as far as the pages look at it."""

    path: bytes
    args: dict[bytes, list[bytes]] = attrs.field(factory=dict)


class Reader:
    """Somebody who reads the public pages of a forum."""

    def __init__(self, forum: SmallForum, contact: str = "") -> None:
        self.forum = forum
        self.in_thread = 0
        self._view = NewsView(forum.archive)
        self.pages = PublicPages(self._view, contact, self._run)

    def post(self, *arguments: Any, **more: Any) -> int:
        """Post an article, which the view hears of; return its docno."""
        docno = self.forum.post(*arguments, **more)
        self._view.moved(self.forum.changes)
        return docno

    def drop(self, docno: int) -> None:
        """Take an article back, which the view hears of."""
        self._view.moved(self.forum.archive.drop(docno, "cancelled"))

    def _run(self, function: Callable[..., Any]) -> Deferred[Any]:
        self.in_thread += 1
        return succeed(function())

    def ask(self, path: str, **query: str) -> Page:
        """Return a page; its HTML has what people who hear it need."""
        request: Any = Asked(path.encode(), {name.encode(): [value.encode()] for name, value in query.items()})
        found: list[Page] = []
        ensureDeferred(self.pages.answer(request)).addCallback(found.append)
        [page] = found
        if page.media_type.startswith("text/html"):
            assert wrong_with(page.body) == [], path
        return page

    def article(self, docno: int) -> str:
        """Return the path of an article."""
        return f"/clique.garden/{id_text(self.forum.archive.record(docno).id)}"


@pytest.fixture
def reader() -> Reader:
    return Reader(SmallForum())


def depths(page: Page) -> list[int]:
    return [int(found) for found in re.findall(r'<article class="depth(\d+)"', page.body)]


def texts(page: Page) -> list[str]:
    return [unescape(text) for text in re.findall(r'<pre dir="auto">(.*?)</pre>', page.body, re.DOTALL)]


def test_what_anybody_wrote_is_text_everywhere(reader: Reader) -> None:
    forum = SmallForum()
    forum.root = forum.add([(b"Subject", SCRIPT.encode()), (b"Clique-Forum", b"herbs")], b"")
    address = address_of(persona("ann").key, "ann")
    sender = (b"From", f'"<b>{ANN}" <{address}>'.encode())
    docno = forum.post(SCRIPT, SCRIPT.encode() + b"\r\n</pre>\r\n", fields=[sender])
    reader = Reader(forum, contact=SCRIPT)
    article = f"/clique.herbs/{id_text(forum.archive.record(docno).id)}"
    for path in ("/", "/clique.herbs", article, "/clique.none"):
        page = reader.ask(path)
        assert "<script" not in page.body, path
        assert SCRIPT in unescape(page.body), path
    page = reader.ask(article)
    assert texts(page) == [f"{SCRIPT}\n</pre>"]
    assert ANN not in page.body and ANN in unescape(page.body)


@pytest.mark.parametrize(("fields", "body", "shown"), [
    ((b"Content-Type", b"text/html"), b"<p>Hello</p>\r\n", "Not shown: text/html"),
    ((b"Content-Type", b"text/plain; charset=no-such"), b"M\xc3\xbcll\r\n", "M\u00fcll"),
    ((b"Content-Type", b"text/plain; charset=utf-16"), b"odd", "\ufffd"),
    ((b"Content-Transfer-Encoding", b"base64"), b"!!!", "not made of text"),
    ((b"Content-Type", b"multipart/mixed"), b"--x\r\n\r\nno boundary\r\n", "Not shown: multipart/mixed"),
    ((b"Content-Type", b";;;"), b"Words\r\n", "Words"),
    ((b"X-Nothing", b"x"), b"\x1b[31mred\x07 \xe2\x80\xaeback\r\n", "[31mred back"),
])  # fmt: skip
def test_odd_mime_is_a_page(reader: Reader, fields: tuple[bytes, bytes], body: bytes, shown: str) -> None:
    page = reader.ask(reader.article(reader.forum.post("Odd", body, fields=[fields])))
    assert page.code == 200
    assert shown in unescape(re.sub(r"<[^>]+>", "", page.body))
    assert "\x1b" not in page.body and "\u202e" not in page.body


def test_what_is_no_page_looks_the_same_whatever_it_is(reader: Reader) -> None:
    own = reader.article(reader.forum.root)
    thread = reader.article(reader.forum.post("Roses"))
    name = reader.forum.archive.record(2).name
    paths = (
        "/clique.none", "/clique.", "/garden", "/clique.garden/x", f"{thread}/x", own, f"/clique.none{thread[14:]}",
        f"/{name}", f"/{name}/{thread[15:]}", "/style.css/x", "/clique.garden/%ff", "/%00",
        "/robots.txt/x", "/clique.garden/" + "a" * 5000, "/clique.g\u00e4rten", "/..",
        "/clique.garden/../clique.garden",
    )  # fmt: skip
    assert name.startswith("clique.garden.")
    answers = {path: reader.ask(path) for path in paths}
    assert [path for path, page in answers.items() if page.code != 404] == []
    assert len({page.body for page in answers.values()}) == 1


def test_a_number_that_is_none_counts_as_none(reader: Reader) -> None:
    thread = reader.article(reader.forum.post("Roses"))
    for odd in ("", "-1", "x", "0", "9" * 12, "9" * 13, "\u0665", "1e3", " 1"):
        assert reader.ask("/clique.garden", before=odd).code == 200, odd
        assert reader.ask(thread, page=odd).code == 200, odd


def test_a_wide_and_deep_thread_has_pages_with_each_article_once(reader: Reader) -> None:
    top = reader.post("Top")
    for number in range(3 * THREAD_ARTICLES):
        reader.post(f"Wide {number}", b"%d\r\n" % number, parent=top)
    above = top
    for number in range(2 * MOST_INDENTS):
        above = reader.post(f"Deep {number}", b"deep %d\r\n" % number, parent=above)
    path, shown, deepest = reader.article(top), [], 0
    count = 1 + 3 * THREAD_ARTICLES + 2 * MOST_INDENTS
    last = -(-count // THREAD_ARTICLES)
    for number in range(1, last + 1):
        page = reader.ask(path, page=str(number))
        assert f"Page {number} of {last}" in page.body
        assert ('rel="prev"' in page.body, 'rel="next"' in page.body) == (number > 1, number < last)
        shown += texts(page)
        deepest = max(deepest, *depths(page))
    assert len(shown) == len(set(shown)) == count
    assert deepest == MOST_INDENTS
    assert reader.ask(path, page="99").body == reader.ask(path, page=str(last)).body
    assert "Page" not in reader.ask(reader.article(above)).body


def test_a_long_forum_has_pages_that_do_not_change(reader: Reader) -> None:
    for number in range(FORUM_ARTICLES + 10):
        reader.post(f"Thread {number}")
    newest = reader.ask("/clique.garden")
    [older] = re.findall(r'href="/clique\.garden\?before=(\d+)">Older', newest.body)
    old = reader.ask("/clique.garden", before=older)
    assert ">Newest<" in old.body and ">Older<" not in old.body and ">Newest<" not in newest.body
    found = [re.findall(r"Thread \d+", page.body) for page in (newest, old)]
    assert len({*found[0], *found[1]}) == len(found[0]) + len(found[1]) == FORUM_ARTICLES + 10
    assert found[0][0] == f"Thread {FORUM_ARTICLES + 9}"
    reader.post("Newer")
    assert "Newer" in reader.ask("/clique.garden").body
    assert re.findall(r"Thread \d+", reader.ask("/clique.garden", before=older).body) == found[1]


def test_a_page_is_made_once_until_something_changes(reader: Reader) -> None:
    thread = reader.article(top := reader.post("Roses"))
    first = reader.ask(thread)
    assert reader.ask(thread) is first
    assert reader.in_thread == 1
    reader.post("Thorns", parent=top)
    assert len(texts(reader.ask(thread))) == 2
    assert reader.in_thread == 2
    reader.post("Elsewhere")
    assert len(texts(reader.ask(thread))) == 2
    assert reader.in_thread == 2


def test_what_was_taken_back_is_on_no_page(reader: Reader) -> None:
    top = reader.post("Roses")
    answer = reader.post("Re: Roses", b"Regretted\r\n", parent=top)
    thread, path = reader.article(top), reader.article(answer)
    assert "Regretted" in reader.ask(thread).body and "Regretted" in reader.ask(path).body
    reader.drop(answer)
    assert "Regretted" not in reader.ask(thread).body
    assert reader.ask(path).code == 404
    reader.drop(top)
    assert reader.ask(thread).code == 404
    assert "Roses" not in reader.ask("/clique.garden").body


def test_an_article_stands_on_its_own_page_with_what_answers_it(reader: Reader) -> None:
    top = reader.post("Roses", b"top\r\n")
    answer = reader.post("Re: Roses", b"answer\r\n", parent=top)
    reader.post("Thorns", b"beside\r\n", parent=top)
    reader.post("Re: Re: Roses", b"below\r\n", parent=answer)
    assert texts(reader.ask(reader.article(top))) == ["top", "answer", "below", "beside"]
    alone = reader.ask(reader.article(answer))
    assert texts(alone) == ["answer", "below"]
    assert depths(alone) == [0, 1]
    assert "<title>Re: Roses \u00b7 clique.garden</title>" in alone.body


def test_the_first_page_names_each_forum_and_a_bounded_number(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        SmallForum(f"plot{number}", reader.forum.archive)
    names = re.findall(r'href="/(clique\.\w+)"', reader.ask("/").body)
    assert names == sorted(["clique.garden", *(f"clique.plot{number}" for number in range(4))])
    monkeypatch.setattr(pages, "MOST_FORUMS", 3)
    assert len(re.findall(r'href="/(clique\.\w+)"', reader.ask("/").body)) == 3


def test_an_empty_forum_says_so_and_whom_to_write_to(reader: Reader) -> None:
    assert "Nobody has written here yet." in reader.ask("/clique.garden").body
    assert "Contact:" not in reader.ask("/").body
    assert "Contact: abuse@example.org" in Reader(SmallForum(), "abuse@example.org").ask("/").body
