"""Articles of other news servers become documents of forums (IHAVE, CHECK, TAKETHIS), signed by the owner.

Each is a step of the turn, so that hundreds share a commit, and it is answered when that is on disk.  Nothing goes in a
circle: an article is known by the Message-ID that it has elsewhere, and one that came from this network by its form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from cliquenntp.document import DEFAULT_LIMITS, DocumentError, Signer, address_of, compose
from cliquenntp.interfaces import IArchive, IFeed, IRecord, IWriter, Offer
from cliquenntp.newsgroup.feeding import is_held, is_ours, parents_in, read_fed, wanted_forums
from cliquenntp.newsgroup.importing import ArticleRefused, ForeignArticle, document_fields
from cliquenntp.nntp.session import PostResult
from cliquenntp.service.arrival import accept
from cliquenntp.service.forums import OWNER_LOCAL_PART, NotImporterError, importing_root
from cliquenntp.service.turn import Turn, TurnRefused

MOST_WAITING = 5_000
"""steps of the turn that may wait when an article is asked for: half of what it can hold, as posts want room too"""

HELD = PostResult(False, "it is here already")


@implementer(IFeed)
class Feeding:
    """Takes what other news servers hand on."""

    def __init__(
        self, turn: Turn, archive: IArchive, signer: Signer, path_identity: str, clock: Callable[[], float],
        forums: Mapping[str, str],
    ) -> None:
        """``signer`` signs; ``clock`` gives seconds since 1970 UTC; ``forums`` has the forum of each newsgroup."""
        self._turn = turn
        self._archive = archive
        self._signer = signer
        self._sender = address_of(signer.key, OWNER_LOCAL_PART)
        self._path_identity = path_identity
        self._clock = clock
        self._forums = forums
        self._coming: set[bytes] = set()

    def offered(self, message_id: bytes) -> Offer:
        """See IFeed."""
        if is_ours(message_id) or is_held(message_id, self._archive):
            return Offer.HELD
        if message_id in self._coming or self._turn.failure is not None or self._turn.waiting > MOST_WAITING:
            return Offer.LATER
        return Offer.WANTED

    def take(self, message_id: bytes, article: bytes) -> Deferred[PostResult]:
        """See IFeed."""
        now = int(self._clock())
        try:
            read = read_fed(article, message_id, self._path_identity, now)
            forums = wanted_forums(read.newsgroups, self._forums)
            if not forums:
                raise ArticleRefused("none of its newsgroups is taken here")
        except ArticleRefused as error:
            return succeed(PostResult(False, error.reason))
        self._coming.add(message_id)
        step = partial(self._store, read, forums[: DEFAULT_LIMITS.parents], now)
        return self._turn.submit(step, len(article)).addCallbacks(_stored, _refused).addBoth(self._gone, message_id)

    def _gone(self, result: PostResult | Failure, message_id: bytes) -> PostResult | Failure:
        self._coming.discard(message_id)
        return result

    def _store(self, article: ForeignArticle, forums: tuple[str, ...], now: int, writer: IWriter) -> IRecord | None:
        """Store an article unless it is held already; a step."""
        if is_held(article.message_id, writer):
            return None
        roots = [importing_root(writer, name, self._signer, now, self._path_identity).docno for name in forums]
        parents, newest = parents_in(roots, article.references, writer)
        time = max(now if article.date is None else min(article.date, now), newest)
        fields = document_fields(article, parents, self._sender, time)
        return accept(writer, compose(self._signer, fields, article.body, time), now, self._path_identity)


def _stored(record: IRecord | None) -> PostResult:
    return HELD if record is None else PostResult(True, f"article received, it is {record.name}")


def _refused(failure: Failure) -> PostResult:
    failure.trap(TurnRefused, NotImporterError, DocumentError)
    return PostResult(False, failure.getErrorMessage(), later=bool(failure.check(TurnRefused)))
