"""Making room: which documents' texts go, oldest first, so that what people read and answer stays.

A document with a living child stays: whoever joins later gets whole threads, as a document can be stored only where its
first parent is held.  So a thread goes from its last answers up, and its starter when nothing below it is left.  What
only takes back others (cancels) stays as long as its forum, and so do roots and what is bookmarked.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import attrs

from cliquenntp.interfaces import IArchive, IRecord, IWildmat
from cliquenntp.newsgroup.retraction import approved_by, is_kept

EXPIRED = "expired"
"""why a document is gone"""


class Why(enum.Enum):
    """What made a document go."""

    AGE = "older than the forum keeps"
    UNREAD = "in a forum that nobody has read for long"
    FORUM_FULL = "the forum is full"
    FULL = "the node is full"


@attrs.frozen
class Rule:
    """What is kept of the forums that a wildmat names; the first rule that names a forum counts."""

    forums: IWildmat
    age: int | None = None
    """seconds since Clique-Time"""
    unread: int | None = None
    """seconds since an account looked last into the forum, or into anything in it"""
    octets: int | None = None
    """of documents, in each such forum"""


@attrs.frozen
class Expiry:
    """A document that goes."""

    docno: int
    root: int
    size: int
    why: Why


class Expiring:
    """One look at what has to go.  Nothing changes; whoever asks drops what is told."""

    def __init__(
        self, archive: IArchive, rules: Sequence[Rule], now: int, looked: Mapping[int, int], kept: Container[bytes],
    ) -> None:
        """Make a look.

        ``looked`` tells when somebody looked last into a forum (root's docno -> seconds since 1970 UTC), none: never;
        ``kept`` holds the ids of the documents that stay whatever the rules say.
        """
        self._archive = archive
        self._now = now
        self._looked = looked
        self._kept = kept
        self._rules = {root: _rule_for(archive.record(root), rules) for root in archive.forums()}
        self._forum_octets: Counter[int] = Counter()
        self._excess = 0
        self._oldest_kept: dict[int, int] = {}
        self._newest_gone: dict[int, int] = {}
        self._living: dict[int, int] = {}
        """documents that would go but for so many living children"""

    def find(self, docnos: Iterable[int], octets_held: int, octets_kept: int) -> Iterator[Expiry]:
        """Yield what goes, children before their parents.

        ``docnos``: all documents, the oldest (Clique-Time) first; ``octets_held`` of documents now, of which
        ``octets_kept`` may stay.
        """
        self._excess = octets_held - octets_kept
        rules = [rule for rule in self._rules.values() if rule is not None]
        if self._excess <= 0 and not rules:
            return
        docnos = list(docnos)
        if any(rule.octets is not None for rule in rules):
            for docno in docnos:
                if not self._archive.gone(docno):
                    record = self._archive.record(docno)
                    self._forum_octets[_root(record)] += record.size
        for docno in docnos:
            yield from self._judge(docno)

    def _judge(self, docno: int) -> Iterator[Expiry]:
        """Yield a document that goes, and then what stayed only for its sake."""
        waiting = [docno]
        while waiting:
            docno = waiting.pop()
            if self._archive.gone(docno) or self._stays(record := self._archive.record(docno)):
                continue
            why, root = self._reason(record), _root(record)
            if why is None:
                self._oldest_kept[root] = min(record.time, self._oldest_kept.get(root, record.time))
                continue
            if docno not in self._living:
                living = sum(1 for child in self._archive.children(docno) if self._keeps(child, record))
                if living:
                    self._living[docno] = living
                    continue
            self._excess -= record.size
            self._forum_octets[root] -= record.size
            self._newest_gone[root] = max(record.time, self._newest_gone.get(root, record.time))
            yield Expiry(docno, root, record.size, why)
            waiting += self._freed(record)

    def _keeps(self, child: int, parent: IRecord) -> bool:
        """Tell whether a child lives, and is more than an approval of its parent."""
        if self._archive.gone(child):
            return False
        return bool(approved_by(self._archive.record(child), self._archive) != parent.id)

    def _freed(self, record: IRecord) -> Iterator[int]:
        """Yield the parents whose last living child has gone."""
        for parent in record.parents:
            if parent in self._living:
                self._living[parent] -= 1
                if not self._living[parent]:
                    yield parent

    def horizons(self) -> dict[int, int]:
        """Return from which time on each forum is kept of which ``find`` told something: {root's docno: Clique-Time}.

        What is older and stays is there for what answers it, or was chosen to stay.
        """
        return {root: self._oldest_kept.get(root, newest + 1) for root, newest in self._newest_gone.items()}

    def _stays(self, record: IRecord) -> bool:
        return not record.parents or record.id in self._kept or is_kept(record, self._archive)

    def _reason(self, record: IRecord) -> Why | None:
        rule = self._rules.get(_root(record))
        if rule is not None:
            if rule.age is not None and record.time < self._now - rule.age:
                return Why.AGE
            if rule.unread is not None and self._looked.get(_root(record), 0) < self._now - rule.unread:
                return Why.UNREAD
            if rule.octets is not None and self._forum_octets[_root(record)] > rule.octets:
                return Why.FORUM_FULL
        return Why.FULL if self._excess > 0 else None


def _root(record: IRecord) -> int:
    root: int = record.roots[0]
    return root


def _rule_for(root: IRecord, rules: Sequence[Rule]) -> Rule | None:
    return next((rule for rule in rules if rule.forums.matches(root.name.encode("ascii"))), None)
