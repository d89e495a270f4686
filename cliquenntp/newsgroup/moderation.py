"""Moderated forums: who may say what is shown, and what that makes of a document.

What is shown in the end follows from the documents alone, whatever comes first, so it is the same on every node:

- The forum's root, and children of it by the root's key, name moderators (Clique-Moderator).  A list is in force from
  its Clique-Time on until the next one; the root's own list from the beginning.  The root's key is always a moderator.
- A document is shown in a moderated forum where its author is a moderator at its Clique-Time, or a moderator at the
  time of an approval approved it.  So what was approved stays when its moderator goes.
- An approval is no older than what it approves, or a moderator who was removed could go on by dating back.
- In a forum that has no moderators then, what has too little work (work.py) waits likewise, for the root's key.
- What a link shows there is shown where the link's author is a moderator, or the link was approved.

A newsgroup belongs to the forum that gives it its name: a cross-post may be shown in one forum and wait in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from cliquenntp.document import Document, DocumentError, id_text, parse
from cliquenntp.interfaces import IArchive, IRecord, Placement
from cliquenntp.newsgroup.appointments import Appointment, appointments
from cliquenntp.newsgroup.placement import MOST_ROOTS
from cliquenntp.newsgroup.retraction import acts_only, parent_field
from cliquenntp.newsgroup.work import Claim, claim_of, claim_of_record, has_enough

MOST_WAITING = 10_000
"""Documents that wait in one forum, some 2 KB each; nobody reads more.  Of more the oldest are dropped."""

MOST_WAITING_OCTETS = 64 << 20
"""Octets of what waits in one forum, a sixtieth of the default quota: strangers must not drive out what people read."""

MOST_JUDGED = 10_000
"""Documents judged anew at once when a list of moderators comes after what it speaks of: a second's work."""


@attrs.frozen
class Moderators:
    """Who moderates a forum, and when."""

    owner: bytes
    """the root's key"""
    lists: tuple[tuple[int, bytes, frozenset[bytes]], ...]
    """(from when on, id, keys), ascending"""

    @classmethod
    def of(cls, root: int, laid_down: Iterable[Appointment], archive: IArchive) -> Moderators:
        """Return the moderators that are named in what is laid down for a forum (its root's docno)."""
        lists = ((one.since, one.id, frozenset(one.moderators)) for one in laid_down if one.moderators)
        return cls(archive.record(root).author, tuple(lists))

    def at(self, time: int) -> frozenset[bytes] | None:
        """Return the keys of the moderators at a Clique-Time, the owner's among them; None: it is not moderated."""
        found = None
        for since, _, keys in self.lists:
            if since > time:
                break
            found = keys
        return None if found is None else found | {self.owner}

    def now(self) -> frozenset[bytes]:
        """Return the keys of those who may approve, by the last list; the owner's among them."""
        return (self.lists[-1][2] if self.lists else frozenset()) | {self.owner}


def moderators(root: int, archive: IArchive) -> Moderators | None:
    """Return who moderates a forum (its root's docno), or None where nobody ever did."""
    found = Moderators.of(root, appointments(root, archive), archive)
    return found if found.lists else None


def is_moderated(root: int, archive: IArchive) -> bool:
    """Tell whether a forum has moderators."""
    return moderators(root, archive) is not None


def moderates(key: bytes, root: int, archive: IArchive) -> bool:
    """Tell whether a key (32 bytes) may approve what waits in a forum, as the last list has it.

    In a forum that has no moderators and asks for work its owner may.
    """
    laid_down = appointments(root, archive)
    return bool(laid_down) and key in Moderators.of(root, laid_down, archive).now()


def forum_of(group: int, archive: IArchive) -> int:
    """Return the docno of the root of the forum to which a newsgroup belongs."""
    root: int = archive.record(group).roots[0]
    return root


