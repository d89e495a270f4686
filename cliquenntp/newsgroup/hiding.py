"""The news without what somebody hides: the last view before an account's own Message-IDs.

What is hidden is told by an ``IHidden``; ``Together`` makes one of several, each kept by whoever knows it: the
account's own list, moderators whom it honours.  ``service/readers/views.py`` puts one such view before each account,
and asks those in ``Views.hidden_by`` for what they hide from it.  While nothing is hidden, all goes through as it is:
pages of overview lines as bytes, nothing looked at.

A hidden article keeps its numbers and answers 423 and 430, as one that is gone.  Counts and water marks stay those that
all see (RFC 3977 section 6.1.1.2 lets counts be estimates).  A hidden article's newsgroup is there as long as it shows
answers of others, unless all below it is hidden with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import attrs
from zope.interface import implementer

from cliquenntp.interfaces import Article, IArchive, IHidden, INewsView, IWildmat, Newsgroup
from cliquenntp.newsgroup.message_ids import document_id_of
from cliquenntp.newsgroup.naming import find_group

LINES_A_STEP = 100
"""lines looked at before others get their turn: 2 ms where each article's record must be loaded"""

NO_DESCRIPTION = b"?"
"""what stands for the description, a hidden article's subject; other servers say the same of newsgroups without one"""


@implementer(IHidden)
class Together:
    """What at least one of several hides; more may be added at any time."""

    def __init__(self, parts: Iterable[IHidden] = ()) -> None:
        self.parts = list(parts)

    def anything(self) -> bool:
        """See IHidden."""
        return any(part.anything() for part in self.parts)

    def hides(self, docno: int) -> bool:
        """See IHidden."""
        return any(part.hides(docno) for part in self.parts)

    def hides_below(self, docno: int) -> bool:
        """See IHidden."""
        return any(part.hides_below(docno) for part in self.parts)


