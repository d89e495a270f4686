"""How much a node takes of authors without standing: by author, by the peer that brings it, by document, by forum.

    author with standing:  the author's bucket (large)
    newcomer:              the peer's bucket, the author's (small), the answered document's, and last the forum's
    the past:              what one lacks who joins or comes back: the bucket of one peer, the first to be compared with
    needed:                what an author with standing answers: none

New keys cost nothing, so all newcomers of a forum share one bucket, which fills with what authors with standing write:
that is what keeps a forum readable, whatever a flood does.  That newcomers find room in it beside a flood is for the
peers' buckets.  No honest node passes on more of newcomers than it takes itself, so who brings twice as much as that
is flooding; of such a peer next to nothing is taken, and nothing is asked.

Time is an argument: ``now`` is monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeAlias

import attrs

from cliquenntp.clique.standing import DAY
from cliquenntp.interfaces import Place

KIB, MIB = 1024, 1024 * 1024


@attrs.frozen
class Allowance:
    """What a token bucket holds when it is full, and how fast it fills."""

    documents: float
    octets: float
    seconds: float = DAY
    """in which an empty one becomes full"""

    def times(self, factor: float) -> Allowance:
        """Return an allowance of another size that fills in the same time."""
        return Allowance(self.documents * factor, self.octets * factor, self.seconds)


@attrs.frozen
class BudgetLimits:
    """Every bound, with its reason."""

    newcomer: Allowance = Allowance(100, 32 * MIB)
    """an author without standing: a day's talk, also where nobody with standing is left to answer; a flood has keys
    without end and gains nothing by it"""

    established: Allowance = Allowance(1_000, 256 * MIB)
    """an author with it: ten times as many as a person writes in a day, so that a stolen key is no flood either"""

    forum: Allowance = Allowance(16, 32 * MIB, DAY / 125)
    """all newcomers of a forum: 2,000 a day.  What comes at once before a flood is told from honest posts stays"""

    share: float = 0.1
    """and one more for so many documents of authors with standing: of ten posts one is by somebody new"""

    peer: Allowance = Allowance(1, 4 * MIB, DAY / 500)
    """newcomers' documents that one of several peers brings where there is no ``plenty`` left; to begin with none.  So
    few come at once since each flooding peer gets in what it may at each of its links before it is told; what one has
    no room for another brings"""

    plenty: float = 0.75
    """share of ``forum`` beyond which nobody floods, and what comes new needs no room of its peer's: young forums have
    but newcomers.  At 0.5 each node let eight documents of a sudden flood in, and 17 % of a flooded forum was spam"""

    peers: int = 3
    """so many peers are several; with fewer, what one does not bring may not come at all"""

    few: Allowance = Allowance(200, 64 * MIB, DAY / 4)
    """in place of ``forum`` and ``peer`` for a node with fewer, and for one that has just joined and knows nobody"""

    few_seconds: float = 3600.0
    """for which a node has just joined: so long its first authors take to answer one another"""

    answers: Allowance = Allowance(50, 16 * MIB, DAY / 2)
    """newcomers' direct answers to one document but a forum's root, so that nobody drowns a thread: as many as there
    are where fifty people greet each other who are all new"""

    brought: Allowance = Allowance(25, 64 * MIB, DAY / 160)
    """news of newcomers that one peer brings, taken or not: what honest ones take and some of their own; twice as many
    a day as ``forum``.  More is a flood"""

    compared: Allowance = Allowance(100, 256 * MIB, DAY / 40)
    """the same of what comparisons find: as many a day, and more at once after an hour without the right neighbours"""

    flooding: Allowance = Allowance(1, MIB, 2 * DAY)
    """newcomers' documents of a flooding peer: they go to everybody from several such peers at all their links"""

    flooding_seconds: float = DAY
    """for which a peer counts as flooding after the last document too many"""

    past: Allowance = Allowance(100_000, 4096 * MIB)
    """documents of the time before a node joined, by the one peer that it takes them from: most forums have fewer"""

    past_seconds: float = DAY
    """for which they are taken after it joined or came back: 100,000 come over I2P in some hours"""

    checks: Allowance = Allowance(500, 512 * MIB, DAY / 10)
    """documents of one peer that were checked in vain: forged ones, and those there was no room for.  Beyond that no
    signature of its documents is checked: four a minute cost nothing"""

    buckets: int = 20_000
    """that are kept, some 4 MB; who comes new has a full one, which the peer's and the forum's bucket bound"""

    @classmethod
    def of(cls, newcomer_documents: int, forum_newcomers: int) -> BudgetLimits:
        """Return bounds for so many documents a day of one newcomer, and of all newcomers of a forum."""
        usual = cls()
        factor = forum_newcomers * usual.forum.seconds / (usual.forum.documents * DAY)
        return cls(
            newcomer=usual.newcomer.times(newcomer_documents / usual.newcomer.documents),
            forum=usual.forum.times(factor), peer=usual.peer.times(factor), answers=usual.answers.times(factor),
            brought=usual.brought.times(factor), compared=usual.compared.times(factor),
            checks=usual.checks.times(max(1.0, factor)),
        )


