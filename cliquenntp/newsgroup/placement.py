"""Where a document stands among newsgroups: decided once, when it arrives, from its parents' records alone.

A parent's record already lists the newsgroups around it, the nearest first, so nothing is walked to the root and a
post costs the same at any depth and in a forum of any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cliquenntp.document import Document, decode_header
from cliquenntp.interfaces import IArchive, IRecord, Placement
from cliquenntp.newsgroup.importers import is_importer
from cliquenntp.newsgroup.message_ids import is_message_id
from cliquenntp.newsgroup.naming import group_name

NEAREST_GROUPS = 32
"""Ancestors in whose newsgroups a document gets a number.  99 % of real threads are less than 20 deep; in a deeper
one an article is missed only in the sub-thread of an ancestor far above, and never in the thread's or the forum's
group."""

MOST_ROOTS = 8
MOST_STARTERS = 8
"""as many as a document may have parents; else cross-posts of cross-posts would double them at each step"""

XREF_GROUPS = 8
"""newsgroups named in Xref: it stands in each overview line, and newsreaders only need those that people read"""

LAST_REFERENCES = 20
"""ids kept at the end of References beside the first (RFC 5537 section 3.4.4 asks for the first and the last three)"""

SUBJECT_CHARACTERS = 200
"""of the decoded subject kept as the newsgroup's description; longer ones are cut"""


class ParentMissing(Exception):
    """A document's first parent is not held, so it cannot be placed yet; ``parent`` is its id."""

    def __init__(self, parent: bytes) -> None:
        super().__init__("the first parent is not held")
        self.parent = parent


def place(document: Document, archive: IArchive) -> Placement:
    """Return where a document that is not yet held belongs.  Raises ParentMissing."""
    parents = _held_parents(document, archive)
    records = [archive.record(docno) for docno in parents]
    subject = decode_header(document.headers.get(b"Subject") or b"")[:SUBJECT_CHARACTERS]
    roots, starters = _roots(records), _starters(records)
    root_name = archive.record(roots[0]).name if roots else None
    groups: tuple[int, ...] = ()
    xref_groups: tuple[int, ...] = ()
    if records and _is_numbered(document):
        nearest = _nearest(records)
        groups = tuple(dict.fromkeys([*nearest, *starters, *roots]))
        xref_groups = tuple(dict.fromkeys([*roots, *starters, *nearest]))[:XREF_GROUPS]
    return Placement(
        name=group_name(document.id, document.forum, subject, root_name, archive),
        subject=subject,
        depth=records[0].depth + 1 if records else 0,
        parents=parents,
        roots=roots,
        starters=starters,
        groups=groups,
        xref_groups=xref_groups,
        references=_references(records[0]) if records else (),
        message_ids=_original_message_id(document, roots, archive),
    )


def _held_parents(document: Document, archive: IArchive) -> tuple[int, ...]:
    found = [archive.find(parent) for parent in document.parents]
    if found and found[0] is None:
        raise ParentMissing(document.parents[0])
    return tuple(docno for docno in found if docno is not None)


def _is_numbered(document: Document) -> bool:
    """Tell whether a document is an article of newsgroups: what only acts on another one is not."""
    return document.cancel is None and document.approve is None and document.link is None


def placement_of(record: IRecord) -> Placement:
    """Return where a document that is held was placed, to make its overview line anew."""
    starters = () if record.starters == (record.docno,) else record.starters
    return Placement(
        name=record.name, subject=record.subject, depth=record.depth, parents=record.parents, roots=record.roots,
        starters=starters, groups=record.groups,
        xref_groups=tuple(dict.fromkeys([*record.roots, *starters, *record.groups]))[:XREF_GROUPS],
        references=record.references, message_ids=(),
    )  # fmt: skip


def groups_below(parents: Sequence[IRecord]) -> tuple[int, ...]:
    """Return the docnos of the newsgroups in which a child of these documents has a number."""
    return tuple(dict.fromkeys([*_nearest(parents), *_starters(parents), *_roots(parents)]))


def _roots(parents: Sequence[IRecord]) -> tuple[int, ...]:
    return _unique((root for record in parents for root in record.roots), MOST_ROOTS)


def _starters(parents: Sequence[IRecord]) -> tuple[int, ...]:
    return _unique((starter for record in parents for starter in record.starters), MOST_STARTERS)


def _nearest(parents: Sequence[IRecord]) -> list[int]:
    """Return the docnos of the ancestors that are nearest through any parent, nearest first.

    The first NEAREST_GROUPS groups of a record are its own nearest ancestors in order of distance, so reading all
    parents' lists side by side gives the order of distance for the child.
    """
    lists = [[record.docno, *record.groups[:NEAREST_GROUPS]] for record in parents]
    if len(lists) == 1:
        return lists[0][:NEAREST_GROUPS]
    merged: dict[int, None] = {}
    for rank in range(max(map(len, lists))):
        for groups in lists:
            if rank < len(groups):
                merged.setdefault(groups[rank])
        if len(merged) >= NEAREST_GROUPS:
            break
    return list(merged)[:NEAREST_GROUPS]


def _unique(docnos: Iterable[int], most: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(docnos))[:most]


def _references(parent: IRecord) -> tuple[bytes, ...]:
    """Return the first and the last ids of the first-parent chain that ends with ``parent``, the root left out."""
    if not parent.parents:
        return ()
    chain: tuple[bytes, ...] = (*parent.references, parent.id)
    return chain if len(chain) <= LAST_REFERENCES + 1 else (chain[0], *chain[-LAST_REFERENCES:])


def _original_message_id(document: Document, roots: tuple[int, ...], archive: IArchive) -> tuple[bytes, ...]:
    """Return the Message-ID that an imported article had elsewhere, where its author is an importer."""
    original = document.headers.get(b"Clique-Original-Message-ID")
    if original is None or not is_message_id(original) or not is_importer(document.author, roots, archive):
        return ()
    return (original,)
