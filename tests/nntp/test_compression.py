"""COMPRESS DEFLATE (RFC 8054)."""

from __future__ import annotations

import zlib

import pytest

from cliquenntp.nntp.session import State
from tests.nntp.session_wire import NOW, SessionWire
from tests.nntp.small_view import small_forum


class CompressedWire:
    """A client that compresses after its COMPRESS got 206."""

    def __init__(self) -> None:
        self.wire = SessionWire(small_forum())
        self.wire.send(b"COMPRESS DEFLATE\r\n")
        assert self.wire.output.endswith(b"206 Compression active\r\n")
        self._read = len(self.wire.output)
        self._shrinker = zlib.compressobj(9, zlib.DEFLATED, -15)
        self._expander = zlib.decompressobj(-15)

    def shrink(self, data: bytes) -> bytes:
        return self._shrinker.compress(data) + self._shrinker.flush(zlib.Z_SYNC_FLUSH)

    def ask(self, data: bytes, step: int = 1 << 20) -> bytes:
        compressed = self.shrink(data)
        for at in range(0, len(compressed), step):
            self.wire.send(compressed[at : at + step])
        output = self.wire.output[self._read :]
        self._read += len(output)
        return self._expander.decompress(output)


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_all_is_said_as_without(step: int) -> None:
    commands = b"GROUP clique.tea\r\nOVER 1-\r\nARTICLE 3\r\nPOST\r\nSubject: x\r\n\r\n..dots\r\n.\r\nLIST\r\nQUIT\r\n"
    plain = SessionWire(small_forum())
    begun = len(plain.output)
    plain.send(commands)
    compressed = CompressedWire()
    assert compressed.ask(commands, step) == plain.output[begun:]
    assert compressed.wire.posted == plain.posted
    assert compressed.wire.closed


def test_what_was_sent_ahead_is_taken_for_compressed() -> None:
    wire = SessionWire(small_forum())
    begun = len(wire.output)
    shrinker = zlib.compressobj(wbits=-15)
    wire.send(b"DATE\r\nCOMPRESS DEFLATE\r\n" + shrinker.compress(b"DATE\r\n") + shrinker.flush(zlib.Z_SYNC_FLUSH))
    plain, _, compressed = wire.output[begun:].partition(b"206 Compression active\r\n")
    assert plain == b"111 20261124120000\r\n"
    assert zlib.decompressobj(-15).decompress(compressed) == b"111 20261124120000\r\n"


def test_it_is_announced_while_it_can_be_had_and_begins_once() -> None:
    client = CompressedWire()
    assert b"COMPRESS" not in client.ask(b"CAPABILITIES\r\n")
    assert client.ask(b"COMPRESS DEFLATE\r\n").startswith(b"502 ")
    assert client.ask(b"DATE\r\n").startswith(b"111 ")


def test_long_answers_stay_in_order() -> None:
    client = CompressedWire()
    for number in range(5, 2000):
        client.wire.session._reader.view.add_article(b"clique.tea", number, b"x" * 300, b"", 0)
    output = client.ask(b"GROUP clique.tea\r\nOVER 1-\r\nDATE\r\n")
    assert output.count(b"\r\n") == 1 + 1 + 1998 + 1 + 1
    assert output.endswith(b"\r\n.\r\n111 20261124120000\r\n")


def test_a_broken_stream_ends_the_connection() -> None:
    client = CompressedWire()
    client.wire.send(b"\xff\xff\xff\xffDATE\r\n")
    assert client.wire.closed
    assert client.wire.faults == []


def test_octets_that_become_many_are_taken_in_steps() -> None:
    """50 MB of zeros in one line: swallowed in parts, answered once, others get their turn between."""
    client = CompressedWire()
    data = client.shrink(b"\0" * 5_000_000)
    client.wire.session.receive(data, NOW)
    calls = 1
    while client.wire.session.state is State.TALKING:
        client.wire.session.resume(NOW)
        calls += 1
    assert calls > 30
    client = CompressedWire()
    assert client.ask(b"\0" * 50_000_000 + b"\r\nDATE\r\n") == (
        b"501 A command line has at most 512 octets\r\n111 20261124120000\r\n"
    )
    assert client.wire.session.state is State.LISTENING
