"""A feed made of memory: what was taken once is held, and an article has a From."""

from __future__ import annotations

from zope.interface import implementer

from cliquenntp.interfaces import IFeed, Offer
from cliquenntp.nntp.session import PostResult


@implementer(IFeed)
class SmallFeed:
    """Wants what it does not hold, and has no opinion on."""

    def __init__(self) -> None:
        self.opinions = {b"<held@x>": Offer.HELD, b"<coming@x>": Offer.LATER}

    def offered(self, message_id: bytes) -> Offer:
        """See IFeed."""
        return self.opinions.get(message_id, Offer.WANTED)

    def take(self, message_id: bytes, article: bytes) -> PostResult:
        """As IFeed, at once."""
        if self.offered(message_id) is Offer.HELD:
            return PostResult(False, "it is here already")
        if b"From:" not in article:
            return PostResult(False, "it has no From")
        self.opinions[message_id] = Offer.HELD
        return PostResult(True, "received")
