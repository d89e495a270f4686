"""A connection on its way to an open link: this side of the handshake, and how long the other end takes to answer."""

from __future__ import annotations

from collections.abc import Callable

from cliquenntp.link.handshake import Dialler, Listener
from cliquenntp.link.identity import Peer
from cliquenntp.link.refusal import HandshakeError, Refusal

MakeHandshake = Callable[[bytes], Dialler | Listener]
"""From the channel binding to this side of the handshake."""


class Opening:
    """The handshake of one connection.

    ``allow`` decides about a peer that has just proved itself; ``say`` sends bytes; ``seconds`` is the monotonic clock.
    """

    def __init__(
        self,
        make_handshake: MakeHandshake,
        allow: Callable[[], Refusal | None],
        say: Callable[[bytes], None],
        seconds: Callable[[], float],
    ) -> None:
        self._make_handshake = make_handshake
        self._allow = allow
        self._say = say
        self._seconds = seconds
        self._handshake: Dialler | Listener | None = None
        self._asked_at = 0.0
        self.round_trip = 0.0
        """seconds from what was said to the peer's proof"""
        self.refusal: Refusal | None = None
        """why no link opens, once that is so"""

    @property
    def peer(self) -> Peer | None:
        """The other node once it has proved itself, else None."""
        return self._handshake.peer if self._handshake is not None else None

    @property
    def finished(self) -> bool:
        """Whether both ends are through."""
        return self._handshake is not None and self._handshake.finished

    def begin(self, binding: bytes) -> None:
        """Say hello, or wait for it."""
        self._handshake = self._make_handshake(binding)
        self._asked_at = self._seconds()
        if isinstance(self._handshake, Dialler):
            self._say(self._handshake.begin())

    def receive(self, data: bytes) -> bytes:
        """Take bytes; return those that came behind the handshake.  Raises HandshakeError."""
        handshake = self._handshake
        if handshake is None:
            return b""
        unproved = handshake.peer is None
        try:
            reply = handshake.receive(data)
            if unproved and handshake.peer is not None:
                self.round_trip = self._seconds() - self._asked_at
                refusal = self._allow()
                if refusal is not None:
                    raise HandshakeError(refusal)
                if isinstance(handshake, Listener):
                    reply += handshake.accept()
        except HandshakeError as error:
            self.refusal = error.refusal
            raise
        self._say(reply)
        self._asked_at = self._seconds()
        return handshake.rest

    def refuse(self) -> None:
        """Tell the other end why no link opens."""
        if self._handshake is not None and self.refusal is not None:
            self._say(self._handshake.refuse(self.refusal))
