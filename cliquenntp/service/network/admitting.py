"""How much a node of this process takes of other nodes: the core's rules (`clique.admission`) with what they ask.

All of it is for the writer's thread, where the core runs.
"""

from __future__ import annotations

from cliquenntp.clique.admission import Admission
from cliquenntp.clique.budgets import BudgetLimits, Budgets
from cliquenntp.clique.standing import Standing
from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.importers import named_by
from cliquenntp.service.power import Power

ROOTS_KEPT = 1000
"""forums of which it is remembered whom their roots name; else each newcomer's document costs reading a root"""


class _Named:
    """Whom roots name.  They never change."""

    def __init__(self, archive: IArchive) -> None:
        self._archive = archive
        self._kept: dict[bytes, frozenset[bytes]] = {}

    def __call__(self, root: bytes) -> frozenset[bytes]:
        named = self._kept.get(root)
        if named is not None:
            return named
        docno = self._archive.find(root)
        if docno is None:
            return frozenset()
        if len(self._kept) >= ROOTS_KEPT:
            self._kept.clear()
        named = self._kept[root] = named_by(docno, self._archive)
        return named


def new_admission(archive: IArchive, power: Power, limits: BudgetLimits) -> Admission:
    """Return how much a core takes that knows nobody yet; ``archive`` is the writer's."""
    return Admission(Budgets(limits), Standing(blocked=power.authors), _Named(archive))
