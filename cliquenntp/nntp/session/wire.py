"""The bytes of a connection in both directions, compressed (RFC 8054) or not."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from cliquenntp.nntp.session.compression import Compression
from cliquenntp.nntp.session.input import Input


class BrokenStreamError(Exception):
    """What the client sends is no deflate stream."""


class Wire:
    """What the client has sent and is not used yet, as ``input``, and what is said to it."""

    __slots__ = ("_compression", "input")

    def __init__(self) -> None:
        self.input = Input()
        self._compression: Compression | None = None

    @property
    def unused(self) -> int:
        """Octets received and not yet used; of compressed ones at least 1."""
        return len(self.input) + (self._compression is not None and self._compression.waiting)

    def take(self, data: bytes) -> None:
        """Take octets from the client."""
        if self._compression is None:
            self.input.feed(data)
        else:
            self._compression.keep(data)

    def expand(self) -> bool:
        """Add a bounded part of the compressed octets that wait to ``input``; tell whether there was one."""
        if self._compression is None or not self._compression.waiting:
            return False
        try:
            self.input.feed(self._compression.expand())
        except zlib.error as error:
            raise BrokenStreamError from error
        return True

    def compress(self) -> None:
        """Compress from here on in both directions; what has come and was not used is compressed already."""
        self._compression = Compression()
        self._compression.keep(self.input.rest())

    @property
    def shrink(self) -> Callable[[bytes], bytes]:
        """What makes of octets that are said those that are written; ask before what may begin the compression."""
        return _as_it_is if self._compression is None else self._compression.shrink


def _as_it_is(said: bytes) -> bytes:
    return said
