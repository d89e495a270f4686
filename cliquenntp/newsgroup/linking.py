"""Links: a document appears under a second parent, in the newsgroups there, it alone and not what answers it.

A link counts where both documents stand in one forum: then whoever may see the newsgroup may see the article, and who
follows the forum holds it.  It counts whichever of the two comes first.  A link to a link, or to what cancels, does
nothing, so there are no cycles to follow; one that leads where the document stands already does nothing either.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import formatdate

from cliquenntp.document import address_of, id_text
from cliquenntp.interfaces import IArchive, IRecord, IWriter
from cliquenntp.newsgroup.placement import groups_below
from cliquenntp.newsgroup.retraction import acts_only

LOCAL_PART = "me"


def link_fields(author: bytes, target: IRecord, parents: Sequence[IRecord], now: int) -> list[tuple[bytes, bytes]]:
    """Return the header of a document that links to ``target`` from below ``parents``.

    ``author`` is the key that will sign, ``now`` seconds since 1970 UTC.
    """
    return [
        (b"From", address_of(author, LOCAL_PART).encode("ascii")),
        (b"Date", formatdate(now).replace("-0000", "+0000").encode("ascii")),
        (b"Clique-Parent", ", ".join(id_text(parent.id) for parent in parents).encode("ascii")),
        (b"Clique-Link", id_text(target.id).encode("ascii")),
    ]


def linkable(target: IRecord, archive: IArchive) -> bool:
    """Tell whether a document is an article that a link may show."""
    return not acts_only(target) and not archive.gone(target.docno)


def groups_of_link(link: IRecord, target: IRecord, archive: IArchive) -> list[int]:
    """Return the docnos of the newsgroups in which a link shows its target, where it stands in none of them."""
    parents = [archive.record(parent) for parent in link.parents]
    return [group for group in groups_below(parents) if archive.record(group).roots[0] in target.roots]


def show_linked(link: IRecord, document_id: bytes, writer: IWriter) -> None:
    """Let a link that was just stored show the document with that id, or wait for it."""
    docno = writer.find(document_id)
    if docno is None:
        writer.await_linked(document_id, link.docno)
        return
    _show(link, writer.record(docno), link.docno, writer)


def show_awaited(target: IRecord, writer: IWriter) -> None:
    """Let the links that came before it show a document that was just stored."""
    for link in writer.links_awaiting(target.id):
        _show(writer.record(link), target, target.docno, writer)


def _show(link: IRecord, target: IRecord, under: int, writer: IWriter) -> None:
    if not linkable(target, writer):
        return
    groups = groups_of_link(link, target, writer)
    missing = [group for group in groups if not writer.stands_in(target.docno, group)]
    if missing:
        writer.show(target.docno, under, missing)
