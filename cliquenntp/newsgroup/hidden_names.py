"""What an account hides by its own word: authors, and documents with all that is below them."""

from __future__ import annotations

from collections.abc import Iterable

from zope.interface import implementer

from cliquenntp.document import address_domain
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
        self._authors: frozenset[str] = frozenset()
        self._documents: frozenset[bytes] = frozenset()
        self._trees: frozenset[int] | None = frozenset()
        """the documents' docnos; None: to be looked up, as some are not held"""
        self._verdicts: SizedCache[int, bool] = SizedCache(VERDICTS_KEPT)

    def name(self, authors: Iterable[str], documents: Iterable[bytes]) -> None:
        """Hide what these authors wrote and these documents (ids, held or not) with all below them, nothing else.

        An author is named by what stands right of the @ in its address.
        """
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
            verdict = self._is_by_hidden(docno) or self.hides_below(docno)
            self._verdicts.keep(docno, verdict)
        return verdict

    def _is_by_hidden(self, docno: int) -> bool:
        return bool(self._authors) and address_domain(self._archive.record(docno).author) in self._authors

    def hides_below(self, docno: int) -> bool:
        """See IHidden."""
        return is_below(docno, self._tree_docnos(), self._archive)

    def _tree_docnos(self) -> frozenset[int]:
        if self._trees is not None:
            return self._trees
        trees = frozenset(docno for docno in map(self._archive.find, self._documents) if docno is not None)
        if len(trees) == len(self._documents):
            self._trees = trees
        return trees


def is_below(docno: int, documents: frozenset[int], archive: IArchive) -> bool:
    """Tell whether a document is one of some (docnos), or below one of them."""
    while documents:
        if docno in documents:
            return True
        record = archive.record(docno)
        groups = record.groups
        if not groups:  # a root, or what only acts on others
            return any(is_below(parent, documents, archive) for parent in record.parents)
        if not documents.isdisjoint(groups):
            return True
        if record.depth <= NEAREST_GROUPS or len(groups) < NEAREST_GROUPS:
            return False
        docno = groups[NEAREST_GROUPS - 1]
    return False
