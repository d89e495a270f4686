"""What a posted article becomes: the fields and body of a document, with parents instead of newsgroups.

The body's octets stay as posted: a signed post still verifies.  outgoing.py says what of the header leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import attrs

from cliquenntp.document import (
    DEFAULT_LIMITS,
    DocumentError,
    Headers,
    address_of,
    decode_header,
    is_canonical,
)
from cliquenntp.document.headers import parse_headers
from cliquenntp.interfaces import IArchive, Identity, Right
from cliquenntp.newsgroup.approving import approved_by_answer, check_moderator, check_waiting, is_answer_to_what_waits
from cliquenntp.newsgroup.control import Approve, Cancel, LeaveForum, PostRefused, forum_description, read_control
from cliquenntp.newsgroup.message_ids import document_id_of, find_article, is_message_id, message_ids_in
from cliquenntp.newsgroup.moderation import approval_fields, approval_time
from cliquenntp.newsgroup.naming import find_group, is_group_name
from cliquenntp.newsgroup.outgoing import DEFAULT_LOCAL_PART, KEPT_FIELDS, outgoing_fields, utc_date
from cliquenntp.newsgroup.retraction import acts_only, check_own, parent_field, retraction_fields

Fields = tuple[tuple[bytes, bytes], ...]

REQUIRED_FIELDS = (b"From", b"Subject", b"Newsgroups")
"""RFC 5536 section 3.1, but for what an injecting server adds: Date, Message-ID and Path"""

SINGLE_FIELDS = (
    *REQUIRED_FIELDS, b"Date", b"Message-ID", b"References", b"In-Reply-To", b"Control", b"Supersedes", b"Reply-To",
    b"Distribution", *KEPT_FIELDS,
)  # fmt: skip
"""RFC 5536 section 3: none of them may stand twice"""

REFERENCES_READ = 100
"""Last Message-IDs of References that are looked up: each costs a look-up, and newsreaders keep fewer."""


@attrs.frozen
class Draft:
    """A document before it is built and signed."""

    fields: Fields
    """header fields (name, value) for document.build"""
    body: bytes
    alias: bytes | None
    """the Message-ID that the newsreader chose: for the account that posted, the article is found by it"""
    time: int = 0
    """Clique-Time, where it may not be earlier than that"""


@attrs.frozen
class Poster:
    """Who posts."""

    identity: Identity
    key: bytes
    """the persona's, 32 bytes"""
    keep_headers: Collection[bytes] = ()
    """out of outgoing.KEEPABLE_FIELDS"""
    local_part: str = DEFAULT_LOCAL_PART


def draft(article: bytes, archive: IArchive, poster: Poster, now: int) -> Draft | LeaveForum:
    """Return what a posted article becomes.

    ``article`` is canonical, dots unstuffed; ``now`` seconds since 1970 UTC.  Raises PostRefused.
    """
    headers, body = read_article(article)
    alias = own_message_id(headers)
    refuse_posted_before(alias, archive, poster.identity)
    control = _plain(headers.get(b"Control"))
    if control is not None:
        wanted = read_control(control, archive, poster.identity)
        if isinstance(wanted, LeaveForum):
            return wanted
        if isinstance(wanted, Cancel):
            return Draft(_cancel(wanted.message_id, headers, archive, poster, now), b"", alias)
        if isinstance(wanted, Approve):
            return _approval(wanted.message_id, headers, archive, poster, now)
        return Draft(_new_forum(wanted.name, headers, body, poster, now), body, alias)
    if is_answer_to_what_waits(headers):
        return _approval(approved_by_answer(headers, body), headers, archive, poster, now)
    fields = [*_outgoing(headers, poster, now)]
    superseded = _plain(headers.get(b"Supersedes"))
    if superseded is None:
        parents = _parents(headers, archive, poster.identity)
        if headers.get(b"Approved") is not None:
            roots = {root for parent in parents for root in archive.record(parent).roots}
            check_moderator(roots, poster.key, archive)
        fields.append(parent_field(archive.record(parent).id for parent in parents))
    else:
        target = check_own(_find(superseded, archive, poster.identity), superseded, poster.key, archive)
        fields += retraction_fields(b"Clique-Supersedes", target, archive)
    return Draft(tuple(fields), body, alias)


def _plain(value: bytes | None) -> bytes | None:
    """Return a value without encoded words: slrn makes some of a Message-ID that is too long for its lines."""
    return decode_header(value).encode() if value is not None and b"=?" in value else value


def _new_forum(name: str, headers: Headers, body: bytes, poster: Poster, now: int) -> Fields:
    if not poster.identity.may(Right.CREATE):
        raise PostRefused("this account may not make forums")
    fields = dict(_outgoing(headers, poster, now))
    fields[b"Subject"] = forum_description(name, fields[b"Subject"], body)
    return (*fields.items(), (b"Clique-Forum", name.encode("ascii")))


def _outgoing(headers: Headers, poster: Poster, now: int) -> Iterator[tuple[bytes, bytes]]:
    return outgoing_fields(headers, poster.key, now, poster.local_part, poster.keep_headers)


