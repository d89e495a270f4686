"""Newsgroups that stand for no document: an account's own, whose articles never leave the machine.

There is one, ``clique.local.control``, by which somebody who never leaves the newsreader says what shall be hidden and
blocked.  No forum can have its name (document.check_forum_name).  Each account has its own articles in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import attrs
import cbor2
from zope.interface import implementer

from cliquenntp.document import DEFAULT_LIMITS, Headers
from cliquenntp.document.headers import parse_headers
from cliquenntp.interfaces import LOCAL, Article, INewsView, IWildmat, Newsgroup
from cliquenntp.newsgroup.overview import FIELDS
from cliquenntp.newsgroup.rendering import dot_stuffed, ended, overview_field, split

CONTROL = b"clique.local.control"
DESCRIPTION = b"what to hide and block, one command a line; answers come here too"
CREATOR = b"node@clique.invalid"

MOST_ARTICLES = 100
"""kept of an account's, commands and answers; older ones go"""


@attrs.frozen(slots=False)
class LocalArticle:
    """One article of an account's, with all its header fields; CRLF lines, dots not stuffed."""

    number: int
    arrived: int
    """seconds since 1970 UTC"""
    raw: bytes

    def encoded(self) -> bytes:
        """Return it as a piece of the database."""
        return cbor2.dumps([self.number, self.arrived, self.raw])

    @classmethod
    def decoded(cls, piece: bytes) -> LocalArticle:
        """Return the article in a piece."""
        return cls(*cbor2.loads(piece))

    @property
    def docno(self) -> int:
        """What stands for a docno: below those of all documents."""
        return -self.number

    @cached_property
    def _headers(self) -> Headers:
        return parse_headers(split(self.raw)[0], DEFAULT_LIMITS.header_fields + 20)

    @property
    def message_id(self) -> bytes:
        """With its angle brackets."""
        return self._headers.get(b"Message-ID") or b""

    def value(self, field: bytes) -> bytes:
        """Return a header's or metadata's value on one line, empty where there is none; ``field`` in lower case."""
        if field == b":bytes":
            return b"%d" % len(self.raw)
        if field == b":lines":
            return b"%d" % ended(split(self.raw)[1]).count(b"\n")
        return overview_field(self._headers.get(field) or b"")

    def overview(self, number: int) -> bytes:
        """Return the ready overview line."""
        values = [self.value(field) for field in FIELDS]
        values[-1] = b"Xref: " + values[-1]
        return b"\t".join([b"%d" % number, *values]) + b"\r\n"

    def article(self) -> Article:
        """Return it ready for the wire."""
        head, body = split(self.raw)
        return Article(self.message_id, dot_stuffed(head), dot_stuffed(ended(body)))


class LocalGroup:
    """An account's articles in the control newsgroup; ``show`` replaces them."""

    def __init__(self) -> None:
        self.articles: dict[int, LocalArticle] = {}
        self.named: dict[bytes, LocalArticle] = {}

    def show(self, articles: Iterable[LocalArticle]) -> None:
        """Have these articles, in order of their numbers."""
        self.articles = {article.number: article for article in articles}
        self.named = {article.message_id: article for article in self.articles.values()}

    def between(self, low: int, high: int) -> Iterator[LocalArticle]:
        """Yield the articles from low to high inclusive."""
        return (article for number, article in self.articles.items() if low <= number <= high)

    @property
    def newsgroup(self) -> Newsgroup:
        """The newsgroup's state now."""
        low, high = min(self.articles, default=1), max(self.articles, default=0)
        created = self.articles[low].arrived if self.articles else 0
        return Newsgroup(
            LOCAL, CONTROL, low, high, len(self.articles), b"y", created, CREATOR, DESCRIPTION)


