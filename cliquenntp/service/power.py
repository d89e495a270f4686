"""What accounts hide and what the node blocks: the database has it, this has a copy.

Both are one piece each, changed in a step of the turn.  Reader processes have a copy too, and read again when the
node's desk tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from cliquenntp.document import Document, address_domain
from cliquenntp.interfaces import IArchive, IWriter
from cliquenntp.newsgroup.hidden_names import HiddenNames, is_below
from cliquenntp.newsgroup.named import MOST_NAMED, Kind, NamedSet, authors_of, decoded, encoded, values_of

HIDDEN = "hidden."
"""prefix of the pieces with what accounts hide"""

BLOCKED = "blocked"
"""the piece with what the node blocks"""

Submit = Callable[[Callable[[IWriter], Any]], "Deferred[Any]"]
"""the turn's"""


class PowerError(Exception):
    """Something cannot be hidden or blocked; the text says why, in one line."""


@attrs.frozen
class _Rules:
    """What is blocked, so that a document is judged quickly."""

    authors: frozenset[str]
    documents: frozenset[bytes]
    trees: frozenset[int]
    """docnos of those documents that are here"""


class _Blocked(Container[bytes]):
    """The keys of one kind that are blocked now, whenever one asks."""

    def __init__(self, power: Power, kind: Kind) -> None:
        self._power = power
        self._kind = kind

    def __contains__(self, key: object) -> bool:
        return key in values_of(self._kind, self._power.blocked)


class _BlockedAuthors(Container[bytes]):
    """The keys of the authors that are blocked now, whenever one asks.  For any thread."""

    def __init__(self, power: Power) -> None:
        self._power = power

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and self._power.refuses_author(key)


class Power:
    """What is hidden and blocked.  All methods are for the reactor's thread where they say nothing else."""

    def __init__(self, archive: Any, submit: Submit) -> None:
        """``archive`` has ``pieces`` as IWriter; ``submit`` is the turn's."""
        self._archive = archive
        self._submit = submit
        self._hidden: dict[str, NamedSet] = {}
        self._names: dict[str, HiddenNames] = {}
        self.blocked: NamedSet = frozenset()
        self.blocked_names = HiddenNames(archive)
        """hides from everybody what came before it was blocked"""
        self.peers: Container[bytes] = _Blocked(self, Kind.PEER)
        self.introducers: Container[bytes] = _Blocked(self, Kind.INTRODUCER)
        self.authors: Container[bytes] = _BlockedAuthors(self)
        self.on_changed: Callable[[], None] = lambda: None
        """is called when something is hidden or blocked, or no more, once that is on disk"""
        self.on_blocked: Callable[[NamedSet, NamedSet], None] = lambda new, former: None
        """is called before that with what is blocked from now on, and with what no more"""
        self.read()

    def read(self) -> None:
        """Take up what the database has now."""
        found = {name.removeprefix(HIDDEN): decoded(piece) for name, piece in self._archive.pieces(HIDDEN)}
        for account in self._names.keys() | found.keys():
            self._keep(account, found.get(account, frozenset()))
        self._keep_blocked(decoded(self._archive.piece(BLOCKED)))

    def _keep(self, account: str, named: NamedSet) -> None:
        self._hidden[account] = named
        self.names_of(account).name(authors_of(named), values_of(Kind.DOCUMENT, named))

    def _keep_blocked(self, named: NamedSet) -> None:
        self.blocked = named
        documents = values_of(Kind.DOCUMENT, named)
        held = map(self._archive.find, documents)
        # replaced whole: the writer's thread looks at it
        self._rules = _Rules(authors_of(named), documents, frozenset(docno for docno in held if docno is not None))
        self.blocked_names.name(authors_of(named), values_of(Kind.DOCUMENT, named))

    def names_of(self, account: str) -> HiddenNames:
        """Return what hides for an account what it says; the same one always."""
        return self._names.setdefault(account, HiddenNames(self._archive))

    def hidden(self, account: str) -> NamedSet:
        """Return what an account hides."""
        return self._hidden.get(account, frozenset())

    def change(self, account: str | None, add: NamedSet, remove: NamedSet) -> Deferred[NamedSet]:
        """Hide for an account, or block where that is None; fires with all that is named then, once it is on disk.

        Fails with PowerError, or as the turn does.
        """
        piece = BLOCKED if account is None else HIDDEN + account

        def step(writer: Any) -> NamedSet:
            named = (decoded(writer.piece(piece)) | add) - remove
            if len(named) > MOST_NAMED:
                raise PowerError(f"no more than {MOST_NAMED} can be named: take some away first")
            writer.piece_set(piece, encoded(named))
            return named

        def keep(named: NamedSet) -> NamedSet:
            former = self.blocked
            if account is None:
                self._keep_blocked(named)
                self.on_blocked(named - former, former - named)
            else:
                self._keep(account, named)
            self.on_changed()
            return named

        return self._submit(step).addCallback(keep)

    # what is refused

    def refuses_author(self, author: bytes) -> bool:
        """Tell whether an author (a key) is blocked.  For any thread."""
        authors = self._rules.authors
        return bool(authors) and address_domain(author) in authors

    def refuses(self, document: Document, archive: IArchive) -> bool:
        """Tell whether a document is blocked: by its author, or by what it stands below.  For any thread."""
        if self.refuses_author(document.author):
            return True
        rules = self._rules
        if not rules.documents:
            return False
        if document.id in rules.documents or not rules.documents.isdisjoint(document.parents):
            return True
        parents = (archive.find(parent) for parent in document.parents)
        return any(parent is not None and is_below(parent, rules.trees, archive) for parent in parents)

    def withholds(self, docno: int, archive: IArchive) -> bool:
        """Tell whether a document that is held is blocked, so that others do not get it.  For any thread."""
        return self.refuses_author(archive.record(docno).author) or is_below(docno, self._rules.trees, archive)
