"""What a forum's maker lays down for it: who moderates it (Clique-Moderator), and how much work a post takes
(Clique-Work-Asked).

The forum's root says so, and later children of it by the root's key.  Each counts from its Clique-Time on until the
next one that says something of the same; the root's own from the beginning.
"""

from __future__ import annotations

from collections import OrderedDict

import attrs

from cliquenntp.document import Document, DocumentError, parse
from cliquenntp.interfaces import IArchive

MOST_APPOINTMENTS = 1000
"""documents looked at in one forum, the first that came: a millisecond.  The root's key makes them."""

MOST_KEPT = 4 * MOST_APPOINTMENTS
"""of all forums' documents that are kept as read, 16 MB where each names as many moderators as it may"""


@attrs.frozen
class Appointment:
    """What one document lays down."""

    since: int
    """the Clique-Time from which on it counts"""
    id: bytes
    is_first: bool
    """whether it is the forum's root"""
    moderators: tuple[bytes, ...]
    """keys; empty where it says nothing about moderators"""
    work: int | None
    """bits; None where it says nothing about work"""


def appointments(root: int, archive: IArchive) -> list[Appointment]:
    """Return what is laid down for a forum (its root's docno), in the order in which it counts."""
    found = []
    for docno, _ in zip(archive.appointments(root), range(MOST_APPOINTMENTS), strict=False):
        read = None if archive.gone(docno) else _read(docno, archive)
        if read is not None:
            found.append(read)
    return sorted(found, key=lambda one: (one.since, one.id))


_kept: OrderedDict[bytes, Appointment | None] = OrderedDict()
"""what was read last, by the document's id; each use of it is a single step, as several threads look"""


def _read(docno: int, archive: IArchive) -> Appointment | None:
    """Return what a document lays down.

    Its bytes are read once: they may be a megabyte, and every document that comes to the forum asks.
    """
    document_id = archive.record(docno).id
    try:
        return _kept[document_id]
    except KeyError:
        read = _kept[document_id] = _laid_down(archive.raw(docno))
    if len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return read


def _laid_down(raw: bytes) -> Appointment | None:
    try:
        document = parse(raw)
    except DocumentError:  # it was taken under wider limits than the default
        return None
    is_first = not document.parents
    return Appointment(
        0 if is_first else document.time, document.id, is_first, document.moderators, document.work_asked)


def appointed_by(document: Document, archive: IArchive) -> int | None:
    """Return the docno of the root of the forum for which a document that is about to be stored lays something down.

    A root's own is the one that it will get, the next; None where it lays nothing down, or may not.
    """
    if not document.moderators and document.work_asked is None:
        return None
    if not document.parents:
        return int(archive.newest()) + 1
    root = archive.find(document.parents[0])
    if root is None or archive.record(root).parents or archive.record(root).author != document.author:
        return None
    return root
