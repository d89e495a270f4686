"""Documents that links bring: what is checked before the core hears of them, and how many came to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import attrs

from cliquenntp.clique import events
from cliquenntp.clique.budgets import Allowance, Checks
from cliquenntp.clique.effects import DropDocument
from cliquenntp.clique.messages import Push
from cliquenntp.document import Document, DocumentError, WorkMissing, check_time, parse, verify
from cliquenntp.link.manager import LinkManager
from cliquenntp.service.network.clique_state import place_of
from cliquenntp.service.network.deciding import Outcome

Event = events.DocumentReceived | events.DocumentRefused


class Incoming:
    """Checks and counts for one node.  All methods are for the reactor's thread."""

    def __init__(
        self, links: LinkManager, checks: Allowance, clock: Callable[[], float], seconds: Callable[[], float]
    ) -> None:
        """``checks``: of one peer that come to nothing; ``clock`` is the time of day, ``seconds`` the monotonic one."""
        self._links = links
        self._checks = Checks(checks)
        self._clock = clock
        self._seconds = seconds
        self.received = 0
        """documents that were new, since the start"""
        self.repeated = 0
        """documents that were held already"""
        self.refused: Counter[str] = Counter()
        """documents that were refused, by the name of the error"""
        self.put_off: Counter[str] = Counter()
        """documents for which there was no room, by the budget"""

    def check(self, link_id: int, push: Push, body: bytes) -> tuple[Event, Document | None]:
        """Return what the core is to hear of a document's bytes, and the document if it keeps the rules.

        Raises ValueError where the bytes are not those of the document that was announced.
        """
        try:
            document = parse(body)
            if push.document not in (b"", document.id):
                raise ValueError("a document that is not the one announced")
            push = attrs.evolve(push, document=document.id)
            if not self._may_check(link_id, len(body)):
                self.put_off["checks"] += 1
                return events.DocumentRefused(link_id, push, "too many were checked in vain"), None
            verify(document)
            check_time(document, int(self._clock()))
        except DocumentError as error:
            self.refused[type(error).__name__] += 1
            self._checked_in_vain(link_id, len(body))
            return events.DocumentRefused(link_id, push, error.reason), None
        return events.DocumentReceived(link_id, push, place_of(document)), document

    def decided(self, outcome: Outcome, link_id: int, octets: int) -> None:
        """Count what became of what a link brought, of so many octets, or of an event of this node's own (link 0)."""
        self.received += outcome.received
        self.repeated += outcome.repeated
        if outcome.without_work:
            self.refused[WorkMissing.__name__] += outcome.without_work
        if not link_id:
            return
        budgets = [one.budget for one in outcome.effects if isinstance(one, DropDocument) and one.budget]
        self.put_off.update(budgets)
        if budgets:
            self._checked_in_vain(link_id, octets)

    def _may_check(self, link_id: int, octets: int) -> bool:
        info = self._links.info(link_id)
        return info is None or self._checks.may_check(info.node_key, octets, self._seconds())

    def _checked_in_vain(self, link_id: int, octets: int) -> None:
        info = self._links.info(link_id)
        if info is not None:
            self._checks.in_vain(info.node_key, octets, self._seconds())
