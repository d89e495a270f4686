"""The receiving half of a link: bytes become messages, documents and control frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cliquenntp.link import framing

Decode = Callable[[bytes], Iterable[Any]]
"""A frame's content to its messages; ValueError when it breaks the protocol."""


class Receiver:
    """Takes bytes and tells what they bring, in order.

    ``message`` gets a message and the body that came behind it (None: it has none), ``pieces`` a message whose body
    goes on, ``control`` a frame of the link's own.  ``goes_on`` says whether any of them has ended the link.
    """

    def __init__(
        self,
        decode: Decode,
        message: Callable[[Any, bytes | None], None],
        pieces: Callable[[Any], None],
        control: Callable[[framing.Control], None],
        goes_on: Callable[[], bool],
    ) -> None:
        self._decode = decode
        self._message = message
        self._pieces = pieces
        self._control = control
        self._goes_on = goes_on
        self._decoder = framing.FrameDecoder()
        self._body_of: Any = None

    @property
    def frames(self) -> int:
        """Frames taken so far."""
        return self._decoder.frames

    @property
    def unfinished(self) -> bool:
        """Whether a frame or a body has begun and not ended."""
        return self._decoder.unfinished

    def take(self, data: bytes) -> bool:
        """Take bytes; return whether what was unfinished has gone on.  ValueError when they break the protocol."""
        decoder = self._decoder
        was_unfinished, step = decoder.unfinished, decoder.step
        for found in decoder.feed(data):
            self._take_frame(found)
            if not self._goes_on():
                return True
        return decoder.step != step or not (was_unfinished and decoder.unfinished)

    def _take_frame(self, found: framing.Found) -> None:
        if isinstance(found, framing.Messages):
            for message in self._decode(found.content):
                self._message(message, None)
                if not self._goes_on():
                    return
        elif isinstance(found, framing.BodyBegun):
            messages = list(self._decode(found.content))
            if len(messages) > 1:
                raise ValueError(f"{len(messages)} messages before one body")
            # None of a kind that this version knows: the body of a later version's message is passed over.
            self._body_of = messages[0] if messages else None
        elif isinstance(found, framing.BodyGoesOn):
            if self._body_of is not None:
                self._pieces(self._body_of)
        elif isinstance(found, framing.BodyEnded):
            message, self._body_of = self._body_of, None
            if message is not None:
                self._message(message, found.body)
        else:
            self._control(found)
