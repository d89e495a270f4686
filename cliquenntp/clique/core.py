"""The door of the clique: one node's core."""

from __future__ import annotations

from collections.abc import Mapping

from cliquenntp.clique.effects import Effect, Piece, Plain
from cliquenntp.clique.events import Event
from cliquenntp.clique.messages import Contact
from cliquenntp.interfaces import IClaims, IDice, IDocuments


class Core:
    """One node's part in every channel that it follows.

    Args:
        me: this node's key, and the address that others shall dial ("" while there is none).
        documents: what the node holds, shared with the store.
        claims: signs and verifies what centers say.
        dice: chance.
        epoch: Clique-Time at ``now`` = 0, seconds.
        pieces: what earlier Persist effects left, to go on from; timers start from ``now``.
        now: monotonic seconds.
    """

    def __init__(
        self, me: Contact, documents: IDocuments, claims: IClaims, dice: IDice, epoch: float,
        pieces: Mapping[Piece, Plain] | None = None, now: float = 0.0,
    ) -> None:
        self.me = me
        self.documents = documents
        self.claims = claims
        self.dice = dice
        self.epoch = epoch
        self.pieces = dict(pieces or {})
        self.started = now

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event and return what it leads to, in order."""
        return []

    def next_deadline(self) -> float | None:
        """Return when to come back with TimerDue, on the clock of ``now``; None: never."""
        return None