class Bucket:
    """A token bucket."""

    __slots__ = ("allowance", "documents", "octets", "since")

    def __init__(self, allowance: Allowance, now: float) -> None:
        self.allowance = allowance
        self.documents, self.octets, self.since = allowance.documents, allowance.octets, now

    def has(self, octets: int, now: float) -> bool:
        """Fill up to now; return whether there is room for a document.

        A full one takes a document of any size, else the largest would never come; it owes the rest.
        """
        allowance = self.allowance
        share = max(0.0, now - self.since) / allowance.seconds
        self.since = now
        self.documents = min(allowance.documents, self.documents + share * allowance.documents)
        self.octets = min(allowance.octets, self.octets + share * allowance.octets)
        return self.documents >= 1 and (self.octets >= octets or self.octets == allowance.octets)

    def beyond(self, share: float, now: float) -> int:
        """Fill up to now; return for how many documents there is room beyond a share of what it holds."""
        self.has(0, now)
        return max(0, int(self.documents - self.allowance.documents * share))

    def take(self, octets: int) -> None:
        """Take the room for one document."""
        self.documents -= 1
        self.octets -= octets

    def earn(self, documents: float) -> None:
        """Fill it with room for so many more."""
        self.documents = min(self.allowance.documents, self.documents + documents)
        self.octets = min(
            self.allowance.octets, self.octets + documents * self.allowance.octets / self.allowance.documents)


@attrs.define
class _Past:
    """A span of Clique-Time (since <= time < before) of which much may come until a time by our clock."""

    until: float
    since: int
    before: int
    bucket: Bucket
    guide: bytes = b""
    """the key of the peer that it comes from"""
    few_until: float = 0.0
    """until when the node has just joined"""


PastKept: TypeAlias = tuple[bytes, int, int, int, int, int, int]
"""a forum (its root's id), seconds for which its past may come, since and before when (Clique-Time), the documents and
octets that there is room for, and seconds for which the node counts as having just joined"""

FORUMS_JOINED = 1000
"""forums of which it is remembered that they were joined not long ago"""


