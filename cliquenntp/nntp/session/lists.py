"""LIST and its variants (RFC 3977 section 7.6, 8.4, 8.6; RFC 6048; RFC 2980 section 2.1) and XGTITLE (RFC 2980 2.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

import attrs

from cliquenntp.interfaces import Listed, Newsgroup, Right
from cliquenntp.nntp.session import replies
from cliquenntp.nntp.session.arguments import ArgumentError
from cliquenntp.nntp.session.command import Answer, RefusedError
from cliquenntp.nntp.session.overview import METADATA
from cliquenntp.nntp.session.reader import Reader
from cliquenntp.nntp.session.wildmat import Wildmat, WildmatError, parse_wildmat

_ANY_STATUS = re.compile(rb" [ym]\r\n")

GROUPS_STEP = 16
"""newsgroups looked at before others get their turn: a millisecond where they must be loaded"""

LINES_STEP = 1000
"""ready lines looked at before others get their turn: 2 ms"""

OVERVIEW_FORMAT = (
    b"Subject:\r\nFrom:\r\nDate:\r\nMessage-ID:\r\nReferences:\r\nBytes:\r\nLines:\r\nXref:full\r\n"
)
"""The fields of an overview line (RFC 3977 section 8.4), bytes and lines in the older of the two lawful spellings: slrn
1.0.3 shows 0 lines for every article where it reads ``:lines``."""


def wildmat(word: bytes) -> Wildmat | None:
    """Return a wildmat argument compiled; None for ``*``."""
    try:
        parsed = parse_wildmat(word)
    except WildmatError as error:
        raise ArgumentError from error
    return None if parsed.everything else parsed


def framed(reply: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield an answer: its reply, its chunks, its end."""
    yield reply
    yield from chunks
    yield replies.END


def active(reader: Reader, words: list[bytes]) -> Answer:
    """LIST ACTIVE, and LIST alone."""
    pattern = wildmat(words[0]) if words else None
    if reader.identity.listed is Listed.ALL and (pattern is None or pattern.literal is None):
        chunks = reader.view.active_list()
        if pattern is not None:
            chunks = _named(chunks, pattern)
        if not reader.identity.may(Right.POST):
            chunks = (_ANY_STATUS.sub(rb" n\r\n", chunk) for chunk in chunks)
        return framed(replies.LIST_FOLLOWS, chunks)
    return _listed(reader, words, active_line)


def _named(chunks: Iterator[bytes], pattern: Wildmat) -> Iterator[bytes]:
    """Yield those of the lines that begin with a name that matches; a chunk for each LINES_STEP looked at."""
    for chunk in chunks:
        if not chunk:
            yield chunk  # one is being made: others get their turn
        lines = iter(chunk.splitlines(keepends=True))
        while some := tuple(islice(lines, LINES_STEP)):
            yield b"".join([line for line in some if pattern.matches(line[: line.index(b" ")])])


def active_times(reader: Reader, words: list[bytes]) -> Answer:
    """LIST ACTIVE.TIMES: of all newsgroups, listed or not."""
    return _listed(reader, words, _times_line, listed=Listed.ALL)


def newsgroups(reader: Reader, words: list[bytes]) -> Answer:
    """LIST NEWSGROUPS."""
    return _listed(reader, words, _description_line)


def counts(reader: Reader, words: list[bytes]) -> Answer:
    """LIST COUNTS."""
    return _listed(reader, words, _counts_line)


def xgtitle(reader: Reader, words: list[bytes]) -> Answer:
    """XGTITLE: LIST NEWSGROUPS with another code, of the selected newsgroup when no wildmat is given."""
    if not words:
        reader.selected()
        words = [reader.group_name]
    return _listed(reader, words, _description_line, replies.TITLES_FOLLOW)


def subscriptions(reader: Reader, words: list[bytes]) -> Answer:
    """LIST SUBSCRIPTIONS: the forums that the reader follows; newsreaders subscribe to them when they first run."""
    pattern = wildmat(words[0]) if words else None
    followed = reader.reading.subscriptions(reader.identity)
    forums = reader.view.forums_created_since(0)
    if followed is not None:
        forums = (forum for forum in forums if forum.docno in followed)
    return framed(replies.LIST_FOLLOWS, group_lines(reader, forums, _name_line, pattern))


