"""A plain NNTP client for tests: blocking, one command at a time or many at once."""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Iterable


def unchecked() -> ssl.SSLContext:
    """Return what takes any certificate, as a newsreader does whose user confirmed the fingerprint."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class NewsClient:
    """A connection to an NNTP server; status lines come without CRLF, lists without dot-stuffing."""

    def __init__(
        self, host: str, port: int, timeout: float = 30.0, context: ssl.SSLContext | None = None,
        stream: socket.socket | None = None,
    ) -> None:
        """Connect, or take a stream that leads to the server; with a context in TLS from the beginning."""
        self.socket = socket.create_connection((host, port), timeout) if stream is None else stream
        if self.socket.family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.socket = context.wrap_socket(self.socket)
        self._stream = self.socket.makefile("rb")
        self.greeting = self.read_line().rstrip(b"\r\n").decode()

    def __enter__(self) -> NewsClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self.socket.close()

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on in TLS, after a 382."""
        self._stream.close()
        self.socket = context.wrap_socket(self.socket)
        self._stream = self.socket.makefile("rb")

    def fingerprint(self) -> str:
        """Return the SHA-256 of the server's certificate, as newsreaders show it."""
        certificate = self.socket.getpeercert(binary_form=True)
        return hashlib.sha256(certificate).hexdigest().upper()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def read_line(self) -> bytes:
        """Return the next line with its CRLF; empty when the server closed."""
        return self._stream.readline()

    def status(self) -> str:
        """Return the next status line; EOFError when the server closed."""
        line = self.read_line()
        if not line.endswith(b"\r\n"):
            raise EOFError(f"the server closed after {line!r}")
        return line[:-2].decode("utf-8")

    def lines(self) -> list[bytes]:
        """Return the lines of a multi-line answer up to its end."""
        found = []
        while (line := self.read_line()) != b".\r\n":
            if not line.endswith(b"\r\n"):
                raise EOFError(f"the server closed after {line!r}")
            found.append(line[1:-2] if line.startswith(b".") else line[:-2])
        return found

    def command(self, text: str) -> str:
        """Send a command and return the status line."""
        self.send(text.encode() + b"\r\n")
        return self.status()

    def listing(self, text: str) -> tuple[str, list[bytes]]:
        """Send a command with a multi-line answer; return (status line, lines), no lines when it was refused."""
        status = self.command(text)
        return status, self.lines() if status[0] in "12" else []

    def post(self, article: bytes, command: str = "POST") -> str:
        """Post an article of CRLF lines and return the verdict's status line."""
        status = self.command(command)
        if not status.startswith("3"):
            return status
        stuffed = (b"\r\n" + article).replace(b"\r\n.", b"\r\n..")[2:]
        self.send(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return self.status()

    def pipeline(self, commands: Iterable[str]) -> None:
        """Send many commands at once; their answers are read one by one."""
        self.send("".join(f"{command}\r\n" for command in commands).encode())