class Budgets:
    """The budgets of one node."""

    def __init__(self, limits: BudgetLimits | None = None) -> None:
        self.limits = limits or BudgetLimits()
        self._buckets: dict[Hashable, Bucket] = {}
        self._floods: dict[tuple[bytes, bytes], float] = {}
        self._past: dict[bytes, _Past] = {}
        self._apart: dict[bytes, tuple[float, float]] = {}
        """{forum: (until when, how many times as much comparisons may find) after it was apart from most others}"""

    # the past

    def joined(self, root: bytes, now: float, clique_time: int, is_first: bool = True) -> None:
        """Note that this node joins a forum now, which is ``clique_time`` by its clock: all of it is to come.

        ``is_first``: it had nothing of the forum before, so it knows nobody there.
        """
        known = self._past.get(root)
        few_until = now + self.limits.few_seconds if is_first else 0.0 if known is None else known.few_until
        self._expect(root, 0, now, clique_time, self.limits.past).few_until = few_until

    def came_back(self, root: bytes, now: float, since: int, clique_time: int) -> None:
        """Note that this node had no peers from ``since`` (Clique-Time) until now, which is ``clique_time``."""
        known = self._past.get(root)
        if known is not None and known.until > now:
            if not known.since:  # it is still joining
                known.before = clique_time
                return
            since = min(since, known.since)
        away = max(0, clique_time - since) / self.limits.forum.seconds
        self._expect(root, since, now, clique_time, self.limits.brought.times(1 + away))

    def kept(self, now: float) -> tuple[PastKept, ...]:
        """Return what of the past is still to come, to be kept."""
        return tuple(
            (root, int(past.until - now), past.since, past.before, int(past.bucket.documents), int(past.bucket.octets),
             int(max(0.0, past.few_until - now)))
            for root, past in self._past.items() if past.until > now)

    def restore(self, kept: Iterable[PastKept], now: float) -> None:
        """Go on with what was to come when the node ran last; the time when it did not run does not count."""
        for root, seconds, since, before, documents, octets, few_seconds in kept:
            bucket = Bucket(Allowance(max(1, documents), max(1, octets)), now)
            self._past[root] = _Past(now + seconds, since, before, bucket, few_until=now + few_seconds)

    def _expect(self, root: bytes, since: int, now: float, before: int, allowance: Allowance) -> _Past:
        self._past.pop(root, None)
        past = self._past[root] = _Past(now + self.limits.past_seconds, since, before, Bucket(allowance, now))
        if len(self._past) > FORUMS_JOINED:
            del self._past[next(iter(self._past))]
        return past

    def was_apart(self, root: bytes, now: float, seconds: float) -> None:
        """Note that this node had few peers for so long, and has several again: all of them have much that is new."""
        self._apart.pop(root, None)
        self._apart[root] = now + self.limits.past_seconds, 1 + seconds / self.limits.compared.seconds
        if len(self._apart) > FORUMS_JOINED:
            del self._apart[next(iter(self._apart))]

    def has_just_joined(self, root: bytes, now: float) -> bool:
        """Return whether this node joined a forum a short while ago."""
        past = self._past.get(root)
        return past is not None and now < past.few_until

    def is_past(self, place: Place, peer: bytes, root: bytes, now: float, is_linked: bool) -> bool:
        """Take the room for a document of the past that a peer brings; return whether there was some.

        ``is_linked`` tells whether the peer from which the past came so far is still there.
        """
        past = self._past.get(root)
        if past is None or now >= past.until or not past.since <= place.time < past.before:
            return False
        if not past.guide or not is_linked:
            past.guide = peer
        if past.guide != peer or not past.bucket.has(place.size, now):
            return False
        past.bucket.take(place.size)
        return True

    def guide(self, root: bytes) -> bytes:
        """Return the key of the peer from which the past of a forum comes; b"": none."""
        past = self._past.get(root)
        return b"" if past is None else past.guide

    # authors with standing

    def known(self, place: Place, peer: bytes, root: bytes, now: float, limited: bool = True) -> str:
        """Take the room for a document of an author with standing; return what has none ("author"), or ""."""
        if limited:
            bucket = self._bucket(("author", place.author), self.limits.established, now)
            if not bucket.has(place.size, now):
                return "author"
            bucket.take(place.size)
        share = self.limits.share
        self._bucket(("forum", root), self.limits.forum, now).earn(share)
        if peer:
            self._bucket(("peer", peer, root), self.limits.peer, now, is_full=False).earn(share)
            self._bucket(("brought", peer, root), self.limits.brought, now).earn(2 * share)
        return ""

    # newcomers

    def brings(self, place: Place, peer: bytes, root: bytes, now: float, several: bool, compared: bool) -> None:
        """Count a newcomer's document that a peer brings and that never came before."""
        name, allowance = ("compared", self.limits.compared) if compared else ("brought", self.limits.brought)
        until, times = self._apart.get(root, (0.0, 1.0))
        if compared and now < until:
            name, allowance = "compared after", allowance.times(times)
        if not several:
            name, allowance = "of few", self.limits.few.times(2)
        bucket = self._bucket((name, peer, root), allowance, now)
        if bucket.has(place.size, now):
            bucket.take(place.size)
            return
        self._floods.pop((peer, root), None)
        self._floods[peer, root] = now + self.limits.flooding_seconds
        if len(self._floods) > self.limits.buckets:
            del self._floods[next(iter(self._floods))]

    def is_flooding(self, peer: bytes, root: bytes, now: float) -> bool:
        """Return whether a peer brings more of a forum's newcomers than an honest one can."""
        return self._floods.get((peer, root), 0.0) > now

    def newcomer(self, place: Place, peer: bytes, root: bytes, now: float, several: bool) -> str:
        """Take the room for a newcomer's document, or return what has none; ``several``: other peers may bring it."""
        is_plenty = self._forum(root, now, several).beyond(self.limits.plenty, now) > 0
        having_room = []
        for name, bucket in self._wanted(place, peer, root, now, several):
            if bucket.has(place.size, now):
                having_room.append(bucket)
            elif not (is_plenty and name == "peer"):
                return name
        for bucket in having_room:
            bucket.take(place.size)
        return ""

    def has_room(self, place: Place, peer: bytes, root: bytes, now: float, several: bool) -> bool:
        """Return whether there is room for a newcomer's document that was put off: its peer must have some, too."""
        return all(bucket.has(place.size, now) for _, bucket in self._wanted(place, peer, root, now, several))

    def spare(self, root: bytes, now: float, several: bool) -> int:
        """Return how many documents that were put off a forum has room for: the half of it is for what comes new."""
        return self._forum(root, now, several).beyond(0.5, now)

    def _wanted(self, place: Place, peer: bytes, root: bytes, now: float, several: bool) -> list[tuple[str, Bucket]]:
        limits = self.limits
        wanted: list[tuple[str, Bucket]] = []
        if self.is_flooding(peer, root, now):
            wanted.append(("flooding", self._bucket(("flooding", peer, root), limits.flooding, now, is_full=False)))
        elif several:
            wanted.append(("peer", self._bucket(("peer", peer, root), limits.peer, now, is_full=False)))
        wanted.append(("author", self._bucket(("newcomer", place.author), limits.newcomer, now)))
        if place.parents and place.parents[0] != root:
            wanted.append(("answers", self._bucket(("answers", place.parents[0]), limits.answers, now)))
        wanted.append(("forum", self._forum(root, now, several)))
        return wanted

    def _forum(self, root: bytes, now: float, several: bool) -> Bucket:
        if several:
            return self._bucket(("forum", root), self.limits.forum, now)
        return self._bucket(("few", root), self.limits.few, now)

    def _bucket(self, key: Hashable, allowance: Allowance, now: float, is_full: bool = True) -> Bucket:
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            bucket = Bucket(allowance, now)
            if not is_full:
                bucket.documents = bucket.octets = 0.0
            if len(self._buckets) >= self.limits.buckets:
                del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = bucket
        return bucket


PEERS_CHECKED = 1000
"""peers of which it is remembered what was checked in vain"""


class Checks:
    """How many signatures are checked for a peer (its key) though nothing comes of it."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._allowance = allowance or BudgetLimits().checks
        self._buckets: dict[bytes, Bucket] = {}

    def may_check(self, peer: bytes, octets: int, now: float) -> bool:
        """Return whether the signature of a peer's document is checked."""
        bucket = self._buckets.get(peer)
        return bucket is None or bucket.has(octets, now)

    def in_vain(self, peer: bytes, octets: int, now: float) -> None:
        """Note that a peer's document was checked and not taken."""
        bucket = self._buckets.get(peer)
        if bucket is None:
            if len(self._buckets) >= PEERS_CHECKED:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[peer] = Bucket(self._allowance, now)
        bucket.has(octets, now)
        bucket.take(octets)
