"""News as an NNTP session sees it: INewsView over an archive, with what is asked often kept ready."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache, partial

from zope.interface import implementer

from cliquenntp.document import address_domain
from cliquenntp.interfaces import Article, Changes, IArchive, INewsView, IRecord, IWildmat, Newsgroup
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.listing import Listing, docnos_from
from cliquenntp.newsgroup.message_ids import find_article, message_id_of
from cliquenntp.newsgroup.moderation import is_moderated
from cliquenntp.newsgroup.naming import find_group, waiting_name
from cliquenntp.newsgroup.newnews import NewArticles
from cliquenntp.newsgroup.overview import FIELDS
from cliquenntp.newsgroup.pages import (
    ARTICLES_A_PAGE,
    NUMBERS_A_PAGE,
    PAGE_OCTETS,
    RENDERED_A_PAGE,
    Lines,
    Pages,
    gathered,
)
from cliquenntp.newsgroup.rendering import overview_field, render
from cliquenntp.newsgroup.retraction import is_shown

ARTICLE_OCTETS = 48 << 20
"""Memory for rendered articles: 15,000 of usual size."""

GROUPS_KEPT = 50_000
"""Newsgroups kept by name and by docno, some 400 octets each; whoever has more subscribed is a robot."""

NAMES_KEPT = 50_000
"""Message-IDs kept with what they name, some 250 octets each."""


UNREACHED_NOTE = b"no other node has answered yet"
"""in a newsgroup's description"""


