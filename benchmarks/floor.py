"""The floor: a bare Twisted protocol that says recorded bytes, for what no server made with Twisted can go below.

    python -m benchmarks.floor FOLDER

The folder's file ``recorded`` is a pickled dictionary, request line with its CRLF to answer.  It prints three ports,
and serves until its standard input ends: the first answers what is recorded, the second takes every article that is
posted or fed, and the third does so when the article is signed and on the disk.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet import reactor, stdio
from twisted.internet.protocol import Factory, Protocol

from benchmarks.nntp_clients import END, Server, Workload
from benchmarks.processes import Tree
from tests.nntp_client import NewsClient


class Echo(Protocol):
    """Answers each line with what is recorded for it."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self._answers = answers
        self._received = b""

    def connectionMade(self) -> None:
        """Greet."""
        self.transport.setTcpNoDelay(True)  # type: ignore[union-attr]
        self.transport.write(self._answers[b""])  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        """Answer the lines that are whole."""
        *lines, self._received = (self._received + data).split(b"\r\n")
        self.transport.write(b"".join([self._answers[line] for line in lines]))  # type: ignore[union-attr]
        if b"QUIT" in lines:
            self.transport.loseConnection()  # type: ignore[union-attr]


Take = Callable[[bytes, Callable[[], None]], None]
"""Takes an article as it was sent, and calls what answers it when it is kept."""


class Taker(Protocol):
    """Takes what is said after POST and TAKETHIS, looking for nothing but its end."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._received = b""
        self._due = b""
        """the answer to the article under way"""

    def connectionMade(self) -> None:
        """Greet."""
        self.transport.setTcpNoDelay(True)  # type: ignore[union-attr]
        self.transport.write(b"200 Floor\r\n")  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        """Take the lines and articles that are whole."""
        self._received += data
        while True:
            taken, end, rest = self._received.partition(END if self._due else b"\r\n")
            if not end:
                return
            self._received = rest
            if self._due:
                self._take(taken, lambda due=self._due: self.transport.write(due))  # type: ignore[misc, union-attr]
                self._due = b""
            elif taken.startswith(b"TAKETHIS"):
                self._due = b"239%s\r\n" % taken.removeprefix(b"TAKETHIS")
            elif taken == b"POST":
                self._due = b"240 Taken\r\n"
                self.transport.write(b"340 Send it\r\n")  # type: ignore[union-attr]
            else:
                self.transport.write(b"200 Well\r\n")  # type: ignore[union-attr]


class Disk:
    """Keeps articles, each with a signature, in a file; what has come in one turn of the reactor goes there at once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._key = Ed25519PrivateKey.generate()
        self._waiting: list[tuple[bytes, Callable[[], None]]] = []

    def take(self, article: bytes, answer: Callable[[], None]) -> None:
        """Keep an article and answer then."""
        if not self._waiting:
            reactor.callLater(0, self._write)  # type: ignore[attr-defined]
        self._waiting.append((article, answer))

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        for article, _ in waiting:
            self._file.write(article + self._key.sign(hashlib.sha256(article).digest()))
        self._file.flush()
        os.fsync(self._file.fileno())
        for _, answer in waiting:
            answer()


class UntilClosed(Protocol):
    """Ends the process when its standard input ends."""

    def connectionLost(self, reason: object = None) -> None:
        """Stop."""
        if reactor.running:  # type: ignore[attr-defined]  # not where a signal has stopped it
            reactor.stop()  # type: ignore[attr-defined]


class Floor:
    """A process that answers as a server did when it was recorded."""

    def __init__(self, folder: Path, answers: Mapping[bytes, bytes]) -> None:
        (folder / "recorded").write_bytes(pickle.dumps(dict(answers)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.floor", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        processes = Tree([self._process.pid])
        self.server, self.taker, self.durable_taker = (
            Server("floor", port, feed_port=port, processes=processes)
            for port in map(int, self._process.stdout.readline().split())
        )

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()


def record(server: Server, workloads: Iterable[Workload]) -> dict[bytes, bytes]:
    """Return what a server says to the requests of some workloads, each with its prelude before it."""
    answers = {}
    for workload in workloads:
        with NewsClient(server.host, server.port) as client:
            answers[b""] = client.greeting.encode() + b"\r\n"
            for request in [*workload.prelude, *workload.requests]:  # type: ignore[misc]
                if request not in answers or request in workload.prelude:
                    client.send(request + b"\r\n")
                    answer = client.read_line()
                    if workload.multi_line and request not in workload.prelude:
                        while not answer.endswith(END):
                            answer += client.read_line()
                    answers[request] = answer
    return answers | {b"QUIT": b"205 Bye\r\n"}


def main() -> None:
    """Serve."""
    folder = Path(sys.argv[1])
    answers = pickle.loads((folder / "recorded").read_bytes())
    disk = Disk(folder / "taken")
    makers: list[Callable[[], Protocol]] = [
        lambda: Echo(answers), lambda: Taker(lambda _, answer: answer()), lambda: Taker(disk.take)
    ]
    ports = [
        reactor.listenTCP(0, Factory.forProtocol(make), interface="127.0.0.1")  # type: ignore[attr-defined, arg-type]
        for make in makers
    ]
    print(*(port.getHost().port for port in ports), flush=True)
    stdio.StandardIO(UntilClosed())
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
