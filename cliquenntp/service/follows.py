"""What accounts follow: decided when they read, kept in the store, carried out as the node's subscriptions.

A look that only renews a follow costs no commit: it is kept in memory and written within WRITE_SECONDS with all the
others, or at a shutdown.  A crash loses at most so much of the fourteen days that a follow lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from typing import Any

from twisted.internet import defer
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cliquenntp.clique.messages import Channel
from cliquenntp.interfaces import OWNER, Follow, IArchive, Identity, IReading, IRecord, IWriter, Reason
from cliquenntp.newsgroup.follows import AccountFollows, FollowLimits
from cliquenntp.newsgroup.subscriptions import Subscription
from cliquenntp.service.catch_up import CatchUp
from cliquenntp.service.clique_side import CliqueSide
from cliquenntp.service.subscribing import Subscribing
from cliquenntp.service.turn import Turn

WRITE_SECONDS = 3600.0
"""between two looks for what has lapsed and what is to be written: at most one commit an hour"""

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
        self._subscribing = Subscribing(archive, clique)
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
        self._subscribing.start()
        self._clique.on_founded = self._founded
        self._sweep.start(WRITE_SECONDS)

    async def stop(self) -> None:
        """Write the looks that are only in memory."""
        if self._sweep.running:
            self._sweep.stop()
        self._catch_up.stop()
        await self._write_looks()

    # what is followed

    def of(self, account: str) -> AccountFollows:
        """Return what an account follows."""
        return self._accounts.get(account) or AccountFollows((), self._limits)

    def forums_of(self, account: str) -> set[int]:
        """Return the docnos of the held forums of which an account follows all or a part."""
        scopes = {self._subscribing.place(follow.document).scope for follow in self.of(account)}
        return {docno for docno in map(self._archive.find, scopes) if docno is not None}

    def all(self) -> Iterator[tuple[str, Follow]]:
        """Yield each follow with its account."""
        for account, follows in self._accounts.items():
            for follow in follows:
                yield account, follow

    def scope(self, document: bytes) -> bytes:
        """Return the id of the root above a document; of one that is not held its own."""
        return self._subscribing.place(document).scope

    def ancestors(self, document: bytes) -> tuple[bytes, ...]:
        """Return the ids of a held document's first parents, its parent first, the root last."""
        return self._subscribing.place(document).chain

    def covering(self, document: bytes) -> Iterator[tuple[str, Follow]]:
        """Yield why a document is held: each account whose follow covers it, with that follow."""
        above = self._subscribing.place(document).above
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
            self._subscribing.stands(document, chain)
        wanted = Follow(document, Reason.EXPLICIT, int(self._clock()), comments, since)
        await self._turn.submit(partial(_set, account, wanted))
        self._keep(account, wanted)
        if not self._subscribing.includes(self._subscribing.place(document)):
            self._catch_up.begin(Channel(document, comments))
        self._subscribe()

    async def unfollow(self, account: str, document: bytes) -> None:
        """Follow a document no more, not by reading either, and nothing below it that reading made followed.

        Fails as Turn.submit does.
        """
        left = Follow(document, Reason.LEFT, int(self._clock()))
        below = [
            (account, follow) for follow in self.of(account)
            if follow.reason is Reason.READING and document in self._subscribing.place(follow.document).above
        ]
        await self._turn.submit(partial(_leave, account, left, below))
        for _, follow in below:
            self._drop(account, follow)
        self._keep(account, left)
        self._subscribe()

    def leave(self, identity: Identity, root: IRecord) -> defer.Deferred[None]:
        """Follow a forum no more for somebody who said so in a newsreader; fires when that is on disk."""
        return defer.ensureDeferred(self.unfollow(identity.account or _OWNER, root.id))

    async def forget(self, account: str) -> None:
        """End all that an account follows, as if it had never been."""
        # what was left is on disk alone here, what was just read in memory alone
        follows = [(account, follow) for follow in (*self._archive.follows(account), *self._accounts.pop(account, ()))]
        self._unwritten = {key: look for key, look in self._unwritten.items() if key[0] != account}
        if follows:
            await self._turn.submit(partial(_forget, follows))
            self._subscribe()

    def _keep(self, account: str, follow: Follow) -> None:
        self._unwritten.pop((account, follow.document), None)
        self._accounts.setdefault(account, AccountFollows((), self._limits)).keep(follow)

    def _drop(self, account: str, follow: Follow) -> None:
        self._unwritten.pop((account, follow.document), None)
        if account in self._accounts:
            self._accounts[account].forget(follow.document)

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
        return self._looked(account, group, self._subscribing.place(self._archive.record(group).id))

    def _looked(self, account: str, group: int, place: Subscription) -> bool:
        """Do what ``looked`` says; ``place`` is that of the newsgroup's document."""
        document, now = place.channel.document, int(self._clock())
        follows = self._accounts.setdefault(account, AccountFollows((), self._limits))
        started = follows.started_by_reading(document, place.above, now)
        if started is None:
            self._renew(account, place, now)
            is_followed = follows.covering(document, place.above) is not None
            return is_followed and self._catch_up.is_under_way(place.channel)
        follows.keep(started)
        is_fetched = not self._subscribing.includes(place) and bool(self._clique.links.links())
        if is_fetched:
            self._catch_up.begin(place.channel)
        writing = self._turn.submit(partial(_set, account, started))
        writing.addCallbacks(
            lambda _: self._subscribe(), self._not_followed, errbackArgs=(account, started)
        )
        return is_fetched

    def polled(self, identity: Identity, group: int) -> None:
        """See IReading."""
        if identity.account in self._accounts:
            self._renew(identity.account, self._subscribing.place(self._archive.record(group).id), int(self._clock()))

    def posted(self, identity: Identity, record: IRecord) -> None:
        """Note a post: its author wants the answers.

        A new thread is a look into its forum, a reply one into its thread.  Where the forum is followed at depth
        ``comments``, or was left, the new thread itself is followed.
        """
        for group in (*(parent for parent in record.parents if parent in record.roots), *record.starters):
            if group == record.docno and identity.account is not None:
                self._looked(identity.account, group, self._subscribing.place_of_new(record))
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
        return self._catch_up.wait(Channel(self._archive.record(group).id))

    def _renew(self, account: str, place: Subscription, now: int) -> None:
        renewed = self._accounts[account].renewed(place.channel.document, place.above, now)
        if renewed is not None and renewed.reason is Reason.READING:
            self._unwritten[account, renewed.document] = renewed

    def _not_followed(self, failure: Failure, account: str, follow: Follow) -> None:
        """Forget a follow that could not be stored; the next look starts it again."""
        if self.of(account).get(follow.document) == follow:
            self._drop(account, follow)
        self._log.info("A follow by reading could not be stored: {reason}", reason=failure.getErrorMessage())

    # time

    def _look_at_the_time(self) -> None:
        now = int(self._clock())
        lapsed = [(account, follow) for account, follows in self._accounts.items() for follow in follows.lapsed(now)]
        for account, follow in lapsed:
            self._drop(account, follow)
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

    def _subscribe(self, founded: bytes = b"") -> None:
        """Let the node subscribe to what its accounts follow now."""
        self._subscribing.subscribe((follow for _, follow in self.all()), founded)


_OWNER = OWNER.account or ""


def _set(account: str, follow: Follow, writer: IWriter) -> None:
    writer.follow_set(account, follow)


def _set_all(follows: Iterable[tuple[str, Follow]], writer: IWriter) -> None:
    for account, follow in follows:
        writer.follow_set(account, follow)


def _forget(follows: Iterable[tuple[str, Follow]], writer: IWriter) -> None:
    for account, follow in follows:
        writer.follow_delete(account, follow.document)


def _leave(account: str, left: Follow, below: Iterable[tuple[str, Follow]], writer: IWriter) -> None:
    _forget(below, writer)
    _set(account, left, writer)
