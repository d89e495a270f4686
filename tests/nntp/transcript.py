"""Transcripts: what a client says and what a server must answer, as text that can be run against any server.

Lines of a transcript file::

    # a comment; the file's first one names the RFC section
    == name of a conversation        begins on a new connection, after its greeting was read
    C: GROUP ${group}                sent with CRLF
    C+ text                          sent without CRLF; \\r \\n \\t \\0 \\xHH are octets, \\{NUMBER} so many "x"
    S: 211 ${count} ... ${group}     one line from the server
    S*                               any number of lines before the next S: line
    S!                               the server closes

In a line from the server ``...`` is any text, ``${name}`` is the value that has that name, or gives it one (without
blanks).  Behind its name a conversation may have, each in parentheses, ``ours``: it says more than the RFCs do and is
for this server alone; ``should``: the RFCs recommend it, where all others are what they demand; ``needs LABEL
ARGUMENT``: it is for servers that announce that capability.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import attrs

TRANSCRIPTS = Path(__file__).parent / "transcripts"

_TAG = re.compile(r" \((ours|should|needs [A-Z ]+)\)$")
_ESCAPE = re.compile(r"\\(r|n|0|t|\\|x[0-9a-f]{2}|\{\d+\})")
_ESCAPES = {"r": "\r", "n": "\n", "0": "\0", "t": "\t", "\\": "\\"}
_PIECE = re.compile(r"\.\.\.|\$\{([a-z_0-9]+)\}")


class Wire(Protocol):
    """A connection to a server."""

    def send(self, data: bytes) -> None:
        """Send bytes."""

    def read_line(self) -> bytes:
        """Return the next line with its CRLF; empty when the server closed."""


@attrs.frozen
class Conversation:
    """One conversation of a transcript file."""

    file: str
    name: str
    tags: frozenset[str]
    steps: tuple[tuple[int, str, str], ...]
    """(line number, ``C:`` and so on, text)"""

    @property
    def ours(self) -> bool:
        """Whether it says more than the RFCs do."""
        return "ours" in self.tags

    @property
    def level(self) -> str:
        """How the RFCs want it."""
        return "SHOULD" if "should" in self.tags else "MUST"

    @property
    def needs(self) -> str:
        """The capability without which it is not led, with an argument perhaps; empty: none."""
        return next((tag.removeprefix("needs ") for tag in self.tags if tag.startswith("needs ")), "")

    @property
    def feeds(self) -> bool:
        """Whether the client is another server."""
        return self.needs in ("IHAVE", "STREAMING")

    @property
    def posts(self) -> bool:
        """Whether an article is posted in it."""
        return any(kind == "C:" and text == "POST" for _, kind, text in self.steps)

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def conversations() -> Iterator[Conversation]:
    """Yield the conversations of all files."""
    for path in sorted(TRANSCRIPTS.glob("*.txt")):
        name, tags, steps = "", set[str](), []
        for line_number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line.startswith("== "):
                if steps:
                    yield Conversation(path.stem, name, frozenset(tags), tuple(steps))
                name, tags, steps = line[3:], set(), []
                while match := _TAG.search(name):
                    tags.add(match[1])
                    name = name[: match.start()]
            elif line and not line.startswith("#"):
                kind, text = line[:2], line[3:]
                if kind not in ("C:", "C+", "S:", "S*", "S!"):
                    raise ValueError(f"{path.name}:{line_number}: {line!r}")
                steps.append((line_number, kind, text))
        if steps:
            yield Conversation(path.stem, name, frozenset(tags), tuple(steps))


class Mismatch(AssertionError):
    """The server said something else."""


def run(conversation: Conversation, wire: Wire, values: dict[str, str]) -> None:
    """Lead a conversation; raise Mismatch where the server leaves it.  ``values`` gains the names that it learns."""
    skipping = False
    for line_number, kind, text in conversation.steps:
        place = f"{conversation.file}.txt:{line_number}"
        if kind == "S*":
            skipping = True
        elif kind == "S!":
            if rest := wire.read_line():
                raise Mismatch(f"{place}: expected the end, got {rest!r}")
        elif kind == "S:":
            while True:
                line = wire.read_line()
                if not line.endswith(b"\r\n"):
                    raise Mismatch(f"{place}: expected {text!r}, got the end {line!r}")
                if _matches(text, line[:-2].decode("utf-8", "surrogateescape"), values):
                    break
                if not skipping or line == b".\r\n":
                    raise Mismatch(f"{place}: expected {text!r}, got {line!r}")
            skipping = False
        else:
            wire.send(_octets(text, values) + (b"\r\n" if kind == "C:" else b""))


def _octets(text: str, values: dict[str, str]) -> bytes:
    filled = re.sub(r"\$\{([a-z_0-9]+)\}", lambda match: values[match[1]], text)
    octets = b""
    at = 0
    for match in _ESCAPE.finditer(filled):
        octets += filled[at : match.start()].encode("utf-8", "surrogateescape")
        code = match[1]
        if code[0] == "x":
            octets += bytes([int(code[1:], 16)])
        elif code[0] == "{":
            octets += b"x" * int(code[1:-1])
        else:
            octets += _ESCAPES[code].encode()
        at = match.end()
    return octets + filled[at:].encode("utf-8", "surrogateescape")


def _matches(expected: str, line: str, values: dict[str, str]) -> bool:
    pattern, names, at = "", [], 0
    for match in _PIECE.finditer(expected):
        pattern += re.escape(expected[at : match.start()])
        name = match[1]
        if name is None:
            pattern += ".*"
        elif name in values:
            pattern += re.escape(values[name])
        elif name in names:
            pattern += f"(?P={name})"
        else:
            names.append(name)
            pattern += rf"(?P<{name}>\S+)"
        at = match.end()
    found = re.fullmatch(pattern + re.escape(expected[at:]), line, re.DOTALL)
    if found is None:
        return False
    values.update({name: found[name] for name in names})
    return True
