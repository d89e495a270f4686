"""What a reader does not do itself: posts, looks and articles of feeds go to the writer, whose answers come back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Container, Iterator
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from cliquenntp.interfaces import SHARED, IArchive, Identity, IFeed, IReading, Offer, Reason, Right
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.feeding import is_held, is_ours
from cliquenntp.nntp.session import PostResult
from cliquenntp.nntp.verdict import Verdict
from cliquenntp.service.processes.calls import Away, CallFailed
from cliquenntp.service.readers.opened import OpenedArticles

LOOKS_KEPT = 50_000
"""(account, newsgroup) pairs of which is kept when the writer was told, some 200 octets each"""

LOOK_SECONDS = 3600.0
"""between two tellings of one account's looks into one newsgroup: a follow lasts for days"""

FETCH_SECONDS = 10.0
"""that a first look waits for the writer; the writer itself waits three for other nodes"""

TOKEN_OCTETS = 8
"""of what a post is called between reader and writer, until it is answered"""

AWAY = "posting is not possible at the moment, try again later"
UNKNOWN = "the writer went away: look whether your article is there before you post it again"

Call = Callable[..., "Deferred[Any]"]
"""The connection to the writer: name and arguments; fails with Away or CallFailed."""


class RemotePosting:
    """Takes what newsreaders post."""

    def __init__(self, call: Call, is_connected: Callable[[], bool]) -> None:
        self._call = call
        self._is_connected = is_connected

    def post(self, article: bytes, identity: Identity) -> Deferred[PostResult]:
        """See Posting.post."""
        if not self._is_connected():
            return succeed(PostResult(False, AWAY))
        token = secrets.token_bytes(TOKEN_OCTETS)
        verdict = Verdict(lambda: self._give_up(token))
        posting = self._call("post", identity.account or "", article, token)
        posting.addCallbacks(_result, _unposted).chainDeferred(verdict)
        return verdict

    def _give_up(self, token: bytes) -> None:
        self._call("give_up", token).addErrback(_forgiven)


@implementer(IFeed)
class RemoteFeed:
    """Takes what other news servers hand on."""

    def __init__(self, call: Call, is_connected: Callable[[], bool], archive: IArchive) -> None:
        self._call = call
        self._is_connected = is_connected
        self._archive = archive
        self._coming: set[bytes] = set()

    def offered(self, message_id: bytes) -> Offer:
        """See IFeed."""
        if is_ours(message_id) or is_held(message_id, self._archive):
            return Offer.HELD
        return Offer.LATER if message_id in self._coming or not self._is_connected() else Offer.WANTED

    def take(self, message_id: bytes, article: bytes) -> Deferred[PostResult]:
        """See IFeed."""
        self._coming.add(message_id)
        taking = self._call("take", message_id, article).addCallbacks(_result, _untaken)
        return taking.addBoth(self._gone, message_id)

    def _gone(self, result: Any, message_id: bytes) -> Any:
        self._coming.discard(message_id)
        return result


@implementer(IReading)
class RemoteReading:
    """Tells the writer who reads where, and says from the database what follows from it."""

    def __init__(
        self, reactor: Any, call: Call, is_connected: Callable[[], bool], archive: Any, opened: OpenedArticles
    ) -> None:
        self._reactor = reactor
        self._call = call
        self._is_connected = is_connected
        self._archive = archive
        self._opened = opened
        self._told: SizedCache[tuple[str, int], float] = SizedCache(LOOKS_KEPT)
        self._polled: SizedCache[tuple[str, int], float] = SizedCache(LOOKS_KEPT)
        self._looks: dict[int, Deferred[None]] = {}

    def looked(self, identity: Identity, group: int) -> bool:
        """See IReading; a look of which the writer was not told lately is waited for."""
        account = identity.account
        if account is None or not self._is_connected() or not self._is_due(self._told, account, group):
            return False
        look = self._call("look", account, group)
        look.addErrback(_forgiven)
        self._looks[group] = look.addTimeout(FETCH_SECONDS, self._reactor, lambda value, seconds: None)
        return True

    def opened(self, identity: Identity, docno: int) -> None:
        """See IReading; the writer is told of an author once, when he is known by it."""
        author = self._opened.known_by(identity, docno)
        if author:
            self._call("known", author).addErrback(_forgiven)

    def polled(self, identity: Identity, group: int) -> None:
        """See IReading."""
        account = identity.account
        if account is not None and self._is_connected() and self._is_due(self._polled, account, group):
            self._call("poll", account, group).addErrback(_forgiven)

    def _is_due(self, told: SizedCache[tuple[str, int], float], account: str, group: int) -> bool:
        now, key = self._reactor.seconds(), (account, group)
        last = told.get(key)
        if last is not None and now - last < LOOK_SECONDS:
            return False
        told.keep(key, now)
        return True

    def fetched(self, group: int) -> Deferred[None]:
        """Return what fires when the writer has fetched a newsgroup that was looked into just now."""
        look = self._looks.pop(group, None)
        return succeed(None) if look is None else look

    def subscriptions(self, identity: Identity) -> Container[int] | None:
        """See IReading."""
        if identity.account is None:
            return None
        followed = set()
        for follow in self._archive.follows(identity.account):
            docno = None if follow.reason is Reason.LEFT else self._archive.find(follow.document)
            if docno is not None:
                followed.add(self._archive.record(docno).roots[0])
        return followed

    def notices(self, identity: Identity) -> Iterator[str]:
        """See IReading."""
        if identity.may(Right.ADMIN):
            held = self._archive.holdings.count(SHARED)
            yield f"This node holds {held:,} articles; this process serves its newsreaders."
        if not self._is_connected():
            yield "The node's writer is away: you can read, and post later."


def _result(verdict: tuple[bool, str, bool]) -> PostResult:
    accepted, text, later = verdict
    return PostResult(accepted, text, later)


def _unposted(failure: Failure) -> PostResult:
    failure.trap(Away, CallFailed)
    return PostResult(False, UNKNOWN)


def _untaken(failure: Failure) -> PostResult:
    failure.trap(Away, CallFailed)
    return PostResult(False, failure.getErrorMessage(), later=True)


def _forgiven(failure: Failure) -> None:
    """Read on with what is here: the next look tells the writer again."""
    failure.trap(Away, CallFailed)
