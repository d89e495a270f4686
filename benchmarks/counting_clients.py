"""Clients that cost as little as a client on Linux can, so that servers on the same processors show what they can do.

Each has one block of requests under way.  How many octets answer a block is learnt before, when the whole answer is
read; from then on the kernel wakes a client when all have come (SO_RCVLOWAT) and drops them uncopied (MSG_TRUNC).
An answer of another length is an error.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator, Sequence

import attrs

from benchmarks.nntp_clients import END, WARM_UP, Workload
from benchmarks.processes import cpu_seconds

BLOCKS = 64
"""different blocks of a workload"""

MOST_AT_ONCE = 1 << 20
"""octets that a client waits for: the kernel holds several MB for a connection"""

SECONDS_TO_ANSWER = 30.0

_RECEIVE_AT_LEAST = 18
"""SO_RCVLOWAT on Linux, which the socket module does not name"""


@attrs.frozen
class Block:
    """Requests that are sent at once."""

    requests: bytes
    answer: int
    """octets"""


@attrs.frozen
class Count:
    """What came out."""

    per_second: float
    client_microseconds: float
    """CPU time of all clients a request"""
    server_seconds: tuple[float, ...]
    """CPU time of each of the server's processes"""
    server_microseconds: float
    """CPU time of all of them a request"""


def connect(port: int, prelude: Sequence[bytes]) -> socket.socket:
    """Return a connection on which the commands of a workload's prelude are answered."""
    connection = socket.create_connection(("127.0.0.1", port), SECONDS_TO_ANSWER)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection.makefile("rb") as lines:
        lines.readline()
        for command in prelude:
            connection.sendall(command + b"\r\n")
            reply = lines.readline()
            assert reply.startswith(b"2"), reply
    return connection


def blocks_of(port: int, workload: Workload) -> list[Block]:
    """Ask a workload's requests, all of them for lists, and return them in blocks with the size of their answers."""
    requests, depth = workload.requests, workload.depth
    assert workload.multi_line and not callable(requests)
    found = []
    with connect(port, workload.prelude) as connection:
        for first in range(0, min(BLOCKS * depth, len(requests) - depth + 1), depth):
            block = b"".join(b"%s\r\n" % request for request in requests[first : first + depth])
            connection.sendall(block)
            answer = bytearray()
            while answer.count(END) < depth or not answer.endswith(END):
                octets = connection.recv(1 << 20)
                assert octets, "the server closed the connection"
                answer += octets
            assert answer.count(END) == depth and answer.startswith(b"22"), bytes(answer[:80])
            found.append(Block(block, len(answer)))
    return found


class _Client:
    """One connection that always has a block under way."""

    def __init__(self, connection: socket.socket, blocks: Iterator[Block]) -> None:
        self.connection = connection
        self._blocks = blocks
        self._unread = bytearray(MOST_AT_ONCE)
        """for recv_into, which leaves it as it is"""
        self._left = 0

    def begin(self) -> None:
        """Send the next block."""
        block = next(self._blocks)
        self._left = block.answer
        self._await()
        self.connection.sendall(block.requests)

    def _await(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, _RECEIVE_AT_LEAST, min(self._left, MOST_AT_ONCE))

    def is_answered(self) -> bool:
        """Drop what has come; return whether that was all, in which case the next block is sent."""
        octets = self.connection.recv_into(self._unread, 0, socket.MSG_TRUNC)
        self._left -= octets
        assert octets and self._left >= 0, "the answer is not the one that was learnt"
        if self._left:
            self._await()
            return False
        self.begin()
        return True


def _from(blocks: Sequence[Block], place: int) -> Iterator[Block]:
    while True:
        place = (place + 1) % len(blocks)
        yield blocks[place]


def count(
    port: int, blocks: Sequence[Block], workload: Workload, clients: int, seconds: float, pids: Sequence[int]
) -> Count:
    """Ask a server on loopback so many seconds, and return how often it answered, and what that took.

    ``blocks`` are those of ``blocks_of``, ``pids`` the server's processes.
    """
    poll = select.epoll()
    asking: dict[int, _Client] = {}
    for number in range(clients):
        connection = connect(port, workload.prelude)
        asking[connection.fileno()] = _Client(connection, _from(blocks, number * len(blocks) // clients))
        poll.register(connection.fileno(), select.EPOLLIN)

    def answered_until(deadline: float) -> int:
        answered = 0
        while time.perf_counter() < deadline:
            for descriptor, _ in poll.poll(0.5):
                answered += asking[descriptor].is_answered()
        return answered * workload.depth

    for client in asking.values():
        client.begin()
    answered_until(time.perf_counter() + WARM_UP)
    server, own = [cpu_seconds(pid) for pid in pids], time.process_time()
    began = time.perf_counter()
    answered = answered_until(began + seconds)
    elapsed = time.perf_counter() - began
    own = time.process_time() - own
    used = tuple(cpu_seconds(pid) - before for pid, before in zip(pids, server, strict=True))
    poll.close()
    for client in asking.values():
        client.connection.close()
    assert answered, "nothing was answered"
    return Count(answered / elapsed, own / answered * 1e6, used, sum(used) / answered * 1e6)
