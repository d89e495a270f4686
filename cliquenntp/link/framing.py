"""Frames of an open link: a kind (1 byte), a length (3 bytes) and that many bytes.  Pure.

Messages go in MESSAGES frames.  One that has a body goes in an ANNOUNCED frame (the body's length, the message), then
the body in PIECE frames; other messages, pings and pongs may come between the pieces, another body may not.  A frame
that breaks a rule ends the link: nothing behind it can be trusted.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator

import attrs

MAX_MESSAGE = 32 * 1024
"""Bytes of a frame besides a body's pieces: the protocol's bound on every message."""

PIECE_SIZE = 16 * 1024
"""Bytes of a body in one frame: at 16 KiB/s, slow for I2P, a message waits at most a second behind one."""

MAX_BODY = 1024 * 1024
"""Bytes of a body: the largest document."""

_HEADER = struct.Struct(">I")
_BODY_LENGTH = struct.Struct(">I")


class Kind(enum.IntEnum):
    """What a frame carries."""

    MESSAGES = 1
    ANNOUNCED = 2
    PIECE = 3
    PING = 4
    PONG = 5
    CLOSE = 6


_LIMITS = {
    Kind.MESSAGES: MAX_MESSAGE,
    Kind.ANNOUNCED: MAX_MESSAGE + _BODY_LENGTH.size,
    Kind.PIECE: PIECE_SIZE,
    Kind.PING: 8,
    Kind.PONG: 8,
    Kind.CLOSE: 200,
}


class FrameError(ValueError):
    """What came breaks the rules of frames; the message says how."""


@attrs.frozen
class Messages:
    """The content of a frame of messages."""

    content: bytes


@attrs.frozen
class BodyBegun:
    """The content of a frame whose one message has a body; the body follows."""

    content: bytes


@attrs.frozen
class BodyGoesOn:
    """A piece of the body has come that is not the last one."""


@attrs.frozen
class BodyEnded:
    """The body is whole."""

    body: bytes


@attrs.frozen
class Control:
    """A PING, PONG or CLOSE frame."""

    kind: Kind
    payload: bytes


Found = Messages | BodyBegun | BodyGoesOn | BodyEnded | Control


def frame(kind: Kind, payload: bytes) -> bytes:
    """Return one frame; FrameError when the payload is longer than frames of that kind may be."""
    if len(payload) > _LIMITS[kind]:
        raise FrameError(f"a {kind.name} frame has at most {_LIMITS[kind]} bytes, not {len(payload)}")
    return _HEADER.pack(kind << 24 | len(payload)) + payload


def farewell(reason: str) -> bytes:
    """Return the frame that ends a link and says why."""
    return frame(Kind.CLOSE, reason.encode("ascii", "replace")[: _LIMITS[Kind.CLOSE]])


def check_body(length: int) -> None:
    """Raise FrameError when a body of that length can't be sent."""
    if length > MAX_BODY:
        raise FrameError(f"a body has at most {MAX_BODY} bytes, not {length}")


def announced(content: bytes, body_length: int) -> bytes:
    """Return the frame that goes before the pieces of a body; FrameError when either is too long."""
    check_body(body_length)
    return frame(Kind.ANNOUNCED, _BODY_LENGTH.pack(body_length) + content)


def pieces(body: bytes) -> Iterator[bytes]:
    """Yield the frames of a body, in order; an empty body has none."""
    for start in range(0, len(body), PIECE_SIZE):
        yield frame(Kind.PIECE, body[start : start + PIECE_SIZE])


class FrameDecoder:
    """Cuts a stream into messages.  Holds at most one frame and one body, whatever comes."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._in_body = False
        self._body = bytearray()
        self._missing = 0
        self.frames = 0
        """frames taken so far"""
        self.step = 0
        """changes whenever what is unfinished goes on: inside a body only its pieces count"""

    @property
    def unfinished(self) -> bool:
        """Whether a frame or a body has begun and not ended."""
        return bool(self._buffer) or self._in_body

    def feed(self, data: bytes) -> Iterator[Found]:
        """Take bytes; yield what they complete.  Raises FrameError, after which the decoder is of no use."""
        self._buffer += data
        start = 0
        try:
            while len(self._buffer) - start >= _HEADER.size:
                (header,) = _HEADER.unpack_from(self._buffer, start)
                kind, length = self._known(header >> 24), header & 0xFFFFFF
                if length > _LIMITS[kind]:
                    raise FrameError(f"a {kind.name} frame of {length} bytes; at most {_LIMITS[kind]} are allowed")
                end = start + _HEADER.size + length
                if len(self._buffer) < end:
                    break
                payload = bytes(self._buffer[start + _HEADER.size : end])
                start = end
                self.frames += 1
                self.step += not self._in_body
                yield from self._take(kind, payload)
        finally:
            del self._buffer[:start]

    @staticmethod
    def _known(kind: int) -> Kind:
        try:
            return Kind(kind)
        except ValueError:
            raise FrameError(f"a frame of unknown kind {kind}") from None

    def _take(self, kind: Kind, payload: bytes) -> Iterator[Found]:
        if kind is Kind.MESSAGES:
            yield Messages(payload)
        elif kind is Kind.ANNOUNCED:
            yield self._begin_body(payload)
            if not self._missing:
                yield self._end_body()
        elif kind is Kind.PIECE:
            self._take_piece(payload)
            yield BodyGoesOn() if self._missing else self._end_body()
        else:
            yield Control(kind, payload)

    def _begin_body(self, payload: bytes) -> BodyBegun:
        if self._in_body:
            raise FrameError("a second body before the first has ended")
        if len(payload) < _BODY_LENGTH.size:
            raise FrameError("a body without its length")
        (length,) = _BODY_LENGTH.unpack_from(payload)
        if length > MAX_BODY:
            raise FrameError(f"a body of {length} bytes; at most {MAX_BODY} are allowed")
        self._in_body, self._missing = True, length
        return BodyBegun(payload[_BODY_LENGTH.size :])

    def _take_piece(self, payload: bytes) -> None:
        if not self._in_body:
            raise FrameError("a piece of a body that was not announced")
        if not payload or len(payload) > self._missing:
            raise FrameError("a piece that is empty or goes beyond its body's end")
        self.step += 1
        self._body += payload
        self._missing -= len(payload)

    def _end_body(self) -> BodyEnded:
        body, self._body = bytes(self._body), bytearray()
        self._in_body = False
        return BodyEnded(body)
