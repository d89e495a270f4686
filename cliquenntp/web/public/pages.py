"""The pages: the list of forums, a forum's threads, and a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

from jinja2 import Environment, PackageLoader, StrictUndefined
from twisted.web import http
from twisted.web.server import Request

from cliquenntp.document import ADDRESS_DOMAIN
from cliquenntp.interfaces import INewsView, Newsgroup
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.web.answer import Page
from cliquenntp.web.public.reading import Entry, cleaned, entry_of, text_of
from cliquenntp.web.public.threads import placed, talks

FORUM_ARTICLES = 200
"""numbers of a forum that one of its pages looks at"""

THREAD_ARTICLES = 20
"""articles on a page"""

MOST_IN_THREAD = 2000
"""articles of a thread that are put in order; of a longer one those that came first"""

MOST_FORUMS = 500
"""on the first page"""

CACHE_OCTETS = 8 << 20
"""of pages that are kept: some 300"""

ROBOTS = "User-agent: *\nCrawl-delay: 10\nDisallow: /*?\n"
"""each thread is found from the first page of its forum while it is new; older pages are for people"""

InThread = Callable[..., Awaitable[Any]]


class PublicPages:
    """The pages of the forums that a news view shows."""

    def __init__(self, view: INewsView, contact: str, in_thread: InThread) -> None:
        """``contact`` is whom readers can write to, or empty; ``in_thread(function, ...)`` runs one outside."""
        self._view = view
        self._in_thread = in_thread
        self._kept: SizedCache[tuple[object, ...], Page] = SizedCache(CACHE_OCTETS)
        self._templates = Environment(
            loader=PackageLoader("cliquenntp.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True)
        self._templates.globals["contact"] = contact
        self._templates.filters["quote"] = lambda text: quote(text, safe="")

    async def answer(self, request: Request) -> Page:
        """Answer a GET."""
        words = unquote(request.path.decode("ascii", "replace")).strip("/").split("/")
        if words == [""]:
            return self._forums()
        if words == ["robots.txt"]:
            return Page(http.OK, ROBOTS, "text/plain; charset=utf-8")
        group = self._view.newsgroup(words[0].encode("utf-8", "replace")) if words[0].startswith("clique.") else None
        if group is None or group.depth:
            return self._missing()
        if len(words) == 1:
            return self._forum(group, _number(request, "before", group.high + 1))
        if len(words) == 2:
            return await self._thread(group, words[1], _number(request, "page", 1))
        return self._missing()

    def _show(self, template: str, code: int = http.OK, **values: Any) -> Page:
        return Page(code, self._templates.get_template(f"public/{template}").render(values))

    def _missing(self) -> Page:
        return self._show("missing.html", http.NOT_FOUND)

    def _forums(self) -> Page:
        groups = [group for _, group in zip(
            range(MOST_FORUMS), self._view.forums_created_since(0), strict=False)]
        rows = [
            {"name": group.name.decode(), "about": _about(group), "count": group.count}
            for group in sorted(groups, key=lambda group: group.name)
        ]
        return self._show("forums.html", forums=rows)

    def _forum(self, group: Newsgroup, before: int) -> Page:
        before = max(group.low + 1, min(before, group.high + 1))
        low = max(group.low, before - FORUM_ARTICLES)
        key = (group.docno, "forum", low, before, group.high if before > group.high else 0, group.count)
        page = self._kept.get(key)
        if page is None:
            name = group.name.decode()
            # a forum's own document is what it is about, and no thread
            entries = [entry for entry in self._entries(group.docno, low, before - 1) if entry.number > 1]
            rows = [
                {"first": talk.first, "subject": self._subject(talk.first) or talk.newest.subject,
                 "newest": talk.newest, "count": talk.count}
                for talk in talks(entries)
            ]
            page = self._show(
                "forum.html", name=name, about=_about(group), talks=rows,
                older=low if low > group.low else None, is_newest=before > group.high)
            self._kept.keep(key, page, len(page.body))
        return page

    def _subject(self, document_id: str) -> str:
        docno = self._docno(document_id)
        return "" if docno is None else entry_of(self._view.overview_line(docno, 1)).subject

    def _docno(self, document_id: str) -> int | None:
        return self._view.article_named(f"<{document_id}@{ADDRESS_DOMAIN}>".encode("ascii", "replace"))

    async def _thread(self, forum: Newsgroup, document_id: str, number: int) -> Page:
        docno = self._docno(document_id)
        if docno is None or docno == forum.docno:
            return self._missing()
        entries = [entry for _, entry in zip(
            range(MOST_IN_THREAD), self._entries(docno, 1, 1 << 40), strict=False)]
        if not any(entry.id == document_id for entry in entries):
            return self._missing()
        order = placed(entries)
        pages = -(-len(order) // THREAD_ARTICLES)
        number = max(1, min(number, pages))
        key = (docno, "thread", forum.docno, number, len(entries), entries[-1].id)
        page = self._kept.get(key)
        if page is None:
            shown = order[(number - 1) * THREAD_ARTICLES:number * THREAD_ARTICLES]
            articles = [(one, self._docno(one.entry.id)) for one in shown]
            # read here, as the view is the reactor's; taken apart elsewhere, as that may take long
            read = [(one, self._view.article(found)) for one, found in articles if found is not None]
            rows = await self._in_thread(lambda: [
                {"entry": one.entry, "depth": one.depth, "text": text_of(article)} for one, article in read])
            subject = next(entry.subject for entry in entries if entry.id == document_id)
            page = self._show(
                "thread.html", forum=forum.name.decode(), id=document_id, subject=subject, articles=rows,
                number=number, pages=pages)
            self._kept.keep(key, page, len(page.body))
        return page

    def _entries(self, docno: int, low: int, high: int) -> Iterator[Entry]:
        for chunk in self._view.overview_lines(docno, low, high):
            for line in chunk.splitlines():
                yield entry_of(line)


def _about(group: Newsgroup) -> str:
    return cleaned(group.description.decode("utf-8", "replace"))


def _number(request: Request, name: str, default: int) -> int:
    """Return a number of a request's query; what is none counts as the default."""
    [text, *_] = (request.args or {}).get(name.encode(), [b""])
    return int(text) if text.isdigit() and len(text) <= 12 else default
