"""OVER and HDR (RFC 3977 sections 8.3, 8.5), XOVER, XHDR and XPAT (RFC 2980 sections 2.8, 2.6, 2.9)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cliquenntp.nntp.session import arguments, replies
from cliquenntp.nntp.session.command import Answer, RefusedError
from cliquenntp.nntp.session.reader import Reader
from cliquenntp.nntp.session.wildmat import Wildmat, WildmatError, parse_old_pattern

METADATA = (b":bytes", b":lines")
"""metadata items that HDR knows, as LIST HEADERS shows them"""

MATCHING_STEP = 200_000
"""characters of text times characters of pattern matched by XPAT before others get their turn: some 2 ms at worst"""

_EMPTY_VALUE = re.compile(rb"^(\d+) \r$", re.MULTILINE)


def over(reader: Reader, words: list[bytes]) -> Answer:
    """OVER."""
    if words and words[0].startswith(b"<"):
        docno = reader.named(arguments.message_id(words[0]))
        return replies.OVERVIEW_FOLLOWS + reader.view.overview_line(docno, 0) + replies.END
    group, low, high = _range(reader, words)
    lines = reader.view.overview_lines(group, low, high)
    return _listing(replies.OVERVIEW_FOLLOWS, lines, replies.NO_ARTICLE_IN_RANGE)


def xover(reader: Reader, words: list[bytes]) -> Answer:
    """XOVER: as OVER; an empty range is an empty list, for a 423 is an error box in Thunderbird."""
    group, low, high = _range(reader, words)
    return _listing(replies.OVERVIEW_FOLLOWS, reader.view.overview_lines(group, low, high), None)


def hdr(reader: Reader, words: list[bytes]) -> Answer:
    """HDR."""
    field = _field(words[0])
    if len(words) > 1 and words[1].startswith(b"<"):
        docno = reader.named(arguments.message_id(words[1]))
        return b"%s0 %s\r\n%s" % (replies.HEADERS_FOLLOW, reader.view.header_value(docno, field), replies.END)
    group, low, high = _range(reader, words[1:])
    lines = reader.view.header_lines(group, field, low, high, None)
    return _listing(replies.HEADERS_FOLLOW, lines, replies.NO_ARTICLE_IN_RANGE)


def xhdr(reader: Reader, words: list[bytes]) -> Answer:
    """XHDR: as HDR with RFC 2980's code, ``(none)`` for a header that is not there, and empty ranges as empty lists."""
    field = _field(words[0])
    if len(words) > 1 and words[1].startswith(b"<"):
        name = arguments.message_id(words[1])
        value = reader.view.header_value(reader.named(name), field)
        return b"%s%s %s\r\n%s" % (replies.OLD_HEADERS_FOLLOW, name, value or b"(none)", replies.END)
    group, low, high = _range(reader, words[1:])
    lines = reader.view.header_lines(group, field, low, high, None)
    return _listing(replies.OLD_HEADERS_FOLLOW, (_EMPTY_VALUE.sub(rb"\1 (none)\r", chunk) for chunk in lines), None)


def xpat(reader: Reader, words: list[bytes]) -> Answer:
    """XPAT: the header lines whose value matches a pattern; further arguments continue it after a space."""
    field = _field(words[0])
    try:
        pattern = parse_old_pattern(b" ".join(words[2:]))
    except WildmatError as error:
        raise arguments.ArgumentError from error
    if words[1].startswith(b"<"):
        name = arguments.message_id(words[1])
        value = reader.view.header_value(reader.named(name), field)
        line = b"%s %s\r\n" % (name, value) if pattern.matches(value) else b""
        return replies.OLD_HEADERS_FOLLOW + line + replies.END
    group, low, high = _range(reader, words[1:2])
    lines = reader.view.header_lines(group, field, low, high, None)
    return _listing(replies.OLD_HEADERS_FOLLOW, _matching(lines, pattern), None)


def _field(word: bytes) -> bytes:
    field = arguments.header_name(word)
    if field.startswith(b":") and field.lower() not in METADATA:
        raise RefusedError(replies.UNKNOWN_METADATA)
    return field


def _range(reader: Reader, words: list[bytes]) -> tuple[int, int, int]:
    """Return (group, first, last) of a range argument, or of the current article when there is none.

    Asking for them is a look into the newsgroup.
    """
    if not words:
        group, low, _ = reader.current()
        high = low
    else:
        low, high = arguments.number_range(words[0])
        group = reader.selected()
    reader.look(high)
    return group, low, high


def _listing(reply: bytes, chunks: Iterator[bytes], nothing: bytes | None) -> Answer:
    """Return an answer of chunks between its reply and its end; ``nothing`` is the reply when there are none."""
    if nothing is None:
        return _stream(reply, chunks)
    return _stream_unless_empty(reply, chunks, nothing)


def _stream(reply: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield reply
    yield from chunks
    yield replies.END


def _stream_unless_empty(reply: bytes, chunks: Iterator[bytes], nothing: bytes) -> Iterator[bytes]:
    for chunk in chunks:
        if chunk:
            yield reply
            yield chunk
            yield from chunks
            yield replies.END
            return
        yield b""
    yield nothing


def _matching(chunks: Iterator[bytes], pattern: Wildmat) -> Iterator[bytes]:
    """Yield of ready ``number value`` lines those whose value matches."""
    cost = len(pattern.text)
    required = pattern.required
    for chunk in chunks:
        found = []
        spent = 0
        for line in chunk.split(b"\r\n"):
            if required not in line or not line:
                continue
            value = line[line.index(b" ") + 1 :]
            if pattern.matches(value):
                found.append(line + b"\r\n")
            spent += (len(value) + 8) * cost
            if spent > MATCHING_STEP:
                yield b"".join(found)
                found.clear()
                spent = 0
        yield b"".join(found)
