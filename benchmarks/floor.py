"""The floor: a bare Twisted protocol that says recorded bytes, for what no server made with Twisted can go below.

    python -m benchmarks.floor FILE        FILE: a pickled dictionary, request line with its CRLF to answer

It prints its port, and serves until its standard input ends.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from twisted.internet import endpoints, reactor, stdio
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


class UntilClosed(Protocol):
    """Ends the process when its standard input ends."""

    def connectionLost(self, reason: object = None) -> None:
        """Stop."""
        if reactor.running:  # type: ignore[attr-defined]  # not where a signal has stopped it
            reactor.stop()  # type: ignore[attr-defined]


class Floor:
    """A process that answers as a server did when it was recorded."""

    def __init__(self, folder: Path, answers: Mapping[bytes, bytes]) -> None:
        path = folder / "recorded"
        path.write_bytes(pickle.dumps(dict(answers)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.floor", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self.server = Server("floor", port, processes=Tree([self._process.pid]))

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
    answers = pickle.loads(Path(sys.argv[1]).read_bytes())
    factory = Factory.forProtocol(lambda: Echo(answers))  # type: ignore[arg-type]
    listening = endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(factory)
    listening.addCallback(lambda port: print(port.getHost().port, flush=True))
    stdio.StandardIO(UntilClosed())
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
