"""``cliquectl export``: writes what a newsgroup holds to a file on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.threads import deferToThread

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer
from cliquenntp.service.commands.follow import find_document
from cliquenntp.service.commands.telling import telling
from cliquenntp.service.new_file import NewFileError
from cliquenntp.service.upkeep.exporting import export_documents, export_mbox

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

MBOX, DOCUMENTS = FORMATS = ("mbox", "documents")


async def export(node: Node, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write a newsgroup's articles, or the signed documents of which they are made.  Raises CommandError."""
    form = arguments.get("format") or MBOX
    if form not in FORMATS:
        raise CommandError(f"the format is one of {', '.join(FORMATS)}, not {form!r}")
    path = arguments.get("path")
    if not isinstance(path, str):
        raise CommandError("the argument path is missing, or no text")
    document, name = find_document(node, arguments)
    archive = node.store.reader
    docno = archive.find(document)
    assert docno is not None
    with telling(node.reactor, answer, archive.numbers(docno).count, "articles") as progress:
        try:
            if form == DOCUMENTS:
                count = await deferToThread(export_documents, node.store, docno, Path(path), progress)
            else:
                identity = node.settings.path_identity
                count = await deferToThread(export_mbox, node.store, docno, Path(path), identity, progress)
        except NewFileError as error:
            raise CommandError(str(error)) from None
    return {"name": name, "file": path, "format": form, "count": count}
