"""Approving articles that wait in moderated forums, from a newsreader or by name: who may, and what says so.

A moderator answers the article in the newsgroup of what waits, with an ``Approved:`` header (RFC 5536 section 3.2.1) or
with the word ``approve`` alone on the first or the last line of the own text, for newsreaders that cannot add a header.
What stands beside it goes nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from cliquenntp.document import Headers
from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.message_ids import message_ids_in
from cliquenntp.newsgroup.moderation import is_moderated, moderates
from cliquenntp.newsgroup.naming import WAITING

WORD = b"approve"

_HOW = "to approve an article, answer it here with an Approved header, or with the word approve alone on a line"


def is_answer_to_what_waits(headers: Headers) -> bool:
    """Tell whether an article was posted to a newsgroup of what waits for a moderator."""
    names = (headers.get(b"Newsgroups") or b"").split(b",")
    return any(name.strip().startswith(WAITING.encode("ascii")) for name in names)


def approved_by_answer(headers: Headers, body: bytes) -> bytes:
    """Return the Message-ID of the article that an answer to it approves.  Raises PostRefused where it is none."""
    answered = message_ids_in(headers.get(b"References") or headers.get(b"In-Reply-To") or b"")
    if not answered or (headers.get(b"Approved") is None and not _says_so(body)):
        raise PostRefused(_HOW)
    return answered[-1]


def _says_so(body: bytes) -> bool:
    """Tell whether the word is the first or the last line of a body, what is quoted and a signature left out."""
    text, _, _ = body.partition(b"\r\n-- \r\n")
    own = [line.strip().lower() for line in text.split(b"\r\n") if line.strip() and not line.startswith(b">")]
    return bool(own) and WORD in (own[0], own[-1])


def check_waiting(docno: int | None, message_id: bytes, key: bytes, archive: IArchive) -> int:
    """Return the docno of an article that a moderator (by the key) may approve; PostRefused with the reason."""
    shown = message_id.decode("latin-1")[:100]
    if docno is None:
        raise PostRefused(f"there is no article {shown} here")
    if archive.gone(docno):
        raise PostRefused(f"the article {shown} is gone")
    forums = [forum for forum, _ in archive.waits_in(docno)]
    if not forums:
        raise PostRefused(f"the article {shown} does not wait for a moderator")
    if not any(moderates(key, forum, archive) for forum in forums):
        raise PostRefused(f"only a moderator of {_names(forums, archive)} can approve {shown}")
    return docno


def check_moderator(forums: Iterable[int], key: bytes, archive: IArchive) -> None:
    """Raise PostRefused where somebody else than a moderator says that an article is approved already."""
    others = [forum for forum in forums if is_moderated(forum, archive) and not moderates(key, forum, archive)]
    if others:
        raise PostRefused(f"only moderators of {_names(others, archive)} post with an Approved header: leave it out")


def waiting_note(docno: int, archive: IArchive) -> str:
    """Return what is told to whoever has posted an article that waits, or nothing."""
    forums = [forum for forum, _ in archive.waits_in(docno)]
    return f"it waits for a moderator of {_names(forums, archive)}" if forums else ""


def _names(forums: Iterable[int], archive: IArchive) -> str:
    return " and ".join(archive.record(forum).name for forum in forums)
