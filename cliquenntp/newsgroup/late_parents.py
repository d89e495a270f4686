"""Documents that came before one of their parents.

A document is stored as soon as its first parent is held.  When another one of its parents comes later, it gets its
numbers in the newsgroups there, and so do the answers that are held by then and those that come still.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from cliquenntp.interfaces import IRecord, IWriter
from cliquenntp.newsgroup.linking import linkable
from cliquenntp.newsgroup.placement import groups_below

MOST_BELOW = 1000
"""documents that get places with one late parent: a tenth of a second's work; real threads of two forums have few"""


def place_below(parent: IRecord, children: Iterable[int], writer: IWriter) -> None:
    """Give ``children`` of a document that was just stored, which came before it, their numbers; so their answers."""
    groups = groups_below([parent])
    waiting = deque(children)
    seen: set[int] = set()
    while waiting and len(seen) < MOST_BELOW:
        docno = waiting.popleft()
        if docno not in seen:
            seen.add(docno)
            _stand(writer.record(docno), groups, writer)
            waiting.extend(writer.children(docno))


def place_beside_parents(record: IRecord, writer: IWriter) -> None:
    """Give a document that was just stored numbers where its parents got theirs late."""
    groups = dict.fromkeys(
        group for parent in record.parents for group, number in writer.linked_in(parent)
        if writer.numbers(group).at(number) == parent)  # else a link shows it there, it alone
    _stand(record, groups, writer)


def _stand(record: IRecord, groups: Iterable[int], writer: IWriter) -> None:
    missing = [group for group in groups if not writer.stands_in(record.docno, group)]
    if missing and linkable(record, writer):
        writer.show(record.docno, record.docno, missing)