def overview_format(reader: Reader, words: list[bytes]) -> Answer:
    """LIST OVERVIEW.FMT."""
    return replies.LIST_FOLLOWS + OVERVIEW_FORMAT + replies.END


def headers(reader: Reader, words: list[bytes]) -> Answer:
    """LIST HEADERS: any header and the metadata, by number and by message-id alike (RFC 3977 section 8.6)."""
    if words and words[0].upper() not in (b"MSGID", b"RANGE"):
        raise ArgumentError
    return replies.LIST_FOLLOWS + b"".join(b"%s\r\n" % item for item in (b":", *METADATA)) + replies.END


def message_of_the_day(reader: Reader) -> tuple[str, ...]:
    """Return the lines of LIST MOTD: what the operator says, then what the node has to tell this reader."""
    return (*reader.settings.motd, *reader.reading.notices(reader.identity))


def motd(reader: Reader, words: list[bytes]) -> Answer:
    """LIST MOTD."""
    lines = message_of_the_day(reader)
    if not lines:
        raise RefusedError(replies.NOT_KEPT)
    stuffed = (b"." + line if line.startswith(b".") else line for line in (text.encode() for text in lines))
    return replies.LIST_FOLLOWS + b"".join(b"%s\r\n" % line for line in stuffed) + replies.END


def not_kept(reader: Reader, words: list[bytes]) -> Answer:
    """Answer for lists that RFC 3977 or RFC 6048 names and this server does not keep."""
    raise RefusedError(replies.NOT_KEPT)


def extensions(reader: Reader, words: list[bytes]) -> Answer:
    """LIST EXTENSIONS, a draft's forerunner of CAPABILITIES: Alpine learns from it that LISTGROUP and OVER work."""
    return replies.EXTENSIONS_FOLLOW + b"HDR\r\nLISTGROUP\r\nOVER\r\n" + replies.END


def active_line(group: Newsgroup) -> bytes:
    """Return a newsgroup's line of LIST ACTIVE."""
    return b"%s %d %d %s\r\n" % (group.name, group.high, group.low, group.status)


def _times_line(group: Newsgroup) -> bytes:
    return b"%s %d %s\r\n" % (group.name, group.created, group.creator)


def _description_line(group: Newsgroup) -> bytes:
    return b"%s\t%s\r\n" % (group.name, group.description)


def _counts_line(group: Newsgroup) -> bytes:
    return b"%s %d %d %d %s\r\n" % (group.name, group.high, group.low, group.count, group.status)


def _name_line(group: Newsgroup) -> bytes:
    return b"%s\r\n" % group.name


def _listed(
    reader: Reader,
    words: list[bytes],
    line: Callable[[Newsgroup], bytes],
    reply: bytes = replies.LIST_FOLLOWS,
    listed: Listed | None = None,
) -> Iterator[bytes]:
    """Return the answer of a LIST variant with an optional wildmat."""
    pattern = wildmat(words[0]) if words else None
    if pattern is not None and pattern.literal is not None:
        # Gnus asks LIST ACTIVE for each of its groups: one look instead of all
        found = reader.view.newsgroup(pattern.literal)
        return framed(reply, group_lines(reader, iter([found] if found else []), line))
    listed = listed or reader.identity.listed
    if listed is Listed.FORUMS:
        forums = reader.view.forums_created_since(0)
        return framed(reply, group_lines(reader, forums, line, pattern))
    return framed(reply, group_lines(reader, reader.view.newsgroups(None, None), line, pattern, listed))


def group_lines(
    reader: Reader,
    newsgroups: Iterator[Newsgroup],
    line: Callable[[Newsgroup], bytes],
    pattern: Wildmat | None = None,
    listed: Listed = Listed.ALL,
) -> Iterator[bytes]:
    """Yield chunks of lines of the newsgroups that match and are listed; a chunk for each GROUPS_STEP looked at."""
    may_post = reader.identity.may(Right.POST)
    lines = []
    for looked_at, group in enumerate(newsgroups, 1):
        if listed.has(group) and (pattern is None or pattern.matches(group.name)):
            lines.append(line(group if may_post else attrs.evolve(group, status=b"n")))
        if looked_at % GROUPS_STEP == 0:
            yield b"".join(lines)
            lines.clear()
    yield b"".join(lines)