@implementer(INewsView)
class LocalView:
    """INewsView over another one, with an account's control newsgroup.  Methods as INewsView says.

    Lists name it once there is something in it: whoever never uses it never sees it.
    """

    def __init__(self, view: INewsView, group: LocalGroup) -> None:
        self._view = view
        self._group = group

    def newsgroup(self, name: bytes) -> Newsgroup | None:
        """See INewsView."""
        found: Newsgroup | None = self._group.newsgroup if name == CONTROL else self._view.newsgroup(name)
        return found

    def _listed(self, wildmat: IWildmat | None, since: int) -> Iterator[Newsgroup]:
        group = self._group.newsgroup
        if group.count and group.created >= since and (wildmat is None or wildmat.matches(CONTROL)):
            yield group

    def newsgroups(self, wildmat: IWildmat | None, created_since: int | None) -> Iterator[Newsgroup]:
        """See INewsView."""
        yield from self._view.newsgroups(wildmat, created_since)
        yield from self._listed(wildmat, created_since or 0)

    def active_list(self) -> Iterator[bytes]:
        """See INewsView."""
        yield from self._view.active_list()
        for group in self._listed(None, 0):
            yield b"%b %d %d %b\r\n" % (group.name, group.high, group.low, group.status)

    def forums_created_since(self, seconds: int) -> Iterator[Newsgroup]:
        """See INewsView."""
        yield from self._view.forums_created_since(seconds)
        yield from self._listed(None, seconds)

    def article_at(self, group: int, number: int) -> int | None:
        """See INewsView."""
        if group != LOCAL:
            found: int | None = self._view.article_at(group, number)
            return found
        return -number if number in self._group.articles else None

    def article_named(self, message_id: bytes) -> int | None:
        """See INewsView."""
        own = self._group.named.get(message_id)
        found: int | None = self._view.article_named(message_id) if own is None else own.docno
        return found

    def _own(self, docno: int) -> LocalArticle:
        """Return an article by what stands for its docno; one that went meanwhile is empty."""
        return self._group.articles.get(-docno) or LocalArticle(-docno, 0, b"\r\n")

    def message_id(self, docno: int) -> bytes:
        """See INewsView."""
        found: bytes = self._view.message_id(docno) if docno > LOCAL else self._own(docno).message_id
        return found

    def article(self, docno: int) -> Article:
        """See INewsView."""
        found: Article = self._view.article(docno) if docno > LOCAL else self._own(docno).article()
        return found

    def next_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        if group != LOCAL:
            found: int | None = self._view.next_number(group, number)
            return found
        return min((one for one in self._group.articles if one > number), default=None)

    def previous_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        if group != LOCAL:
            found: int | None = self._view.previous_number(group, number)
            return found
        return max((one for one in self._group.articles if one < number), default=None)

    def number_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        if group != LOCAL:
            return self._view.number_lines(group, low, high)
        return (b"%d\r\n" % article.number for article in self._group.between(low, high))

    def overview_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        if group != LOCAL:
            return self._view.overview_lines(group, low, high)
        return (article.overview(article.number) for article in self._group.between(low, high))

    def overview_line(self, docno: int, number: int) -> bytes:
        """See INewsView."""
        line: bytes = self._view.overview_line(docno, number) if docno > LOCAL else self._own(docno).overview(number)
        return line

    def header_lines(
        self, group: int, field: bytes, low: int, high: int, wildmat: IWildmat | None
    ) -> Iterator[bytes]:
        """See INewsView."""
        if group != LOCAL:
            return self._view.header_lines(group, field, low, high, wildmat)
        values = ((article.number, article.value(field.lower())) for article in self._group.between(low, high))
        return (b"%d %b\r\n" % pair for pair in values if wildmat is None or wildmat.matches(pair[1]))

    def header_value(self, docno: int, field: bytes) -> bytes:
        """See INewsView."""
        if docno <= LOCAL:
            return self._own(docno).value(field.lower())
        value: bytes = self._view.header_value(docno, field)
        return value

    def message_ids_since(self, wildmat: IWildmat | None, seconds: int) -> Iterator[bytes]:
        """See INewsView."""
        if wildmat is None or wildmat.literal != CONTROL:
            yield from self._view.message_ids_since(wildmat, seconds)
        if wildmat is None or wildmat.matches(CONTROL):
            for article in self._group.articles.values():
                if article.arrived >= seconds:
                    yield article.message_id + b"\r\n"
