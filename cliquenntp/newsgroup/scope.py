"""The news of some forums only: what others hold is neither shown nor named.

A newsgroup is shown when the forum that gives it its name may be seen, an article when one of its forums may, or when
a link shows it in such a newsgroup.  Whatever is below a newsgroup is below that newsgroup's forum too, so of the
articles in a newsgroup that is shown all are shown; only those that stand in hidden forums as well are told
differently.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import partial

import attrs
from zope.interface import implementer

from cliquenntp.document import DocumentError, id_from_text
from cliquenntp.interfaces import Article, Changes, IArchive, INewsView, IWildmat, Newsgroup
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.listing import Listing
from cliquenntp.newsgroup.message_ids import message_ids_in
from cliquenntp.newsgroup.newnews import NewArticles
from cliquenntp.newsgroup.pages import ARTICLES_A_PAGE, gathered
from cliquenntp.newsgroup.placement import XREF_GROUPS
from cliquenntp.newsgroup.rendering import folded
from cliquenntp.newsgroup.view import NewsView

LISTING_OCTETS = 8 << 20
"""Memory for one listing of a scope: LIST ACTIVE of 100,000 newsgroups."""

NAMES_KEPT = 20_000
"""Newsgroups' names of which is kept whether they are shown, some 150 octets each."""

TOLD_FIELDS = frozenset((b"xref", b"newsgroups", b"references", b"clique-parent", b":bytes"))
"""header fields and metadata that may name or count what stands in hidden forums"""

_PLACES = re.compile(rb" (clique[^\s:]*):\d+")
_FIELD = re.compile(
    rb"^(Newsgroups|Xref|References|Clique-Parent):(.*\r\n(?:[ \t].*\r\n)*)", re.IGNORECASE | re.MULTILINE
)


