"""What real newsreaders posted, and what of it leaves the machine: the files of tests/newsreaders."""

from __future__ import annotations

import re
from email.header import decode_header, make_header
from pathlib import Path

import attrs

FOLDER = Path(__file__).with_name("newsreaders")
_MESSAGE_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")


@attrs.frozen
class Captured:
    """One article as a newsreader sent it."""

    name: str
    posted: bytes
    leaves: bytes

    def sent_by(self, own: str) -> bytes:
        """Return the article with the address of a persona; ``own``: the 20 characters."""
        return self.posted.replace(b"x" * 20, own.encode())

    def expected(self, own: str, root: str, target: str, now: bytes, time: int) -> bytes:
        """Return the document without its first two lines; ids as text, ``time`` the target's Clique-Time."""
        values = {
            b"own": own.encode(), b"root": root.encode(), b"target": target.encode(), b"now": now, b"time": b"%d" % time
        }
        return re.sub(rb"@@(\w+)@@", lambda match: values[match[1]], self.leaves)

    def answers(self, own: str) -> bytes | None:
        """Return the Message-ID that it answers, supersedes or cancels; ``own`` as in ``sent_by``."""
        head = self.sent_by(own).partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n"))
        value = fields.get("Supersedes") or fields.get("Control") or fields.get("References") or ""
        found = _MESSAGE_ID.findall(str(make_header(decode_header(value))))
        return found[-1].encode() if found else None


def captured() -> list[Captured]:
    """Return all captured articles."""
    return [
        Captured(path.stem, path.read_bytes(), path.with_suffix(".leaves").read_bytes())
        for path in sorted(FOLDER.glob("*.posted"))
    ]
