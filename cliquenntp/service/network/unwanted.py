"""Which documents that links bring are not taken, though they keep the format: blocked ones, and those without work."""

from __future__ import annotations

import enum
from collections.abc import Callable, Container, Iterable

import attrs

from cliquenntp.clique.parameters import REFUSED_AT_MOST
from cliquenntp.document import Document, WorkMissing, work_bits
from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.work import check_work, judging_root, storable


class Why(enum.Enum):
    """Why a document is not taken."""

    BLOCKED = enum.auto()
    """the operator does not want it, or something that it answers"""
    WORK = enum.auto()
    """it has too little work for its forum, or its first parent has"""


@attrs.frozen
class _Lack:
    """Of what a document had too little, or the one that it answers."""

    root: int
    """docno of the forum's root"""
    author: bytes
    bits: int


class Unwanted:
    """Tells which documents are not taken.  For the writer's thread, but ``wanted_now``."""

    def __init__(self, blocks: Callable[[Document, IArchive], bool]) -> None:
        """``blocks`` tells which documents the operator has blocked."""
        self._blocks = blocks
        self._without_work: dict[bytes, _Lack] = {}
        """by the documents' ids; as many as the core remembers of all that is unwanted"""

    def why(self, document: Document, refused: Container[bytes], archive: IArchive) -> Why | None:
        """Return why a document is not taken, None where it is; ``refused`` are the ids that the core remembers.

        What has a refused parent is refused too, so that nobody gets below what is blocked by another way.  A parent
        without work counts only as the first one: no node takes it, and who comes to hear of it must not take less.
        """
        if self._blocks(document, archive):
            self._without_work.pop(document.id, None)  # that it had too little work was before
            return Why.BLOCKED
        missing = [parent for parent in document.parents if parent in refused]
        if any(parent not in self._without_work for parent in missing):
            return Why.BLOCKED
        if missing and missing[0] == document.parents[0]:
            return self._note(document, self._without_work[missing[0]])
        try:
            check_work(document, archive)
        except WorkMissing:
            root = judging_root(document, archive)
            assert root is not None, "it was judged by that"
            return self._note(document, _Lack(root, document.author, work_bits(document)))
        return None

    def wanted_now(self, roots: Iterable[int], archive: IArchive) -> tuple[bytes, ...]:
        """Return the documents (ids) that have enough work by now for these forums (their roots' docnos).

        Each after its parents.  For any thread.
        """
        noted = list(self._without_work.items())  # one step, whatever the writer's thread does
        lacking = {lack.root for _, lack in noted}
        is_storable = {root: storable(root, archive) for root in roots if root in lacking}
        return tuple(
            document for document, lack in noted
            if lack.root in is_storable and is_storable[lack.root](lack.author, lack.bits))

    def _note(self, document: Document, lack: _Lack) -> Why:
        self._without_work[document.id] = lack
        if len(self._without_work) > REFUSED_AT_MOST:
            del self._without_work[next(iter(self._without_work))]
        return Why.WORK
