"""Open loop: requests are sent when their time has come, whether the earlier ones are answered or not.

So a server that stands still for a moment is charged with every request that came meanwhile, as its users would do.
"""

from __future__ import annotations

import collections
import itertools
import multiprocessing
import selectors
import socket
import time
from collections.abc import Iterator, Sequence

from benchmarks.nntp_clients import END, Measurement, Server, Workload

READS_PER_SECOND = 5_000
ARRIVALS_PER_SECOND = 1_000
CONNECTIONS = 16
TICK = 0.002
"""seconds between two looks at what is due"""


class _Connection:
    """A connection with the times at which its unanswered requests were due."""

    def __init__(self, server: Server, workload: Workload, port: int) -> None:
        self.socket = socket.create_connection((server.host, port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._end = END if workload.multi_line else b"\r\n"
        self._tail = b""
        self.due: collections.deque[float] = collections.deque()
        for command in (b"", *workload.prelude):
            if command:
                self.socket.sendall(command + b"\r\n")
            while not self.socket.recv(4096).endswith(b"\r\n"):
                pass

    def send(self, request: bytes, due: float) -> None:
        """Send a request that was due at a time."""
        self.due.append(due)
        self.socket.sendall(request + b"\r\n")

    def read(self) -> list[float]:
        """Take what has come; return what the answered requests took, in seconds since they were due."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise SystemExit("the server closed the connection")
        received = self._tail + data
        count = received.count(self._end)
        self._tail = b"" if received.endswith(self._end) else received[-(len(self._end) - 1) :]
        now = time.perf_counter()
        return [now - self.due.popleft() for _ in range(count)]


def drive(
    server: Server, workload: Workload, per_second: float, seconds: float, requests: Iterator[bytes]
) -> list[float]:
    """Send so many requests a second; return what each took, in seconds since it was due."""
    port = server.feed_port if workload.is_feed else server.port
    assert port is not None
    connections = [_Connection(server, workload, port) for _ in range(CONNECTIONS)]
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    turns = itertools.cycle(connections)
    found: list[float] = []
    started = time.perf_counter()
    sent, total = 0, int(per_second * seconds)
    while len(found) < total:
        now = time.perf_counter()
        while sent < total and started + sent / per_second <= now:
            next(turns).send(next(requests), started + sent / per_second)
            sent += 1
        for key, _ in selector.select(TICK):
            found += key.data.read()
        if time.perf_counter() > started + seconds + 60:
            raise SystemExit(f"{server.name}: {total - len(found)} requests are not answered after a minute")
    for connection in connections:
        connection.socket.close()
    return found


def _feed(server: Server, workload: Workload, seconds: float) -> None:
    assert callable(workload.requests)
    drive(server, workload, ARRIVALS_PER_SECOND, seconds, workload.requests())


def reads_while_articles_arrive(
    server: Server, reading: Workload, feeding: Workload, seconds: float
) -> Measurement:
    """Read at READS_PER_SECOND while another process feeds ARRIVALS_PER_SECOND articles."""
    bare = Server(server.name, server.port, server.feed_port, host=server.host)  # goes to another process
    feeder = multiprocessing.Process(target=_feed, args=(bare, feeding, seconds + 1))
    assert isinstance(reading.requests, Sequence)
    cpu = server.cpu_seconds()
    feeder.start()
    time.sleep(0.5)
    times = sorted(drive(server, reading, READS_PER_SECOND, seconds, itertools.cycle(reading.requests)))
    feeder.join()
    cpu = server.cpu_seconds() - cpu
    return Measurement(
        f"ARTICLE, {READS_PER_SECOND:,}/s open loop, {ARRIVALS_PER_SECOND:,} articles/s arrive",
        len(times) / seconds, cpu / len(times) * 1e6, 0.0, times[len(times) // 2], times[len(times) * 99 // 100],
    )
