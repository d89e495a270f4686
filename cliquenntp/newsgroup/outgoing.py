"""What of a posted article's header leaves the machine: an allowlist, so that nobody's host, software or place is told.

Only what stands in KEPT_FIELDS goes into the document, in that order and in one way of writing, and what the operator
keeps beside it.  Why each field is there or not: docs/decisions/0035-headers-that-leave.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from email.utils import formatdate

from cliquenntp.document import Headers, address_domain, address_of, decode_header, signer_address
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.dates import seconds_of
from cliquenntp.newsgroup.naming import is_group_name

KEPT_FIELDS = (
    b"Subject", b"Date", b"Followup-To", b"Keywords", b"Summary", b"Expires",
    b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition",
)
"""beside From; what else a newsreader adds stays here"""

KEEPABLE_FIELDS = (
    b"Reply-To", b"Organization", b"User-Agent", b"X-Newsreader", b"X-Mailer", b"Content-Language", b"Mail-Copies-To",
    b"X-No-Archive", b"Archive", b"Face", b"X-Face", b"OpenPGP", b"X-PGP-Key", b"Comments",
)
"""what the setting ``keep_headers`` may add: they tell about the author, and mean nothing to the program"""

DEFAULT_LOCAL_PART = "me"
"""Left of the @ where the newsreader's identity has an address elsewhere, whose local part may be somebody's name."""

WORLD = b"world"
"""the one Distribution (RFC 5536 section 3.2.4) that a forum can keep"""

POSTER = b"poster"
"""in Followup-To: answers go by mail (RFC 5536 section 3.2.6)"""

_LIKE_ADDRESS = re.compile(r"\S@\S")
_BRACKETED = re.compile(rb"(.*)<[^<>]*>[ \t]*(?:\([^()]*\))?", re.DOTALL)
_COMMENTED = re.compile(rb"[^\s()<>]+[ \t]*\((.*)\)", re.DOTALL)
_PARAMETERS = re.compile(rb'[ \t]*;[ \t]*([^;="\s]+)=("(?:[^"\\]|\\.)*"|[^;"\s]*)')
_MEDIA_TYPE = re.compile(rb'([A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+)((?:' + _PARAMETERS.pattern + rb')*)[ \t]*;?')
_LOWERED_PARAMETERS = (b"charset", b"format", b"delsp")


def outgoing_fields(
    headers: Headers, author: bytes, now: int, local_part: str = DEFAULT_LOCAL_PART, keep: Collection[bytes] = ()
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the header fields (name, folded value) of a post that go into its document, From first.

    ``author`` is the poster's key, ``now`` seconds since 1970 UTC, ``local_part`` stands left of the @ in an address
    made for the poster, ``keep`` are names out of KEEPABLE_FIELDS.  Raises PostRefused for what cannot be kept as its
    author means it.
    """
    _check(headers)
    yield b"From", from_field(headers.get(b"From") or b"", author, local_part)
    for name in KEPT_FIELDS:
        value = _outgoing_value(name, headers.get(name), now)
        if value:
            yield name, refolded(value)
    for name in KEEPABLE_FIELDS:
        value = headers.get(name) if name in keep else None
        if value:
            yield name, refolded(value)


def _check(headers: Headers) -> None:
    for name in (b"From", *KEPT_FIELDS):
        try:
            (headers.get(name) or b"").decode("utf-8")
        except UnicodeDecodeError:
            raise PostRefused(f"the {name.decode('ascii')} header is neither ASCII nor UTF-8") from None
    distribution = headers.get(b"Distribution")
    if distribution and distribution.lower() != WORLD:
        raise PostRefused("no Distribution but world can be kept: an article goes to all who follow the forum")
    followup_to = headers.get(b"Followup-To")
    if followup_to and followup_to.lower() != POSTER:
        for name in followup_to.split(b","):
            if not is_group_name(name.strip().decode("ascii", "replace")):
                raise PostRefused("Followup-To is neither poster nor newsgroups")


def _outgoing_value(name: bytes, value: bytes | None, now: int) -> bytes | None:
    if name == b"Date":
        return utc_date(value, now)
    if not value:
        return None
    if name == b"Expires":
        return _readable_date(value)
    if name == b"MIME-Version":
        return b"1.0"  # some programs name themselves in a comment behind it
    if name == b"Content-Disposition" and value.lower() == b"inline":
        return None  # says nothing where it stands on the whole article, but that neomutt made it
    if name == b"Content-Type":
        return _media_type(value)
    if name == b"Content-Transfer-Encoding" or value.lower() == POSTER:
        return value.lower()
    return value


def _media_type(value: bytes) -> bytes:
    """Return a Content-Type written in one way: newsreaders differ in capitals, quotes and blanks."""
    match = _MEDIA_TYPE.fullmatch(value)
    if match is None:
        return value
    parts = [match[1].lower()]
    for name, given in _PARAMETERS.findall(match[2]):
        name = name.lower()
        if name in _LOWERED_PARAMETERS:
            given = given.strip(b'"').lower()
        parts.append(name + b"=" + given)
    return b"; ".join(parts)


def from_field(given: bytes, author: bytes, local_part: str) -> bytes:
    """Return From with the author's own address in place of the one given; the name stays."""
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


def utc_date(value: bytes | None, now: int) -> bytes:
    """Return a date in UTC, so that it tells no time zone; ``now`` where it is none that can be read."""
    return _readable_date(value or b"") or _date(now)


def _readable_date(value: bytes) -> bytes | None:
    seconds = seconds_of(value)
    try:
        return None if seconds is None else _date(seconds)
    except (ValueError, OverflowError, OSError):  # years and days that no calendar has
        return None


def _date(seconds: float) -> bytes:
    return formatdate(seconds).replace("-0000", "+0000").encode("ascii")


def refolded(value: bytes) -> bytes:
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
