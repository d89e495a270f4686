"""What a posted article becomes: the fields and body of a document, with parents instead of newsgroups.

Only what stands in KEPT_FIELDS leaves the machine, in that order, so that a document tells neither host, software,
organisation nor time zone of its author.  The body's octets stay as posted: a signed post still verifies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import formatdate, mktime_tz, parsedate_tz

import attrs

from cliquenntp.document import (
    DEFAULT_LIMITS,
    DocumentError,
    Headers,
    address_domain,
    address_of,
    decode_header,
    id_text,
    is_canonical,
    signer_address,
)
from cliquenntp.document.headers import parse_headers
from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.control import PostRefused, new_forum
from cliquenntp.newsgroup.message_ids import document_id_of, find_article, is_message_id, message_ids_in
from cliquenntp.newsgroup.naming import find_group, is_group_name

KEPT_FIELDS = (
    b"Subject", b"Date", b"Reply-To", b"Followup-To", b"Keywords", b"Summary", b"Distribution", b"Expires",
    b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"Content-Language",
    b"Cancel-Lock",
)
"""beside From and Clique-Parent; everything else that a newsreader adds stays here"""

REQUIRED_FIELDS = (b"From", b"Subject", b"Newsgroups")
"""RFC 5536 section 3.1, but for what an injecting server adds: Date, Message-ID and Path"""

SINGLE_FIELDS = (*REQUIRED_FIELDS, b"Date", b"Message-ID", b"References", b"In-Reply-To", b"Control", *KEPT_FIELDS)
"""RFC 5536 section 3: none of them may stand twice"""

REFERENCES_READ = 100
"""Last Message-IDs of References that are looked up: each costs a look-up, and newsreaders keep fewer."""

DEFAULT_LOCAL_PART = "me"
"""Left of the @ where the newsreader's identity has an address elsewhere, whose local part may be somebody's name."""

_LIKE_ADDRESS = re.compile(r"\S@\S")
_BRACKETED = re.compile(rb"(.*)<[^<>]*>[ \t]*(?:\([^()]*\))?", re.DOTALL)
_COMMENTED = re.compile(rb"[^\s()<>]+[ \t]*\((.*)\)", re.DOTALL)


@attrs.frozen
class Draft:
    """A document before it is built and signed."""

    fields: tuple[tuple[bytes, bytes], ...]
    """header fields (name, value) for document.build"""
    body: bytes
    aliases: tuple[bytes, ...]
    """the Message-ID that the newsreader chose: its look-ups must find the article by it"""


def draft(
    article: bytes, archive: IArchive, author: bytes, now: int, local_part: str = DEFAULT_LOCAL_PART
) -> Draft:
    """Return what a posted article becomes.

    ``article`` is canonical, dots unstuffed; ``author`` the poster's key (32 bytes), ``now`` seconds since 1970 UTC.
    Raises PostRefused.
    """
    headers, body = _read(article)
    aliases = _own_message_id(headers)
    refuse_posted_before(aliases, archive)
    from_field = (b"From", _from_field(headers, author, local_part))
    control = headers.get(b"Control")
    if control is not None:
        forum = new_forum(control, archive)
        fields = [from_field, *_kept(headers, now), (b"Clique-Forum", forum.encode("ascii"))]
        return Draft(tuple(fields), body, aliases)
    parents = _parents(headers, archive)
    parent_ids = ",\r\n ".join(id_text(archive.record(parent).id) for parent in parents)
    fields = [from_field, *_kept(headers, now), (b"Clique-Parent", parent_ids.encode("ascii"))]
    return Draft(tuple(fields), body, aliases)


def refuse_posted_before(aliases: Iterable[bytes], archive: IArchive) -> None:
    """Raise PostRefused when one of a post's Message-IDs is known: the same article again (RFC 3977 section 6.3.1)."""
    for message_id in aliases:
        if find_article(archive, message_id) is not None:
            raise PostRefused(f"an article with the Message-ID {message_id.decode('latin-1')} is here already")


