"""COMPRESS DEFLATE (RFC 8054): after the 206 both directions are one raw deflate stream each."""

from __future__ import annotations

import zlib

from cliquenntp.nntp.session import replies
from cliquenntp.nntp.session.command import Answer, Compress
from cliquenntp.nntp.session.reader import Reader

LEVEL = 1
"""of 9: overview lines shrink to a quarter with 1 and to a fifth with 6, which takes three times as long"""

WINDOW_BITS = -13
"""negative: raw deflate; 13 of 15: 8 KB of window, a compressed connection holds some 50 KB instead of 260"""

MEMORY_LEVEL = 6

EXPANSION_STEP = 1 << 16
"""octets that arriving ones may become at once: a megabyte of zeros comes in a kilobyte"""


def compress(reader: Reader, words: list[bytes]) -> Answer:
    """COMPRESS: 206, and compression from the next octet on; never twice (RFC 8054 section 2.2)."""
    if reader.compressed:
        return replies.ALREADY_COMPRESSED
    if words[0].upper() != b"DEFLATE":
        return replies.NO_SUCH_COMPRESSION
    reader.compressed = True
    return Compress(replies.COMPRESSION_ACTIVE)


class Compression:
    """The state of both directions."""

    __slots__ = ("_expander", "_shrinker", "_waiting")

    def __init__(self) -> None:
        self._shrinker = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW_BITS, MEMORY_LEVEL)
        self._expander = zlib.decompressobj(-zlib.MAX_WBITS)
        self._waiting = b""

    @property
    def waiting(self) -> bool:
        """Whether ``expand`` has more to give."""
        return bool(self._waiting)

    def keep(self, data: bytes) -> None:
        """Take octets from the client."""
        self._waiting += data

    def expand(self) -> bytes:
        """Return a bounded part of what the client said; zlib.error when it is no deflate stream."""
        found = self._expander.decompress(self._waiting, EXPANSION_STEP)
        self._waiting = self._expander.unconsumed_tail
        return found

    def shrink(self, data: bytes) -> bytes:
        """Return octets for the client, who can expand all of them at once."""
        return self._shrinker.compress(data) + self._shrinker.flush(zlib.Z_SYNC_FLUSH)
