"""Header values as text: RFC 2047 encoded words, raw 8-bit in whatever charset; never raises."""

from __future__ import annotations

import codecs
import re
from base64 import b64decode
from functools import lru_cache

_WORD = re.compile(rb"=\?([!->@-~]{1,60})\?([BbQq])\?([!->@-~ ]*)\?=")
"""``charset*language?encoding?text``; blanks inside are against the rules and common"""

_BETWEEN_WORDS = re.compile(rb"(\?=)[ \t\r\n]+(?==\?[!->@-~]{1,60}\?[BbQq]\?)")
_HEXADECIMAL = re.compile(rb"=([0-9A-Fa-f]{2})")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
"""Python's text codecs that no message is written in; some are slow on purpose-made input"""


def decode_header(value: bytes) -> str:
    """Return a header field's value as one line of text for people.

    Encoded words are decoded (RFC 2047; adjacent ones of one charset together, so that characters cut in two are
    whole again), raw 8-bit is UTF-8 or else Windows-1252, a word with an unknown charset or broken text stays readable
    somehow, and control characters become a blank.  Never raises; the result encodes to UTF-8.
    """
    value = value.replace(b"\r\n", b"")
    if value.isascii() and b"=?" not in value:
        return _BREAKS.sub(" ", value.decode("ascii")).strip()
    parts: list[tuple[str, bytes]] = []
    end = 0
    value = _BETWEEN_WORDS.sub(rb"\1", value)
    for match in _WORD.finditer(value):
        if match.start() > end:
            parts.append(("", value[end : match.start()]))
        charset = match[1].decode("ascii").lower()
        octets = _word_octets(match[2], match[3])
        if parts and parts[-1][0] == charset:
            octets = parts.pop()[1] + octets
        parts.append((charset, octets))
        end = match.end()
    parts.append(("", value[end:]))
    text = "".join(_decode(octets, charset) for charset, octets in parts)
    return _BREAKS.sub(" ", text).strip()


def _word_octets(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"Qq":
        return _HEXADECIMAL.sub(lambda match: bytes([int(match[1], 16)]), text.replace(b"_", b" "))
    text = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    if len(text) % 4 == 1:  # cut off: one character holds no whole octet
        text = text[:-1]
    return b64decode(text + b"=" * (-len(text) % 4))


@lru_cache(256)
def _codec(charset: str) -> codecs.CodecInfo | None:
    name = charset.partition("*")[0]  # RFC 2231 section 5: charset*language
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    is_text = getattr(found, "_is_text_encoding", False)
    return found if is_text and found.name.replace("_", "-") not in _NOT_CHARSETS else None


def _decode(octets: bytes, charset: str) -> str:
    codec = _codec(charset) if charset else None
    if codec is not None:
        try:
            text = codec.decode(octets, "replace")[0]
            return text.encode("utf-8", "replace").decode("utf-8")
        except (ValueError, LookupError):
            pass
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("windows-1252", "replace")
