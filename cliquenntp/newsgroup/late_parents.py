"""Documents that came before one of their parents.

A document is stored as soon as its first parent is held.  When another one of its parents comes later, it gets its
numbers in the newsgroups there, and so do the answers that are held by then and those that come still.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from cliquenntp.interfaces import IArchive, IRecord, IWriter
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
    stand(record, _beside_parents(record, writer), writer, path_identity)


def late_groups(record: IRecord, archive: IArchive) -> dict[int, None]:
    """Return the docnos of the newsgroups where a document belongs because of parents that came after it, or theirs."""
    late = (archive.find(parent) for parent in archive.place(record.docno).parents)
    missed = [archive.record(docno) for docno in late if docno is not None and docno not in record.parents]
    below = groups_below(missed) if missed else ()
    return dict.fromkeys([*below, *_beside_parents(record, archive)])


def _beside_parents(record: IRecord, archive: IArchive) -> dict[int, None]:
    found: dict[int, None] = {}
    for parent in record.parents:
        known = archive.record(parent).groups
        for group, number in archive.linked_in(parent):
            # else a link shows it there, it alone
            if group not in known and archive.numbers(group).at(number) == parent:
                found[group] = None
    return found
