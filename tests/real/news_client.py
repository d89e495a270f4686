"""A small NNTP client (RFC 3977): as much as the tests say."""

from __future__ import annotations

import socket
from collections.abc import Iterable


class NewsClient:
    """A connection to an NNTP server on this machine."""

    def __init__(self, port: int, seconds: float = 30.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), seconds)
        self._file = self._socket.makefile("rb")
        self.greeting = self._line()

    def __enter__(self) -> NewsClient:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection without a word."""
        self._file.close()
        self._socket.close()

    def _line(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError(f"the connection ended after {line!r}")
        return line[:-2].decode("utf-8", "surrogateescape")

    def command(self, line: str) -> str:
        """Send a command; return the status line."""
        self._socket.sendall(line.encode() + b"\r\n")
        return self._line()

    def lines(self, line: str) -> list[str]:
        """Send a command with a multi-line answer; return its lines, the dots unstuffed.

        Raises AssertionError where the status is none of 1xx and 2xx.
        """
        status = self.command(line)
        assert status[0] in "12", f"{line}: {status}"
        return list(self._block())

    def _block(self) -> Iterable[str]:
        while (line := self._line()) != ".":
            yield line.removeprefix(".")

    def group(self, name: str) -> tuple[int, int, int]:
        """Enter a group; return count, low and high water mark."""
        status = self.command(f"GROUP {name}")
        assert status.startswith("211 "), f"GROUP {name}: {status}"
        count, low, high = status.split()[1:4]
        return int(count), int(low), int(high)

    def overview(self, name: str) -> list[list[str]]:
        """Return the overview of a whole group: for each article its number, Subject, From, Date, Message-ID, ..."""
        _, low, high = self.group(name)
        if high < low:
            return []
        return [line.split("\t") for line in self.lines(f"OVER {low}-{high}")]

    def post(self, newsgroups: str, subject: str, body: str, *fields: str) -> str:
        """Post an article; return the status line of the verdict."""
        status = self.command("POST")
        assert status.startswith("340"), status
        head = [f"Newsgroups: {newsgroups}", f"Subject: {subject}", "From: Reader <reader@example.invalid>", *fields]
        text = "\r\n".join([*head, "", *(f".{line}" if line.startswith(".") else line for line in body.split("\n"))])
        self._socket.sendall(text.encode() + b"\r\n.\r\n")
        return self._line()