@implementer(INewsView)
class ScopedView:
    """INewsView over some forums of a whole view; after the archive moved forward its owner calls ``moved``."""

    def __init__(self, whole: NewsView, archive: IArchive, forums: Container[int]) -> None:
        """``forums`` has the docnos of the roots that are shown; that may change when a root comes to a node."""
        self._whole = whole
        self._archive = archive
        self._forums = forums
        self.look_again()

    def look_again(self) -> None:
        """Ask anew which forums are shown."""
        archive, pages = self._archive, self._whole.pages
        self._roots: dict[int, bool] = {}
        self._names: SizedCache[bytes, bool] = SizedCache(NAMES_KEPT)
        self._active = Listing(archive, self._active_line, LISTING_OCTETS)
        self._new_articles = NewArticles(archive, pages, self._shows, self._shows_group, LISTING_OCTETS)

    def moved(self, changes: Changes) -> None:
        """Forget what a commit has changed."""
        if any(not held.place.parents for held in changes.held):
            self.look_again()
            return
        self._active.changed(changes.groups)
        if changes.gone or changes.revised:
            self._new_articles.changed((*changes.gone, *changes.revised))
        if changes.revised:
            self._active.changed(changes.revised)
            self._names.clear()
            if any(not self._archive.record(docno).parents for docno in changes.revised):
                self.look_again()

    def forget(self) -> None:
        """Forget all that is kept: what has changed is not known."""
        self._roots.clear()
        self._names.clear()
        self._active.forget()
        self._new_articles.forget()

    # what is shown

    def _shows_root(self, root: int) -> bool:
        shown = self._roots.get(root)
        if shown is None:
            shown = self._roots[root] = root in self._forums
        return shown

    def _shows(self, docno: int) -> bool:
        return any(map(self._shows_root, self._archive.record(docno).roots)) or bool(self._linked_in(docno))

    def _linked_in(self, docno: int) -> list[tuple[int, int]]:
        """Return (newsgroup's docno, number) where a link shows an article in a newsgroup that is shown."""
        return [(group, number) for group, number in self._archive.linked_in(docno) if self._shows_group(group)]

    def _shows_group(self, docno: int) -> bool:
        return self._shows_root(self._archive.record(docno).roots[0])

    def _shows_name(self, name: bytes) -> bool:
        shown = self._names.get(name)
        if shown is None:
            shown = self.newsgroup(name) is not None
            self._names.keep(name, shown)
        return shown

    def _stands_elsewhere(self, docno: int) -> bool:
        """Tell whether an article stands in hidden forums as well."""
        return not all(map(self._shows_root, self._archive.record(docno).roots))

    # newsgroups

    def newsgroup(self, name: bytes) -> Newsgroup | None:
        """See INewsView."""
        found = self._whole.newsgroup(name)
        return found if found is not None and self._shows_group(found.docno) else None

    def newsgroups(self, wildmat: IWildmat | None, created_since: int | None) -> Iterator[Newsgroup]:
        """See INewsView."""
        since = 0 if created_since is None else created_since
        return self._whole.selected(self._group_docnos(since), wildmat)

    def _group_docnos(self, since: int) -> Iterator[int]:
        """Yield the docnos of the newsgroups that are shown, forum by forum: hidden ones cost nothing."""
        archive = self._archive
        for root in archive.forums():
            if not self._shows_root(root):
                continue
            numbers = archive.numbers(root)
            for _, docno in numbers.between(1, numbers.high):
                record = archive.record(docno)
                if record.roots[0] == root and record.arrived >= since:
                    yield docno

    def active_list(self) -> Iterator[bytes]:
        """See INewsView."""
        return gathered(chunk.octets for chunk in self._active.chunks())

    def _active_line(self, docno: int) -> bytes | None:
        return self._whole.active_line(docno) if self._shows_group(docno) else None

    def forums_created_since(self, seconds: int) -> Iterator[Newsgroup]:
        """See INewsView."""
        return (forum for forum in self._whole.forums_created_since(seconds) if self._shows_root(forum.docno))

    # one article

    def article_at(self, group: int, number: int) -> int | None:
        """See INewsView."""
        return self._whole.article_at(group, number)

    def article_named(self, message_id: bytes) -> int | None:
        """See INewsView."""
        docno = self._whole.article_named(message_id)
        return docno if docno is not None and self._shows(docno) else None

    def message_id(self, docno: int) -> bytes:
        """See INewsView."""
        return self._whole.message_id(docno)

    def article(self, docno: int) -> Article:
        """See INewsView."""
        article = self._whole.article(docno)
        if not self._stands_elsewhere(docno):
            return article
        return attrs.evolve(article, head=_FIELD.sub(partial(self._told_field, docno), article.head))

    def _told_field(self, docno: int, field: re.Match[bytes]) -> bytes:
        """Return a header field without what it says of hidden forums; nothing where nothing is left."""
        name, value = field[1].lower(), field[2].replace(b"\r\n", b"")
        if name == b"newsgroups":
            told = self._told_newsgroups(docno, value)
        elif name == b"xref":
            told = self._told_xref(docno, value.strip())
        elif name == b"references":
            told = folded(self._told_references(value))
        else:
            told = b",\r\n ".join(word for word in map(bytes.strip, value.split(b",")) if self._shows_id(word))
        return field[1] + b": " + told + b"\r\n" if told else b""

    def _told_newsgroups(self, docno: int, value: bytes) -> bytes:
        told = [word for word in map(bytes.strip, value.split(b",")) if self._shows_name(word)]
        roots = dict.fromkeys(self._archive.record(group).roots[0] for group, _ in self._linked_in(docno))
        return b",".join(told or [self._archive.record(root).name.encode("ascii") for root in roots])

    def _told_xref(self, docno: int, xref: bytes) -> bytes:
        server, *places = xref.split()
        told = [place for place in places if self._shows_name(place.rpartition(b":")[0])]
        return b" ".join((server, *(told or self._linked_places(docno))))

    def _linked_places(self, docno: int) -> Iterator[bytes]:
        """Yield the places of an article that is shown by links alone, as an Xref names them."""
        for group, number in self._linked_in(docno)[:XREF_GROUPS]:
            yield b"%b:%d" % (self._archive.record(group).name.encode("ascii"), number)

    def _told_references(self, references: bytes) -> bytes:
        return b" ".join(word for word in message_ids_in(references) if self.article_named(word) is not None)

    def _shows_id(self, text: bytes) -> bool:
        try:
            docno = self._archive.find(id_from_text(text.decode("ascii", "replace")))
        except DocumentError:
            return False
        return docno is not None and self._shows(docno)

    def next_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        return self._whole.next_number(group, number)

    def previous_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        return self._whole.previous_number(group, number)

    # many articles

    def number_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        return self._whole.number_lines(group, low, high)

    def overview_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        for chunk in self._whole.overview_lines(group, low, high):
            if all(map(self._shows_name, set(_PLACES.findall(chunk)))):
                yield chunk
            else:
                yield b"".join(self._told_line(group, line) for line in chunk.splitlines(keepends=True))

    def _told_line(self, group: int, line: bytes) -> bytes:
        number = int(line[: line.index(b"\t")])
        docno = self._whole.article_at(group, number)
        return line if docno is None else self.overview_line(docno, number)

    def overview_line(self, docno: int, number: int) -> bytes:
        """See INewsView."""
        line = self._whole.overview_line(docno, number)
        if not self._stands_elsewhere(docno):
            return line
        fields = line.removesuffix(b"\r\n").split(b"\t")
        fields[5] = self._told_references(fields[5])
        fields[6] = b"%d" % self._octets(docno)
        fields[8] = b"Xref: " + self._told_xref(docno, fields[8].partition(b" ")[2])
        return b"\t".join(fields) + b"\r\n"

    def _octets(self, docno: int) -> int:
        """Return the size of an article as it is shown, dots not stuffed."""
        article = self.article(docno)
        stuffed = sum(part.startswith(b".") + part.count(b"\r\n.") for part in (article.head, article.body))
        return len(article.head) + 2 + len(article.body) - stuffed

    def header_lines(
        self, group: int, field: bytes, low: int, high: int, wildmat: IWildmat | None
    ) -> Iterator[bytes]:
        """See INewsView."""
        if field.lower() not in TOLD_FIELDS:
            return self._whole.header_lines(group, field, low, high, wildmat)
        return self._told_lines(group, field, low, high, wildmat)

    def _told_lines(
        self, group: int, field: bytes, low: int, high: int, wildmat: IWildmat | None
    ) -> Iterator[bytes]:
        lines = []
        for looked_at, (number, docno) in enumerate(self._archive.numbers(group).between(low, high), 1):
            value = self.header_value(self._archive.shown(docno), field)
            if wildmat is None or wildmat.matches(value):
                lines.append(b"%d %b\r\n" % (number, value))
            if looked_at % ARTICLES_A_PAGE == 0:
                yield b"".join(lines)
                lines.clear()
        yield b"".join(lines)

    def header_value(self, docno: int, field: bytes) -> bytes:
        """See INewsView."""
        value = self._whole.header_value(docno, field)
        if field.lower() not in TOLD_FIELDS or not self._stands_elsewhere(docno):
            return value
        match field.lower():
            case b":bytes":
                return b"%d" % self._octets(docno)
            case b"xref":
                return self._told_xref(docno, value)
            case b"references":
                return self._told_references(value)
            case b"newsgroups":
                return self._told_newsgroups(docno, value)
        return b", ".join(word for word in map(bytes.strip, value.split(b",")) if self._shows_id(word))

    def message_ids_since(self, wildmat: IWildmat | None, seconds: int) -> Iterator[bytes]:
        """See INewsView."""
        return self._new_articles.matching(seconds, wildmat, self.newsgroup)
