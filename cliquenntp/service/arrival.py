"""How a document comes in, whoever brings it: a post, an import, a feed or a peer."""

from __future__ import annotations

from collections.abc import Sequence

from cliquenntp.document import Document
from cliquenntp.interfaces import IRecord, IWriter
from cliquenntp.newsgroup.overview import overview_line
from cliquenntp.newsgroup.placement import place


def accept(
    writer: IWriter, document: Document, now: int, path_identity: str, aliases: Sequence[bytes] = ()
) -> IRecord:
    """Store a verified document unless it is held already, and return its record.

    ``now`` is in seconds since 1970 UTC, ``aliases`` are Message-IDs that a newsreader chose for it.  A step of
    the turn; raises newsgroup.placement.ParentMissing before anything is written where its first parent is not held.
    """
    held = writer.find(document.id)
    if held is not None:
        return writer.record(held)
    placement = place(document, writer, aliases)
    _, numbers = writer.number(placement)
    line = overview_line(document, placement, numbers, writer, path_identity)
    return writer.store(document, placement, line, now)
