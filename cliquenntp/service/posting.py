"""A posted article becomes a signed document, is stored in a turn, and only then answered."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from cliquenntp.document import DocumentError, build, parse
from cliquenntp.interfaces import Follow, IArchive, Identity, IRecord, IWriter, Reason
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.posting import draft, refuse_posted_before
from cliquenntp.nntp.session import PostResult
from cliquenntp.service.arrival import accept
from cliquenntp.service.personas import Personas
from cliquenntp.service.turn import Turn, TurnRefused


class Posting:
    """Takes what newsreaders post."""

    def __init__(
        self, turn: Turn, archive: IArchive, personas: Personas, path_identity: str, clock: Callable[[], float]
    ) -> None:
        """``personas`` has the keys that sign; ``clock`` gives seconds since 1970 UTC."""
        self._turn = turn
        self._archive = archive
        self._personas = personas
        self._path_identity = path_identity
        self._clock = clock
        self.on_posted: Callable[[Identity, IRecord], None] = lambda identity, record: None
        """is called with whoever posted a document, once it is on disk"""

    def post(self, article: bytes, identity: Identity) -> Deferred[PostResult]:
        """Store an article of somebody who may post; fires with what becomes the 240 or 441 reply."""
        now = int(self._clock())
        signer = self._personas.signer(identity.persona)
        try:
            drafted = draft(article, self._archive, signer.key, now)
            document = parse(signer.sign(build(drafted.fields, drafted.body), now))
        except (PostRefused, DocumentError) as error:
            return succeed(PostResult(False, error.reason))

        def step(writer: IWriter) -> IRecord:
            refuse_posted_before(drafted.aliases, writer)
            record = accept(writer, document, now, self._path_identity, drafted.aliases)
            if not record.parents and identity.account is not None:
                writer.follow_set(identity.account, Follow(record.id, Reason.EXPLICIT, now))
            return record

        def stored(record: IRecord) -> PostResult:
            self.on_posted(identity, record)
            return PostResult(True, f"article received, it is {record.name}")

        return self._turn.submit(step, len(document.raw)).addCallbacks(stored, _refused)


def _refused(failure: Failure) -> PostResult:
    failure.trap(TurnRefused, PostRefused)
    return PostResult(False, failure.getErrorMessage())