def _read(article: bytes) -> tuple[Headers, bytes]:
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
    if b"Supersedes" in headers:
        raise PostRefused("articles with a Supersedes header are not taken here")
    return headers, article[end + 4 :]


def _own_message_id(headers: Headers) -> tuple[bytes, ...]:
    message_id = headers.get(b"Message-ID")
    if message_id is None:
        return ()
    if not is_message_id(message_id):
        raise PostRefused("the Message-ID is not one")
    if document_id_of(message_id) is not None:  # it would stand in the way of the document that has this id
        raise PostRefused("the Message-ID has the form of those made of a document's id")
    return (message_id,)


def _parents(headers: Headers, archive: IArchive) -> tuple[int, ...]:
    """Return the parents' docnos: for each newsgroup the last reference that lies in it, else its own document."""
    groups = [_group(name.strip(), archive) for name in (headers.get(b"Newsgroups") or b"").split(b",")]
    referenced = headers.get(b"References") or headers.get(b"In-Reply-To") or b""
    answered = []
    for message_id in reversed(message_ids_in(referenced)[-REFERENCES_READ:]):
        docno = find_article(archive, message_id)
        if docno is not None:
            answered.append((docno, {docno, *(group for group, _ in archive.record(docno).numbers)}))
    parents = dict.fromkeys(
        next((docno for docno, places in answered if group in places), group) for group in groups
    )
    if len(parents) > DEFAULT_LIMITS.parents:
        raise PostRefused(f"{len(parents)} newsgroups; an article goes to at most {DEFAULT_LIMITS.parents}")
    return tuple(parents)


def _group(name: bytes, archive: IArchive) -> int:
    text = name.decode("ascii", "replace")
    if not is_group_name(text):
        raise PostRefused(f"not a newsgroup's name: {text[:100]!a}")
    docno = find_group(archive, text)
    if docno is None:
        raise PostRefused(f"no such newsgroup here: {text[:130]}")
    return docno


def _from_field(headers: Headers, author: bytes, local_part: str) -> bytes:
    """Return From with the author's own address in place of the one given; the name stays."""
    given = headers.get(b"From") or b""
    if signer_address(given, author) is not None:
        return given
    if b".clique.invalid" in given.lower():
        own = address_domain(author)
        raise PostRefused(f"the address in From is another persona's; yours ends in @{own}")
    address = address_of(author, local_part).encode("ascii")
    match = _BRACKETED.fullmatch(given) or _COMMENTED.fullmatch(given)
    name = match[1].strip() if match else b""
    if _LIKE_ADDRESS.search(decode_header(name)):  # where a newsreader has no name it may put the address in its place
        name = b""
    return name + b" <" + address + b">" if name else address


def _kept(headers: Headers, now: int) -> Iterable[tuple[bytes, bytes]]:
    for name in KEPT_FIELDS:
        value = headers.get(name)
        if name == b"Date":
            yield name, utc_date(value, now)
        elif name == b"MIME-Version" and value:
            yield name, b"1.0"  # some programs name themselves in a comment behind it
        elif value:
            yield name, _refolded(value)


def utc_date(value: bytes | None, now: int) -> bytes:
    """Return a Date header's value in UTC, so that it tells no time zone; ``now`` where it is none that can be read."""
    parsed = parsedate_tz((value or b"").decode("latin-1"))
    if parsed is not None:
        try:
            return _date(mktime_tz(parsed))
        except (ValueError, OverflowError, OSError):  # years and days that no calendar has
            pass
    return _date(now)


def _date(seconds: float) -> bytes:
    return formatdate(seconds).replace("-0000", "+0000").encode("ascii")


def _refolded(value: bytes) -> bytes:
    """Return a value folded at blanks below 78 octets where it can be (RFC 5322 section 2.1.1).

    Each newsreader folds in a way of its own; one way tells nothing.
    """
    lines: list[bytes] = []
    line = b""
    for word in value.split(b" "):
        if line.strip() and len(line) + 1 + len(word) > 76:
            lines.append(line)
            line = word
        else:
            line = line + b" " + word if line else word
    return b"\r\n ".join([*lines, line])
