"""Files of signed documents: what `cliquectl export` writes, and `cliquectl import` takes with the same ids.

A line that names the format; then for each document, behind its first parent, a line with its octets in decimal and
its bytes.  A document that is gone, but was answered, has a line ``gone ID KEY TIME PARENT...`` (as text, the time in
seconds since 1970 UTC), so that its answers keep their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from cliquenntp.document import (
    DEFAULT_LIMITS,
    Document,
    DocumentError,
    id_from_text,
    id_text,
    key_from_text,
    key_text,
    parse,
    stub,
    verify,
)
from cliquenntp.interfaces import Place

MAGIC = b"cliquenntp documents 1\n"

MOST_LINE_OCTETS = 1024
"""of a line between documents: eight parents take some 600"""

_NUMBER = re.compile(rb"[0-9]{1,11}")
"""of octets, or of seconds as in a Clique-Time; of longer ones Python makes no number, or one that nothing can be"""


class DamagedFileError(Exception):
    """A file of documents cannot be read on; the text says why."""


def entry(raw: bytes) -> bytes:
    """Return a document's bytes as they stand in the file."""
    return b"%d\n" % len(raw) + raw


def gone_entry(place: Place) -> bytes:
    """Return the line of a document that is gone."""
    words = ["gone", id_text(place.id), key_text(place.author), str(place.time), *map(id_text, place.parents)]
    return " ".join(words).encode("ascii") + b"\n"


def read_entries(file: BinaryIO) -> Iterator[Document | DocumentError]:
    """Yield the verified documents of a file behind its MAGIC; for each that is refused, why.

    Raises DamagedFileError where what comes cannot be told apart any more.
    """
    while line := file.readline(MOST_LINE_OCTETS):
        try:
            yield _gone(line) if line.startswith(b"gone ") else _document(file, line)
        except DocumentError as error:
            yield error


def _document(file: BinaryIO, line: bytes) -> Document:
    digits = line.removesuffix(b"\n")
    if digits == line or not _NUMBER.fullmatch(digits) or int(digits) > DEFAULT_LIMITS.document_octets:
        raise DamagedFileError("a document's length is no number, or larger than any document")
    raw = file.read(int(digits))
    if len(raw) < int(digits):
        raise DamagedFileError("it ends in the middle of a document")
    document = parse(raw)
    verify(document)
    return document


def _gone(line: bytes) -> Document:
    words = line.decode("ascii", "replace").split()
    if not line.endswith(b"\n") or len(words) < 5 or not _NUMBER.fullmatch(words[3].encode()):
        raise DamagedFileError("a line about a document that is gone is not whole")
    return stub(id_from_text(words[1]), key_from_text(words[2]), int(words[3]), tuple(map(id_from_text, words[4:])))
