"""Articles of other news servers become documents of forums (IHAVE, CHECK, TAKETHIS), signed by the owner.

Each is a step of the turn, so that hundreds share a commit, and it is answered when that is on disk.  Nothing goes in a
circle: an article is known by the Message-ID that it has elsewhere, and one that came from this network by its form.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import partial

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from cliquenntp.document import DEFAULT_LIMITS, DocumentError, Signer, address_of, compose, unfold
from cliquenntp.interfaces import IArchive, IFeed, IRecord, IWriter, Offer
from cliquenntp.newsgroup.feeding import (
    ForeignCancel,
    is_held,
    is_ours,
    parents_in,
    read_cancel,
    read_fed,
    wanted_forums,
)
from cliquenntp.newsgroup.gateway import newsgroups_for
from cliquenntp.newsgroup.importing import ArticleRefused, ForeignArticle, document_fields
from cliquenntp.nntp.session import PostResult
from cliquenntp.service.arrival import accept
from cliquenntp.service.bridging.cancels import is_cancellable, note_cancel
from cliquenntp.service.forums import OWNER_LOCAL_PART, NotImporterError, importing_root
from cliquenntp.service.turn import Turn, TurnRefused

MOST_WAITING = 5_000
"""steps of the turn that may wait when an article is asked for: half of what it can hold, as posts want room too"""

HELD = PostResult(False, "it is here already")
NOTED = PostResult(True, "cancel noted; its server is asked")


@implementer(IFeed)
class Feeding:
    """Takes what other news servers hand on."""

    def __init__(
        self, turn: Turn, archive: IArchive, signer: Signer, path_identity: str, clock: Callable[[], float],
        forums: Mapping[str, str], bridged: Container[str] = (),
    ) -> None:
        """``signer`` signs; ``clock`` gives seconds since 1970 UTC.

        ``forums`` has the forum of each newsgroup, and may change; ``bridged`` those of which a bridge asks their
        server what was cancelled.
        """
        self._turn = turn
        self._archive = archive
        self._signer = signer
        self._sender = address_of(signer.key, OWNER_LOCAL_PART)
        self._path_identity = path_identity
        self._clock = clock
        self._forums = forums
        self._bridged = bridged
        self.on_cancel: Callable[[str], None] = lambda newsgroup: None
        """is called with the newsgroup of a cancel that was noted, to be asked about"""
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
            cancel = read_cancel(article, message_id, self._path_identity)
            if cancel is not None:
                return self._note_cancel(cancel)
            read = read_fed(article, message_id, self._path_identity, now)
            forums = wanted_forums(read.newsgroups, self._forums)
            if not forums:
                raise ArticleRefused("none of its newsgroups is taken here")
        except ArticleRefused as error:
            return succeed(PostResult(False, error.reason))
        newsgroup = next((name for name in read.newsgroups if name in self._bridged), "")
        self._coming.add(message_id)
        step = partial(self._store, read, forums[: DEFAULT_LIMITS.parents], newsgroup, now)
        taken = self._turn.submit(step, len(article)).addCallbacks(_stored, _refused).addBoth(self._gone, message_id)
        return taken if read.supersedes is None else taken.addBoth(self._tell, newsgroup)

    def _note_cancel(self, cancel: ForeignCancel) -> Deferred[PostResult]:
        """Note what a server is to be asked about.  Raises ArticleRefused where there is nothing to be asked."""
        newsgroup = next((name for name in cancel.newsgroups if name in self._bridged), None)
        if newsgroup is None:
            raise ArticleRefused("a cancel, and no bridge asks a server of its newsgroups whether it obeyed")
        if not is_cancellable(cancel.target, self._archive, self._signer):
            raise ArticleRefused("it cancels nothing that was brought here")
        noted = self._turn.submit(partial(note_cancel, newsgroup=newsgroup, target=cancel.target))
        return noted.addCallbacks(lambda _: NOTED, _refused).addBoth(self._tell, newsgroup)

    def _tell(self, result: PostResult | Failure, newsgroup: str) -> PostResult | Failure:
        self.on_cancel(newsgroup)
        return result

    def _gone(self, result: PostResult | Failure, message_id: bytes) -> PostResult | Failure:
        self._coming.discard(message_id)
        return result

    def _store(
        self, article: ForeignArticle, forums: tuple[str, ...], newsgroup: str, now: int, writer: IWriter
    ) -> IRecord | None:
        """Store an article unless it is held already, and note what it supersedes; a step."""
        if is_held(article.message_id, writer):
            return None
        roots = [importing_root(writer, name, self._signer, now, self._path_identity).docno for name in forums]
        parents, newest = parents_in(roots, article.references, writer)
        time = max(now if article.date is None else min(article.date, now), newest)
        replaced = article.supersedes
        if newsgroup and replaced is not None and is_cancellable(replaced, writer, self._signer):
            note_cancel(writer, newsgroup, replaced)
        fields = document_fields(self._answered_here(article), parents, self._sender, time)
        return accept(writer, compose(self._signer, fields, article.body, time), now, self._path_identity)

    def _answered_here(self, article: ForeignArticle) -> ForeignArticle:
        """Return an article whose Followup-To names forums instead of their newsgroups."""
        fields = [
            (name, newsgroups_for(unfold(value), self._forums) if name.lower() == b"followup-to" else value)
            for name, value in article.fields]
        return attrs.evolve(article, fields=tuple(fields))


def _stored(record: IRecord | None) -> PostResult:
    return HELD if record is None else PostResult(True, f"article received, it is {record.name}")


def _refused(failure: Failure) -> PostResult:
    failure.trap(TurnRefused, NotImporterError, DocumentError)
    return PostResult(False, failure.getErrorMessage(), later=bool(failure.check(TurnRefused)))
