"""Giving numbers to documents that are held already, in newsgroups where nothing has to be waited for any more."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from cliquenntp.document import Document, DocumentError, parse
from cliquenntp.interfaces import IArchive, IRecord, IWriter
from cliquenntp.newsgroup.moderation import crowded_out, forum_of, record_is_cleared
from cliquenntp.newsgroup.overview import overview_line
from cliquenntp.newsgroup.placement import placement_of
from cliquenntp.newsgroup.retraction import acts_only

EXPIRED = "expired"
"""why a document is gone for which there was no room"""


def stand(record: IRecord, groups: Iterable[int], writer: IWriter, path_identity: str) -> list[int]:
    """Let a document stand in newsgroups (docnos) as far as it may, and wait for a moderator where it may not.

    Return the newsgroups in which it stands now and did not before.
    """
    if acts_only(record) or writer.gone(record.docno):
        return []
    missing = [group for group in groups if not writer.stands_in(record.docno, group)]
    cleared: dict[int, bool] = {}
    for group in missing:
        forum = forum_of(group, writer)
        if forum not in cleared:
            cleared[forum] = record_is_cleared(record, forum, writer)
            if not cleared[forum]:
                wait(record.docno, forum, writer)
    known = record.groups
    writer.withhold(
        record.docno, [group for group in missing if group not in known and not cleared[forum_of(group, writer)]])
    missing = [group for group in missing if cleared[forum_of(group, writer)]]
    if missing and not writer.gone(record.docno):
        if not writer.stands(record.docno):
            numbers = dict.fromkeys(record.groups, 0) | {group: writer.next_number(group) for group in missing}
            revise(record, [*numbers.items()], writer, path_identity)
        writer.show(record.docno, record.docno, missing)
    return missing


def wait(docno: int, forum: int, writer: IWriter) -> None:
    """Let a document wait in a forum (its root's docno)."""
    writer.wait(docno, forum)
    make_room(forum, writer)


def make_room(forum: int, writer: IWriter) -> None:
    """Drop what is too much among what waits in a forum; what is shown elsewhere only ceases to wait."""
    for docno in crowded_out(forum, writer):
        if writer.stands(docno):
            writer.wait_no_more(docno, forum)
        else:
            writer.drop(docno, EXPIRED)


def revise(record: IRecord, numbers: list[tuple[int, int]], writer: IWriter, path_identity: str) -> None:
    """Make the overview line anew of a document that stands nowhere but where these (group's docno, number) say."""
    try:
        document = parse(writer.raw(record.docno))
    except DocumentError:  # taken under wider limits than the default
        return
    writer.revise(record.docno, overview_line(document, placement_of(record), numbers, writer, path_identity))


def line_of(record: IRecord, document: Document, archive: IArchive, path_identity: str) -> bytes:
    """Return the overview line of a document under the numbers of its record."""
    numbers = [pair for pair in record.numbers if pair[1]]
    placement = placement_of(record)
    given = dict(numbers)
    placement = attrs.evolve(
        placement, roots=record.roots if record.parents else (),
        xref_groups=tuple(group for group in placement.xref_groups if group in given))
    return overview_line(document, placement, numbers, archive, path_identity)
