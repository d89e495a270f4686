"""An article from elsewhere becomes a document: what is repaired, what is dropped, what is refused.

The body stays as it is, byte for byte, once its lines end with CRLF.  What tells the way it came (trace and transport),
what this network makes itself (Message-ID, References, Newsgroups, ...) and what others' programs added for themselves
(X-...) leaves the header.  A foreign From stays; Sender becomes the importer's address, as the address rule wants.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Sequence
from email.utils import formatdate
from hashlib import sha256

import attrs

from cliquenntp.document import canonical, id_text, is_field_name, needs_repair, unfold
from cliquenntp.newsgroup.dates import seconds_of
from cliquenntp.newsgroup.message_ids import is_message_id, message_ids_in

MBOX_LINE = "mbox line 'From ...' in front of the header left out"
EMPTY_LINES = "empty lines in front of the header left out"
OCTETS = "NUL left out, bare CR made a line end (in the header a blank)"
NO_EMPTY_LINE = "no empty line behind the header: no body"
BROKEN_LINE = "header line without a colon joined to the field before it"
BLANK_BEFORE_COLON = "blank between a header field's name and its colon left out"
DOUBLE_FIELD = "field that may stand once: the later ones left out"
NO_FROM = "no From: Sender, Reply-To or unknown@unknown.invalid put in its place"
NO_SUBJECT = "no Subject: '(no subject)' put in its place"
NO_DATE = "no readable Date: the time of the articles around it put in its place"
NO_MESSAGE_ID = "no usable Message-ID: one made of the article's SHA-256"

UNKNOWN_AUTHOR = b"unknown@unknown.invalid"

EARLIEST_DATE = 283_996_800
"""1 January 1979: there was no Usenet before; earlier dates are those of unset clocks"""

_DROPPED = frozenset(
    b"""
    path xref lines bytes newsgroups message-id references in-reply-to sender control also-control supersedes
    received received-spf return-path delivered-to envelope-to envelope-from original-recipient apparently-to bcc
    authentication-results authentication-warning domainkey-signature errors-to return-receipt-to
    disposition-notification-to injection-info injection-date cancel-lock cancel-key originator original-sender
    relay-version posting-version date-received article-i.d. nf-id nf-from content-length status posted-and-mailed
    thread-index thread-topic ironport-sdr
    """.split()
)
_DROPPED_PREFIXES = (
    b"x-", b"clique-", b"nntp-", b"resent-", b"arc-", b"dkim-", b"ironport-", b"list-unsubscribe"
)  # fmt: skip
_ONCE = frozenset(
    b"from subject date reply-to followup-to mime-version content-type content-transfer-encoding".split()
)
_FIELD = re.compile(rb"^([!-9;-~]+):[ \t]*([^\r]*(?:\r\n[ \t][^\r]*)*)\r\n", re.MULTILINE)
_LINE = re.compile(rb"[^\r]*(?:\r\n[ \t][^\r]*)*\r\n")
_BLANK_BEFORE_COLON = re.compile(rb"([!-9;-~]+)[ \t]+:")


class ArticleRefused(Exception):
    """An article cannot become a document; ``reason`` is one sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@attrs.frozen
class ForeignArticle:
    """What an import needs of an article from elsewhere."""

    message_id: bytes
    """with angle brackets; one made of the article's digest where it has no usable one"""
    references: tuple[bytes, ...]
    """Message-IDs that it answers, the nearest first: References from the end, then In-Reply-To"""
    newsgroups: tuple[str, ...]
    """as its Newsgroups says, in lower case"""
    date: int | None
    """seconds since 1970 UTC; None where its Date is missing or unreadable"""
    fields: tuple[tuple[bytes, bytes], ...]
    """header fields that it keeps, in order, From and Subject among them; values may be folded"""
    body: bytes
    repairs: tuple[str, ...]
    supersedes: bytes | None = None
    """the Message-ID of an article that it replaces"""


def read_article(raw: bytes) -> ForeignArticle:
    """Return what an article (any line ends) says; ArticleRefused where there is none to be read."""
    repairs: list[str] = []
    head, body = _split(raw, repairs)
    found = _fields(head, repairs)
    by_name: dict[bytes, bytes] = {}
    kept: list[tuple[bytes, bytes]] = []
    for name, value in found:
        lower = name.lower()
        if lower in by_name and lower in _ONCE:
            repairs.append(DOUBLE_FIELD)
            continue
        by_name.setdefault(lower, value)
        if lower not in _DROPPED and not lower.startswith(_DROPPED_PREFIXES):
            kept.append((name, value))
    if b"control" in by_name:
        raise ArticleRefused("a control message, which is no article")
    message_id = unfold(by_name.get(b"message-id", b""))
    if not is_message_id(message_id):
        repairs.append(NO_MESSAGE_ID)
        message_id = _digest_message_id(head, body)
    date = read_date(unfold(by_name[b"date"])) if b"date" in by_name else None
    if date is None:
        repairs.append(NO_DATE)
    return ForeignArticle(
        message_id=message_id,
        references=_references(by_name),
        newsgroups=_newsgroups(by_name),
        date=date,
        fields=tuple(_with_needed(kept, by_name, repairs)),
        body=body,
        repairs=tuple(dict.fromkeys(repairs)),
        supersedes=next(iter(message_ids_in(unfold(by_name.get(b"supersedes", b"")))), None),
    )


