"""Forums known from an invitation file alone: they can be read, and say that no node has answered yet."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Any

from twisted.logger import Logger

from cliquenntp.document import Document, id_from_text, id_text
from cliquenntp.interfaces import IArchive, IRecord, IWriter
from cliquenntp.service.turn import Turn

PREFIX = "unreached/"


class Unreached(Container[int]):
    """The roots that came from invitation files and of which no node was reached since; by their docnos."""

    _log = Logger()

    def __init__(self, archive: IArchive, turn: Turn, accept: Callable[[IWriter, Document], IRecord]) -> None:
        """``accept`` stores a document in a step of the turn."""
        self._archive = archive
        self._turn = turn
        self._accept = accept
        stored: Any = archive
        self._roots = {id_from_text(name.removeprefix(PREFIX)) for name, _ in stored.pieces(PREFIX)}
        self.on_changed: Callable[[], None] = lambda: None
        """is called when one of them was reached"""

    @property
    def roots(self) -> frozenset[bytes]:
        """Their roots' ids."""
        return frozenset(self._roots)

    def __contains__(self, docno: object) -> bool:
        """Tell whether no node of a forum, named by its root's docno, has answered yet."""
        return bool(self._roots) and isinstance(docno, int) and self._archive.record(docno).id in self._roots

    async def take(self, documents: Sequence[Document]) -> None:
        """Store the documents of an invitation file, the root first.  Fails as Turn.submit does."""
        root = documents[0].id
        if self._archive.find(root) is None:
            self._roots.add(root)

        def step(writer: IWriter) -> None:
            for document in documents:
                self._accept(writer, document)
            if root in self._roots:
                writer.piece_set(PREFIX + id_text(root), b"")

        await self._turn.submit(step, sum(len(document.raw) for document in documents))

    def is_foreign(self, root: bytes) -> bool:
        """Tell whether a root was not made here."""
        return root in self._roots

    def reached(self, root: bytes) -> None:
        """Note that a node shares the forum with this one now."""
        if root not in self._roots:
            return
        self._roots.discard(root)
        self.on_changed()
        forgetting = self._turn.submit(partial(_forget, root))
        forgetting.addErrback(lambda failure: self._log.failure("A forum's first answer was not noted", failure))


def _forget(root: bytes, writer: IWriter) -> None:
    writer.piece_delete(PREFIX + id_text(root))
