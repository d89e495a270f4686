"""Importing a file of signed documents: they are stored as they are, with the ids that they have everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import attrs
from twisted.internet.threads import deferToThread

from cliquenntp.document import Document, DocumentError, check_time, id_text
from cliquenntp.interfaces import OWNER, SHARED, IWriter
from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.service.arrival import accept
from cliquenntp.service.imports.documents_file import MAGIC, DamagedFileError, read_entries
from cliquenntp.service.imports.report import ImportProgress, ImportReport

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

BATCH_DOCUMENTS = 200
"""in one step of the turn: some 50 ms, so that posts hardly wait"""

NO_PARENT = "its first parent is neither here nor in the file"


def is_documents_file(path: Path) -> bool:
    """Tell whether a file is one of signed documents.  Raises OSError."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


@attrs.define
class _Batch:
    documents: list[Document] = attrs.Factory(list)
    refusals: list[tuple[str, str]] = attrs.Factory(list)
    """(document, reason)"""


class DocumentImport:
    """One run over one file.  All methods are for the reactor's thread."""

    def __init__(self, node: Node, path: Path, progress: Callable[[ImportProgress], None]) -> None:
        self._node = node
        self._path = path
        self._progress = progress
        self._stopped = False
        self.report = ImportReport()

    def stop(self) -> None:
        """End the run after the step that is under way; run again, it goes on from there."""
        self._stopped = True

    async def run(self) -> ImportReport:
        """Import the file; return the report.  Fails with OSError, or as Turn.submit does."""
        began, size = self._node.clock(), self._path.stat().st_size
        with self._path.open("rb") as file:
            file.read(len(MAGIC))
            entries = self._entries(file)
            while not self._stopped:
                batch = await deferToThread(_next, entries)
                if not (batch.documents or batch.refusals):
                    break
                self.report.read += len(batch.documents) + len(batch.refusals)
                for name, reason in batch.refusals:
                    self.report.refuse(name, reason)
                await self._store(batch.documents)
                seconds = self._node.clock() - began
                self._progress(ImportProgress("octets", file.tell(), size, self.report.taken, seconds))
        self.report.stopped = self._stopped
        self.report.seconds = self._node.clock() - began
        return self.report

    def _entries(self, file: BinaryIO) -> Iterator[Document | DocumentError]:
        try:
            yield from read_entries(file)
        except DamagedFileError as error:
            self.report.damage = str(error)

    async def _store(self, documents: Sequence[Document]) -> None:
        node = self._node
        fresh = {document.id for document in documents if not self._is_held(document)}
        for document in documents:
            if document.id in fresh and not document.parents and document.author != node.owner.key:
                # as with an invitation's file: somebody else's forum, of which no node has answered yet
                await node.unreached.take([document], SHARED)
                await node.follows.follow(OWNER.account or "", document.id, False, 0, ())
        octets = sum(len(document.raw) for document in documents)
        for document, outcome in zip(
                documents, await node.turn.submit(partial(self._take, documents), octets), strict=True):
            if isinstance(outcome, str):
                self.report.refuse(id_text(document.id), outcome)
            elif document.id not in fresh:
                self.report.held += 1
            else:
                self.report.taken += 1
                self.report.forums.update(outcome)

    def _is_held(self, document: Document) -> bool:
        archive = self._node.store.reader
        docno = archive.find(document.id)
        return docno is not None and archive.holds(SHARED, docno)

    def _take(self, documents: Sequence[Document], writer: IWriter) -> list[str | list[str]]:
        """Store documents; return of each the forums in which it stands, or why it was refused.  A step."""
        outcomes: list[str | list[str]] = []
        for document in documents:
            try:
                check_time(document, int(self._node.clock()))
                record = accept(writer, document, int(self._node.clock()), self._node.settings.path_identity)
            except ParentMissing:
                outcomes.append(NO_PARENT)
            except DocumentError as error:
                outcomes.append(error.reason)
            else:
                roots = record.roots or (record.docno,)
                outcomes.append([writer.record(root).name.removeprefix("clique.") for root in roots])
        return outcomes


def _next(entries: Iterator[Document | DocumentError]) -> _Batch:
    batch = _Batch()
    for found in islice(entries, BATCH_DOCUMENTS):
        if isinstance(found, Document):
            batch.documents.append(found)
        else:
            batch.refusals.append(("a document in the file", found.reason))
    return batch
