"""Cancels from other news servers: what an importer brought goes when its own server has let it go.

A cancel that comes along proves nothing: anybody can write one, and peers hand on even those that they don't obey.  So
it is noted, and the bridge asks the server, which knows Cancel-Lock and its operator's rules, whether the article is
still there (docs/decisions/0060).  What people of this network wrote, only they take back.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import formatdate

from cliquenntp.document import DocumentError, Signer, address_of, compose
from cliquenntp.interfaces import IArchive, IWriter
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.feeding import is_held
from cliquenntp.newsgroup.gateway import ORIGINAL_MESSAGE_ID
from cliquenntp.newsgroup.message_ids import is_message_id
from cliquenntp.newsgroup.retraction import check_own, retraction_fields
from cliquenntp.service.arrival import accept
from cliquenntp.service.forums import OWNER_LOCAL_PART

NOTED = "bridge-cancel."
"""pieces: behind it newsgroup, a blank, Message-ID; empty"""

MOST_NOTED = 10_000
"""cancels that wait for their server's word: 2 MB; who floods a newsgroup with them gains nothing by more"""


def is_cancellable(target: bytes, archive: IArchive, signer: Signer) -> bool:
    """Tell whether an article of another server is here and was brought by ``signer``, so that it could go."""
    docno = archive.by_message_id(target) if is_held(target, archive) else None
    return docno is not None and archive.record(docno).author == signer.key and not archive.gone(docno)


def note_cancel(writer: IWriter, newsgroup: str, target: bytes) -> None:
    """Remember to ask a newsgroup's server whether an article (its Message-ID) is gone; in a step."""
    name = f"{NOTED}{newsgroup} {target.decode('latin-1')}"
    if sum(1 for _ in writer.pieces(NOTED)) < MOST_NOTED:
        writer.piece_set(name, b"")


def forget_cancel(writer: IWriter, newsgroup: str, target: bytes) -> None:
    """Forget what was noted; in a step."""
    writer.piece_delete(f"{NOTED}{newsgroup} {target.decode('latin-1')}")


def noted_cancels(archive: IWriter, newsgroup: str) -> Iterator[bytes]:
    """Yield the Message-IDs of the articles of which a newsgroup's server is to be asked."""
    prefix = f"{NOTED}{newsgroup} "
    for name, _ in archive.pieces(prefix):
        yield name.removeprefix(prefix).encode("latin-1")


def obey_cancel(writer: IWriter, target: bytes, signer: Signer, now: int, path_identity: str) -> bool:
    """Cancel what an importer brought under a Message-ID elsewhere; return whether there was something.  A step.

    ``now`` is in seconds since 1970 UTC.  What cancels carries the Message-ID that such an article traditionally has,
    which tells bridges that it came from elsewhere.
    """
    try:
        docno = check_own(writer.by_message_id(target), target, signer.key, writer)
        fields = retraction_fields(b"Clique-Cancel", docno, writer)
    except (PostRefused, DocumentError, KeyError):
        return False
    original = b"<cancel." + target[1:]
    if not is_message_id(original):
        original = b"<cancel@sha256.invalid>"
    header = [
        (b"From", address_of(signer.key, OWNER_LOCAL_PART).encode("ascii")),
        (b"Date", formatdate(now).replace("-0000", "+0000").encode("ascii")),
        *fields,
        (ORIGINAL_MESSAGE_ID, original),
    ]
    accept(writer, compose(signer, header, b"", now), now, path_identity)
    return True
