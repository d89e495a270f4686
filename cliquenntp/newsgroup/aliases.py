"""An account's own view: what it posted stands under the Message-ID that its newsreader chose.

Such a Message-ID tells host and time, so it never leaves the machine, and nobody else on the machine sees it.  For
the account itself it stands in the place of ours everywhere, in References too: newsreaders know their user's articles
by it, score the answers, and cancel them by it.  Both lead to the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from heapq import nlargest

from zope.interface import implementer

from cliquenntp.interfaces import Article, IArchive, INewsView, IWildmat, Newsgroup
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.view import matching_lines

MOST_ALIASES = 10_000
"""newest of an account's that are shown, 4 MB; older ones are still found"""

_OUR_ID = re.compile(rb"<[a-z2-7]{52}@clique\.invalid>")
_ID_FIELDS = re.compile(rb"^(?:Message-ID|References):.*\r\n(?:[ \t].*\r\n)*", re.MULTILINE)
_MESSAGE_ID, _REFERENCES, _BYTES = 4, 5, 6
"""places in an overview line that begins with the number"""


class OwnNames:
    """The Message-IDs under which one account's articles are shown to it."""

    def __init__(self, archive: IArchive, account: str) -> None:
        self._archive = archive
        self._account = account
        self.by_docno: dict[int, bytes] = {}
        self._shown: dict[bytes, bytes] = {}
        """our Message-ID -> the alias"""
        self.read()

    def read(self) -> None:
        """Take up the aliases that the archive has now."""
        newest = nlargest(MOST_ALIASES, self._archive.aliases(self._account), key=lambda alias: alias[1])
        for message_id, docno in newest:
            self.add(message_id, docno)

    def add(self, message_id: bytes, docno: int) -> None:
        """Show an article under an alias from now on."""
        self.by_docno[docno] = message_id
        self._shown[message_id_of(self._archive.record(docno).id)] = message_id

    def ours(self, message_id: bytes) -> bytes:
        """Return our Message-ID of what the account means by one."""
        docno = self._archive.alias(self._account, message_id)
        return message_id if docno is None else message_id_of(self._archive.record(docno).id)

    def occur_in(self, text: bytes) -> bool:
        """Tell whether an article of the account's is named in a text."""
        shown = self._shown
        return bool(shown) and any(found in shown for found in _OUR_ID.findall(text))

    def put_into(self, text: bytes) -> bytes:
        """Return a text with aliases in the place of our Message-IDs."""
        if not self.occur_in(text):
            return text
        return _OUR_ID.sub(lambda match: self._shown.get(match[0], match[0]), text)


@implementer(INewsView)
class AliasedView:
    """INewsView for one account, over the view of all that it may see.  Methods as INewsView says."""

    def __init__(self, view: INewsView, names: OwnNames) -> None:
        self._view = view
        self._names = names

    def newsgroup(self, name: bytes) -> Newsgroup | None:
        """See INewsView."""
        found: Newsgroup | None = self._view.newsgroup(name)
        return found

    def newsgroups(self, wildmat: IWildmat | None, created_since: int | None) -> Iterator[Newsgroup]:
        """See INewsView."""
        return self._view.newsgroups(wildmat, created_since)

    def active_list(self) -> Iterator[bytes]:
        """See INewsView."""
        return self._view.active_list()

    def forums_created_since(self, seconds: int) -> Iterator[Newsgroup]:
        """See INewsView."""
        return self._view.forums_created_since(seconds)

    def article_at(self, group: int, number: int) -> int | None:
        """See INewsView."""
        found: int | None = self._view.article_at(group, number)
        return found

    def article_named(self, message_id: bytes) -> int | None:
        """See INewsView."""
        found: int | None = self._view.article_named(self._names.ours(message_id))
        return found

    def message_id(self, docno: int) -> bytes:
        """See INewsView."""
        return self._names.by_docno.get(docno) or self._view.message_id(docno)

    def article(self, docno: int) -> Article:
        """See INewsView."""
        article: Article = self._view.article(docno)
        if not self._names.occur_in(article.head):
            return article
        head = _ID_FIELDS.sub(lambda match: self._names.put_into(match[0]), article.head)
        return Article(self.message_id(docno), head, article.body)

    def next_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        found: int | None = self._view.next_number(group, number)
        return found

    def previous_number(self, group: int, number: int) -> int | None:
        """See INewsView."""
        found: int | None = self._view.previous_number(group, number)
        return found

    def number_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        return self._view.number_lines(group, low, high)

    def overview_lines(self, group: int, low: int, high: int) -> Iterator[bytes]:
        """See INewsView."""
        return map(self._overview_chunk, self._view.overview_lines(group, low, high))

    def overview_line(self, docno: int, number: int) -> bytes:
        """See INewsView."""
        return self._overview_chunk(self._view.overview_line(docno, number))

    def _overview_chunk(self, chunk: bytes) -> bytes:
        if not self._names.occur_in(chunk):
            return chunk
        return b"".join(map(self._overview_line, chunk.splitlines(keepends=True)))

    def _overview_line(self, line: bytes) -> bytes:
        fields = line.split(b"\t")
        octets = int(fields[_BYTES])
        for index in (_MESSAGE_ID, _REFERENCES):
            shown = self._names.put_into(fields[index])
            octets += len(shown) - len(fields[index])
            fields[index] = shown
        fields[_BYTES] = b"%d" % octets
        return b"\t".join(fields)

    def header_lines(
        self, group: int, field: bytes, low: int, high: int, wildmat: IWildmat | None
    ) -> Iterator[bytes]:
        """See INewsView."""
        field = field.lower()
        if field == b":bytes":
            lines = map(_bytes_lines, self.overview_lines(group, low, high))
        elif field in (b"message-id", b"references"):
            lines = map(self._names.put_into, self._view.header_lines(group, field, low, high, None))
        else:
            found: Iterator[bytes] = self._view.header_lines(group, field, low, high, wildmat)
            return found
        return lines if wildmat is None else (matching_lines(chunk, wildmat) for chunk in lines)

    def header_value(self, docno: int, field: bytes) -> bytes:
        """See INewsView."""
        field = field.lower()
        if field == b":bytes":
            return self.overview_line(docno, 0).split(b"\t")[_BYTES]
        value: bytes = self._view.header_value(docno, field)
        return self._names.put_into(value) if field in (b"message-id", b"references") else value

    def message_ids_since(self, wildmat: IWildmat | None, seconds: int) -> Iterator[bytes]:
        """See INewsView."""
        return map(self._names.put_into, self._view.message_ids_since(wildmat, seconds))


def _bytes_lines(chunk: bytes) -> bytes:
    rows = (line.split(b"\t") for line in chunk.splitlines())
    return b"".join(b"%b %b\r\n" % (row[0], row[_BYTES]) for row in rows)
