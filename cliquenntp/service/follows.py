"""What accounts follow: decided when they read, kept in the store, carried out as the node's subscriptions.

A look that only renews a follow costs no commit: it is kept in memory and written within WRITE_SECONDS with all the
others, or at a shutdown.  A crash loses at most so much of the fourteen days that a follow lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from typing import Any

import attrs
from twisted.internet import defer
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cliquenntp.clique.messages import Channel, Contact
from cliquenntp.interfaces import OWNER, Follow, IArchive, Identity, IReading, IRecord, IWriter, Reason
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.follows import AccountFollows, FollowLimits
from cliquenntp.newsgroup.subscriptions import Subscription, moves, union
from cliquenntp.service.catch_up import CatchUp
from cliquenntp.service.clique_side import CliqueSide
from cliquenntp.service.turn import Turn

WRITE_SECONDS = 3600.0
"""between two looks for what has lapsed and what is to be written: at most one commit an hour"""

PLACES_KEPT = 20_000
"""documents whose ancestors are kept in memory, some 500 octets each; they never change"""

CONTACTS_KEPT = 4
"""nodes remembered of a channel that is left: who looks into it again asks them; an invitation names two or more"""

Notices = Callable[[Identity], Iterable[str]]
"""What gives lines for LIST MOTD."""


@implementer(IReading)
class Follows:
    """The follows of all accounts.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        clock: Callable[[], float],
        archive: IArchive,
        turn: Turn,
        clique: CliqueSide,
        limits: FollowLimits,
        first_look_seconds: float,
    ) -> None:
        """``clock`` is the time of day in seconds, ``first_look_seconds`` how long a first look waits for articles."""
        self._reactor = reactor
        self._clock = clock
        self._archive = archive
        self._turn = turn
        self._clique = clique
        self._limits = limits
        self._accounts: dict[str, AccountFollows] = {}
        self._unwritten: dict[tuple[str, bytes], Follow] = {}
        """looks that are not on disk"""
        self._places: SizedCache[bytes, Subscription] = SizedCache(PLACES_KEPT)
        self._chains: dict[bytes, tuple[bytes, ...]] = {}
        """ids of the first parents of documents that are followed and not held yet"""
        self._catch_up = CatchUp(reactor, turn, clique, first_look_seconds)
        self._sweep = LoopingCall(self._look_at_the_time)
        self._sweep.clock = reactor
        self.notices_from: list[Notices] = []
        """whoever has something to say in LIST MOTD, in order"""

    def start(self) -> None:
        """Take up what was followed before."""
        for account in self._archive.followers():
            self._accounts[account] = AccountFollows(self._archive.follows(account), self._limits)
        if _OWNER not in self._accounts and self._clique.followed:
            # follows were the node's before they were an account's
            for channel in self._clique.followed:
                self._keep(_OWNER, Follow(channel.document, Reason.EXPLICIT, int(self._clock()), channel.comments))
            kept = [(account, follow) for account, follow in self.all()]
            self._turn.submit(partial(_set_all, kept)).addErrback(self._lost, "What the node followed")
        self._chains |= {channel.document: state.ancestors for channel, state in self._clique.channels.items()}
        self._clique.on_founded = self._founded
        self._sweep.start(WRITE_SECONDS)

    async def stop(self) -> None:
        """Write the looks that are only in memory."""
        if self._sweep.running:
            self._sweep.stop()
        await self._write_looks()

    # what is followed

    def of(self, account: str) -> AccountFollows:
        """Return what an account follows."""
        return self._accounts.get(account) or AccountFollows((), self._limits)

    def forums_of(self, account: str) -> set[int]:
        """Return the docnos of the held forums of which an account follows all or a part."""
        scopes = {self._place(follow.document).scope for follow in self.of(account)}
        return {docno for docno in map(self._archive.find, scopes) if docno is not None}

    def all(self) -> Iterator[tuple[str, Follow]]:
        """Yield each follow with its account."""
        for account, follows in self._accounts.items():
            for follow in follows:
                yield account, follow

    def scope(self, document: bytes) -> bytes:
        """Return the id of the root above a document; of one that is not held its own."""
        return self._place(document).scope

    def ancestors(self, document: bytes) -> tuple[bytes, ...]:
        """Return the ids of a held document's first parents, its parent first, the root last."""
        return self._place(document).chain

    def covering(self, document: bytes) -> Iterator[tuple[str, Follow]]:
        """Yield why a document is held: each account whose follow covers it, with that follow."""
        above = self._place(document).above
        for account, follows in self._accounts.items():
            follow = follows.covering(document, above)
            if follow is not None:
                yield account, follow

    async def follow(
        self, account: str, document: bytes, comments: bool = False, since: int = 0, chain: tuple[bytes, ...] = ()
    ) -> None:
        """Follow a document because somebody asked for it.  Fails as Turn.submit does.

        ``chain`` are the ids of its first parents, its parent first, the root last, where it may not be held yet.
        """
        if chain:
            self._chains[document] = chain
        await self._set(account, Follow(document, Reason.EXPLICIT, int(self._clock()), comments, since))

    async def unfollow(self, account: str, document: bytes) -> None:
        """Follow a document no more, not by reading either.  Fails as Turn.submit does."""
        await self._set(account, Follow(document, Reason.LEFT, int(self._clock())))

    def leave(self, identity: Identity, root: IRecord) -> defer.Deferred[None]:
        """Follow a forum no more for somebody who said so in a newsreader; fires when that is on disk."""
        return defer.ensureDeferred(self.unfollow(identity.account or _OWNER, root.id))

    async def forget(self, account: str) -> None:
        """End all that an account follows, as if it had never been."""
        follows = [(account, follow) for follow in self._accounts.pop(account, ())]
        self._unwritten = {key: look for key, look in self._unwritten.items() if key[0] != account}
        if follows:
            await self._turn.submit(partial(_forget, follows))
            self._subscribe()

    async def _set(self, account: str, follow: Follow) -> None:
        await self._turn.submit(partial(_set, account, follow))
        self._keep(account, follow)
        self._subscribe()

    def _keep(self, account: str, follow: Follow) -> None:
        self._unwritten.pop((account, follow.document), None)
        self._accounts.setdefault(account, AccountFollows((), self._limits)).keep(follow)

    def _founded(self, root: bytes) -> None:
        """Follow a forum that was made here: for whoever made it, else for the owner."""
        makers = [
            (account, follow)
            for account in self._archive.followers()
            for follow in self._archive.follows(account) if follow.document == root
        ]
        for account, follow in makers:
            self._keep(account, follow)
        if makers:
            self._subscribe(founded=root)
        else:
            follow = Follow(root, Reason.EXPLICIT, int(self._clock()))
            self._keep(_OWNER, follow)
            self._subscribe(founded=root)
            self._turn.submit(partial(_set, _OWNER, follow)).addErrback(self._lost, "A forum's follow")

    # IReading

    def looked(self, identity: Identity, group: int) -> bool:
        """See IReading."""
        account = identity.account
        if account is None:
            return False
        return self._looked(account, group, self._place(self._archive.record(group).id))

    def _looked(self, account: str, group: int, place: Subscription) -> bool:
        """Do what ``looked`` says; ``place`` is that of the newsgroup's document."""
        document, now = place.channel.document, int(self._clock())
        follows = self._accounts.setdefault(account, AccountFollows((), self._limits))
        started = follows.started_by_reading(document, place.above, now)
        if started is None:
            self._renew(account, place, now)
            return self._catch_up.is_under_way(group)
        follows.keep(started)
        is_fetched = not self._is_subscribed(place) and bool(self._clique.links.links())
        if is_fetched:
            self._catch_up.begin(group, place.channel)
        writing = self._turn.submit(partial(_set, account, started))
        writing.addCallbacks(
            lambda _: self._subscribe(), self._not_followed, errbackArgs=(account, started)
        )
        return is_fetched

    def polled(self, identity: Identity, group: int) -> None:
        """See IReading."""
        if identity.account in self._accounts:
            self._renew(identity.account, self._place(self._archive.record(group).id), int(self._clock()))

    def posted(self, identity: Identity, record: IRecord) -> None:
        """Note a post: its author wants the answers.

        A new thread is a look into its forum, a reply one into its thread.  Where the forum is followed at depth
        ``comments``, or was left, the new thread itself is followed.
        """
        for group in (*(parent for parent in record.parents if parent in record.roots), *record.starters):
            if group == record.docno and identity.account is not None:
                self._looked(identity.account, group, self._place_of_new(record))
            else:
                self.looked(identity, group)

    def subscriptions(self, identity: Identity) -> Container[int] | None:
        """See IReading."""
        if identity.account is None:
            return None
        return self.forums_of(identity.account)

    def notices(self, identity: Identity) -> Iterable[str]:
        """See IReading."""
        for notices in self.notices_from:
            yield from notices(identity)
        if identity.account is not None and self.of(identity.account).is_full:
            yield (
                f"You follow {self._limits.by_reading} newsgroups by reading them, and no more are added: others show "
                "what is here already. `cliquectl follow NEWSGROUP` follows one, `unfollow` makes room."
            )

    def fetched(self, group: int) -> defer.Deferred[None]:
        """Return what fires when a newsgroup has what was fetched since the first look, or was waited for."""
        return self._catch_up.wait(group)

    def _renew(self, account: str, place: Subscription, now: int) -> None:
        renewed = self._accounts[account].renewed(place.channel.document, place.above, now)
        if renewed is not None and renewed.reason is Reason.READING:
            self._unwritten[account, renewed.document] = renewed

    def _not_followed(self, failure: Failure, account: str, follow: Follow) -> None:
        """Forget a follow that could not be stored; the next look starts it again."""
        if self._accounts[account].get(follow.document) == follow:
            self._accounts[account].forget(follow.document)
        self._log.info("A follow by reading could not be stored: {reason}", reason=failure.getErrorMessage())

    # time

    def _look_at_the_time(self) -> None:
        now = int(self._clock())
        lapsed = [(account, follow) for account, follows in self._accounts.items() for follow in follows.lapsed(now)]
        for account, follow in lapsed:
            self._accounts[account].forget(follow.document)
            self._unwritten.pop((account, follow.document), None)
        if lapsed:
            forgetting = self._turn.submit(partial(_forget, lapsed))
            forgetting.addErrback(self._lost, "What has lapsed")  # it lapses again at the next start
        self._subscribe()
        defer.ensureDeferred(self._write_looks())

    async def _write_looks(self) -> None:
        looks, self._unwritten = self._unwritten, {}
        if looks:
            try:
                await self._turn.submit(partial(_set_all, [(account, look) for (account, _), look in looks.items()]))
            except Exception:
                self._unwritten = looks | self._unwritten
                self._lost(Failure(), "When newsgroups were read last")

    def _lost(self, failure: Failure, what: str) -> None:
        self._log.warn("{what} could not be stored: {reason}", what=what, reason=failure.getErrorMessage())

    # the node's subscriptions

    def _subscribe(self, founded: bytes = b"") -> None:
        """Let the node subscribe to what its accounts follow now."""
        clique = self._clique
        after = union(
            attrs.evolve(place, channel=Channel(follow.document, follow.comments), since=follow.since)
            for _, follow in self.all() for place in [self._place(follow.document)]
        )
        steps = moves(clique.followed, after)
        for subscription in steps.widen:
            channel = subscription.channel
            clique.follow(channel, subscription.chain, subscription.since, founded=channel.document == founded)
        known: dict[bytes, tuple[Contact, ...]] = {}
        for channel in steps.leave:
            scope = self.scope(channel.document)
            known[scope] = contacts = clique.contacts(channel)
            if contacts:
                clique.invited(scope, contacts[:CONTACTS_KEPT])
            clique.unfollow(channel)
        for subscription in steps.enter:
            contacts = known.get(subscription.scope, ())
            clique.follow(subscription.channel, subscription.chain, subscription.since, contacts)

    def _is_subscribed(self, place: Subscription) -> bool:
        channels = self._clique.followed
        return place.channel in channels or any(place.is_covered_by(channel) for channel in channels)

    def _place_of_new(self, record: IRecord) -> Subscription:
        """Return what ``_place`` would of a document that was just stored, without loading it."""
        parents = [self._archive.record(parent).id for parent in record.parents]
        above = frozenset(parents).union(*(self._place(parent).above for parent in parents))
        return Subscription(Channel(record.id), (parents[0], *self._place(parents[0]).chain), above)

    def _place(self, document: bytes) -> Subscription:
        """Return a document, with all that comes below it, as a subscription; kept where the document is held."""
        place = self._places.get(document)
        if place is None:
            docno = self._archive.find(document)
            if docno is None:
                chain = self._chains.get(document, ())
                return Subscription(Channel(document), chain, frozenset(chain))
            place = Subscription(Channel(document), *_above(self._archive, docno))
            self._places.keep(document, place)
        return place


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


_OWNER = OWNER.account or ""


def _set(account: str, follow: Follow, writer: IWriter) -> None:
    writer.follow_set(account, follow)


def _set_all(follows: Iterable[tuple[str, Follow]], writer: IWriter) -> None:
    for account, follow in follows:
        writer.follow_set(account, follow)


def _forget(follows: Iterable[tuple[str, Follow]], writer: IWriter) -> None:
    for account, follow in follows:
        writer.follow_delete(account, follow.document)
