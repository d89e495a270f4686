"""A load generator for any NNTP server: so many clients, each with one batch of requests under way.

    python -m benchmarks.nntp_load HOST:PORT [--pid PID] [--seconds N] [--clients N] [WORKLOAD ...]

What it asks for it finds on the server itself.  The server's CPU time is read from /proc, so the generator's own
slowness changes requests/s, but not the CPU microseconds a request, by which servers are compared.
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import selectors
import socket
import time
from collections.abc import Callable, Sequence

import attrs

from benchmarks.processes import cpu_seconds, memory_bytes
from tests.nntp_client import NewsClient

WARM_UP = 0.5
"""seconds before measuring"""

BIG_WINDOW = 10_000
POST_SIZE = 2048
END = b"\r\n.\r\n"


@attrs.frozen
class World:
    """What there is to ask for."""

    groups: tuple[bytes, ...]
    big: bytes
    """the newsgroup with the most articles"""
    numbers: tuple[int, ...]
    ids: tuple[bytes, ...]

    @classmethod
    def look(cls, host: str, port: int) -> World:
        """Ask a server what it has."""
        with NewsClient(host, port) as client:
            client.command("MODE READER")
            active = [line.split() for line in client.listing("LIST ACTIVE")[1]]
            sizes = {words[0]: int(words[1]) - int(words[2]) for words in active}
            groups = sorted(sizes, key=lambda name: (-sizes[name], name))
            client.command(f"GROUP {groups[0].decode()}")
            overview = [line.split(b"\t") for line in client.listing("XOVER 1-")[1]]
        numbers = tuple(int(fields[0]) for fields in overview)
        return cls(tuple(groups), groups[0], numbers, tuple(fields[4] for fields in overview))

    def windows(self, size: int) -> list[str]:
        """Return ranges of so many articles, or of all where there are fewer."""
        size = min(size, len(self.numbers))
        dice = random.Random(size)
        starts = [dice.randint(0, len(self.numbers) - size) for _ in range(200)]
        return [f"{self.numbers[start]}-{self.numbers[start + size - 1]}" for start in starts]


@attrs.frozen
class Workload:
    """What the clients ask for."""

    title: str
    requests: Sequence[bytes]
    """asked for in turn, over and over"""
    multi_line: bool = True
    prelude: tuple[bytes, ...] = ()
    depth: int = 1
    """requests that are sent at once; the next when all are answered"""
    article: Callable[[], bytes] | None = None
    """what follows the 340, for POST"""
    clients: int | None = None


def workloads(world: World) -> dict[str, Workload]:
    """Return what can be measured, by name."""
    dice = random.Random(1)
    ids = list(world.ids)
    dice.shuffle(ids)
    groups = list(world.groups[:200])
    dice.shuffle(groups)
    big = (b"GROUP " + world.big,)
    over = world.windows(BIG_WINDOW)
    in_over = min(BIG_WINDOW, len(world.numbers))
    serial = itertools.count(time.time_ns())

    def article() -> bytes:
        head = b"From: Load <load@example.com>\r\nNewsgroups: %s\r\n" % world.big
        head += b"Subject: load %d\r\n\r\n" % next(serial)
        line = b"The quick brown fox jumps over the lazy dog, and then does it again\r\n"
        return head + line * ((POST_SIZE - len(head)) // len(line)) + b".\r\n"

    return {
        "group": Workload("GROUP", [b"GROUP " + name for name in groups], False),
        "stat": Workload("STAT by message-id", [b"STAT " + name for name in ids], False),
        "article": Workload("ARTICLE by number", [b"ARTICLE %d" % n for n in world.numbers], True, big),
        "article-id": Workload("ARTICLE by message-id", [b"ARTICLE " + name for name in ids]),
        "head-pipelined": Workload("HEAD, 32 pipelined", [b"HEAD %d" % n for n in world.numbers], True, big, 32),
        "over-100": Workload("OVER of 100", [f"OVER {w}".encode() for w in world.windows(100)], True, big),
        "over-10000": Workload(f"OVER of {in_over:,}", [f"OVER {w}".encode() for w in over], True, big),
        "hdr-1000": Workload(
            "HDR Subject of 1,000", [f"HDR Subject {w}".encode() for w in world.windows(1000)], True, big
        ),
        "xpat-10000": Workload(
            f"XPAT over {in_over:,}", [f"XPAT Subject {w} *the*".encode() for w in over], True, big
        ),
        "list-active": Workload(f"LIST ACTIVE, {len(world.groups):,} groups", [b"LIST ACTIVE"]),
        "listgroup": Workload(f"LISTGROUP of {len(world.numbers):,}", [b"LISTGROUP " + world.big]),
        "newnews": Workload(
            f"NEWNEWS of {len(world.numbers):,}", [b"NEWNEWS %s 19900101 000000 GMT" % world.big]
        ),
        "post": Workload("POST 2 KB, 64 writers", [b"POST"], False, (), 1, article, 64),
    }


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


class Client:
    """One connection that always has a batch under way."""

    def __init__(self, host: str, port: int, workload: Workload, start: int) -> None:
        """Connect; ask from the workload's ``start``-th request on."""
        requests = workload.requests
        self._endless = itertools.cycle([*requests[start:], *requests[:start]])
        self.socket = socket.create_connection((host, port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._workload = workload
        self._received = bytearray()
        for command in (b"", b"MODE READER", *workload.prelude):
            if command:
                self.socket.sendall(command + b"\r\n")
            while not self._received.endswith(b"\r\n"):
                self._received += self.socket.recv(4096)
            if self._received[:1] != b"2":
                raise SystemExit(f"{command.decode()}: {self._received.decode().strip()}")
            self._received.clear()
        self.requests = 0
        self.octets = 0
        self.times: list[float] = []

    def begin(self) -> None:
        """Send the next batch."""
        self._left = self._workload.depth
        self._status_due = True
        self._started = time.perf_counter()
        self.socket.sendall(b"".join(b"%s\r\n" % next(self._endless) for _ in range(self._left)))

    def read(self) -> None:
        """Take what has come; go on when the batch is answered."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise SystemExit(f"{self._workload.title}: the server closed the connection")
        self.octets += len(data)
        received = self._received
        received += data
        if self._status_due:
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
            received.clear()
        if self._left <= 0:
            self.requests += 1
            self.times.append(time.perf_counter() - self._started)
            self.begin()


def measure(
    host: str, port: int, workload: Workload, clients: int, seconds: float, pid: int | None
) -> Measurement:
    """Run a workload for some seconds and return what it took."""
    selector = selectors.DefaultSelector()
    clients = workload.clients or clients
    shares = [len(workload.requests) * index // clients for index in range(clients)]
    connected = [Client(host, port, workload, start) for start in shares]
    for client in connected:
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.begin()

    def turn_until(deadline: float) -> None:
        while time.perf_counter() < deadline:
            for key, _ in selector.select(0.5):
                key.data.read()

    turn_until(time.perf_counter() + WARM_UP)
    for client in connected:
        client.requests = client.octets = 0
        client.times.clear()
    cpu = cpu_seconds(pid) if pid else 0.0
    started = time.perf_counter()
    turn_until(started + seconds)
    elapsed = time.perf_counter() - started
    cpu = (cpu_seconds(pid) if pid else 0.0) - cpu
    for client in connected:
        client.socket.close()
    selector.close()
    requests = workload.depth * sum(client.requests for client in connected)
    if not requests:
        raise SystemExit(f"{workload.title}: nothing was answered within {seconds} s")
    times = sorted(itertools.chain.from_iterable(client.times for client in connected))
    octets = sum(client.octets for client in connected)
    return Measurement(
        workload.title, requests / elapsed, cpu / requests * 1e6 if pid else None, octets / elapsed / 1e6,
        times[len(times) // 2], times[len(times) * 99 // 100],
    )


def connect_and_quit(host: str, port: int, seconds: float, pid: int | None) -> Measurement:
    """Connect, say MODE READER and QUIT, over and over."""
    times = []
    octets = 0
    cpu = cpu_seconds(pid) if pid else 0.0
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        before = time.perf_counter()
        with NewsClient(host, port) as client:
            client.pipeline(["MODE READER", "QUIT"])
            while line := client.read_line():
                octets += len(line)
        times.append(time.perf_counter() - before)
    elapsed = time.perf_counter() - started
    cpu = (cpu_seconds(pid) if pid else 0.0) - cpu
    times.sort()
    return Measurement(
        "connect, MODE READER, QUIT", len(times) / elapsed, cpu / len(times) * 1e6 if pid else None,
        octets / elapsed / 1e6, times[len(times) // 2], times[len(times) * 99 // 100],
    )


def idle_memory(host: str, port: int, connections: int, pid: int) -> int:
    """Return the octets of memory that each of so many idle connections takes."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    before = memory_bytes(pid)
    held = [NewsClient(host, port) for _ in range(connections)]
    after = memory_bytes(pid)
    for client in held:
        client.close()
    return (after - before) // connections


HEADER = f"{'':34}{'requests/s':>12}{'CPU us/request':>16}{'MB/s':>9}{'median us':>11}{'p99 us':>10}"


def row(measurement: Measurement) -> str:
    """Return a measurement as a line under HEADER."""
    cpu = "" if measurement.cpu_microseconds is None else f"{measurement.cpu_microseconds:,.1f}"
    return (
        f"{measurement.title:34}{measurement.per_second:>12,.0f}{cpu:>16}{measurement.megabytes_per_second:>9,.1f}"
        f"{measurement.median * 1e6:>11,.0f}{measurement.slowest_percent * 1e6:>10,.0f}"
    )


def run(
    host: str, port: int, pid: int | None, names: Sequence[str] = (), clients: int = 8, seconds: float = 3.0
) -> list[Measurement]:
    """Measure the named workloads, or all, and print each as soon as it is known."""
    known = workloads(World.look(host, port))
    unknown = set(names) - known.keys() - {"connect"}
    if unknown:
        raise SystemExit(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(known)} and connect")
    print(HEADER, flush=True)
    found = []
    for name, workload in known.items():
        if not names or name in names:
            found.append(measure(host, port, workload, clients, seconds, pid))
            print(row(found[-1]), flush=True)
    if not names or "connect" in names:
        found.append(connect_and_quit(host, port, seconds, pid))
        print(row(found[-1]), flush=True)
    return found


def main() -> None:
    """Measure a server that runs already."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", metavar="HOST:PORT")
    parser.add_argument("workloads", metavar="WORKLOAD", nargs="*", help="default: all")
    parser.add_argument("--pid", type=int, help="the server's process, for its CPU time and memory")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each workload (default: 3)")
    parser.add_argument("--clients", type=int, default=8, help="connections at once (default: 8)")
    parser.add_argument("--idle", type=int, help="measure the memory of so many idle connections, too")
    arguments = parser.parse_args()
    host, _, port = arguments.server.rpartition(":")
    run(host, int(port), arguments.pid, arguments.workloads, arguments.clients, arguments.seconds)
    if arguments.idle and arguments.pid:
        print(f"memory of an idle connection: {idle_memory(host, int(port), arguments.idle, arguments.pid):,} octets")


if __name__ == "__main__":
    main()
