"""Clients of an NNTP server that always have requests under way, and what they measure.

The server's CPU time comes from /proc, so the clients' own slowness changes requests/s, but not the CPU microseconds a
request, by which servers are compared.
"""

from __future__ import annotations

import itertools
import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence

import attrs

from benchmarks.processes import Tree
from tests.nntp_client import NewsClient

WARM_UP = 0.3
"""seconds before measuring"""

END = b"\r\n.\r\n"


@attrs.frozen
class Server:
    """A server under measurement."""

    name: str
    port: int
    feed_port: int | None = None
    """where it takes articles from other servers"""
    processes: Tree | None = None
    """for its CPU time and memory"""
    host: str = "127.0.0.1"
    restart_cold: Callable[[], Server] | None = None
    """ends it, drops what the machine has cached of its files, and starts it again, on other ports perhaps"""
    most_idle: int = 100_000
    """idle connections that may be held to measure their memory"""

    def cpu_seconds(self) -> float:
        """Return the CPU time it has used; 0 where its processes are unknown."""
        return self.processes.cpu_seconds() if self.processes else 0.0


@attrs.frozen
class Workload:
    """What the clients ask for."""

    title: str
    requests: Sequence[bytes] | Callable[[], Iterator[bytes]]
    """lines without CRLF, asked for in turn, over and over; or what yields endlessly many different ones for all the
    clients together"""
    multi_line: bool = True
    prelude: tuple[bytes, ...] = (b"MODE READER",)
    depth: int = 1
    """requests that are sent at once; the next when all are answered"""
    article: Callable[[], bytes] | None = None
    """what follows a 340"""
    clients: int | None = None
    is_feed: bool = False
    """whether it goes where the server takes articles from other servers"""


@attrs.frozen
class Measurement:
    """What came out."""

    title: str
    per_second: float
    cpu_microseconds: float | None
    """server CPU time a request"""
    megabytes_per_second: float
    median: float
    """seconds from a batch's first octet to its last"""
    slowest_percent: float
    refused: int = 0
    """articles that the server did not take"""


class Client:
    """One connection that always has a batch under way."""

    def __init__(self, server: Server, workload: Workload, requests: Iterator[bytes]) -> None:
        """Connect; ask what ``requests`` yields."""
        self._requests = requests
        port = server.feed_port if workload.is_feed else server.port
        assert port is not None
        self.socket = socket.create_connection((server.host, port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._workload = workload
        self._received = bytearray()
        for command in (b"", *workload.prelude):
            if command:
                self.socket.sendall(command + b"\r\n")
            while not self._received.endswith(b"\r\n"):
                self._received += self.socket.recv(4096)
            if self._received[:1] != b"2":
                raise SystemExit(f"{server.name}: {command.decode()}: {self._received.decode().strip()}")
            self._received.clear()
        self.requests = self.octets = self.refused = 0
        self.times: list[float] = []

    def begin(self) -> None:
        """Send the next batch."""
        self._left = self._workload.depth
        self._status_due = True
        self._started = time.perf_counter()
        self.socket.sendall(b"".join(b"%s\r\n" % next(self._requests) for _ in range(self._left)))

    def read(self) -> None:
        """Take what has come; go on when the batch is answered."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise SystemExit(f"{self._workload.title}: the server closed the connection")
        self.octets += len(data)
        received = self._received
        received += data
        if self._status_due and not self._workload.is_feed:
            if received[0] in b"45":
                raise SystemExit(f"{self._workload.title}: {received.decode('utf-8', 'replace').strip()}")
            self._status_due = False
        if self._workload.multi_line:
            self._left -= received.count(END)
            # an end may be cut by what comes next
            del received[: None if received.endswith(END) else -4]
        elif received.endswith(b"\r\n"):
            if received.startswith(b"340") and self._workload.article is not None:
                received.clear()
                self._status_due = True
                self.socket.sendall(self._workload.article())
                return
            self._left -= received.count(b"\r\n")
            self.refused += received.count(b"\n4") + received.startswith(b"4")
            received.clear()
        if self._left <= 0:
            self.requests += 1
            self.times.append(time.perf_counter() - self._started)
            self.begin()


def _shares(workload: Workload, clients: int) -> Iterator[Iterator[bytes]]:
    """Yield each client's requests: one endless stream for all, or the same list from different places on."""
    requests = workload.requests
    if callable(requests):
        yield from itertools.repeat(requests(), clients)
        return
    for index in range(clients):
        start = len(requests) * index // clients
        yield itertools.cycle([*requests[start:], *requests[:start]])


def measure(server: Server, workload: Workload, clients: int, seconds: float) -> Measurement:
    """Run a workload for some seconds and return what it took."""
    selector = selectors.DefaultSelector()
    connected = [
        Client(server, workload, requests) for requests in _shares(workload, workload.clients or clients)
    ]
    for client in connected:
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.begin()

    def turn_until(deadline: float) -> None:
        while time.perf_counter() < deadline:
            for key, _ in selector.select(0.5):
                key.data.read()

    turn_until(time.perf_counter() + WARM_UP)
    for client in connected:
        client.requests = client.octets = client.refused = 0
        client.times.clear()
    cpu = server.cpu_seconds()
    started = time.perf_counter()
    turn_until(started + seconds)
    while not any(client.requests for client in connected) and time.perf_counter() < started + 30 * seconds:
        turn_until(time.perf_counter() + 0.1)
    elapsed = time.perf_counter() - started
    cpu = server.cpu_seconds() - cpu
    for client in connected:
        client.socket.close()
    selector.close()
    requests = workload.depth * sum(client.requests for client in connected)
    if not requests:
        raise SystemExit(f"{server.name}: {workload.title}: nothing was answered within {elapsed:.0f} s")
    times = sorted(itertools.chain.from_iterable(client.times for client in connected))
    octets = sum(client.octets for client in connected)
    return Measurement(
        workload.title, requests / elapsed, cpu / requests * 1e6 if server.processes else None, octets / elapsed / 1e6,
        times[len(times) // 2], times[len(times) * 99 // 100], sum(client.refused for client in connected),
    )


def connect_and_quit(server: Server, seconds: float) -> Measurement:
    """Connect, say MODE READER and QUIT, over and over."""
    times = []
    octets = 0
    cpu = server.cpu_seconds()
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        before = time.perf_counter()
        with NewsClient(server.host, server.port) as client:
            client.pipeline(["MODE READER", "QUIT"])
            while line := client.read_line():
                octets += len(line)
        times.append(time.perf_counter() - before)
    elapsed = time.perf_counter() - started
    cpu = server.cpu_seconds() - cpu
    times.sort()
    return Measurement(
        "connect, MODE READER, QUIT", len(times) / elapsed, cpu / len(times) * 1e6 if server.processes else None,
        octets / elapsed / 1e6, times[len(times) // 2], times[len(times) * 99 // 100],
    )


def idle_memory(server: Server, connections: int) -> int:
    """Return the octets of memory that each of so many idle connections takes."""
    assert server.processes is not None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    before = server.processes.memory_bytes()
    held = [NewsClient(server.host, server.port) for _ in range(connections)]
    after = server.processes.memory_bytes()
    for client in held:
        client.close()
    return (after - before) // connections
