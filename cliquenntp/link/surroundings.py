"""What a session is given by its node: a clock, dice, limits, a codec, and an owner that is told what happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from cliquenntp.link.rate import Rate
from cliquenntp.link.refusal import Refusal
from cliquenntp.link.settings import LinkSettings
from cliquenntp.link.traffic import Traffic

if TYPE_CHECKING:
    from cliquenntp.link.session import LinkSession


class Codec(Protocol):
    """Both directions of one link (wire.LinkCodec): what is encoded must be sent in that order, all of it."""

    def encode(self, messages: Iterable[Any]) -> list[bytes]:
        """Return the contents of frames that carry the messages; ValueError when one is beyond the limits."""

    def decode(self, content: bytes) -> Iterable[Any]:
        """Return the messages of one frame's content; ValueError when it breaks the protocol."""


class Owner(Protocol):
    """Whoever has sessions: is told what happens to them."""

    def session_proved(self, session: LinkSession) -> Refusal | None:
        """Return why the peer (``session.peer``, just proved) may not open a link, or None."""

    def session_opened(self, session: LinkSession) -> None:
        """Take a session whose link is open."""

    def session_message(self, session: LinkSession, message: Any, body: bytes | None) -> None:
        """Take a message from an open link; ValueError when it breaks the protocol."""

    def session_pieces(self, session: LinkSession, message: Any) -> None:
        """Take note that a part of the body behind ``message`` has come; ValueError as above."""

    def session_failed(self, session: LinkSession, reason: str, refusal: Refusal | None) -> None:
        """Take note that a connection closed before its link was open."""

    def session_closed(self, session: LinkSession, reason: str, at_fault: bool) -> None:
        """Take note that an open link is closed; ``at_fault``: the peer broke the protocol."""

    def session_gone(self, session: LinkSession) -> None:
        """Take note that nothing is left of a connection."""


@attrs.frozen
class Surroundings:
    """What every session of a node shares."""

    clock: Any
    """IReactorTime"""
    settings: LinkSettings
    owner: Owner
    dice: Callable[[], float]
    rate: Rate
    """of the bodies of all links together"""
    make_codec: Callable[[], Codec]
    """makes the codec of one link"""
    traffic: Traffic
