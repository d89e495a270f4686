"""What is shown in moderated forums, made true again after something came that changes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from cliquenntp.document import Document
from cliquenntp.interfaces import IArchive, IRecord, IWriter
from cliquenntp.newsgroup.linking import show_linked
from cliquenntp.newsgroup.moderation import MOST_JUDGED, forum_of, record_is_cleared
from cliquenntp.newsgroup.retraction import acts_only, approved_by, linked_by
from cliquenntp.newsgroup.standing import revise, stand, wait


def approve(document: Document, writer: IWriter, path_identity: str) -> None:
    """Show what a document approves that was just stored, where that is here and may be shown now."""
    docno = None if document.approve is None else writer.find(document.approve)
    if docno is not None:
        judge(writer.record(docno), writer, path_identity)


def judge_forum(forum: int, since: int, writer: IWriter, path_identity: str) -> None:
    """Judge the documents of a forum from a Clique-Time on: other things are laid down for it than was known."""
    young = [*islice(writer.below_since(forum, since), MOST_JUDGED)]
    starters = [docno for docno in young if writer.record(docno).depth == 1]
    for docno in [*young, *_dated_back(starters, since, writer)]:
        record = writer.record(docno)
        approved = approved_by(record, writer)
        target = None if approved is None else writer.find(approved)
        judge(record if target is None else writer.record(target), writer, path_identity)


def _dated_back(starters: Iterable[int], since: int, archive: IArchive) -> Iterator[int]:
    """Yield the docnos of documents dated before a time below thread starters that are not: they count as no older."""
    waiting, seen = deque(starters), set(starters)
    while waiting and len(seen) < MOST_JUDGED:
        for child in archive.children(waiting.popleft()):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
                if archive.record(child).time < since:
                    yield child


def judge(record: IRecord, writer: IWriter, path_identity: str) -> None:
    """Let a document stand where it may and nowhere else."""
    if writer.gone(record.docno) or not record.parents:
        return
    if acts_only(record):
        if linked_by(record, writer) is not None:
            _show_no_more(record, writer)
            show_linked(record, writer)
        return
    groups = dict.fromkeys([*record.groups, *writer.late_groups(record.docno)])
    cleared: dict[int, bool] = {}
    for group in groups:
        forum = forum_of(group, writer)
        if forum not in cleared:
            cleared[forum] = record_is_cleared(record, forum, writer)
    _withdraw(record, {forum for forum in cleared if not cleared[forum]}, writer, path_identity)
    for forum in cleared:
        if cleared[forum]:
            writer.wait_no_more(record.docno, forum)
    if stand(record, groups, writer, path_identity):
        for child in [*writer.children(record.docno)]:
            link = writer.record(child)
            if linked_by(link, writer) == record.id:
                show_linked(link, writer)


def _show_no_more(link: IRecord, writer: IWriter) -> None:
    """Take what a link shows out of the newsgroups into which the link's author may not bring it; others may."""
    target = link.parents[0]
    places = [group for group, number in writer.linked_in(target) if writer.numbers(group).at(number) == link.docno]
    refused = [group for group in places if not record_is_cleared(link, forum_of(group, writer), writer)]
    if refused:
        writer.hide(target, refused)
        for child in [*writer.children(target)]:
            other = writer.record(child)
            if other.docno != link.docno and linked_by(other, writer) is not None and other.parents[0] == target:
                show_linked(other, writer)


def _withdraw(record: IRecord, forums: set[int], writer: IWriter, path_identity: str) -> None:
    """Take a document out of these forums' newsgroups, and let it wait there."""
    own = [group for group in _stands_as_itself(record, writer) if forum_of(group, writer) in forums]
    if own:
        writer.hide(record.docno, own)
        if not _stands_as_itself(record, writer):  # what is shown nowhere, no link shows
            writer.hide(record.docno, [group for group, _ in writer.linked_in(record.docno)])
    for forum in forums:
        wait(record.docno, forum, writer)
    if own and not writer.gone(record.docno) and not writer.stands(record.docno):
        numbers = [(group, 0) for group in record.groups]
        waits = [(-forum, number) for forum, number in writer.waits_in(record.docno)]
        revise(record, numbers + waits, writer, path_identity)


def _stands_as_itself(record: IRecord, archive: IArchive) -> list[int]:
    """Return the docnos of the newsgroups in which a document stands, but not where only a link shows it."""
    return [group for group, number in record.numbers if number] + [
        group for group, number in archive.linked_in(record.docno) if archive.numbers(group).at(number) == record.docno
    ]
