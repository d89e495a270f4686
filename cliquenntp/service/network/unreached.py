"""Forums that a node knows from an invitation file alone: they can be read, and say that nobody has answered yet."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Any

from twisted.logger import Logger

from cliquenntp.document import Document, id_from_text, id_text
from cliquenntp.interfaces import SHARED, IArchive, IRecord, IWriter
from cliquenntp.service.turn import Turn

PREFIX = "unreached/"


class Unreached(Container[int]):
    """The roots that came from invitation files and of which no other node was reached since.

    As a container it has those of the shared node, by their docnos.
    """

    _log = Logger()

    def __init__(self, archive: IArchive, turn: Turn, accept: Callable[[IWriter, Document, int], IRecord]) -> None:
        """``accept`` stores a document for a node in a step of the turn."""
        self._archive = archive
        self._turn = turn
        self._accept = accept
        stored: Any = archive
        self._roots = {_meant(name) for name, _ in stored.pieces(PREFIX)}
        self.on_changed: Callable[[], None] = lambda: None
        """is called when one of them was reached"""

    @property
    def roots(self) -> frozenset[bytes]:
        """The ids of those of the shared node."""
        return frozenset(root for node, root in self._roots if node == SHARED)

    def __contains__(self, docno: object) -> bool:
        """Tell whether no node of a forum, named by its root's docno, has answered yet."""
        return bool(self._roots) and isinstance(docno, int) and (SHARED, self._archive.record(docno).id) in self._roots

    def includes(self, node: int, docno: int) -> bool:
        """Tell whether nobody has answered a node yet about a forum, by its root's docno."""
        return (node, self._archive.record(docno).id) in self._roots

    async def take(self, documents: Sequence[Document], node: int) -> None:
        """Store the documents of an invitation file, the root first, for a node.  Fails as Turn.submit does."""
        root = documents[0].id
        held = self._archive.find(root)
        if held is None or not self._archive.holds(node, held):
            self._roots.add((node, root))

        def step(writer: IWriter) -> None:
            for document in documents:
                self._accept(writer, document, node)
            if (node, root) in self._roots:
                writer.piece_set(_name(node, root), b"")

        await self._turn.submit(step, sum(len(document.raw) for document in documents))

    def is_foreign(self, node: int, root: bytes) -> bool:
        """Tell whether a root that a node holds was not made by who uses it."""
        return (node, root) in self._roots

    def reached(self, node: int, root: bytes) -> None:
        """Note that another node shares the forum with one of this process now."""
        if (node, root) not in self._roots:
            return
        self._roots.discard((node, root))
        self.on_changed()
        forgetting = self._turn.submit(partial(_forget, node, root))
        forgetting.addErrback(lambda failure: self._log.failure("A forum's first answer was not noted", failure))


def _name(node: int, root: bytes) -> str:
    return f"{PREFIX}{id_text(root)}" if node == SHARED else f"{PREFIX}{id_text(root)}/{node}"


def _meant(name: str) -> tuple[int, bytes]:
    root, _, node = name.removeprefix(PREFIX).partition("/")
    return int(node or SHARED), id_from_text(root)


def _forget(node: int, root: bytes, writer: IWriter) -> None:
    writer.piece_delete(_name(node, root))