@implementer(INewsView)
class NewsView:
    """INewsView over an archive; after the archive moved forward its owner calls ``moved``."""

    def __init__(
        self, archive: IArchive, path_identity: str = "not-for-mail", unreached: Container[int] = (),
        page_octets: int = PAGE_OCTETS,
    ) -> None:
        """``unreached``: the docnos of the roots of forums of which no other node has answered yet.

        ``page_octets``: how much of ready lines is kept.
        """
        self._archive = archive
        self._unreached = unreached
        self._path_identity = path_identity.encode("ascii")
        self._articles: SizedCache[int, Article] = SizedCache(ARTICLE_OCTETS)
        self._named: SizedCache[bytes, int] = SizedCache(NAMES_KEPT)
        self._group_names: SizedCache[bytes, int] = SizedCache(GROUPS_KEPT)
        self._groups: SizedCache[int, Newsgroup] = SizedCache(GROUPS_KEPT)
        self._statuses: dict[int, bytes] = {}
        """by forum"""
        self.pages = Pages(archive, page_octets)
        """shared with the views of some forums only: a newsgroup that both show is the same in both"""
        self._active = Listing(archive, self.active_line)
        self._new_articles = NewArticles(archive, self.pages)

    def moved(self, changes: Changes) -> None:
        """Forget what a commit has changed."""
        for group in changes.groups:
            self._groups.drop(group)
        self._active.changed(changes.groups)
        for docno in (*changes.gone, *changes.revised):
            self._articles.drop(docno)
        if changes.gone or changes.revised:
            self._named.clear()
            self._new_articles.changed((*changes.gone, *changes.revised))
        if changes.revised:
            self._revised(changes.revised)

    def _revised(self, docnos: Iterable[int]) -> None:
        """Forget the newsgroups of documents that stand where they did not before, or no more."""
        self._group_names.clear()
        self._active.changed(docnos)
        for docno in docnos:
            self._groups.drop(docno)
            if self._statuses.pop(docno, None) is not None:  # a forum that may have other moderators
                self._groups.clear()
                self._statuses.clear()
                self._active.forget()

    def forget(self) -> None:
        """Forget all that is kept: what has changed is not known."""
        for cache in (self._articles, self._named, self._group_names, self._groups):
            cache.clear()
        self._statuses.clear()
        self.pages.forget()
        self._active.forget()
        self._new_articles.forget()

    # newsgroups

    def newsgroup(self, name: bytes) -> Newsgroup | None:
        """See INewsView."""
        docno = self._group_names.get(name)
        if docno is None:
            docno = find_group(self._archive, name.decode("ascii", "replace"))
            if docno is None or not is_shown(docno, self._archive):
                return None
            self._group_names.keep(name, docno)
        return self._group(docno)

    def _group(self, docno: int) -> Newsgroup:
        group = self._groups.get(docno)
        if group is None:
            group = self._newsgroup(docno)
            self._groups.keep(docno, group)
        return group

    def _newsgroup(self, docno: int) -> Newsgroup:
        if docno < 0:
            return self._of_what_waits(-docno)
        record = self._archive.record(docno)
        numbers = self._archive.numbers(docno)
        return Newsgroup(
            docno=docno,
            name=record.name.encode("ascii"),
            low=numbers.low,
            high=numbers.high,
            count=numbers.count,
            status=self._status(record.roots[0]),
            created=record.arrived,
            creator=_creator(record.author),
            description=overview_field(record.subject.encode("utf-8", "replace")) + self._note(record.roots[0]),
            depth=record.depth,
        )

    def _of_what_waits(self, root: int) -> Newsgroup:
        record = self._archive.record(root)
        numbers = self._archive.numbers(-root)
        return Newsgroup(
            docno=-root,
            name=waiting_name(record.name).encode("ascii"),
            low=numbers.low,
            high=numbers.high,
            count=numbers.count,
            status=b"y",
            created=record.arrived,
            creator=_creator(record.author),
            description=b"what waits for a moderator of " + record.name.encode("ascii"),
        )

    def what_waits(self, root: int) -> Newsgroup:
        """Return the newsgroup of what waits in a forum (its root's docno), whoever may see it."""
        return self._group(-root)

    def _note(self, root: int) -> bytes:
        return b" (" + UNREACHED_NOTE + b")" if root in self._unreached else b""

    def retitled(self) -> None:
        """Forget all descriptions: what the notes in them say has changed."""
        self._groups.clear()

    def _status(self, root: int) -> bytes:
        """Return ``m`` for what stands in a moderated forum, else ``y`` (RFC 3977 section 7.6.3)."""
        status = self._statuses.get(root)
        if status is None:
            status = self._statuses[root] = b"m" if is_moderated(root, self._archive) else b"y"
        return status

    def newsgroups(self, wildmat: IWildmat | None, created_since: int | None) -> Iterator[Newsgroup]:
        """See INewsView."""
        first = 1 if created_since is None else next(iter(self._archive.arrived_since(created_since)), None)
        return self.selected(() if first is None else docnos_from(self._archive, first), wildmat)

    def selected(self, docnos: Iterable[int], wildmat: IWildmat | None) -> Iterator[Newsgroup]:
        """Yield the newsgroups of these documents whose name matches (None: all)."""
        for docno in docnos:
            record = self._archive.record(docno)
            if self._is_hidden(record):
                continue
            if wildmat is None or wildmat.matches(record.name.encode("ascii")):
                yield self._groups.get(docno) or self._newsgroup(docno)

    def forums_created_since(self, seconds: int) -> Iterator[Newsgroup]:
        """See INewsView."""
        archive = self._archive
        return self.selected((docno for docno in archive.forums() if archive.record(docno).arrived >= seconds), None)

    def active_list(self) -> Iterator[bytes]:
        """See INewsView."""
        return gathered(chunk.octets for chunk in self._active.chunks())

    def active_line(self, docno: int) -> bytes | None:
        """Return a newsgroup's line of LIST ACTIVE; None for what is none, as a cancel."""
        record = self._archive.record(docno)
        if self._is_hidden(record):
            return None
        numbers = self._archive.numbers(docno)
        name = record.name.encode("ascii")
        return b"%b %d %d %b\r\n" % (name, numbers.high, numbers.low, self._status(record.roots[0]))

    def _is_hidden(self, record: IRecord) -> bool:
        """Tell whether no list names a document's newsgroup: there is none, or it is gone and nobody answered it."""
        return not is_shown(record.docno, self._archive) or (
            bool(self._archive.gone(record.docno)) and not self._archive.numbers(record.docno).count
        )

    # one article

    def article_at(self, group: int, number: int) -> int | None:
        """See INewsView."""
        found: int | None = self._archive.numbers(group).at(number)
        return None if found is None else self._archive.shown(found)

    def article_named(self, message_id: bytes) -> int | None:
        """See INewsView."""
        docno = self._named.get(message_id)
        if docno is None:
            docno = find_article(self._archive, message_id)
            if docno is None or self._archive.gone(docno) or not is_shown(docno, self._archive):
                return None
            self._named.keep(message_id, docno)
        return docno

    def message_id(self, docno: int) -> bytes:
        """See INewsView."""
        article = self._articles.get(docno)
        return message_id_of(self._archive.record(docno).id) if article is None else article.message_id

    def article(self, docno: int) -> Article:
        """See INewsView."""
        article = self._articles.get(docno)
        if article is None:
            article = self._rendered(docno)
            self._articles.keep(docno, article, len(article.head) + len(article.body))
        return article

    def _rendered(self, docno: int) -> Article:
        archive = self._archive
        record = archive.record(docno)
        return render(record.id, len(record.roots), archive.raw(docno), archive.overview(docno), self._path_identity)

    def next_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        numbers = self._archive.numbers(group)
        return next((found for found, _ in numbers.between(number + 1, numbers.high)), None)

    def previous_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        numbers = self._archive.numbers(group)
        high = min(number - 1, numbers.high)
        width = 1
        while high >= numbers.low:
            low = max(numbers.low, high - width + 1)
            found = [number for number, _ in numbers.between(low, high)]
            if found:
                return found[-1]
            high = low - 1
            width *= 2
        return None

    # many articles

    def number_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        make = partial(self._number_lines, group)
        return self.pages.lines(self._group(group), b"number", NUMBERS_A_PAGE, low, high, make)

    def _number_lines(self, group: int, low: int, high: int) -> Lines:
        return ((number, b"%d\r\n" % number) for number, _ in self._archive.numbers(group).between(low, high))

    def overview_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        make = partial(self._overview_lines, group)
        return self.pages.lines(self._group(group), b"overview", ARTICLES_A_PAGE, low, high, make)

    def _overview_lines(self, group: int, low: int, high: int) -> Lines:
        return [(numbered[0], b"%d\t%b\r\n" % numbered) for numbered in self._archive.overviews(group, low, high)]

    def overview_line(self, docno: int, number: int) -> bytes:
        """See INewsView."""
        return b"%d\t%b\r\n" % (number, self._archive.overview(docno))

    def header_lines(
        self, group: int, field: bytes, low: int, high: int, wildmat: IWildmat | None
    ) -> Iterator[bytes]:
        """See INewsView."""
        field = field.lower()
        make = partial(self._header_lines, group, field)
        size = ARTICLES_A_PAGE if field in FIELDS else RENDERED_A_PAGE
        chunks = self.pages.lines(self._group(group), b"field " + field, size, low, high, make)
        if wildmat is not None:
            chunks = (matching_lines(chunk, wildmat) for chunk in chunks)
        return chunks  # each alone: to make one may take milliseconds, and nobody else is served before it is out

    def _header_lines(self, group: int, field: bytes, low: int, high: int) -> Lines:
        if field in FIELDS:
            for number, overview in self._archive.overviews(group, low, high):
                yield number, b"%d %b\r\n" % (number, _value_in(overview, field))
            return
        for number, docno in self._archive.numbers(group).between(low, high):
            yield number, b"%d %b\r\n" % (number, self.header_value(self._archive.shown(docno), field))

    def header_value(self, docno: int, field: bytes) -> bytes:
        """See INewsView."""
        field = field.lower()
        if field in FIELDS:
            return _value_in(self._archive.overview(docno), field)
        # not kept: one HDR over a forum would drive out all the articles that are being read
        article = self._articles.get(docno) or self._rendered(docno)
        found = _header_pattern(field).search(article.head)
        return b"" if found is None else overview_field(found[1])

    def message_ids_since(self, wildmat: IWildmat | None, seconds: int) -> Iterator[bytes]:
        """See INewsView."""
        return self._new_articles.matching(seconds, wildmat, self.newsgroup)


