"""Wildmats (RFC 3977 section 4): comma-separated patterns over UTF-8, the right-most one that matches decides.

A pattern becomes a regular expression in which each ``*`` but the last is an atomic group that takes the nearest
occurrence of what follows it.  For patterns without other repetition that finds a match whenever there is one, and it
bounds the cost to (length of the text) x (length of the pattern) steps, whatever a hostile client sends.
"""

from __future__ import annotations

import re
from functools import lru_cache

import attrs
from zope.interface import implementer

from cliquenntp.interfaces import IWildmat

PATTERN_CACHE = 64
"""compiled wildmats kept: newsreaders repeat the same few, and compiling takes some 100 microseconds"""

_RESERVED = frozenset("\\[]")
"""characters that RFC 3977 section 4.2 keeps out of wildmats"""


class WildmatError(ValueError):
    """The text is no wildmat."""


@implementer(IWildmat)
@attrs.frozen
class Wildmat:
    """A compiled wildmat."""

    text: bytes
    """as the client wrote it"""
    _groups: tuple[tuple[bool, re.Pattern[str]], ...]
    """(wanted, pattern), the right-most first"""
    required: bytes = b""
    """octets without which no value matches: a look for them costs a twentieth of a match"""

    def matches(self, text: bytes) -> bool:
        """Tell whether a text matches; bytes of it that are no UTF-8 count as one character each."""
        value = text.decode("utf-8", "surrogateescape")
        for wanted, pattern in self._groups:
            if pattern.fullmatch(value):
                return wanted
        return False

    @property
    def everything(self) -> bool:
        """Whether it is ``*``, which matches any value."""
        return self.text == b"*"

    @property
    def literal(self) -> bytes | None:
        """The one value that it can match, where it has no wildcard, negation or comma; else None."""
        return None if any(special in self.text for special in (b"*", b"?", b"!", b",")) else self.text


@lru_cache(PATTERN_CACHE)
def parse_wildmat(text: bytes) -> Wildmat:
    """Compile a wildmat as RFC 3977 section 4.1 spells it.

    Raises WildmatError when it is empty, has an empty pattern, is no UTF-8, or holds a reserved character.
    """
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WildmatError("a wildmat is UTF-8") from error
    groups: list[tuple[bool, list[str]]] = []
    for pattern in decoded.split(","):
        wanted = not pattern.startswith("!")
        bare = pattern if wanted else pattern[1:]
        if not bare or "!" in bare or _RESERVED & set(bare):
            raise WildmatError(f"not a wildmat pattern: {pattern!r}")
        if groups and groups[-1][0] == wanted:
            groups[-1][1].append(_translate(bare, sets=False))
        else:
            groups.append((wanted, [_translate(bare, sets=False)]))
    # patterns of one sign that stand together are one alternation: fewer expressions to compile and to try
    compiled = tuple((wanted, re.compile("|".join(parts), re.DOTALL)) for wanted, parts in reversed(groups))
    return Wildmat(text, compiled)


@lru_cache(PATTERN_CACHE)
def parse_old_pattern(text: bytes) -> Wildmat:
    """Compile an XPAT pattern (RFC 2980 section 3.3): one pattern, also with ``[a-z]``, ``[^a-z]`` and ``\\`` quoting.

    Raises WildmatError when it is empty or a set or quotation is not finished.
    """
    if not text:
        raise WildmatError("an empty pattern")
    translated = _translate(text.decode("utf-8", "surrogateescape"), sets=True)
    quoting = b"[" in text or b"\\" in text
    required = b"" if quoting else max(re.split(rb"[*?]+", text), key=len)
    return Wildmat(text, ((True, re.compile(translated, re.DOTALL)),), required)


def _translate(pattern: str, sets: bool) -> str:
    """Return the regular expression of one pattern (for ``fullmatch``)."""
    pieces = [""]
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "*":
            pieces.append("")
            at += 1
        elif sets and character == "[":
            translated, at = _translate_set(pattern, at)
            pieces[-1] += translated
        else:
            if sets and character == "\\":
                at += 1
                if at == len(pattern):
                    raise WildmatError("a pattern ends with a backslash")
                character = re.escape(pattern[at])
            else:
                character = "." if character == "?" else re.escape(character)
            pieces[-1] += character
            at += 1
    first, *middle = pieces
    if not middle:
        return first
    last = middle.pop()
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last


def _translate_set(pattern: str, start: int) -> tuple[str, int]:
    """Return the regular expression of the ``[...]`` at ``start``, and where the pattern goes on."""
    at = start + 1
    negated = pattern[at : at + 1] == "^"
    at += negated
    end = pattern.find("]", at + 1)  # a first "]" stands for itself
    if end < 0:
        raise WildmatError("a set without its end")
    members: list[str] = []
    while at < end:
        low = pattern[at]
        if pattern[at + 1 : at + 2] == "-" and at + 2 < end:
            high = pattern[at + 2]
            if high >= low:
                members.append(f"{re.escape(low)}-{re.escape(high)}")
            at += 3
        else:
            members.append(re.escape(low))
            at += 1
    if not members:  # only ranges that run backwards: nothing is in the set
        return (".", end + 1) if negated else ("(?!)", end + 1)
    return f"[{'^' if negated else ''}{''.join(members)}]", end + 1
