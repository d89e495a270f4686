"""Articles that other news servers hand on: what of RFC 5537 section 3.6 they must keep, and where they belong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs

from cliquenntp.document import unfold
from cliquenntp.interfaces import SHARED, IArchive
from cliquenntp.newsgroup.importing import (
    NO_DATE,
    NO_FROM,
    NO_MESSAGE_ID,
    NO_SUBJECT,
    ArticleRefused,
    ForeignArticle,
    read_article,
)
from cliquenntp.newsgroup.message_ids import document_id_of, find_article, is_message_id

AHEAD_SECONDS = 86_400
"""A Date that lies further ahead is refused (RFC 5537 section 3.6, rule 4)."""

_PATH = re.compile(rb"^Path:(.*(?:\r\n[ \t].*)*)\r\n", re.IGNORECASE | re.MULTILINE)
_CONTROL = re.compile(rb"^Control:[ \t]*(.*(?:\r\n[ \t].*)*)\r\n", re.IGNORECASE | re.MULTILINE)
_NEWSGROUPS = re.compile(rb"^Newsgroups:(.*(?:\r\n[ \t].*)*)\r\n", re.IGNORECASE | re.MULTILINE)
_MANDATORY = {NO_FROM: "From", NO_SUBJECT: "Subject", NO_DATE: "readable Date", NO_MESSAGE_ID: "usable Message-ID"}


def read_fed(raw: bytes, message_id: bytes, path_identity: str, now: int) -> ForeignArticle:
    """Return what an article of another server says, which it offered under ``message_id``.

    ``path_identity`` is this server's, ``now`` in seconds since 1970 UTC.  Raises ArticleRefused.
    """
    article = read_article(raw)
    for repair, field in _MANDATORY.items():
        if repair in article.repairs:
            raise ArticleRefused(f"it has no {field}")
    if article.message_id != message_id:
        raise ArticleRefused("its Message-ID is not the one under which it was offered")
    _check_way(raw, message_id, path_identity)
    if article.date is not None and article.date > now + AHEAD_SECONDS:
        raise ArticleRefused("its Date lies more than a day ahead")
    return article


def _check_way(raw: bytes, message_id: bytes, path_identity: str) -> None:
    """Raise ArticleRefused for what was here before."""
    if is_ours(message_id):
        raise ArticleRefused("its Message-ID is one of this network: it came from here")
    path = _PATH.search(raw, 0, _head_end(raw))
    if path is None:
        raise ArticleRefused("it has no Path")
    if path_identity.lower().encode() in re.split(rb"[!\s]+", unfold(path[1]).lower()):
        raise ArticleRefused(f"it has been at {path_identity} already, as its Path says")


def _head_end(raw: bytes) -> int:
    return raw.find(b"\r\n\r\n") + 2


@attrs.frozen
class ForeignCancel:
    """Somebody elsewhere says that an article is to be cancelled; what that is worth its server knows."""

    target: bytes
    """Message-ID"""
    newsgroups: tuple[str, ...]
    """in lower case"""


def read_cancel(raw: bytes, message_id: bytes, path_identity: str) -> ForeignCancel | None:
    """Return what an article of another server cancels, or None where it is no cancel.  Raises ArticleRefused."""
    control = _CONTROL.search(raw, 0, _head_end(raw))
    target = None if control is None else cancelled_by(unfold(control[1]))
    if target is None:
        return None
    _check_way(raw, message_id, path_identity)
    newsgroups = _NEWSGROUPS.search(raw, 0, _head_end(raw))
    names = b"" if newsgroups is None else unfold(newsgroups[1])
    return ForeignCancel(target, tuple(names.decode("latin-1").lower().replace(",", " ").split()))


def cancelled_by(control: bytes) -> bytes | None:
    """Return the Message-ID that a Control header's value cancels (RFC 5537 section 5.3), or None."""
    words = control.split()
    return words[1] if len(words) == 2 and words[0].lower() == b"cancel" and is_message_id(words[1]) else None


def is_ours(message_id: bytes) -> bool:
    """Tell whether a Message-ID is one that this network makes of its documents' ids."""
    return document_id_of(message_id) is not None


def is_held(message_id: bytes, archive: IArchive) -> bool:
    """Tell whether an article of another server's is here, in a forum of the shared node: feeds know no others."""
    docno = archive.by_message_id(message_id)
    return docno is not None and archive.holds(SHARED, docno)


def parents_in(
    roots: Iterable[int], references: Iterable[bytes], archive: IArchive
) -> tuple[tuple[bytes, ...], int]:
    """Return (ids of an article's parents, the newest Clique-Time of those that it answers; 0 without any).

    ``roots`` are the docnos of the forums in which it stands: in each it answers the nearest of ``references``
    (Message-IDs, the nearest first) that stands there, else the forum's root.  What the node that all accounts share
    does not hold is passed over: it is held back, lost or somebody's own, and none may hear of it by an answer.
    """
    answered: dict[int, bytes | None] = dict.fromkeys(roots)
    missing = set(answered)
    newest = 0
    for message_id in references:
        docno = find_article(archive, message_id)
        if docno is None or not archive.holds(SHARED, docno):
            continue
        record = archive.record(docno)
        for root in missing.intersection(record.roots):
            answered[root] = record.id
            newest = max(newest, record.time)
            missing.discard(root)
        if not missing:
            break
    parents = (archive.record(root).id if parent is None else parent for root, parent in answered.items())
    return tuple(dict.fromkeys(parents)), newest


def wanted_forums(newsgroups: Iterable[str], forums: Mapping[str, str]) -> tuple[str, ...]:
    """Return the forums, by ``forums`` (newsgroup to forum), of an article's newsgroups; each once, in their order."""
    return tuple(dict.fromkeys(forums[newsgroup] for newsgroup in newsgroups if newsgroup in forums))
