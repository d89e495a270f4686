"""The transactions of the one view that changes a database, and the small things that it keeps beside documents."""

from __future__ import annotations

from typing import Any

from ZODB.POSException import ConflictError

from cliquenntp.interfaces import SHARED, Changes, Follow, Held, Placement
from cliquenntp.store.archive import Archive, alias_key
from cliquenntp.store.classes import Piece
from cliquenntp.store.seat import Seat, SeatLost
from cliquenntp.store.trees import ObjectTree

RAW_CACHE_OCTETS = 1024 * 1024
"""Bytes of documents that the writer keeps: the roots, whose headers say who may import.  The rest it reads once."""


class Committing(Archive):
    """A view of the database that changes between ``begin`` and ``commit``; what IWriter says of what is no document.

    ``writes`` counts the changes since ``begin``: a step that raised and left it as it was has written nothing.
    """

    def __init__(
        self, connection: Any, transactions: Any, blob_octets: int, seat: Seat | None = None
    ) -> None:
        """``seat`` is this writer's, where other processes may have the database open."""
        super().__init__(connection, RAW_CACHE_OCTETS)
        self._seat = seat
        self._holder = b"" if seat is None else seat.holder
        self._transactions = transactions
        self._blob_octets = blob_octets
        self._forget_changes()

    def _forget_changes(self) -> None:
        self.writes = 0
        self._documents: list[int] = []
        self._held: list[Held] = []
        self._changed_groups: dict[int, None] = {}
        self._dropped: list[int] = []
        self._revised: dict[int, None] = {}
        self._added_aliases: list[tuple[str, bytes, int]] = []
        self._numbered: tuple[Placement, int, tuple[tuple[int, int], ...]] | None = None

    def begin(self) -> None:
        """Begin a transaction at the newest state; what an unfinished one wrote is dropped."""
        self.abort()
        self._forget_changes()

    def commit(self) -> Changes:
        """Make the changes last (fsync) and return what changed; whatever ZODB raises means that nothing did."""
        changes = Changes(
            tuple(self._documents), tuple(self._changed_groups), tuple(self._dropped), tuple(self._added_aliases),
            tuple(self._revised), tuple(self._held),
        )
        if self._seat is not None:
            self._keep_seat(self._seat)
        try:
            self._transactions.commit()
        except ConflictError as error:
            raise SeatLost(f"another process has written to this database: {error}") from error
        self._transactions.begin()
        self._documents = []
        return changes

    def _keep_seat(self, seat: Seat) -> None:
        if seat.holder != self._holder:
            raise SeatLost("another process writes to this database now")
        self._connection.readCurrent(seat)

    @property
    def state(self) -> bytes:
        """The newest transaction, after ``commit`` the one that it made."""
        newest: bytes = self.storage.lastTransaction()
        return newest

    def beat(self) -> None:
        """Show to whoever wants to write that somebody does already."""
        if self._seat is not None:
            self.writes += 1
            self._seat.beat += 1

    def leave_seat(self) -> None:
        """Let another process write; commits, if that can be."""
        self.begin()
        if self._seat is not None and self._seat.holder == self._holder:
            self._seat.holder = b""
            try:
                self._transactions.commit()
            except Exception:  # the server is away: whoever comes sees that this process has ended, or hears no beat
                self._transactions.abort()
            self._transactions.begin()

    def abort(self) -> None:
        """Drop the changes since ``begin``."""
        for docno in self._documents:  # other documents will have these docnos
            self._raw_cache.drop(docno)
        self._documents = []
        self._transactions.abort()
        self._transactions.begin()

    def add_alias(self, account: str, message_id: bytes, docno: int) -> None:
        """See IWriter."""
        self.writes += 1
        self._aliases[alias_key(account, message_id)] = docno
        self._added_aliases.append((account, message_id, docno))

    def piece_set(self, name: str, value: bytes) -> None:
        """See IWriter."""
        self.writes += 1
        piece = self._pieces.get(name)
        if piece is None:
            self._pieces[name] = Piece(value)
        elif piece.octets != value:
            piece.octets = value

    def piece_delete(self, name: str) -> None:
        """See IWriter."""
        if name in self._pieces:
            self.writes += 1
            del self._pieces[name]

    def follow_set(self, account: str, follow: Follow) -> None:
        """See IWriter."""
        self.writes += 1
        follows = self._follows.get(account)
        if follows is None:
            follows = self._follows[account] = ObjectTree()
        kept = (follow.reason.value, follow.looked, follow.comments, follow.since)
        follows[follow.document] = kept if follow.node == SHARED else (*kept, follow.node)

    def follow_delete(self, account: str, document_id: bytes) -> None:
        """See IWriter."""
        follows = self._follows.get(account)
        if follows is not None and document_id in follows:
            self.writes += 1
            del follows[document_id]