def _cancel(message_id: bytes, headers: Headers, archive: IArchive, poster: Poster, now: int) -> Fields:
    """Return the header of what cancels: nothing that the newsreader wrote is in it, for that names itself."""
    target = check_own(_find(message_id, archive, poster.identity), message_id, poster.key, archive)
    return (
        (b"From", address_of(poster.key, poster.local_part).encode("ascii")),
        (b"Date", utc_date(headers.get(b"Date"), now)),
        *retraction_fields(b"Clique-Cancel", target, archive),
    )


def _approval(message_id: bytes, headers: Headers, archive: IArchive, poster: Poster, now: int) -> Draft:
    """Return what approves an article; what the moderator wrote beside it stays here."""
    docno = check_waiting(_find(message_id, archive, poster.identity), message_id, poster.key, archive)
    forums = [forum for forum, _ in archive.waits_in(docno)]
    fields = (
        (b"From", address_of(poster.key, poster.local_part).encode("ascii")),
        (b"Date", utc_date(headers.get(b"Date"), now)),
        *approval_fields(docno, archive),
    )
    return Draft(fields, b"", own_message_id(headers), approval_time(docno, forums, archive, now))


def refuse_posted_before(alias: bytes | None, archive: IArchive, identity: Identity) -> None:
    """Raise PostRefused when a post's Message-ID is known: the same article again (RFC 3977 section 6.3.1)."""
    if alias is not None and _find(alias, archive, identity) is not None:
        raise _posted_before(alias)


def refuse_posted_meanwhile(alias: bytes | None, archive: IArchive, account: str | None) -> None:
    """Raise PostRefused when an account has just posted under a Message-ID, on another connection."""
    if alias is not None and account is not None and archive.alias(account, alias) is not None:
        raise _posted_before(alias)


def _posted_before(alias: bytes) -> PostRefused:
    return PostRefused(f"an article with the Message-ID {alias.decode('latin-1')} is here already")


def _find(message_id: bytes, archive: IArchive, identity: Identity) -> int | None:
    """Return the docno of an article that a poster may name: by an alias of the account's own, or as all find it."""
    docno = None if identity.account is None else archive.alias(identity.account, message_id)
    if docno is None:
        docno = find_article(archive, message_id)
    if docno is None or not identity.may_see(archive.record(docno).roots):
        return None
    return docno


def read_article(article: bytes) -> tuple[Headers, bytes]:
    """Return header and body of a posted article.  Raises PostRefused for what is none."""
    if not is_canonical(article):
        raise PostRefused("a NUL, or a CR or LF that is not part of a CRLF")
    end = article.find(b"\r\n\r\n")
    if end < 0:
        raise PostRefused("no empty line between header and body")
    try:
        headers = parse_headers(article[: end + 2], DEFAULT_LIMITS.header_fields)
    except DocumentError as error:
        raise PostRefused(error.reason) from None
    for name in SINGLE_FIELDS:
        values = headers.get_all(name)
        if len(values) > 1:
            raise PostRefused(f"more than one {name.decode('ascii')} header")
        if name in REQUIRED_FIELDS and not any(values):
            raise PostRefused(f"no {name.decode('ascii')} header")
    return headers, article[end + 4 :]


def own_message_id(headers: Headers) -> bytes | None:
    """Return the Message-ID that a newsreader chose, with its angle brackets, or None.  Raises PostRefused."""
    message_id = headers.get(b"Message-ID")
    if message_id is None:
        return None
    if not is_message_id(message_id):
        raise PostRefused("the Message-ID is not one")
    if document_id_of(message_id) is not None:  # it would stand in the way of the document that has this id
        raise PostRefused("the Message-ID has the form of those made of a document's id")
    return message_id


def _parents(headers: Headers, archive: IArchive, identity: Identity) -> tuple[int, ...]:
    """Return the parents' docnos: for each newsgroup the last reference that lies in it, else its own document."""
    groups = [_group(name.strip(), archive, identity) for name in (headers.get(b"Newsgroups") or b"").split(b",")]
    referenced = headers.get(b"References") or headers.get(b"In-Reply-To") or b""
    answered = []
    for message_id in reversed(message_ids_in(referenced)[-REFERENCES_READ:]):
        docno = _find(message_id, archive, identity)
        if docno is not None:
            answered.append((docno, {docno, *archive.record(docno).groups}))
    parents = dict.fromkeys(
        next((docno for docno, places in answered if group in places), group) for group in groups
    )
    if len(parents) > DEFAULT_LIMITS.parents:
        raise PostRefused(f"{len(parents)} newsgroups; an article goes to at most {DEFAULT_LIMITS.parents}")
    return tuple(parents)


def _group(name: bytes, archive: IArchive, identity: Identity) -> int:
    text = name.decode("ascii", "replace")
    if not is_group_name(text):
        raise PostRefused(f"not a newsgroup's name: {text[:100]!a}")
    docno = find_group(archive, text)
    record = None if docno is None else archive.record(docno)
    if docno is None or record is None or acts_only(record) or not identity.may_see(record.roots):
        raise PostRefused(f"no such newsgroup here: {text[:130]}")
    return docno
