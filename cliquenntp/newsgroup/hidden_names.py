"""What an account hides by its own word: authors, and documents with all that is below them."""

from __future__ import annotations

from collections.abc import Iterable

from zope.interface import implementer

from cliquenntp.interfaces import IArchive, IHidden
from cliquenntp.newsgroup.caches import SizedCache
from cliquenntp.newsgroup.placement import NEAREST_GROUPS

VERDICTS_KEPT = 20_000
"""articles of which is kept whether they are hidden, some 200 octets each: the forums that one reads in an evening"""


@implementer(IHidden)
class HiddenNames:
    """IHidden of authors and documents, which ``name`` replaces.

    Below a document is what has it as an ancestor through any of its parents: an answer posted to another newsgroup as
    well is hidden there too.
    """

    def __init__(self, archive: IArchive) -> None:
        self._archive = archive
        self._authors: frozenset[bytes] = frozenset()
        self._documents: frozenset[bytes] = frozenset()
        self._trees: frozenset[int] | None = frozenset()
        """the documents' docnos; None: to be looked up, as some are not held"""
        self._verdicts: SizedCache[int, bool] = SizedCache(VERDICTS_KEPT)

    def name(self, authors: Iterable[bytes], documents: Iterable[bytes]) -> None:
        """Hide what these authors (keys) wrote and these documents (ids, held or not) with all below, nothing else."""
        self._authors, self._documents = frozenset(authors), frozenset(documents)
        self.look_again()

    def look_again(self) -> None:
        """Forget what was found out about articles: the database's numbers may be others."""
        self._trees = None
        self._verdicts.clear()

    def anything(self) -> bool:
        """See IHidden."""
        return bool(self._authors or self._documents)

    def hides(self, docno: int) -> bool:
        """See IHidden."""
        verdict = self._verdicts.get(docno)
        if verdict is None:
            verdict = self._archive.record(docno).author in self._authors or self.hides_below(docno)
            self._verdicts.keep(docno, verdict)
        return verdict

    def hides_below(self, docno: int) -> bool:
        """See IHidden."""
        trees = self._tree_docnos()
        while trees:
            if docno in trees:
                return True
            record = self._archive.record(docno)
            groups = record.groups
            if not groups:  # a root, or what only acts on others
                return any(map(self.hides_below, record.parents))
            if not trees.isdisjoint(groups):
                return True
            if record.depth <= NEAREST_GROUPS or len(groups) < NEAREST_GROUPS:
                return False
            docno = groups[NEAREST_GROUPS - 1]
        return False

    def _tree_docnos(self) -> frozenset[int]:
        if self._trees is not None:
            return self._trees
        trees = frozenset(docno for docno in map(self._archive.find, self._documents) if docno is not None)
        if len(trees) == len(self._documents):
            self._trees = trees
        return trees
