"""A posted article becomes a signed document, is stored in a turn, and only then answered."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from cliquenntp.document import DocumentError, Signer, build, parse
from cliquenntp.interfaces import IArchive, IRecord, IWriter
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.posting import draft, refuse_posted_before
from cliquenntp.nntp.session import PostResult
from cliquenntp.service.arrival import accept
from cliquenntp.service.turn import Turn, TurnRefused


class Posting:
    """Takes what the owner's newsreader posts."""

    def __init__(
        self, turn: Turn, archive: IArchive, signer: Signer, path_identity: str, clock: Callable[[], float]
    ) -> None:
        """``signer`` is the owner's persona; ``clock`` gives seconds since 1970 UTC."""
        self._turn = turn
        self._archive = archive
        self._signer = signer
        self._path_identity = path_identity
        self._clock = clock

    def post(self, article: bytes) -> Deferred[PostResult]:
        """Store an article; fires with what becomes the 240 or 441 reply."""
        now = int(self._clock())
        try:
            drafted = draft(article, self._archive, self._signer.key, now)
            document = parse(self._signer.sign(build(drafted.fields, drafted.body), now))
        except (PostRefused, DocumentError) as error:
            return succeed(PostResult(False, error.reason))

        def step(writer: IWriter) -> IRecord:
            refuse_posted_before(drafted.aliases, writer)
            return accept(writer, document, now, self._path_identity, drafted.aliases)

        return self._turn.submit(step, len(document.raw)).addCallbacks(_stored, _refused)


def _stored(record: IRecord) -> PostResult:
    return PostResult(True, f"article received, it is {record.name}")


def _refused(failure: Failure) -> PostResult:
    failure.trap(TurnRefused, PostRefused)
    return PostResult(False, failure.getErrorMessage())
