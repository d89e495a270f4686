"""News as sessions ask for it."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from zope.interface import Attribute, Interface

LOCAL = 0
"""stands for the docno of a newsgroup that shows no document; its articles have negative ones.  A newsgroup
with a lesser one (-root) has what waits for a moderator in a forum (IArchive.numbers)"""


@attrs.frozen
class Newsgroup:
    """One newsgroup's state at a moment."""

    docno: int
    name: bytes
    low: int
    high: int
    count: int
    status: bytes
    """``y``, ``n`` or ``m`` (RFC 3977 section 7.6.3)"""
    created: int
    """seconds since 1970 UTC, for NEWGROUPS and ACTIVE.TIMES"""
    creator: bytes
    description: bytes
    """one line of UTF-8, no CR, LF or NUL"""
    depth: int = 0
    """steps from the forum's root to the newsgroup's document: 0 for a forum, 1 for a thread"""


@attrs.frozen
class Article:
    """An article ready for the wire: CRLF lines, dot-stuffed; neither part has the ending dot line."""

    message_id: bytes
    """with its angle brackets"""
    head: bytes
    """header lines, each with its CRLF; without the empty line"""
    body: bytes
    """body lines, each with its CRLF"""


class IWildmat(Interface):
    """What selects newsgroups or header values (RFC 3977 section 4)."""

    literal = Attribute("bytes | None: the one text that matches, where it is plain that there is no other")

    def matches(text: bytes) -> bool:
        """Tell whether a text matches."""


class INewsView(Interface):
    """What an NNTP session may ask about news: one consistent state, moved forward between commands only.

    Long answers are iterators of byte chunks of some tens of kilobytes, so that a session can stop between two.
    """

    def newsgroup(name: bytes) -> Newsgroup | None:
        """Return a newsgroup by its name, or None."""

    def newsgroups(wildmat: IWildmat | None, created_since: int | None) -> Iterator[Newsgroup]:
        """Yield the newsgroups whose name matches (None: all)."""

    def active_list() -> Iterator[bytes]:
        """Yield the whole answer of LIST ACTIVE as chunks of ready lines (cached)."""

    def forums_created_since(seconds: int) -> Iterator[Newsgroup]:
        """Yield what NEWGROUPS names: forums that came at or after a time."""

    def article_at(group: int, number: int) -> int | None:
        """Return the docno of an article by its number in a group (the group's docno), or None."""

    def article_named(message_id: bytes) -> int | None:
        """Return the docno of an article by its Message-ID (with brackets), ours or a foreign one, or None."""

    def message_id(docno: int) -> bytes:
        """Return an article's Message-ID with its angle brackets."""

    def article(docno: int) -> Article:
        """Return an article ready for the wire."""

    def next_number(group: int, number: int) -> int | None:
        """Return the least article number present above ``number``, or None."""

    def previous_number(group: int, number: int) -> int | None:
        """Return the greatest article number present below ``number``, or None."""

    def number_lines(group: int, low: int, high: int) -> Iterator[bytes]:
        """Yield chunks of ``number CRLF`` lines for LISTGROUP."""

    def overview_lines(group: int, low: int, high: int) -> Iterator[bytes]:
        """Yield chunks of ready overview lines (with number and CRLF, dot-stuffed) for OVER and XOVER."""

    def overview_line(docno: int, number: int) -> bytes:
        """Return one ready overview line with the given number."""

    def header_lines(group: int, field: bytes, low: int, high: int, wildmat: IWildmat | None) -> Iterator[bytes]:
        """Yield chunks of ready ``number value`` lines for HDR, XHDR and (with a wildmat) XPAT.

        ``field`` is a header's name in any case, or ``:bytes`` or ``:lines``.
        """

    def header_value(docno: int, field: bytes) -> bytes:
        """Return one header's value on one line; empty where the article has no such header."""

    def message_ids_since(wildmat: IWildmat | None, seconds: int) -> Iterator[bytes]:
        """Yield chunks of ready Message-ID lines for NEWNEWS."""
