"""Articles made on the way out: a few header fields of our own, then the document as its author signed it.

What depends on the moment of arrival (numbers in Xref, References, whether a foreign From is shown) is read from the
overview line that was made then, so an article's text never changes and always agrees with its overview.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from cliquenntp.interfaces import Article
from cliquenntp.newsgroup.message_ids import message_id_of

_MADE_HERE = re.compile(
    rb"^(?:Path|Message-ID|Newsgroups|Xref|References|Bytes)[ \t]*:.*\r\n(?:[ \t].*\r\n)*", re.IGNORECASE | re.MULTILINE
)
"""fields that a document may carry, but that say something else here"""

_FROM = re.compile(rb"^From:(.*\r\n(?:[ \t].*\r\n)*)", re.IGNORECASE | re.MULTILINE)
_SENDER = re.compile(rb"^Sender:(.*\r\n(?:[ \t].*\r\n)*)", re.IGNORECASE | re.MULTILINE)

_TAIL = b"not-for-mail"
"""last in Path where no name of an account shall stand (RFC 5536 section 3.1.5)"""

_UNFIT_IN_OVERVIEW = bytes.maketrans(b"\t\r\n\0", b"    ")


@attrs.frozen
class Surroundings:
    """What an article's header says about where it stands, beside the document."""

    message_id: bytes
    newsgroups: bytes
    xref: bytes
    references: bytes
    path_identity: bytes


def overview_field(value: bytes) -> bytes:
    """Return a header's value as it stands in an overview line: unfolded, no TAB, CR, LF or NUL (RFC 3977 8.3)."""
    return value.replace(b"\r\n", b"").translate(_UNFIT_IN_OVERVIEW).strip(b" ")


def article_head(head: bytes, around: Surroundings, from_sender: bool) -> bytes:
    """Return an article's header lines, each with its CRLF, dots not stuffed.

    ``head`` is the document's header without the empty line; with ``from_sender`` its Sender stands in place of its
    From.
    """
    made = [b"Path: ", around.path_identity, b"!" + _TAIL if around.path_identity != _TAIL else b""]
    made += [b"\r\nMessage-ID: ", around.message_id, b"\r\nNewsgroups: ", around.newsgroups]
    made += [b"\r\nXref: ", around.xref, b"\r\n"]
    if around.references:
        made += [b"References: ", folded(around.references), b"\r\n"]
    if _MADE_HERE.search(head):
        head = _MADE_HERE.sub(b"", head)
    return b"".join([*made, _shown_from_sender(head) if from_sender else head])


def _shown_from_sender(head: bytes) -> bytes:
    sender = _SENDER.search(head)
    if sender is None:
        return head
    without = head[: sender.start()] + head[sender.end() :]
    return _FROM.sub(lambda _: b"From:" + sender[1], without, count=1)


def folded(references: bytes) -> bytes:
    """Return References over several lines: 21 of ours together exceed the 998 octets of RFC 5322 section 2.1.1."""
    return references.replace(b" ", b"\r\n ")


def references_line(ids: Sequence[bytes]) -> bytes:
    """Return the value of References for a chain of documents' ids (32 bytes each)."""
    return b" ".join(map(message_id_of, ids))


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Return (header lines without the empty line, body) of a canonical message."""
    end = raw.find(b"\r\n\r\n")
    return (raw[: end + 2], raw[end + 4 :]) if end >= 0 else (raw, b"")


def ended(body: bytes) -> bytes:
    """Return a body whose last line has its CRLF: a signed document need not end with one, an article does."""
    return body if not body or body.endswith(b"\r\n") else body + b"\r\n"


def dot_stuffed(lines: bytes) -> bytes:
    """Return CRLF lines with another dot before each that begins with one (RFC 3977 section 3.1.1)."""
    stuffed = lines.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def render(document_id: bytes, roots: int, raw: bytes, overview: bytes, path_identity: bytes) -> Article:
    """Return the article that shows a document.

    ``roots`` is how many roots its record names, ``overview`` its overview line without the number.
    """
    head, body = split(raw)
    fields = overview.split(b"\t")
    xref = fields[7].partition(b" ")[2]
    around = Surroundings(
        message_id=message_id_of(document_id),
        newsgroups=newsgroups_of(xref, roots),
        xref=xref,
        references=fields[4],
        path_identity=path_identity,
    )
    shown = article_head(head, around, is_shown_from_sender(head, fields[1]))
    return Article(around.message_id, dot_stuffed(shown), dot_stuffed(ended(body)))


def is_shown_from_sender(head: bytes, shown_from: bytes) -> bool:
    """Tell whether an article whose overview says ``shown_from`` is shown from its Sender instead of its From."""
    signed_from = _FROM.search(head)
    return signed_from is not None and shown_from != overview_field(signed_from[1])


def newsgroups_of(xref: bytes, roots: int) -> bytes:
    """Return the value of Newsgroups: the forums, which stand first in Xref."""
    places = xref.split(b" ")[1 : 1 + max(roots, 1)]
    return b",".join(place.rpartition(b":")[0] for place in places)
