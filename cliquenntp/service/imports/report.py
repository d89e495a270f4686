"""What an import tells while it runs and when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs

MOST_LISTED = 100_000
"""refused articles listed with their reason, and repaired ones; more are only counted: some 15 MB of text"""


@attrs.frozen
class ImportProgress:
    """How far an import is."""

    phase: str
    """``reading`` (first pass, in the source's own unit) or ``storing`` (articles)"""
    done: int
    total: int
    articles: int
    """read, or stored, so far"""
    seconds: float
    """since the phase began"""

    @property
    def articles_per_second(self) -> float:
        """Return the phase's mean rate."""
        return self.articles / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return the seconds to the end of the phase at its mean rate, or None before anything was done."""
        return self.seconds * (self.total - self.done) / self.done if self.done else None


@attrs.define
class ImportReport:
    """What became of each article; ``read`` is the sum of taken, held, duplicates and refused (unless stopped)."""

    read: int = 0
    taken: int = 0
    held: int = 0
    """in the forum already, from an earlier import or a feed"""
    duplicates: int = 0
    """second and later articles with one Message-ID in this archive"""
    refused: int = 0
    repaired: int = 0
    refusals: list[tuple[str, str]] = attrs.Factory(list)
    """(article, reason)"""
    repairs: list[tuple[str, str]] = attrs.Factory(list)
    """(article, what was done to it); an article may have several"""
    forums: Counter[str] = attrs.Factory(Counter)
    """articles taken into each forum; a cross-post counts in each"""
    damage: str | None = None
    """why the archive could not be read to its end"""
    stopped: bool = False
    seconds: float = 0.0

    def refuse(self, name: str, reason: str) -> None:
        """Note an article that is not taken."""
        self.refused += 1
        if len(self.refusals) < MOST_LISTED:
            self.refusals.append((name, reason))

    def repair(self, name: str, repairs: tuple[str, ...]) -> None:
        """Note what was done to an article that is taken."""
        self.repaired += 1
        if len(self.repairs) < MOST_LISTED:
            self.repairs.extend((name, repair) for repair in repairs)

    def lines(self) -> Iterator[str]:
        """Yield the report for people: totals first, then each repaired and each refused article."""
        rate = self.taken / self.seconds if self.seconds > 0 else 0.0
        yield f"{self.read} articles read, {self.taken} taken in {self.seconds:.0f} s ({rate:.0f} articles/s)"
        yield f"{self.held} were there already, {self.duplicates} were duplicates in the archive"
        yield f"{self.repaired} of those taken were repaired, {self.refused} refused"
        if self.stopped:
            yield "stopped before the end; run it again to take the rest"
        if self.damage:
            yield f"the archive could not be read to its end: {self.damage}"
        for forum, count in sorted(self.forums.items()):
            yield f"  clique.{forum}: {count}"
        for repair, count in Counter(repair for _, repair in self.repairs).most_common():
            yield f"repaired, {count} times: {repair}"
        for name, repair in self.repairs:
            yield f"repaired {name}: {repair}"
        for name, reason in self.refusals:
            yield f"refused {name}: {reason}"
