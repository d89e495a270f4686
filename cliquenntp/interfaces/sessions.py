"""What takes that which sessions bring: looks, and articles of other news servers."""

from __future__ import annotations

import enum
from collections.abc import Container, Iterable
from typing import Any

from zope.interface import Interface

from cliquenntp.interfaces.identities import Identity


class IReading(Interface):
    """What follows from somebody's reading: sessions tell it who reads where."""

    def looked(identity: Identity, group: int) -> bool:
        """Note that somebody reads in a newsgroup; return whether what it lacks is only now being fetched."""

    def polled(identity: Identity, group: int) -> None:
        """Note that somebody's newsreader asked how many articles a newsgroup has: it may do so without its user."""

    def opened(identity: Identity, docno: int) -> None:
        """Note that somebody's newsreader took an article's text: its author is read here."""

    def subscriptions(identity: Identity) -> Container[int] | None:
        """Return the docnos of the forums that somebody follows, all or parts of them; None: nobody keeps count."""

    def notices(identity: Identity) -> Iterable[str]:
        """Return what the node has to tell somebody, for LIST MOTD; each line at most 510 octets."""


class Offer(enum.Enum):
    """Whether an article that another news server has is wanted here."""

    WANTED = enum.auto()
    HELD = enum.auto()
    """it is here, or never will be"""
    LATER = enum.auto()
    """somebody is sending it, or there is no room for more just now"""


class IFeed(Interface):
    """What takes articles that other news servers have."""

    def offered(message_id: bytes) -> Offer:
        """Tell whether the article with a Message-ID (with its angle brackets) is wanted."""

    def take(message_id: bytes, article: bytes) -> Any:
        """Take an article (CRLF lines) that was offered under a Message-ID.

        Return a Deferred that fires with a PostResult when it is stored, or refused.
        """
