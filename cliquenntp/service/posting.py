"""A posted article becomes a signed document, is stored in a turn, and only then answered."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from cliquenntp.document import Document, DocumentError, Signer, build, parse
from cliquenntp.interfaces import IArchive, IRecord, IWriter
from cliquenntp.newsgroup.posting import PostRefused, draft
from cliquenntp.nntp.session import PostResult, Submission
from cliquenntp.service.arrival import accept
from cliquenntp.service.turn import Turn, TurnRefused


class Posting:
    """Takes what the owner's newsreader posts."""

    def __init__(
        self,
        turn: Turn,
        archive: IArchive,
        signer: Signer,
        path_identity: str,
        now: Callable[[], float],
        stored: Callable[[Document, IRecord], None],
    ) -> None:
        """``stored`` is told of each document once it is on disk."""
        self._turn = turn
        self._archive = archive
        self._signer = signer
        self._path_identity = path_identity
        self._now = now
        self._stored = stored

    def post(self, submission: Submission) -> Deferred[PostResult]:
        """Store an article; fires with what becomes the 240 or 441 reply."""
        ...
