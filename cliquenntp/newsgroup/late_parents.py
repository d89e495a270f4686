"""Documents that came before one of their parents.

A document is stored as soon as its first parent is held.  When another one of its parents comes later, it gets its
numbers in the newsgroups there, and so do the answers that are held by then and those that come still.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from cliquenntp.interfaces import IRecord, IWriter
from cliquenntp.newsgroup.placement import groups_below
from cliquenntp.newsgroup.standing import stand

MOST_BELOW = 1000
"""documents that get places with one late parent: a tenth of a second's work; real threads of two forums have few"""


def place_below(parent: IRecord, children: Iterable[int], writer: IWriter, path_identity: str) -> None:
    """Give ``children`` of a document that was just stored, which came before it, their numbers; so their answers."""
    stand_below(groups_below([parent]), children, writer, path_identity)


def stand_below(groups: Sequence[int], children: Iterable[int], writer: IWriter, path_identity: str) -> None:
    """Let these documents and what answers them stand in newsgroups (docnos), at most MOST_BELOW."""
    waiting = deque(children)
    seen: set[int] = set()
    while waiting and len(seen) < MOST_BELOW:
        docno = waiting.popleft()
        if docno not in seen:
            seen.add(docno)
            stand(writer.record(docno), groups, writer, path_identity)
            waiting.extend(writer.children(docno))


def place_beside_parents(record: IRecord, writer: IWriter, path_identity: str) -> None:
    """Give a document that was just stored numbers where its parents got theirs late."""
    groups = dict.fromkeys(group for parent in record.parents for group in writer.late_groups(parent))
    stand(record, groups, writer, path_identity)
