"""The overview line of an article (RFC 3977 section 8.3): made once, when its document arrives."""

from __future__ import annotations

from collections.abc import Sequence

from cliquenntp.document import Document, is_foreign
from cliquenntp.interfaces import IArchive, Placement
from cliquenntp.newsgroup.importers import is_importer
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.naming import waiting_name
from cliquenntp.newsgroup.rendering import (
    Surroundings,
    article_head,
    ended,
    newsgroups_of,
    overview_field,
    references_line,
    split,
)

FIELDS = (b"subject", b"from", b"date", b"message-id", b"references", b":bytes", b":lines", b"xref")
"""in the order of the line; LIST OVERVIEW.FMT tells the same"""


def overview_line(
    document: Document,
    placement: Placement,
    numbers: Sequence[tuple[int, int]],
    archive: IArchive,
    path_identity: str,
) -> bytes:
    """Return a document's overview line without its number: Subject to Xref, joined by TAB, no CRLF.

    ``numbers`` are (group's docno, article number) as IWriter.number gave them; what waits everywhere is shown to
    moderators, in the newsgroups of what waits (-root's docno, number).  :bytes and :lines are those of the article as
    ``rendering.render`` makes it.
    """
    head, body = split(document.raw)
    headers = document.headers
    from_sender = is_foreign(headers, document.author) and not is_importer(document.author, placement.roots, archive)
    xref = _xref(placement, numbers, archive, path_identity.encode("ascii"))
    around = Surroundings(
        message_id=message_id_of(document.id),
        newsgroups=newsgroups_of(xref, len(placement.roots)),
        xref=xref,
        references=references_line(placement.references),
        path_identity=path_identity.encode("ascii"),
    )
    body = ended(body)
    octets = len(article_head(head, around, from_sender)) + 2 + len(body)
    return b"\t".join(
        (
            overview_field(headers.get(b"Subject") or b""),
            overview_field(headers.get(b"Sender" if from_sender else b"From") or b""),
            overview_field(headers.get(b"Date") or b""),
            around.message_id,
            around.references,
            b"%d" % octets,
            b"%d" % body.count(b"\n"),
            b"Xref: " + xref,
        )
    )


def _xref(
    placement: Placement, numbers: Sequence[tuple[int, int]], archive: IArchive, path_identity: bytes
) -> bytes:
    """Return the value of Xref: the server, then the newsgroups with the article's number in each, the forums first."""
    number_in = dict(numbers)
    if numbers and not any(number for group, number in numbers if group > 0):
        waits = [f"{waiting_name(archive.record(-group).name)}:{number}" for group, number in numbers if group < 0]
        return b" ".join([path_identity, *(place.encode("ascii") for place in waits)])
    places = [f"{archive.record(group).name}:{number_in[group]}" for group in placement.xref_groups]
    if not placement.starters or not places:
        # a root, and what only acts on another document, stand in their own newsgroup alone; a thread starter is
        # article 1 of its thread's
        places.insert(len(placement.roots), f"{placement.name}:1")
    return b" ".join([path_identity, *(place.encode("ascii") for place in places)])
