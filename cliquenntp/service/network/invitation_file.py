"""Invitation files: an invitation, and the signed documents that a first look offline needs.

A line with the invitation, then each document from the root down: a line with its octets in decimal, and its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from cliquenntp.document import Document, DocumentError, id_text, parse, verify
from cliquenntp.service.network.invitation import MOST_BELOW, Invitation, InvitationError, parse_invitation

MOST_OCTETS = 16 * 1024 * 1024
"""As much as sixteen of the largest documents: a file that goes by mail or on a stick."""

MOST_DIGITS = len(str(MOST_OCTETS))
"""of a document's octets"""


def file_octets(invitation: Invitation, documents: Iterable[bytes]) -> bytes:
    """Return the file of an invitation with the bytes of its documents, the root's first.  Raises InvitationError."""
    parts = [str(invitation).encode("ascii") + b"\n"]
    for raw in documents:
        parts += [b"%d\n" % len(raw), raw]
    octets = b"".join(parts)
    if len(octets) > MOST_OCTETS:
        raise InvitationError(f"the invitation file would have {len(octets)} octets; at most {MOST_OCTETS} are allowed")
    return octets


def parse_file(octets: bytes) -> tuple[Invitation, tuple[Document, ...]]:
    """Return the invitation of a file and its verified documents: the root, or all from it down to the one invited to.

    Raises InvitationError.
    """
    if len(octets) > MOST_OCTETS:
        raise InvitationError(f"an invitation file has at most {MOST_OCTETS} octets")
    line, _, rest = octets.partition(b"\n")
    invitation = parse_invitation(line.decode("ascii", "replace"))
    documents: list[Document] = []
    while rest and len(documents) <= MOST_BELOW:
        size, newline, rest = rest.partition(b"\n")
        if not (newline and size.isdigit() and len(size) <= MOST_DIGITS and 0 < int(size) <= len(rest)):
            raise InvitationError("the invitation file is damaged: a document is not as long as it says")
        raw, rest = rest[: int(size)], rest[int(size) :]
        try:
            document = parse(raw)
            verify(document)
        except DocumentError as error:
            raise InvitationError(f"a document in the invitation file: {error.reason}") from None
        documents.append(document)
    _check_path(invitation, documents)
    return invitation, tuple(documents)


def _check_path(invitation: Invitation, documents: Sequence[Document]) -> None:
    wanted = (invitation.root, *invitation.below)
    if tuple(document.id for document in documents) != wanted:
        raise InvitationError(f"the file has other documents than {id_text(wanted[-1])} and what is above it")
    for parent, child in pairwise(documents):
        if child.parents[:1] != (parent.id,):
            raise InvitationError("the documents in the invitation file do not follow one another")
    if documents[0].parents:
        raise InvitationError("the first document in the invitation file is no root")
