"""A posted article becomes a signed document, is stored in a turn, and only then answered."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from cliquenntp.document import Document, DocumentError, compose
from cliquenntp.interfaces import IArchive, Identity, IRecord, IWriter
from cliquenntp.newsgroup.approving import waiting_note
from cliquenntp.newsgroup.control import LeaveForum, PostRefused
from cliquenntp.newsgroup.outgoing import utc_date
from cliquenntp.newsgroup.posting import Draft, Poster, draft, refuse_posted_meanwhile
from cliquenntp.newsgroup.retraction import acts_only
from cliquenntp.nntp.session import PostResult
from cliquenntp.nntp.verdict import Verdict
from cliquenntp.service.network.holding_back import HoldingBack, Waiting
from cliquenntp.service.network.routes import Routes
from cliquenntp.service.proving import Proving
from cliquenntp.service.readers.personas import Personas
from cliquenntp.service.turn import Turn, TurnRefused
from cliquenntp.units import duration_text


class Posting:
    """Takes what newsreaders post."""

    def __init__(
        self,
        turn: Turn,
        archive: IArchive,
        personas: Personas,
        clock: Callable[[], float],
        keep_headers: Collection[bytes],
        routes: Routes,
        holding_back: HoldingBack,
        proving: Proving,
        refuses: Callable[[Document, IArchive], bool] = lambda document, archive: False,
    ) -> None:
        """Take posts.

        ``personas`` has the keys that sign; ``clock`` gives seconds since 1970 UTC; ``keep_headers`` leave the machine
        too (outgoing.KEEPABLE_FIELDS); ``routes`` knows by which node each goes out, ``holding_back`` when,
        ``proving`` makes proofs of work, and ``refuses`` tells which documents are blocked.
        """
        self._turn = turn
        self._archive = archive
        self._personas = personas
        self._clock = clock
        self._keep_headers = keep_headers
        self._routes = routes
        self._holding_back = holding_back
        self._proving = proving
        self._refuses = refuses
        self.on_posted: Callable[[Identity, IRecord], None] = lambda identity, record: None
        """is called with whoever posted a document, once it is on disk and not held back"""
        self.on_local: Callable[[bytes, Identity], Deferred[PostResult] | None] = lambda article, identity: None
        """takes what stays on this machine, and returns its verdict; raises PostRefused"""
        self.on_leave: Callable[[Identity, IRecord], Deferred[None]] = lambda identity, record: succeed(None)
        """ends somebody's follow of a forum (its root's record); fires when that is on disk"""

    def post(self, article: bytes, identity: Identity) -> Deferred[PostResult]:
        """Store an article of somebody who may post; fires with what becomes the 240 or 441 reply.

        A Verdict where that takes a proof of work.
        """
        try:
            local = self.on_local(article, identity)
        except PostRefused as error:
            return succeed(PostResult(False, error.reason))
        if local is not None:
            return local
        now = int(self._clock())
        signer = self._personas.signer(identity.persona)
        poster = Poster(identity, signer.key, self._keep_headers)
        try:
            drafted = draft(article, self._archive, poster, now)
            if isinstance(drafted, LeaveForum):
                root = self._archive.record(drafted.root)
                left = PostResult(True, f"{root.name} is followed no more; what is here stays")
                return self.on_leave(identity, root).addCallbacks(lambda _: left, _refused)
            document, due = self._compose(drafted, identity, now)
            if self._refuses(document, self._archive):
                raise PostRefused("this node has blocked what is posted here")
            route = self._routes.of(identity, document.parents)
        except (PostRefused, DocumentError) as error:
            return succeed(PostResult(False, error.reason))
        alias = drafted.alias

        def step(writer: IWriter, document: Document) -> IRecord:
            refuse_posted_meanwhile(alias, writer, identity.account)
            record = self._holding_back.take_in(writer, document, now, route, identity.account or "", due)
            if alias is not None and identity.account is not None:
                writer.add_alias(identity.account, alias, record.docno)
            if not record.parents:
                self._routes.found(route, identity, record, now, writer)
            return record

        def stored(record: IRecord) -> PostResult:
            waiting = self._holding_back.stored(record)
            if acts_only(record):
                return PostResult(True, f"done{_later(waiting, now)}")
            if waiting is None:
                self.on_posted(identity, record)
            note = waiting_note(record.docno, self._archive)
            if note:
                return PostResult(True, f"article received, {note}{_later(waiting, now)}")
            # its name may be a forum's that is hidden from whoever posts in another one
            name = f", it is {record.name}" if identity.may_see(record.roots[:1]) else ""
            return PostResult(True, f"article received{name}{_later(waiting, now)}")

        def store(document: Document) -> Deferred[PostResult]:
            return self._turn.submit(partial(step, document=document), len(document.raw)).addCallbacks(stored, _refused)

        proof = self._proving.prove(document, signer, identity.account or "")
        if proof is None:
            return store(document)
        verdict = Verdict(proof.stop)
        proof.document.addCallbacks(store, _refused).chainDeferred(verdict)
        return verdict

    def _compose(self, drafted: Draft, identity: Identity, now: int) -> tuple[Document, int]:
        """Return the signed document, and when it is to leave, which its time then says.  Raises DocumentError."""
        signer = self._personas.signer(identity.persona)
        document = compose(signer, drafted.fields, drafted.body, max(now, drafted.time))
        due = self._holding_back.due(
            identity.persona, document.parents, now, document.cancel or document.supersedes)
        if due == now:
            return document, now
        date = utc_date(None, due)
        fields = [(name, date if name == b"Date" else value) for name, value in drafted.fields]
        return compose(signer, fields, drafted.body, max(due, drafted.time)), due


def _later(waiting: Waiting | None, now: int) -> str:
    """Return what a verdict adds about a document that is held back."""
    return "" if waiting is None else f"; other nodes get it in {duration_text(waiting.due - now)}"


def _refused(failure: Failure) -> PostResult:
    failure.trap(TurnRefused, PostRefused, DocumentError)
    return PostResult(False, failure.getErrorMessage())
