"""What accounts follow: decided when they read, kept in the store, carried out as subscriptions of nodes.

A look that only renews a follow costs no commit: it is kept in memory and written within WRITE_SECONDS with all the
others, or at a shutdown.  A crash loses at most so much of the fourteen days that a follow lasts.

Which node carries a follow out is decided when it is made: the account's own where the forum is that node's, else the
shared one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import attrs
from twisted.internet import defer
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.clique.messages import Channel
from cliquenntp.interfaces import OWNER, SHARED, Follow, IArchive, Identity, IRecord, IWriter, Reason
from cliquenntp.newsgroup.follows import AccountFollows, FollowLimits
from cliquenntp.newsgroup.subscriptions import Subscription
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.network.node_forums import NodeForums
from cliquenntp.service.network.node_subscriptions import NodeSubscriptions
from cliquenntp.service.network.subscribing import Places
from cliquenntp.service.readers.follow_steps import forget, keep, leave
from cliquenntp.service.turn import Turn

WRITE_SECONDS = 3600.0
"""between two looks for what has lapsed and what is to be written: at most one commit an hour"""

_OWNER = OWNER.account or ""

class Follows:
    """The follows of all accounts.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        clock: Callable[[], float],
        archive: IArchive,
        turn: Turn,
        forums: NodeForums,
        limits: FollowLimits,
        first_look_seconds: float,
        own_node: Callable[[str], int | None],
    ) -> None:
        """``clock`` is the time of day in seconds, ``first_look_seconds`` how long a first look waits for articles.

        ``own_node`` gives an account's own node, None where it has none.
        """
        self._reactor = reactor
        self._clock = clock
        self._archive = archive
        self._turn = turn
        self._forums = forums
        self.limits = limits
        self._own_node = own_node
        self._accounts: dict[str, AccountFollows] = {}
        self._unwritten: dict[tuple[str, bytes], Follow] = {}
        """looks that are not on disk"""
        self.places = Places(archive)
        self._nodes = NodeSubscriptions(reactor, turn, self.places, first_look_seconds)
        self.on_asked: Callable[[], None] = lambda: None
        """is called when somebody has asked a node for a forum that was not that node's"""
        self._sweep = LoopingCall(self._look_at_the_time)
        self._sweep.clock = reactor

    def start(self) -> None:
        """Take up what was followed before; the nodes that are there at the start have been added."""
        for account in self._archive.followers():
            self._accounts[account] = AccountFollows(self._archive.follows(account), self.limits)
        followed = self._nodes.followed(SHARED)
        if _OWNER not in self._accounts and followed:
            # follows were the node's before they were an account's
            for channel in followed:
                self._keep(_OWNER, Follow(channel.document, Reason.EXPLICIT, int(self._clock()), channel.comments))
            self._turn.submit(partial(keep, [*self.all()])).addErrback(self._lost, "What the node followed")
        self._sweep.start(WRITE_SECONDS)

    def add_node(self, clique: CliqueSide) -> None:
        """Let a node carry out follows from now on."""
        self._nodes.add(clique)
        clique.on_founded = partial(self._founded, clique.node)

    async def remove_node(self, number: int) -> None:
        """Let a node carry out follows no more, and end those that it did."""
        self._nodes.remove(number)
        ended = [(account, follow) for account, follow in self.all() if follow.node == number]
        for account, follow in ended:
            self._drop(account, follow)
        if ended:
            await self._turn.submit(partial(forget, ended))

    async def stop(self) -> None:
        """Write the looks that are only in memory."""
        if self._sweep.running:
            self._sweep.stop()
        self._nodes.stop()
        await self._write_looks()

    # what is followed

    def of(self, account: str) -> AccountFollows:
        """Return what an account follows."""
        return self._accounts.get(account) or AccountFollows((), self.limits)

    def forums_of(self, account: str) -> set[int]:
        """Return the docnos of the held forums of which an account follows all or a part."""
        scopes = {self.places.of(follow.document).scope for follow in self.of(account)}
        return {docno for docno in map(self._archive.find, scopes) if docno is not None}

    def all(self) -> Iterator[tuple[str, Follow]]:
        """Yield each follow with its account."""
        for account, follows in self._accounts.items():
            for follow in follows:
                yield account, follow

    def scope(self, document: bytes) -> bytes:
        """Return the id of the root above a document; of one that is not held its own."""
        return self.places.of(document).scope

    def ancestors(self, document: bytes) -> tuple[bytes, ...]:
        """Return the ids of a held document's first parents, its parent first, the root last."""
        return self.places.of(document).chain

    def covering(self, document: bytes) -> Iterator[tuple[str, Follow]]:
        """Yield why a document is held: each account whose follow covers it, with that follow."""
        above = self.places.of(document).above
        for account, follows in self._accounts.items():
            follow = follows.covering(document, above)
            if follow is not None:
                yield account, follow

    async def follow(
        self, account: str, document: bytes, comments: bool = False, since: int = 0, chain: tuple[bytes, ...] = (),
        number: int | None = None,
    ) -> None:
        """Follow a document because somebody asked for it.  Fails as Turn.submit does.

        ``chain`` are the ids of its first parents, its parent first, the root last, where it may not be held yet;
        ``number`` is the node that shall carry it out (None: as by reading).
        """
        if chain:
            self.places.stands(document, chain)
        place = self.places.of(document)
        number = self._node_for(account, place) if number is None else number
        wanted = Follow(document, Reason.EXPLICIT, int(self._clock()), comments, since, number)

        def step(writer: IWriter) -> bool:
            keep([(account, wanted)], writer)
            return self._forums.ask(number, place.scope, writer)

        if await self._turn.submit(step):
            self.on_asked()
        self._keep(account, wanted)
        self._nodes.fetch(number, place, comments)
        self._subscribe()

    async def unfollow(self, account: str, document: bytes) -> None:
        """Follow a document no more, not by reading either, and nothing below it that reading made followed.

        Fails as Turn.submit does.
        """
        left = Follow(document, Reason.LEFT, int(self._clock()))
        below = [
            (account, follow) for follow in self.of(account)
            if follow.reason is Reason.READING and document in self.places.of(follow.document).above
        ]
        await self._turn.submit(partial(leave, account, left, below))
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
            await self._turn.submit(partial(forget, follows))
            self._subscribe()

    def _keep(self, account: str, follow: Follow) -> None:
        self._unwritten.pop((account, follow.document), None)
        self._accounts.setdefault(account, AccountFollows((), self.limits)).keep(follow)

    def _drop(self, account: str, follow: Follow) -> None:
        self._unwritten.pop((account, follow.document), None)
        if account in self._accounts:
            self._accounts[account].forget(follow.document)

    def _node_for(self, account: str, place: Subscription) -> int:
        """Return the node that carries out a follow of an account's."""
        own = self._own_node(account)
        root = self._archive.find(place.scope)
        return own if own is not None and root is not None and self._forums.has(own, root) else SHARED

    def _founded(self, node: int, root: bytes) -> None:
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
        elif node == SHARED:
            follow = Follow(root, Reason.EXPLICIT, int(self._clock()))
            self._keep(_OWNER, follow)
            self._subscribe(founded=root)
            self._turn.submit(partial(keep, [(_OWNER, follow)])).addErrback(self._lost, "A forum's follow")

    # what is read

    def look(self, account: str, place: Subscription) -> bool:
        """Note that an account reads in a newsgroup, by where its document stands; return whether it is being fetched.

        Reading is subscribing: it starts a follow, or keeps one from lapsing.
        """
        document, now = place.channel.document, int(self._clock())
        follows = self._accounts.setdefault(account, AccountFollows((), self.limits))
        started = follows.started_by_reading(document, place.above, now)
        if started is None:
            self.renew(account, place)
            is_followed = follows.covering(document, place.above) is not None
            return is_followed and self._nodes.is_fetching(place.channel)
        started = attrs.evolve(started, node=self._node_for(account, place))
        follows.keep(started)
        is_fetched = self._nodes.is_linked(started.node) and self._nodes.fetch(started.node, place)
        writing = self._turn.submit(partial(keep, [(account, started)]))
        writing.addCallbacks(
            lambda _: self._subscribe(), self._not_followed, errbackArgs=(account, started)
        )
        return is_fetched

    def renew(self, account: str, place: Subscription) -> None:
        """Keep the follow that covers a newsgroup from lapsing, if there is one."""
        if account not in self._accounts:
            return
        renewed = self._accounts[account].renewed(place.channel.document, place.above, int(self._clock()))
        if renewed is not None and renewed.reason is Reason.READING:
            self._unwritten[account, renewed.document] = renewed

    def fetched(self, channel: Channel) -> defer.Deferred[None]:
        """Return what fires when a channel has what was fetched since the first look, or was waited for."""
        return self._nodes.fetched(channel)

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
            forgetting = self._turn.submit(partial(forget, lapsed))
            forgetting.addErrback(self._lost, "What has lapsed")  # it lapses again at the next start
        self._subscribe()
        defer.ensureDeferred(self._write_looks())

    async def _write_looks(self) -> None:
        looks, self._unwritten = self._unwritten, {}
        if looks:
            try:
                await self._turn.submit(partial(keep, [(account, look) for (account, _), look in looks.items()]))
            except Exception:
                self._unwritten = looks | self._unwritten
                self._lost(Failure(), "When newsgroups were read last")

    def _lost(self, failure: Failure, what: str) -> None:
        self._log.warn("{what} could not be stored: {reason}", what=what, reason=failure.getErrorMessage())

    def _subscribe(self, founded: bytes = b"") -> None:
        """Let each node subscribe to what accounts follow through it now."""
        self._nodes.carry_out((follow for _, follow in self.all()), founded)
