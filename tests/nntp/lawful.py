"""What a news server may say: replies with known codes, their lines ended and dot-stuffed (RFC 3977 section 3)."""

from __future__ import annotations

import re

MULTI_LINE = {100, 101, 202, 215, 220, 221, 222, 224, 225, 230, 231, 282}
LAWFUL = MULTI_LINE | {
    111, 206, 235, 238, 239, 281, 283, 335, 381, 382, 383, 431, 435, 436, 437, 438, 439, 481, 482, 483, 504, 580,
    200, 201, 203, 205, 211, 223, 240, 340, 400, 403, 411, 412, 420, 421, 422, 423, 430, 440, 441, 480,
    500, 501, 502, 503,
}


def replies_of(output: bytes) -> list[int]:
    """Return the codes of the replies in what a server said; AssertionError where it is not lawful."""
    codes = []
    lines = output.split(b"\r\n")
    assert lines.pop() == b""
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        assert re.fullmatch(rb"\d{3} [^\0\r\n]*[^\0\r\n ][^\0\r\n]*", line), line
        assert len(line) <= 510
        line.decode("utf-8")
        code = int(line[:3])
        assert code in LAWFUL, line
        codes.append(code)
        if code in MULTI_LINE or (code == 211 and line.endswith(b" list follows")):
            end = lines.index(b".", at)
            for inner in lines[at:end]:
                assert inner != b"." and b"\n" not in inner and b"\r" not in inner and b"\0" not in inner
                assert not inner.startswith(b".") or inner.startswith(b"..")
            at = end + 1
    return codes
