"""Which authors have standing at a node: known here by those whom the node trusts anyway.

Standing begins with whom a forum's root names, who writes at this node, and who is read here.  It goes on to whom they
answer or answered before, and from there further.  Who answers others gains nothing, and neither does who only waits:
keys of a flood can do both.  For each author it is remembered who answered, so blocking one takes standing from all who
have it by that one.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

import attrs

DAY = 86_400.0


@attrs.frozen
class StandingLimits:
    """Bounds of what is remembered of authors."""

    authors: int = 20_000
    """who have standing, 64 bytes each; who was seen longest ago is forgotten first"""

    answered_a_day: int = 20
    """authors to whom one author gives standing a day by answering: a person hardly meets more newcomers, and a key
    that got in by mistake brings no thousands in before somebody blocks it"""

    read_a_day: int = 50
    """authors a day that get standing by being read: a program that fetches all articles opens no door to a flood"""

    newcomers: int = 5_000
    """authors without standing of whom it is remembered whom they answered: 2 MB"""


class Standing:
    """The authors (keys, 32 bytes) with standing at one node.  ``now`` is monotonic seconds."""

    def __init__(
        self, limits: StandingLimits | None = None,
        blocked: Container[bytes] = (),
    ) -> None:
        """``blocked`` are the authors that the node blocks, as they are when one looks."""
        self._limits = limits or StandingLimits()
        self._answered_by: dict[bytes, bytes] = {}
        self._blocked = blocked
        self._given: dict[bytes, int] = {}
        self._whom: dict[bytes, dict[bytes, None]] = {}
        """{author without standing: whom that one answered}"""
        self._day_from = 0.0
        self._by_reading = 0

    @property
    def entries(self) -> tuple[tuple[bytes, bytes], ...]:
        """(author, who answered; b"" where trusted without) of all, the one who was seen longest ago first."""
        return tuple(self._answered_by.items())

    def restore(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Go on with what ``entries`` was when the node ran last."""
        self._answered_by = dict(entries)

    def __contains__(self, author: bytes) -> bool:
        seen = 0
        while author in self._answered_by and author not in self._blocked:
            author = self._answered_by[author]
            if not author:
                return True
            seen += 1
            if seen > len(self._answered_by):
                return False
        return False

    def trust(self, author: bytes, now: float) -> list[bytes]:
        """Give an author standing, or remember that one was seen; return who has standing by that now."""
        return self._give(author, b"", now)

    def seen(self, author: bytes) -> None:
        """Note that an author with standing writes."""
        self._answered_by[author] = self._answered_by.pop(author)

    def answered(self, by: bytes, author: bytes, now: float) -> list[bytes]:
        """Note that one author answered another one; return who has standing by that now."""
        if by == author or author in self:
            return []
        if by in self:
            return self._give(author, by, now)
        whom = self._whom.setdefault(by, {})
        if len(whom) < self._limits.answered_a_day:
            whom[author] = None
        if len(self._whom) > self._limits.newcomers:
            del self._whom[next(iter(self._whom))]
        return []

    def read(self, author: bytes, now: float) -> list[bytes]:
        """Note that an author is read here; return who has standing by that now."""
        self._begin_day(now)
        if author in self or self._by_reading >= self._limits.read_a_day:
            return []
        self._by_reading += 1
        return self._give(author, b"", now)

    def _give(self, author: bytes, by: bytes, now: float) -> list[bytes]:
        """Give standing to an author, and to those whom that one answered before."""
        self._begin_day(now)
        gained = []
        queue = [(author, by)]
        while queue:
            author, by = queue.pop()
            if by and author in self:
                continue
            given = self._given.get(by, 0)
            if self._answered_by.get(by) and given >= self._limits.answered_a_day:
                continue
            self._given[by] = given + 1
            if author not in self:
                gained.append(author)
            former = self._answered_by.pop(author, None)
            if former is None and len(self._answered_by) >= self._limits.authors:
                del self._answered_by[next(iter(self._answered_by))]
            self._answered_by[author] = by
            queue += ((one, author) for one in self._whom.pop(author, ()))
        return gained

    def _begin_day(self, now: float) -> None:
        if now >= self._day_from + DAY:
            self._day_from, self._by_reading = now, 0
            self._given.clear()
