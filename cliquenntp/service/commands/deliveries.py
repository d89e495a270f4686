"""cliquectl deliveries: what came from other nodes and went to them last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cliquenntp.document import id_text, key_text
from cliquenntp.interfaces import IRecord
from cliquenntp.service.commands.acting import acting
from cliquenntp.service.commands.follow import find_document

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


def deliveries(node: Node, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each delivery that somebody sees, the newest first; with ``name`` of what is at or below that.

    What was taken back since is passed over.  Raises CommandError.
    """
    archive, who = node.store.reader, acting(node, arguments)
    wanted = _wanted(node, arguments)
    for delivery in who.clique.deliveries.newest():
        docno = archive.find(delivery.document)
        if docno is None or archive.gone(docno):
            continue
        record = archive.record(docno)
        seen = [root for root in record.roots if who.identity.may_see([root])]
        if not seen or (wanted is not None and not _is_in(node, record, wanted)):
            continue
        yield {
            "at": delivery.at,
            "way": "in" if delivery.is_in else "out",
            "node": key_text(delivery.node_key),
            "forum": archive.record(seen[0]).name,
            "id": id_text(record.id),
            "subject": record.subject,
            # seconds from when it was written to when it was here, or left; clocks of nodes differ by some
            "age": max(0.0, delivery.at - record.time),
        }


def _wanted(node: Node, arguments: Mapping[str, Any]) -> IRecord | None:
    if not arguments.get("name"):
        return None
    docno = node.store.reader.find(find_document(node, arguments)[0])
    return None if docno is None else node.store.reader.record(docno)


def _is_in(node: Node, record: IRecord, above: IRecord) -> bool:
    """Tell whether a document is another one, or stands below it."""
    if not above.parents:
        return above.docno in record.roots
    return record.id == above.id or above.id in node.follows.ancestors(record.id)
