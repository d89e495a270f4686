"""A news view over a few plain articles, for tests of what a session does with what a view answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from zope.interface import implementer

from cliquenntp.interfaces import Article, INewsView, Newsgroup

CHUNK = 40_000


class Stored:
    """One article of a SmallView."""

    def __init__(self, docno: int, message_id: bytes, head: bytes, body: bytes, arrived: int) -> None:
        self.docno = docno
        self.arrived = arrived
        stuffed = re.sub(rb"(?m)^\.", b"..", body)
        self.article = Article(message_id, head, stuffed)
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n") if line)
        }
        self.headers[b":bytes"] = b"%d" % (len(head) + 2 + len(body))
        self.headers[b":lines"] = b"%d" % body.count(b"\n")
        names = (b"subject", b"from", b"date", b"message-id", b"references", b":bytes", b":lines")
        self.overview = b"\t".join(self.headers.get(name, b"") for name in names)
        self.overview += b"\tXref: " + self.headers[b"xref"]


@implementer(INewsView)
class SmallView:
    """Newsgroups of numbered articles; ``articles`` by docno, ``numbers`` by group and number."""

    def __init__(self) -> None:
        self.groups: dict[bytes, Newsgroup] = {}
        self.articles: dict[int, Stored] = {}
        self.numbers: dict[int, dict[int, int]] = {}
        self.ids: dict[bytes, int] = {}

    def add_group(self, name: bytes, created: int, description: bytes) -> int:
        docno = len(self.groups) + 1
        self.numbers[docno] = {}
        self.groups[name] = Newsgroup(docno, name, 1, 0, 0, b"y", created, b"ann@clique.invalid", description)
        return docno

    def add_article(self, group_name: bytes, number: int, subject: bytes, body: bytes, arrived: int) -> bytes:
        group = self.groups[group_name]
        docno = 1000 + len(self.articles)
        message_id = b"<a%d@clique.invalid>" % docno
        head = (
            b"Path: not-for-mail\r\nFrom: Ann <ann@clique.invalid>\r\nNewsgroups: %s\r\nSubject: %s\r\n"
            b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: %s\r\nXref: not-for-mail %s:%d\r\n"
            % (group_name, subject, message_id, group_name, number)
        )
        self.articles[docno] = Stored(docno, message_id, head, body, arrived)
        self.ids[message_id] = docno
        numbers = self.numbers[group.docno]
        numbers[number] = docno
        self.groups[group_name] = Newsgroup(
            group.docno, group_name, min(numbers), max(numbers), len(numbers), b"y", group.created, group.creator,
            group.description,
        )
        return message_id

    def newsgroup(self, name):
        return self.groups.get(name)

    def newsgroups(self, wildmat, created_since):
        return (group for group in self.groups.values() if wildmat is None or wildmat.matches(group.name))

    def active_list(self) -> Iterator[bytes]:
        yield b"".join(
            b"%s %d %d %s\r\n" % (group.name, group.high, group.low, group.status) for group in self.groups.values()
        )

    def forums_created_since(self, seconds):
        return (group for group in self.groups.values() if group.created >= seconds)

    def article_at(self, group, number):
        return self.numbers[group].get(number)

    def article_named(self, message_id):
        return self.ids.get(message_id)

    def message_id(self, docno):
        return self.articles[docno].article.message_id

    def article(self, docno):
        return self.articles[docno].article

    def next_number(self, group, number):
        return min((other for other in self.numbers[group] if other > number), default=None)

    def previous_number(self, group, number):
        return max((other for other in self.numbers[group] if other < number), default=None)

    def _between(self, group, low, high):
        return ((number, self.articles[docno]) for number, docno in sorted(self.numbers[group].items())
                if low <= number <= high)

    def number_lines(self, group, low, high):
        return _chunks(b"%d\r\n" % number for number, _ in self._between(group, low, high))

    def overview_lines(self, group, low, high):
        return _chunks(b"%d\t%s\r\n" % (number, one.overview) for number, one in self._between(group, low, high))

    def overview_line(self, docno, number):
        return b"%d\t%s\r\n" % (number, self.articles[docno].overview)

    def header_lines(self, group, field, low, high, wildmat):
        return _chunks(
            b"%d %s\r\n" % (number, one.headers.get(field.lower(), b""))
            for number, one in self._between(group, low, high)
        )

    def header_value(self, docno, field):
        return self.articles[docno].headers.get(field.lower(), b"")

    def message_ids_since(self, wildmat, seconds):
        found = {
            docno: None
            for group in self.newsgroups(wildmat, None) for docno in self.numbers[group.docno].values()
            if self.articles[docno].arrived >= seconds
        }
        return _chunks(self.message_id(docno) + b"\r\n" for docno in found)


def _chunks(lines) -> Iterator[bytes]:
    chunk, size = [], 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size >= CHUNK:
            yield b"".join(chunk)
            chunk, size = [], 0
    if chunk:
        yield b"".join(chunk)


def small_forum() -> SmallView:
    """Return a forum of three articles numbered 1, 3 and 4, one thread's group, and an empty forum."""
    view = SmallView()
    view.add_group(b"clique.tea", 1_700_000_000, "Tea, té, чай".encode())
    view.add_group(b"clique.tea.oolong-abcdefgh", 1_700_000_100, b"Oolong")
    view.add_group(b"clique.void", 1_700_000_200, b"Nothing yet")
    view.add_article(b"clique.tea", 1, b"Welcome", b"Hello.\r\n", 1_700_000_000)
    view.add_article(b"clique.tea", 3, b"Oolong", b".starts with a dot\r\n..\r\n.\r\n", 1_700_000_100)
    view.add_article(b"clique.tea", 4, b"Re: Oolong", b"", 1_700_000_200)
    view.add_article(b"clique.tea.oolong-abcdefgh", 1, b"Oolong too", b"Leaves\r\n", 1_700_000_100)
    return view


def values() -> dict[str, str]:
    """Return what the small forum's transcripts are told beforehand."""
    return {
        "group": "clique.tea", "count": "3", "low": "1", "high": "4", "second": "3", "third": "4",
        "low_id": "<a1000@clique.invalid>", "high_id": "<a1002@clique.invalid>",
        "fresh": "<fresh@example.com>", "feed_group": "misc.tea", "now": "Tue, 24 Nov 2026 12:00:00 +0000",
    }
