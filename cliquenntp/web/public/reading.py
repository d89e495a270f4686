"""Articles as a page shows them: who, when, and the text of what anybody in the world may have written.

All of it is hostile until shown otherwise: nothing of an article becomes markup, and what takes long to read is cut.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr

import attrs

from cliquenntp.document import ADDRESS_DOMAIN, decode_header
from cliquenntp.interfaces import Article

MOST_SOURCE_OCTETS = 128 * 1024
"""of an article that is taken apart: long ones are files, and every part costs"""

MOST_TEXT = 32 * 1024
"""characters of a text that are shown; some 600 lines"""

MOST_PARTS = 30
"""of an article that are named; a thousand in one another take Python's parser five seconds"""

MOST_NAME = 60
"""characters of an author's name"""

NO_TEXT = "This article is too large for a page, or not made of text. A newsreader shows it."

_MADE_OF_PARTS = re.compile(rb"(?:multipart|message)/", re.IGNORECASE)
_STUFFED = re.compile(rb"^\.", re.MULTILINE)
_CODE = 8
"""characters of an author's key that are shown, to tell those of one name apart"""


@attrs.frozen
class Entry:
    """An article as an overview line tells of it."""

    number: int
    subject: str
    author: str
    code: str
    """the beginning of the author's key, as in the address; empty where the address is a foreign one"""
    date: str
    id: str
    """of the document, 52 characters"""
    references: tuple[str, ...]
    """ids, the thread's first article first"""


@attrs.frozen
class Text:
    """What an article says."""

    text: str
    is_cut: bool
    others: tuple[str, ...]
    """the parts that are not shown: name and kind of each"""


def entry_of(line: bytes) -> Entry:
    """Return what an overview line (with its number, RFC 3977 section 8.3) tells."""
    number, subject, author, date, message_id, references = line.split(b"\t")[:6]
    name, code = author_of(author)
    return Entry(
        int(number), cleaned(decode_header(subject)) or "(no subject)", name, code, cleaned(decode_header(date)),
        _id(message_id), tuple(map(_id, references.split())))


def _id(message_id: bytes) -> str:
    return message_id.decode("ascii", "replace").strip("<>").partition("@")[0]


def author_of(field: bytes) -> tuple[str, str]:
    """Return an author's name, and the beginning of the key in the address.

    Of an address elsewhere nothing is shown but the name, or what stands before the ``@``: pages are read by robots.
    """
    name, address = parseaddr(decode_header(field))
    local, _, domain = address.partition("@")
    code = domain.removesuffix(f".{ADDRESS_DOMAIN}")[:_CODE] if domain.endswith(f".{ADDRESS_DOMAIN}") else ""
    return cleaned(name or local)[:MOST_NAME] or "somebody", code


def cleaned(text: str) -> str:
    """Return a text without what no person sees: controls, and what turns the direction of others' text."""
    return "".join(
        character for character in text.replace("\r\n", "\n").expandtabs()
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn"))


def text_of(article: Article) -> Text:
    """Return an article's text; whatever is wrong with its form, it says something and raises nothing."""
    source = article.head + b"\r\n" + article.body
    if len(source) > MOST_SOURCE_OCTETS:
        return Text(NO_TEXT, False, ())
    source = _STUFFED.sub(b"", source)
    try:
        if len(_MADE_OF_PARTS.findall(source)) > MOST_PARTS:
            raise ValueError("parts in parts, which take the parser long")
        message: EmailMessage = message_from_bytes(source, policy=policy.default)
        text, others = _taken_apart(message)
    except Exception:  # email's parser raises whatever it stumbles over
        text, others = source.partition(b"\r\n\r\n")[2].decode("utf-8", "replace"), ()
    text = cleaned(text).strip("\n")
    return Text(text[:MOST_TEXT] if text or others else NO_TEXT, len(text) > MOST_TEXT, others)


def _taken_apart(message: EmailMessage) -> tuple[str, tuple[str, ...]]:
    """Return the texts of a message's plain parts, and what its others are."""
    texts: list[str] = []
    others: list[str] = []
    for count, part in enumerate(_leaves(message)):
        if count == MOST_PARTS:
            others.append("and more")
            break
        if part.get_content_type() == "text/plain" and not part.is_attachment():
            texts.append(_decoded(part))
        else:
            name = cleaned(part.get_filename() or "").strip()[:MOST_NAME]
            others.append(f"{name} ({part.get_content_type()})" if name else part.get_content_type())
    return "\n".join(texts), tuple(others)


def _leaves(message: EmailMessage) -> Iterator[MIMEPart]:
    return (part for part in message.walk() if not part.is_multipart())


def _decoded(part: MIMEPart) -> str:
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    try:
        return octets.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return octets.decode("utf-8", "replace")
