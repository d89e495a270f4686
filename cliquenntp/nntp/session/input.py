"""What the client sends, cut into command lines and articles, however its bytes arrive.

Only CRLF ends a line and only CRLF.CRLF ends an article.  Whoever takes LF.LF or LF.CRLF for an end as well lets an
author smuggle commands through another server, so a bare LF refuses its whole line, and in an article it is left for
``flaw`` to find.
"""

from __future__ import annotations

import enum

LINE_LIMIT = 512
"""octets of a command line with its CRLF: RFC 3977 section 3.1"""

_END = b"\r\n.\r\n"


class BadLine(enum.Enum):
    """Why a line was refused; its rest is swallowed."""

    TOO_LONG = enum.auto()
    BARE_LINE_FEED = enum.auto()


class Input:
    """The bytes received and not yet used."""

    __slots__ = ("_article", "_at", "_buffer", "_kept", "_swallowing", "bad_start")

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._swallowing = False
        self._article: bytearray | None = None
        self._kept = 0
        self.bad_start = b""
        """the first octets of the line refused last"""

    def feed(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._at == len(self._buffer):
            self._buffer = data
        else:
            self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def rest(self) -> bytes:
        """Take out what has not been used."""
        rest, self._buffer, self._at = self._buffer[self._at :], b"", 0
        return rest

    def __len__(self) -> int:
        return len(self._buffer) - self._at

    def line(self) -> bytes | BadLine | None:
        """Return the next command line without its CRLF, or why it is refused, or None until more bytes come."""
        if self._swallowing and not self._swallow():
            return None
        buffer, at = self._buffer, self._at
        end = buffer.find(b"\n", at)
        if end < 0:
            if len(buffer) - at <= LINE_LIMIT:
                return None
            return self._refuse(BadLine.TOO_LONG, at + LINE_LIMIT)
        if end + 1 - at > LINE_LIMIT:
            return self._refuse(BadLine.TOO_LONG, at + LINE_LIMIT)
        if end == at or buffer[end - 1] != 13:
            return self._refuse(BadLine.BARE_LINE_FEED, end)
        self._at = end + 1
        return buffer[at : end - 1]

    def _refuse(self, reason: BadLine, end: int) -> BadLine:
        self.bad_start = self._buffer[self._at : end]
        self._swallowing = True
        return reason

    def _swallow(self) -> bool:
        """Drop bytes up to the next CRLF; tell whether it has come."""
        end = self._buffer.find(b"\r\n", self._at)
        if end < 0:
            # a CR may be half of the CRLF
            self._buffer = b"\r" if self._buffer.endswith(b"\r") else b""
            self._at = 0
            return False
        self._at = end + 2
        self._swallowing = False
        return True

    def article(self, limit: int) -> tuple[bytes | None, int] | None:
        """Return the article that follows, or None until all of it has come.

        With it comes its size in octets as sent, the ending line apart.  Dots are unstuffed.  Of an article larger
        than ``limit`` nothing is kept: None and its size.
        """
        if self._article is None:
            # the CRLF of the command line begins an ending line too: an article may be empty
            self._article = bytearray(b"\r\n")
            self._kept = 0
        article = self._article
        searched = max(0, len(article) - 4)
        article += self._buffer[self._at :] if self._at else self._buffer
        self._buffer, self._at = b"", 0
        end = article.find(_END, searched)
        if end < 0:
            if self._kept + len(article) - 2 > limit + 4:  # the last 4 may belong to the ending line
                self._kept += len(article) - 4
                del article[:-4]
            return None
        size = self._kept + end
        self._buffer = bytes(article[end + 5 :])
        self._article = None
        if size > limit:
            return None, size
        raw = bytes(article[: end + 2])
        if b"\r\n." in raw:
            raw = raw.replace(b"\r\n.", b"\r\n")
        return raw[2:], size


def flaw(article: bytes) -> str | None:
    """Return why an article's octets are not lawful (RFC 3977 section 3.6: no NUL, CR and LF only as CRLF), or None."""
    if b"\0" in article:
        return "the article contains NUL"
    pairs = article.count(b"\r\n")
    if article.count(b"\n") != pairs:
        return "the article contains a bare LF: lines end with CRLF"
    if article.count(b"\r") != pairs:
        return "the article contains a bare CR: lines end with CRLF"
    return None
