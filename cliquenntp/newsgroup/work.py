"""Proof of work: how much a forum asks for, who need not do any, and what becomes of a document that has too little.

- **Refused** is what proves less than the least that the forum's maker ever asked for.  Who learns more of what was
  asked for takes more, never less, so nodes that come to know the same come to hold the same.  It is judged by the
  forum of the first parent alone, as that is the same on every node whatever else it follows.
- **Not shown**, as what waits for a moderator, is what proves less than was asked for at its time.  So a change that
  comes late, or in another order, makes the same in the end, and nobody loses what was written before it was heard of.

A document is judged by its Clique-Time, but as no older than the thread in which it stands: who dates back reaches no
thread that began after the change.

No work do the forum's maker, its moderators and its importers, whom the maker names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from cliquenntp.document import Document, DocumentError, WorkMissing, parse, work_bits
from cliquenntp.interfaces import IArchive, IRecord, Placement
from cliquenntp.newsgroup.appointments import Appointment, appointments
from cliquenntp.newsgroup.importers import is_importer, named_by


@attrs.frozen
class Claim:
    """What is judged of a document."""

    id: bytes
    author: bytes
    time: int
    """Clique-Time"""
    counted: int
    """the time by which it is judged what work it takes"""
    bits: Callable[[], int]
    """tells the bits of work that it proves"""


def claim_of(document: Document, placement: Placement, archive: IArchive) -> Claim:
    """Return what is judged of a document that is about to be stored."""
    counted = _counted_time(document.time, placement.references, archive)
    return Claim(document.id, document.author, document.time, counted, lambda: work_bits(document))


def claim_of_record(record: IRecord, archive: IArchive) -> Claim:
    """Return what is judged of a document that is held."""
    counted = _counted_time(record.time, record.references, archive)
    return Claim(record.id, record.author, record.time, counted, lambda: _bits_held(record.docno, archive))


def _bits_held(docno: int, archive: IArchive) -> int:
    try:
        return work_bits(parse(archive.raw(docno)))
    except (KeyError, DocumentError):  # gone, or taken under wider limits than the default
        return 0


def _counted_time(time: int, references: Sequence[bytes], archive: IArchive) -> int:
    starter = archive.find(references[0]) if references else None
    return time if starter is None else max(time, archive.record(starter).time)


def asked_at(time: int, laid_down: Sequence[Appointment]) -> int:
    """Return the bits that a forum asks for at a time."""
    bits = 0
    for appointment in laid_down:
        if appointment.since > time:
            break
        if appointment.work is not None:
            bits = appointment.work
    return bits


def least_asked(laid_down: Sequence[Appointment]) -> int:
    """Return the least bits that a forum ever asked for."""
    asked = [appointment.work for appointment in laid_down if appointment.work is not None]
    is_from_the_beginning = any(one.is_first and one.work is not None for one in laid_down)
    return min(asked) if is_from_the_beginning else 0


def work_asked(root: int, archive: IArchive) -> int:
    """Return the bits that a forum (its root's docno) asks for from the last change on."""
    laid_down = [one for one in appointments(root, archive) if one.work is not None]
    return laid_down[-1].work or 0 if laid_down else 0


def has_enough(claim: Claim, forum: int, laid_down: Sequence[Appointment], archive: IArchive) -> bool:
    """Tell whether a document proves the work that a forum asks for, where its author has to do any at all.

    Its author is neither the forum's maker nor one of its moderators.
    """
    bits = asked_at(claim.counted, laid_down)
    return not bits or claim.bits() >= bits or is_importer(claim.author, [forum], archive)


def check_work(document: Document, archive: IArchive) -> None:
    """Raise WorkMissing for a document that has too little work to be stored; its first parent is held, if it has any.

    Costs a look-up where the forum asks for none.
    """
    root = None if document.is_stub else judging_root(document, archive)
    if root is None:
        return
    laid_down = appointments(root, archive)
    least = least_asked(laid_down)
    if not least or work_bits(document) >= least or document.author == archive.record(root).author:
        return
    if any(document.author in one.moderators for one in laid_down) or is_importer(document.author, [root], archive):
        return
    raise WorkMissing(f"{archive.record(root).name} asks for a proof of work of {least} bits, which is missing")


def judging_root(document: Document, archive: IArchive) -> int | None:
    """Return the docno of the root of the forum that refuses a document with too little work, that of its first parent.

    None where that is not held, or there is none.
    """
    first = archive.find(document.parents[0]) if document.parents else None
    return None if first is None else archive.record(first).roots[0]


def storable(root: int, archive: IArchive) -> Callable[[bytes, int], bool]:
    """Return what tells by author and bits whether a forum (its root's docno) lets documents be stored; for many."""
    laid_down = appointments(root, archive)
    least = least_asked(laid_down)
    free = named_by(root, archive).union([archive.record(root).author], *(one.moderators for one in laid_down))
    return lambda author, bits: bits >= least or author in free


def work_needed(document: Document, archive: IArchive) -> int:
    """Return the bits of work that a document takes which is about to be posted: the greatest of all its forums'."""
    return max(_needed(document, archive), default=0)


def _needed(document: Document, archive: IArchive) -> Iterator[int]:
    parents = [docno for docno in map(archive.find, document.parents) if docno is not None]
    if not parents:
        return
    first = archive.record(parents[0])
    chain = (*first.references, first.id) if first.parents else ()
    counted = _counted_time(document.time, chain, archive)
    for root in dict.fromkeys(root for parent in parents for root in archive.record(parent).roots):
        laid_down = appointments(root, archive)
        bits = asked_at(counted, laid_down)
        if not bits or document.author == archive.record(root).author:
            continue
        named = [one.moderators for one in laid_down if one.moderators and one.since <= document.time]
        if document.author in (named[-1] if named else ()) or is_importer(document.author, [root], archive):
            continue
        yield bits