@implementer(INewsView)
class HidingView:
    """INewsView over another one, without what is hidden.  Methods as INewsView says."""

    def __init__(self, view: INewsView, archive: IArchive, hidden: IHidden) -> None:
        self._view = view
        self._archive = archive
        self._hidden = hidden

    def _hides_place(self, found: int) -> bool:
        """Tell whether a newsgroup's article is hidden: by itself, or by the link that shows it there."""
        if self._hidden.hides(found):
            return True
        shown = self._archive.shown(found)
        return shown != found and bool(self._hidden.hides(shown))

    # newsgroups

    def newsgroup(self, name: bytes) -> Newsgroup | None:
        """See INewsView."""
        found: Newsgroup | None = self._view.newsgroup(name)
        return found if found is None or not self._hidden.anything() else self._told(found)

    def _told(self, newsgroup: Newsgroup) -> Newsgroup | None:
        """Return a newsgroup as it is shown, None where it is hidden."""
        if not self._hidden.hides(newsgroup.docno):
            return newsgroup
        if self._hides_group(newsgroup.docno):
            return None
        return attrs.evolve(newsgroup, description=NO_DESCRIPTION)

    def _hides_group(self, docno: int) -> bool:
        """Tell whether a hidden article's newsgroup is hidden too: nobody answered, or all answers are hidden."""
        return self._archive.numbers(docno).count <= 1 or bool(self._hidden.hides_below(docno))

    def _shown_groups(self, newsgroups: Iterator[Newsgroup]) -> Iterator[Newsgroup]:
        return (told for told in map(self._told, newsgroups) if told is not None)

    def newsgroups(self, wildmat: IWildmat | None, created_since: int | None) -> Iterator[Newsgroup]:
        """See INewsView."""
        found: Iterator[Newsgroup] = self._view.newsgroups(wildmat, created_since)
        return self._shown_groups(found) if self._hidden.anything() else found

    def active_list(self) -> Iterator[bytes]:
        """See INewsView."""
        found: Iterator[bytes] = self._view.active_list()
        return _lines_kept(found, self._lists) if self._hidden.anything() else found

    def _lists(self, line: bytes) -> bool:
        docno = find_group(self._archive, line[: line.index(b" ")].decode("ascii"))
        return docno is None or not self._hidden.hides(docno) or not self._hides_group(docno)

    def forums_created_since(self, seconds: int) -> Iterator[Newsgroup]:
        """See INewsView."""
        found: Iterator[Newsgroup] = self._view.forums_created_since(seconds)
        return self._shown_groups(found) if self._hidden.anything() else found

    # one article

    def article_at(self, group: int, number: int) -> int | None:
        """See INewsView."""
        if self._hidden.anything():
            found = self._archive.numbers(group).at(number)
            if found is None or self._hides_place(found):
                return None
        docno: int | None = self._view.article_at(group, number)
        return docno

    def article_named(self, message_id: bytes) -> int | None:
        """See INewsView."""
        found: int | None = self._view.article_named(message_id)
        return None if found is None or (self._hidden.anything() and self._hidden.hides(found)) else found

    def message_id(self, docno: int) -> bytes:
        """See INewsView."""
        found: bytes = self._view.message_id(docno)
        return found

    def article(self, docno: int) -> Article:
        """See INewsView."""
        found: Article = self._view.article(docno)
        return found

    def next_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        if not self._hidden.anything():
            found: int | None = self._view.next_number(group, number)
            return found
        numbers = self._archive.numbers(group)
        places = numbers.between(number + 1, numbers.high)
        return next((number for number, docno in places if not self._hides_place(docno)), None)

    def previous_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        found: int | None = self._view.previous_number(group, number)
        while found is not None and self.article_at(group, found) is None:
            found = self._view.previous_number(group, found)
        return found

    # many articles

    def _shown_lines(self, group: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Return chunks of lines that begin with a number, without those of hidden articles."""
        if not self._hidden.anything():
            return chunks
        return (shown for chunk in chunks for shown in self._shown_in(group, chunk))

    def _shown_in(self, group: int, chunk: bytes) -> Iterator[bytes]:
        lines = chunk.splitlines(keepends=True)
        numbers = self._archive.numbers(group)
        for begin in range(0, len(lines), LINES_A_STEP):
            step = lines[begin : begin + LINES_A_STEP]
            places = numbers.between(_number(step[0]), _number(step[-1]))
            hidden = {number for number, docno in places if self._hides_place(docno)}
            if hidden:
                yield b"".join(line for line in step if _number(line) not in hidden)
            else:
                yield chunk if len(step) == len(lines) else b"".join(step)

    def number_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        return self._shown_lines(group, self._view.number_lines(group, low, high))

    def overview_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        return self._shown_lines(group, self._view.overview_lines(group, low, high))

    def overview_line(self, docno: int, number: int) -> bytes:
        """See INewsView."""
        line: bytes = self._view.overview_line(docno, number)
        return line

    def header_lines(
        self, group: int, field: bytes, low: int, high: int, wildmat: IWildmat | None
    ) -> Iterator[bytes]:
        """See INewsView."""
        return self._shown_lines(group, self._view.header_lines(group, field, low, high, wildmat))

    def header_value(self, docno: int, field: bytes) -> bytes:
        """See INewsView."""
        value: bytes = self._view.header_value(docno, field)
        return value

    def message_ids_since(self, wildmat: IWildmat | None, seconds: int) -> Iterator[bytes]:
        """See INewsView."""
        found: Iterator[bytes] = self._view.message_ids_since(wildmat, seconds)
        return _lines_kept(found, self._tells_id) if self._hidden.anything() else found

    def _tells_id(self, line: bytes) -> bool:
        document_id = document_id_of(line.rstrip())
        docno = None if document_id is None else self._archive.find(document_id)
        return docno is None or not self._hidden.hides(docno)


def _number(line: bytes) -> int:
    return int(line.split(maxsplit=1)[0])


def _lines_kept(chunks: Iterator[bytes], keeps: Callable[[bytes], bool]) -> Iterator[bytes]:
    """Yield chunks of lines without those that ``keeps`` refuses; an empty chunk gives others a turn."""
    for chunk in chunks:
        if not chunk:
            yield chunk
        lines = iter(chunk.splitlines(keepends=True))
        while step := [*islice(lines, LINES_A_STEP)]:
            yield b"".join(line for line in step if keeps(line))
