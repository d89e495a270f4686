"""Taking back: what may be cancelled or superseded, and where the document stands that does so.

Only the author's own key takes a document back, here (from a newsreader, with the reason where it may not) and when
such a document arrives from elsewhere (where it is stored and does nothing).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from cliquenntp.document import DEFAULT_LIMITS, Document, DocumentError, id_text, parse, stub
from cliquenntp.interfaces import SHARED, IArchive, IRecord
from cliquenntp.newsgroup.control import PostRefused

MOST_TELLING = 256
"""documents looked at for where a missing one stood: 10 ms; usually there is one"""

MOST_PLACES = 256
"""newsgroups looked at in which links show what is taken back; the deepest eight of them hear of it"""

CANCELLED = "cancelled"
"""why a document is gone; also one that was superseded"""


def check_own(docno: int | None, message_id: bytes, author: bytes, archive: IArchive) -> int:
    """Return the docno of an article that a poster (``author``: the key) may take back; PostRefused with the reason."""
    shown = message_id.decode("latin-1")[:100]
    if docno is None:
        raise PostRefused(f"there is no article {shown} here")
    if archive.gone(docno):
        raise PostRefused(f"the article {shown} is gone already")
    if archive.record(docno).author != author:
        raise PostRefused(f"the article {shown} was written with another key: only its author can take it back")
    if not archive.record(docno).parents:
        raise PostRefused(f"{shown} is a forum's own document: without it nobody could join the forum")
    if acts_only(archive.record(docno)):
        raise PostRefused(f"{shown} cancels, links or approves another article; that cannot be undone")
    if appoints(archive.record(docno), archive):
        raise PostRefused(f"{shown} says who moderates or what work posts take; that cannot be undone, but replaced")
    return docno


def retraction_fields(header: bytes, docno: int, archive: IArchive) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields of a document that takes another one back; ``header`` is Clique-Cancel or Clique-Supersedes.

    Its parents are the target's own, the target, and the places where links show it, so that all who follow something
    around it get it; what the target itself superseded is left out, as the list would grow with each version.  With
    the target's time those before the target tell those who come later where it stood.
    """
    place = archive.place(docno)
    replaced = parse(archive.raw(docno)).supersedes
    parents = dict.fromkeys([*(parent for parent in place.parents if parent != replaced), place.id])
    for shown in _shown_below(docno, archive):
        if len(parents) <= DEFAULT_LIMITS.parents:
            parents.setdefault(archive.record(shown).id)
    return (
        parent_field(parents),
        (header, id_text(place.id).encode("ascii")),
        (b"Clique-Target-Time", b"%d" % place.time),
    )


def _shown_below(docno: int, archive: IArchive) -> Iterator[int]:
    """Yield the docnos below which links show an article, the deepest first, those above others left out."""
    groups = [archive.record(group) for group, _ in islice(archive.linked_in(docno), MOST_PLACES)]
    reached: set[int] = set()
    for record in sorted(groups, key=lambda record: -record.depth):
        if record.docno not in reached:
            reached.update((record.docno, *record.groups))
            yield record.docno


def parent_field(ids: Iterable[bytes]) -> tuple[bytes, bytes]:
    """Return the field that names a document's parents."""
    return b"Clique-Parent", ",\r\n ".join(map(id_text, ids)).encode("ascii")


def stub_of(document_id: bytes, archive: IArchive, node: int = SHARED) -> Document | None:
    """Return the place of a document that was taken back before it came here, as what takes it back tells of it.

    None where nothing that ``node`` holds tells it, or where it is told in two ways: then one is a stranger's.
    """
    docno = archive.find(document_id)
    late = archive.late_children(document_id) if docno is None else archive.children(docno)
    told = set()
    for child in islice((child for child in late if archive.holds(node, child)), MOST_TELLING):
        found = _document(child, archive)
        if found is not None and document_id in (found.cancel, found.supersedes) and found.target_time is not None:
            parents = found.parents[:found.parents.index(document_id)]
            told.add((found.author, found.target_time, parents))
    if len(told) != 1:
        return None
    [(author, time, parents)] = told
    return stub(document_id, author, time, parents)


def acts_only(record: IRecord) -> bool:
    """Tell whether a document is no article, as it only acts on another one: it stands in no newsgroup."""
    return bool(record.parents) and not record.groups


def is_shown(docno: int, archive: IArchive) -> bool:
    """Tell whether a document is an article, and stands in a newsgroup: it does not wait for a moderator."""
    return not acts_only(archive.record(docno)) and archive.stands(docno)


def appoints(record: IRecord, archive: IArchive) -> bool:
    """Tell whether a document below a forum's root lays down something for the forum: it counts for good."""
    if record.depth != 1 or archive.record(record.parents[0]).author != record.author:
        return False
    return record.docno in archive.appointments(record.parents[0])


def approved_by(record: IRecord, archive: IArchive) -> bytes | None:
    """Return the id of the document that one approves; None for what approves none."""
    found = _document(record.docno, archive) if acts_only(record) else None
    return None if found is None else found.approve


def linked_by(record: IRecord, archive: IArchive) -> bytes | None:
    """Return the id of the document that a link shows; None for what is no link."""
    found = _document(record.docno, archive) if acts_only(record) else None
    return None if found is None else found.link


def is_kept(record: IRecord, archive: IArchive) -> bool:
    """Tell whether a document acts on others for good: it takes one back, or would if that came, or lays down
    something for its forum.

    What approves another one stays as long as that.
    """
    if appoints(record, archive):
        return True
    found = _document(record.docno, archive) if acts_only(record) else None
    if found is None or found.link is not None:
        return False
    if found.approve is not None:
        approved = archive.find(found.approve)
        return approved is None or not archive.gone(approved)
    target = None if found.cancel is None else archive.find(found.cancel)
    return target is None or archive.record(target).author == record.author


def retracted_by(document: Document, docno: int, archive: IArchive) -> Iterator[int]:
    """Yield the docnos of the documents that must go, now that ``document`` is stored as ``docno``.

    They are the one that it cancels or supersedes, and itself where it comes after what takes it back.
    """
    target = document.cancel or document.supersedes
    held = None if target is None else archive.find(target)
    if held is not None and _counts(document.author, held, archive):
        yield held
    if appoints(archive.record(docno), archive):
        return
    if any(_retracts(child, document, archive) for child in archive.children(docno)):
        yield docno


def _counts(author: bytes, docno: int, archive: IArchive) -> bool:
    record = archive.record(docno)
    if record.author != author or not record.parents or archive.gone(docno):
        return False
    return not acts_only(record) and not appoints(record, archive)


def _document(docno: int, archive: IArchive) -> Document | None:
    """Return a document, or None where it is gone itself or was taken under wider limits than the default."""
    try:
        return parse(archive.raw(docno))
    except (KeyError, DocumentError):
        return None


def _retracts(child: int, document: Document, archive: IArchive) -> bool:
    """Tell whether a document that came earlier takes back one that has come now."""
    if archive.record(child).author != document.author or document.cancel is not None or document.link is not None:
        return False
    if not document.parents:
        return False
    earlier = _document(child, archive)
    return earlier is not None and document.id in (earlier.cancel, earlier.supersedes)
