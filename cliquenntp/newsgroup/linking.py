"""Links: a document appears under further parents, in the newsgroups there, it alone and not what answers it.

The first parent of a link is the document that it shows, the others are the places.  So a link is stored only where
its target is held, whoever follows a place is sent the target on request, and whoever follows the target learns of the
link.  A link to a link, or to what cancels, does nothing, so there are no cycles to follow; one that leads where the
document stands already does nothing either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email.utils import formatdate

from cliquenntp.document import address_of, id_text
from cliquenntp.interfaces import IArchive, IRecord, IWriter
from cliquenntp.newsgroup.moderation import forum_of, record_is_cleared
from cliquenntp.newsgroup.placement import groups_below
from cliquenntp.newsgroup.retraction import acts_only, linked_by, parent_field

LOCAL_PART = "me"


def link_fields(author: bytes, target: IRecord, places: Sequence[IRecord], now: int) -> list[tuple[bytes, bytes]]:
    """Return the header of a document that shows ``target`` below ``places``.

    ``author`` is the key that will sign, ``now`` seconds since 1970 UTC.
    """
    return [
        (b"From", address_of(author, LOCAL_PART).encode("ascii")),
        (b"Date", formatdate(now).replace("-0000", "+0000").encode("ascii")),
        parent_field(record.id for record in (target, *places)),
        (b"Clique-Link", id_text(target.id).encode("ascii")),
    ]


def linkable(target: IRecord, archive: IArchive) -> bool:
    """Tell whether a document is an article that a link may show: one that is shown somewhere."""
    return not acts_only(target) and not archive.gone(target.docno) and archive.stands(target.docno)


def groups_of_link(link: IRecord, archive: IArchive) -> Sequence[int]:
    """Return the docnos of the newsgroups in which a link shows its target, where it stands in none of them."""
    places = [archive.record(place) for place in link.parents[1:]]
    return groups_below(places) if places else []


def show_linked(link: IRecord, writer: IWriter) -> None:
    """Let a link that was just stored show its target."""
    _show(link, groups_of_link(link, writer), writer)


def show_below(place: IRecord, children: Iterable[int], writer: IWriter) -> None:
    """Let the links among ``children``, which came before that place of theirs, show their targets there too."""
    for child in children:
        link = writer.record(child)
        if linked_by(link, writer) is not None and place.docno != link.parents[0]:
            _show(link, groups_below([place]), writer)


def _allowed(link: IRecord, groups: Iterable[int], archive: IArchive) -> list[int]:
    """Return those of the newsgroups into whose forums the link's author may bring something."""
    forums = {group: forum_of(group, archive) for group in groups}
    cleared = {forum for forum in set(forums.values()) if record_is_cleared(link, forum, archive)}
    return [group for group, forum in forums.items() if forum in cleared]


def _show(link: IRecord, groups: Iterable[int], writer: IWriter) -> None:
    target = writer.record(link.parents[0])
    if not linkable(target, writer):
        return
    missing = [group for group in _allowed(link, groups, writer) if not writer.stands_in(target.docno, group)]
    if missing:
        writer.show(target.docno, link.docno, missing)
