"""A node's subscriptions: what accounts follow through it, told to its clique core.

A document with all that comes below it is a Subscription here, because what covers it is asked of that.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from cliquenntp.clique.messages import Channel, Contact
from cliquenntp.interfaces import Follow, IArchive, IRecord
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.subscriptions import Subscription, moves, union
from cliquenntp.service.network.clique_side import CliqueSide

PLACES_KEPT = 20_000
"""documents whose ancestors are kept in memory, some 500 octets each; they never change"""

CONTACTS_KEPT = 4
"""nodes remembered of a channel that is left: who looks into it again asks them; an invitation names two or more"""


class Places:
    """Where documents stand, whoever holds them.  All methods are for the reactor's thread."""

    def __init__(self, archive: IArchive) -> None:
        self._archive = archive
        self._places: SizedCache[bytes, Subscription] = SizedCache(PLACES_KEPT)
        self._chains: dict[bytes, tuple[bytes, ...]] = {}

    def stands(self, document: bytes, chain: tuple[bytes, ...]) -> None:
        """Note the ids of the first parents of a document that may not be held yet: its parent first, the root last."""
        self._chains[document] = chain

    def of(self, document: bytes) -> Subscription:
        """Return where a document stands; kept where it is held."""
        place = self._places.get(document)
        if place is None:
            docno = self._archive.find(document)
            if docno is None:
                chain = self._chains.get(document, ())
                return Subscription(Channel(document), chain, frozenset(chain))
            place = Subscription(Channel(document), *_above(self._archive, docno))
            self._places.keep(document, place)
        return place

    def of_group(self, group: int) -> Subscription:
        """Return where a newsgroup's document stands, by its docno."""
        return self.of(self._archive.record(group).id)

    def of_new(self, record: IRecord) -> Subscription:
        """Return what ``of`` would of a document that was just stored, without loading it."""
        parents = [self._archive.record(parent).id for parent in record.parents]
        above = frozenset(parents).union(*(self.of(parent).above for parent in parents))
        return Subscription(Channel(record.id), (parents[0], *self.of(parents[0]).chain), above)


class Subscribing:
    """Carries out the union of the follows of one node.  All methods are for the reactor's thread."""

    def __init__(self, places: Places, clique: CliqueSide) -> None:
        self._places = places
        self._clique = clique
        # what the core remembers of documents that are followed and not held yet
        for channel, state in clique.channels.items():
            places.stands(channel.document, state.ancestors)

    def includes(self, place: Subscription) -> bool:
        """Tell whether the node subscribes to all that comes below a document."""
        channels = self._clique.followed
        return place.channel in channels or any(place.is_covered_by(channel) for channel in channels)

    def subscribe(self, follows: Iterable[Follow], founded: bytes = b"") -> None:
        """Let the node subscribe to what these follows want and to nothing else; ``founded`` was made here just now."""
        clique, places = self._clique, self._places
        after = union(
            attrs.evolve(
                places.of(follow.document), channel=Channel(follow.document, follow.comments), since=follow.since
            )
            for follow in follows
        )
        steps = moves(clique.followed, after)
        for subscription in steps.widen:
            channel = subscription.channel
            clique.follow(channel, subscription.chain, subscription.since, founded=channel.document == founded)
        known: dict[bytes, tuple[Contact, ...]] = {}
        for channel in steps.leave:
            scope = places.of(channel.document).scope
            known[scope] = contacts = clique.contacts(channel)
            if contacts:
                clique.invited(scope, contacts[:CONTACTS_KEPT])
            clique.unfollow(channel)
        for subscription in steps.enter:
            contacts = known.get(subscription.scope, ())
            clique.follow(subscription.channel, subscription.chain, subscription.since, contacts)


def _above(archive: IArchive, docno: int) -> tuple[tuple[bytes, ...], frozenset[bytes]]:
    """Return the ids of a document's first parents up to the root, and of all documents above it."""
    chain: list[bytes] = []
    parents = archive.record(docno).parents
    while parents:
        first = archive.record(parents[0])
        chain.append(first.id)
        parents = first.parents
    above: set[int] = set()
    queue = list(archive.record(docno).parents)
    while queue:
        ancestor = queue.pop()
        if ancestor not in above:
            above.add(ancestor)
            queue += archive.record(ancestor).parents
    return tuple(chain), frozenset(archive.record(ancestor).id for ancestor in above)
