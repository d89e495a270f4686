"""Commands to another news server and its replies to them, in order (RFC 3977 section 3).

    conversation.greeted                      False until the greeting has come; it is the first reply
    conversation.command(b"GROUP misc.test")  -> bytes to send; any number may be under way (pipelining, section 3.5)
    conversation.article(raw)                 -> bytes to send behind a 335, 340 or TAKETHIS
    conversation.receive(data)                -> the replies that are complete now, each with its command

Whether lines follow a reply is known from command and code alone.  A server that says what no RFC lets it say, or more
than one can hold, ends the conversation with ServerError.
"""

from __future__ import annotations

from collections import deque

import attrs

MOST_LINE_OCTETS = 8192
"""of a status line; RFC 3977 section 3.1 allows 512, some servers say more in an error"""

MOST_ANSWER_OCTETS = 16 << 20
"""of a reply's lines: 500 overview lines of 32 KiB; an article has less"""

MOST_COMMAND_OCTETS = 510
"""without its CRLF: RFC 3977 section 3.1"""

_WITH_LINES = {
    b"CAPABILITIES": (101,),
    b"ARTICLE": (220,),
    b"HEAD": (221,),
    b"XHDR": (221,),
    b"XOVER": (224,),
}
"""by the command, the codes behind which lines follow"""

_POSTING = (b"IHAVE", b"POST")
"""their 335 and 340 ask for the article, upon which comes a second reply"""


class ServerError(Exception):
    """A server does not speak as the RFCs say, or has said that it goes; the text tells what it did."""


@attrs.frozen
class Reply:
    """What a server said to one command."""

    command: bytes
    """as it was sent, without CRLF; empty for the greeting"""
    code: int
    text: bytes
    """of the status line, behind the code"""
    lines: tuple[bytes, ...] = ()
    """without CRLF and dot-stuffing"""

    def __str__(self) -> str:
        return f"{self.code} {self.text.decode('utf-8', 'replace')}"

    @property
    def raw(self) -> bytes:
        """The lines as an article: each with its CRLF."""
        return b"".join(line + b"\r\n" for line in self.lines)


class Conversation:
    """One connection to a server, without the connection."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque([b""])
        self._buffer = b""
        self._status: Reply | None = None
        """of the reply whose lines are coming"""
        self._lines: list[bytes] = []
        self._octets = 0

    @property
    def waiting(self) -> int:
        """How many replies are due."""
        return len(self._waiting)

    def command(self, line: bytes) -> bytes:
        """Return what sends a command (no CRLF in it).  ValueError where it cannot be one."""
        if len(line) > MOST_COMMAND_OCTETS or b"\r" in line or b"\n" in line or b"\0" in line:
            raise ValueError(f"no command: {line[:80]!a}")
        self._waiting.append(line)
        return line + b"\r\n"

    def article(self, raw: bytes) -> bytes:
        """Return what sends an article (lines with CRLF, dots not stuffed), its end mark included."""
        stuffed = raw.replace(b"\r\n.", b"\r\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")

    def receive(self, data: bytes) -> list[Reply]:
        """Return the replies that ``data`` completes.  Raises ServerError, after which the conversation is over."""
        replies: list[Reply] = []
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            reply = self._line(line.removesuffix(b"\r"))
            if reply is not None:
                replies.append(reply)
        if len(self._buffer) > (MOST_LINE_OCTETS if self._status is None else MOST_ANSWER_OCTETS):
            raise ServerError("it sends a line without an end")
        return replies

    def _line(self, line: bytes) -> Reply | None:
        if self._status is None:
            return self._status_line(line)
        if line == b".":
            reply = attrs.evolve(self._status, lines=tuple(self._lines))
            self._status = None
            self._lines, self._octets = [], 0
            return reply
        self._octets += len(line) + 2
        if self._octets > MOST_ANSWER_OCTETS:
            raise ServerError(f"its answer to {_shown(self._status.command)} has more than {MOST_ANSWER_OCTETS} octets")
        self._lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return None

    def _status_line(self, line: bytes) -> Reply | None:
        code, text = line[:3], line[4:]
        if not code.isdigit() or line[3:4] not in (b" ", b""):
            raise ServerError(f"it says {line[:80]!a} where a status line is due")
        if not self._waiting:
            raise ServerError(f"it says unasked: {line[:80]!a}")
        command = self._waiting.popleft()
        reply = Reply(command, int(code), text)
        word = command.partition(b" ")[0].upper()
        if reply.code in _WITH_LINES.get(word, ()):
            self._status = reply
            return None
        if word in _POSTING and reply.code in (335, 340):
            self._waiting.appendleft(b"article of " + command)
        return reply


def _shown(command: bytes) -> str:
    return command[:80].decode("utf-8", "replace")
