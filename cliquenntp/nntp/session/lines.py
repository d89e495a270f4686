"""What a command line may not be, whatever it says."""

from __future__ import annotations

import re

from cliquenntp.nntp.session import replies

CONTROLS = bytes(range(9)) + bytes(range(10, 32)) + b"\x7f"
"""octets that no command line holds; TAB separates like a space"""

_FOREIGN = re.compile(
    rb"""
    .*[ ]HTTP/\d                                    # a request line of HTTP
    | (?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)[ ]+(?:/|\*|https?:)
    | [!-9;-~]+:                                    # a header line: what a browser can send first
    | \x16\x03                                      # a TLS handshake, whose session ticket a stranger can choose
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""the beginning of a line of another protocol: a web page can make a browser send commands after such lines"""


def is_foreign(line: bytes) -> bool:
    """Tell whether a line is of another protocol than NNTP."""
    return _FOREIGN.match(line) is not None


def is_utf8(line: bytes) -> bool:
    """Tell whether a line is UTF-8."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def flaw(line: bytes) -> bytes:
    """Return the reply to a line with control characters or octets that are no UTF-8."""
    return replies.NOT_UTF8 if len(line.translate(None, CONTROLS)) == len(line) else replies.CONTROL_CHARACTER
