"""Line ends and octets that a document may have, out of what files and servers give."""

from __future__ import annotations

import re

_LINE_END = re.compile(rb"\r*\n")
_HEADER_END = re.compile(rb"\r*\n\r*\n")


def is_canonical(raw: bytes) -> bool:
    """Tell whether all line ends are CRLF and there is no NUL, bare CR or bare LF."""
    line_ends = raw.count(b"\r\n")
    return raw.count(b"\r") == line_ends and raw.count(b"\n") == line_ends and b"\0" not in raw


def needs_repair(raw: bytes) -> bool:
    """Tell whether ``canonical`` does more than to give every line a CRLF: a NUL or a bare CR is there."""
    return b"\0" in raw or raw.count(b"\r") != raw.count(b"\r\n")


def canonical(raw: bytes) -> bytes:
    """Return an article with CRLF line ends, no NUL and no bare CR or LF.

    LF becomes CRLF.  Stated repairs: NULs are left out; CRs in front of a line end belong to it; another bare CR
    becomes a blank in the header, where it would begin a field of its own, and a line end in the body.
    """
    if is_canonical(raw):
        return raw
    if not needs_repair(raw):
        return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    raw = raw.replace(b"\0", b"")
    end = _HEADER_END.search(raw)
    split = end.start() if end else len(raw)
    head = _LINE_END.sub(b"\n", raw[:split]).replace(b"\r", b" ")
    body = _LINE_END.sub(b"\n", raw[split:]).replace(b"\r", b"\n")
    return (head + body).replace(b"\n", b"\r\n")