def with_waiting(placement: Placement, document: Document, archive: IArchive) -> Placement:
    """Return a new document's placement, with what a moderator has to approve first."""
    if not placement.groups:
        return placement
    are_all_told = len(placement.roots) < MOST_ROOTS  # else newsgroups of further forums may be among them
    if are_all_told and not any(True for root in placement.roots for _ in archive.appointments(root)):
        return placement
    claim = claim_of(document, placement, archive)
    forums: dict[int, bool] = {}
    withheld = set()
    for group in placement.groups:
        forum = forum_of(group, archive)
        if forum not in forums:
            forums[forum] = is_cleared(claim, forum, archive)
        if not forums[forum]:
            withheld.add(group)
    if not withheld:
        return placement
    waits_in = tuple(forum for forum, cleared in forums.items() if not cleared)
    return attrs.evolve(placement, waits_in=waits_in, withheld=frozenset(withheld))


def is_cleared(claim: Claim, forum: int, archive: IArchive) -> bool:
    """Tell whether a document may be shown in a forum (its root's docno)."""
    laid_down = appointments(forum, archive)
    if not laid_down:
        return True
    by = Moderators.of(forum, laid_down, archive)
    allowed = by.at(claim.time)
    if claim.author == by.owner or claim.author in (allowed or ()):
        return True
    if allowed is None and has_enough(claim, forum, laid_down, archive):
        return True
    return any(_counts(approval, claim.time, by) for approval in _approvals(claim.id, by, archive))


def record_is_cleared(record: IRecord, forum: int, archive: IArchive) -> bool:
    """Tell of a document that is held what ``is_cleared`` tells."""
    return is_cleared(claim_of_record(record, archive), forum, archive)


def _approvals(document: bytes, by: Moderators, archive: IArchive) -> Iterator[IRecord]:
    """Yield the records of what approves a document, by whoever might approve at some time."""
    ever = {by.owner}.union(*(keys for _, _, keys in by.lists))
    docno = archive.find(document)
    for child in archive.late_children(document) if docno is None else archive.children(docno):
        record = archive.record(child)
        if record.author in ever and acts_only(record):
            approval = _parsed(child, archive)
            if approval is not None and approval.approve == document:
                yield record


def _counts(approval: IRecord, time: int, by: Moderators) -> bool:
    """Tell whether an approval of something with that Clique-Time counts."""
    allowed = by.at(approval.time) or {by.owner}
    return approval.time >= time and approval.author in allowed


def approval_fields(docno: int, archive: IArchive) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields of a document that approves another one; whoever follows something around that gets it."""
    place = archive.place(docno)
    return (
        parent_field((*(parent for parent in place.parents if parent != _superseded(docno, archive)), place.id)),
        (b"Clique-Approve", id_text(place.id).encode("ascii")),
    )


def _superseded(docno: int, archive: IArchive) -> bytes | None:
    """Return the id of what a document takes the place of: it is gone, and would make one parent too many."""
    document = _parsed(docno, archive)
    return None if document is None else document.supersedes


def approval_time(docno: int, forums: Iterable[int], archive: IArchive, now: int) -> int:
    """Return the Clique-Time of an approval that counts although another node's clock is a little ahead."""
    times: list[int] = [now, archive.record(docno).time]
    for forum in forums:
        by = moderators(forum, archive)
        if by is not None:
            times.append(by.lists[-1][0])
    return max(times)


def crowded_out(root: int, archive: IArchive) -> Sequence[int]:
    """Return the docnos of the documents that are too many or too large among what waits in a forum, oldest first."""
    numbers = archive.numbers(-root)
    excess = archive.waiting_octets(root) - MOST_WAITING_OCTETS
    found: list[int] = []
    for _, docno in numbers.between(numbers.low, numbers.high):
        if numbers.count - len(found) <= MOST_WAITING and excess <= 0:
            break
        found.append(docno)
        excess -= archive.record(docno).size
    return found


def _parsed(docno: int, archive: IArchive) -> Document | None:
    try:
        return parse(archive.raw(docno))
    except (KeyError, DocumentError):  # gone, or taken under wider limits than the default
        return None
