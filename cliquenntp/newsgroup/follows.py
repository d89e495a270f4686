"""Reading is subscribing: what an account follows because it reads, asked for by name, or left.

A follow **covers** a document when it is of that document, at either depth, or of one above it at depth ``all``.  So a
follow of a forum at depth ``comments`` leaves each thread to be followed by reading it, and reading the forum's own
newsgroup does not widen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from cliquenntp.interfaces import Follow, Reason

DAY = 86_400


@attrs.frozen
class FollowLimits:
    """How far reading leads."""

    by_reading: int = 200
    """follows that one account has by reading alone: more than a person keeps up with, and few enough that a robot
    which reads every newsgroup does not make the node a member of thousands of small networks"""

    lapse_seconds: int = 14 * DAY
    """from the last look on: longer than a holiday, short enough that a forum tried once is not pushed for ever"""


class AccountFollows:
    """What one account follows.  Every change is returned as the Follow to keep, for its owner to store."""

    def __init__(self, follows: Iterable[Follow], limits: FollowLimits) -> None:
        self._limits = limits
        self._follows = {follow.document: follow for follow in follows}
        self._by_reading = sum(1 for follow in self if follow.reason is Reason.READING)

    def __iter__(self) -> Iterator[Follow]:
        """Yield what is followed; what was left is not."""
        return (follow for follow in self._follows.values() if follow.reason is not Reason.LEFT)

    @property
    def is_full(self) -> bool:
        """Whether reading makes no further follow."""
        return self._by_reading >= self._limits.by_reading

    def get(self, document: bytes) -> Follow | None:
        """Return what the account thinks of a document itself, or None."""
        return self._follows.get(document)

    def covering(self, document: bytes, above: Iterable[bytes]) -> Follow | None:
        """Return the follow that covers a document, its own first; ``above``: the ids of all documents above it."""
        own = self._follows.get(document)
        if own is not None and own.reason is not Reason.LEFT:
            return own
        for ancestor in above:
            follow = self._follows.get(ancestor)
            if follow is not None and follow.reason is not Reason.LEFT and not follow.comments:
                return follow
        return None

    def started_by_reading(self, document: bytes, above: Iterable[bytes], now: int) -> Follow | None:
        """Return the follow that reading in a document's newsgroup starts, or None: covered, left, or too many."""
        if document in self._follows or self.is_full or self.covering(document, above) is not None:
            return None
        return Follow(document, Reason.READING, now)

    def renewed(self, document: bytes, above: Iterable[bytes], now: int) -> Follow | None:
        """Note a look at a document's newsgroup; return the follow that it keeps from lapsing, or None."""
        follow = self.covering(document, above)
        if follow is None or follow.looked >= now:
            return None
        self._follows[follow.document] = renewed = attrs.evolve(follow, looked=now)
        return renewed

    def keep(self, follow: Follow) -> None:
        """Take a follow, or the mark of having left, in place of what was thought of that document before."""
        self.forget(follow.document)
        self._follows[follow.document] = follow
        self._by_reading += follow.reason is Reason.READING

    def forget(self, document: bytes) -> None:
        """Think nothing of a document any more."""
        follow = self._follows.pop(document, None)
        self._by_reading -= follow is not None and follow.reason is Reason.READING

    def lapses(self, follow: Follow) -> int | None:
        """Return when a follow lapses unless it is renewed, seconds since 1970 UTC; None: never."""
        return follow.looked + self._limits.lapse_seconds if follow.reason is Reason.READING else None

    def lapsed(self, now: int) -> list[Follow]:
        """Return the follows whose time is over."""
        return [follow for follow in self if (lapses := self.lapses(follow)) is not None and lapses <= now]