def document_fields(
    article: ForeignArticle, parents: Sequence[bytes], sender: str, time: int
) -> list[tuple[bytes, bytes]]:
    """Return the header fields of the article as a document, which the importer signs, whose address is ``sender``.

    ``parents`` are ids, the first parent's first; ``time`` (seconds since 1970 UTC) stands in for a Date that is
    missing or unreadable; such a Date is kept as Original-Date.
    """
    fields = list(article.fields)
    if article.date is None:
        fields = [(b"Original-Date" if name.lower() == b"date" else name, value) for name, value in fields]
        fields.append((b"Date", formatdate(time).replace("-0000", "+0000").encode("ascii")))
    fields.append((b"Sender", sender.encode("ascii")))
    fields.append((b"Clique-Parent", ", ".join(map(id_text, parents)).encode("ascii")))
    fields.append((b"Clique-Original-Message-ID", article.message_id))
    return fields


def read_date(value: bytes) -> int | None:
    """Return a Date's seconds since 1970 UTC, two-digit years and zone names included; None where it is unreadable."""
    seconds = seconds_of(value)
    return None if seconds is None or seconds < EARLIEST_DATE else int(seconds)


def _split(raw: bytes, repairs: list[str]) -> tuple[bytes, bytes]:
    """Return header (each line with its CRLF) and body, both canonical."""
    if needs_repair(raw):
        repairs.append(OCTETS)
    raw = canonical(raw)
    if raw.startswith(b"\r\n"):
        repairs.append(EMPTY_LINES)
        raw = raw.lstrip(b"\r\n")
    if raw.startswith((b"From ", b">From ")):
        repairs.append(MBOX_LINE)
        raw = raw.partition(b"\r\n")[2]
    end = raw.find(b"\r\n\r\n")
    if end >= 0:
        return raw[: end + 2], raw[end + 4 :]
    repairs.append(NO_EMPTY_LINE)
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n", b""


def _fields(head: bytes, repairs: list[str]) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = _FIELD.findall(head)
    if len(found) == head.count(b"\r\n") - head.count(b"\r\n ") - head.count(b"\r\n\t"):
        return found
    found = []
    for line in _LINE.findall(head):
        name, colon, value = line[:-2].partition(b":")
        if colon and is_field_name(name):
            found.append((name, value.lstrip(b" \t")))
        elif blank := _BLANK_BEFORE_COLON.match(line):
            repairs.append(BLANK_BEFORE_COLON)
            found.append((blank[1], line[blank.end() : -2].lstrip(b" \t")))
        elif found:
            repairs.append(BROKEN_LINE)
            found[-1] = (found[-1][0], found[-1][1] + b"\r\n " + line[:-2])
        else:
            raise ArticleRefused(f"no header: it begins with {line[:40]!a}")
    return found


def _digest_message_id(head: bytes, body: bytes) -> bytes:
    digest = b32encode(sha256(head + b"\r\n" + body).digest()).rstrip(b"=").lower()
    return b"<" + digest + b"@sha256.invalid>"


def _references(by_name: dict[bytes, bytes]) -> tuple[bytes, ...]:
    nearest_first = message_ids_in(unfold(by_name.get(b"references", b"")))[::-1]
    nearest_first += message_ids_in(unfold(by_name.get(b"in-reply-to", b"")))
    return tuple(dict.fromkeys(nearest_first))


def _newsgroups(by_name: dict[bytes, bytes]) -> tuple[str, ...]:
    value = unfold(by_name.get(b"newsgroups", b"")).decode("latin-1").lower()
    return tuple(dict.fromkeys(value.replace(",", " ").split()))


def _with_needed(
    kept: list[tuple[bytes, bytes]], by_name: dict[bytes, bytes], repairs: list[str]
) -> list[tuple[bytes, bytes]]:
    """Return the fields with a From and a Subject that say something."""
    for name, reason in ((b"From", NO_FROM), (b"Subject", NO_SUBJECT)):
        lower = name.lower()
        if not by_name.get(lower, b"").strip():
            repairs.append(reason)
            kept = [field for field in kept if field[0].lower() != lower]
            if name == b"Subject":
                kept.insert(0, (name, b"(no subject)"))
            else:
                kept.insert(0, (name, by_name.get(b"sender") or by_name.get(b"reply-to") or UNKNOWN_AUTHOR))
    return kept
