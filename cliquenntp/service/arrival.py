"""How a document comes in, whoever brings it: a post, an import, a feed or a peer."""

from __future__ import annotations

from cliquenntp.document import Document
from cliquenntp.interfaces import LOST, NOBODY, SHARED, IRecord, IWriter
from cliquenntp.newsgroup.appointments import appointed_by
from cliquenntp.newsgroup.judging import approve, judge_forum
from cliquenntp.newsgroup.late_parents import place_below, place_beside_parents
from cliquenntp.newsgroup.linking import show_below, show_linked
from cliquenntp.newsgroup.moderation import with_waiting
from cliquenntp.newsgroup.nocem import is_notice
from cliquenntp.newsgroup.overview import overview_line
from cliquenntp.newsgroup.placement import ParentMissing, place
from cliquenntp.newsgroup.retraction import CANCELLED, retracted_by
from cliquenntp.newsgroup.standing import line_of, make_room
from cliquenntp.newsgroup.work import check_work


def accept(writer: IWriter, document: Document, now: int, path_identity: str, node: int = SHARED) -> IRecord:
    """Store a verified document unless it is held or gone already, do what it asks for, and return its record.

    ``node`` of this process holds it from then on, whichever brought it first; with NOBODY it waits for somebody to
    hold it, and what it takes back stays until then.  Of a stub the place alone is kept.
    ``now`` is in seconds since 1970 UTC.  A step of the turn; raises newsgroup.placement.ParentMissing before anything
    is written where its first parent is not held, document.WorkMissing where its forum asks for more work than it has.
    """
    held = writer.find(document.id)
    if held is not None:
        record = writer.record(held)
        _check_first(record.parents, document, node, writer)
        if writer.gone(held) == LOST and node != NOBODY:
            _bring_back(document, record, writer, path_identity)
        writer.hold(held, node)
        return record
    check_work(document, writer)
    placement = with_waiting(place(document, writer), document, writer)
    _check_first(placement.parents, document, node, writer)
    _, numbers = writer.number(placement)
    forum = appointed_by(document, writer)
    line = overview_line(document, placement, numbers, writer, path_identity)
    record = writer.store(document, placement, line, now, node)
    if document.is_stub:
        writer.drop(record.docno, CANCELLED)
        return record
    if forum is not None:
        writer.appoint(record.docno, forum)
    if node != NOBODY:
        for docno in [*retracted_by(document, record.docno, writer)]:
            writer.drop(docno, CANCELLED)
    place_beside_parents(record, writer, path_identity)
    early = [*writer.children(record.docno)]
    place_below(record, early, writer, path_identity)
    show_below(record, early, writer)
    if document.link is not None:
        show_linked(record, writer)
    if document.approve is not None:
        approve(document, writer, path_identity)
    if forum is not None and document.parents:
        judge_forum(forum, document.time, writer, path_identity)
    if record.parents and is_notice(document):
        for root in record.roots:
            writer.note_notice(record.docno, root)
    for waited_in in placement.waits_in:
        make_room(waited_in, writer)
    return record


def _check_first(parents: tuple[int, ...], document: Document, node: int, writer: IWriter) -> None:
    """Raise ParentMissing where a document has a first parent, and that is not among what the node holds."""
    if parents and node != NOBODY and not writer.holds(node, parents[0]):
        raise ParentMissing(document.parents[0])


def _bring_back(document: Document, record: IRecord, writer: IWriter, path_identity: str) -> None:
    """Store a document again whose bytes were lost, under its old numbers; of a stub there is nothing to store."""
    if document.is_stub:
        writer.drop(record.docno, CANCELLED)
        return
    placement = with_waiting(place(document, writer), document, writer)
    line = line_of(record, document, writer, path_identity)
    writer.bring_back(record.docno, document, placement.subject, line)
    for root in placement.waits_in:
        if not writer.stands_in(record.docno, root):
            writer.wait(record.docno, root)
    place_beside_parents(record, writer, path_identity)
    show_below(record, [*writer.children(record.docno)], writer)