_FIELD_INDEX = {field: index for index, field in enumerate(FIELDS)}


def _value_in(overview: bytes, field: bytes) -> bytes:
    """Return a field's value in an overview line without its number."""
    value = overview.split(b"\t")[_FIELD_INDEX[field]]
    return value.partition(b" ")[2] if field == b"xref" else value


def matching_lines(lines: bytes, wildmat: IWildmat) -> bytes:
    """Return those of ``number value`` lines whose value matches."""
    found = []
    for line in lines.splitlines(keepends=True):
        if wildmat.matches(line[line.index(b" ") + 1 : -2]):
            found.append(line)
    return b"".join(found)


@lru_cache(256)
def _header_pattern(field: bytes) -> re.Pattern[bytes]:
    """Return what finds a header field in a dot-stuffed header."""
    name = b"." + field if field.startswith(b".") else field
    return re.compile(rb"^" + re.escape(name) + rb"[ \t]*:(.*(?:\r\n[ \t].*)*)\r\n", re.IGNORECASE | re.MULTILINE)


@lru_cache(4096)  # few authors write most documents
def _creator(author: bytes) -> bytes:
    """Return what ACTIVE.TIMES names as the creator of a newsgroup: the address of its document's signer."""
    return b"author@" + address_domain(author).encode("ascii")
