"""The header of an internet message (RFC 5322 section 2.2), read fast and kept as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from cliquenntp.document.errors import DocumentRefused, DocumentTooLarge

_FIELD_NAME = re.compile(rb"[!-9;-~]+")
"""RFC 5322 section 2.2: printable ASCII without the colon"""

_FIELD = re.compile(rb"^([!-9;-~]+):[ \t]*([^\r]*(?:\r\n[ \t][^\r]*)*)\r\n", re.MULTILINE)


class Headers:
    """The fields of a header in their order; looked up by name in any case.

    ``fields`` are (name, value) as they stand in the document: the value without leading blanks and final CRLF, with
    the CRLFs of its folding.  ``get`` and ``get_all`` unfold.
    """

    __slots__ = ("_by_name", "fields")

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        self.fields = fields
        by_name: dict[bytes, int | list[int]] = {}
        for index, (name, _value) in enumerate(fields):
            lower = name.lower()
            if lower not in by_name:
                by_name[lower] = index
            else:
                earlier = by_name[lower]
                by_name[lower] = [earlier, index] if isinstance(earlier, int) else [*earlier, index]
        self._by_name = by_name

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __contains__(self, name: bytes) -> bool:
        return name.lower() in self._by_name

    def __repr__(self) -> str:
        return f"Headers({self.fields!r})"

    def names(self) -> Set[bytes]:
        """Return the names that occur, in lower case."""
        return self._by_name.keys()

    def get(self, name: bytes) -> bytes | None:
        """Return the unfolded value of the first field of that name, or None."""
        found = self._by_name.get(name.lower())
        if found is None:
            return None
        return unfold(self.fields[found if isinstance(found, int) else found[0]][1])

    def get_all(self, name: bytes) -> list[bytes]:
        """Return the unfolded values of all fields of that name, in order."""
        found = self._by_name.get(name.lower(), [])
        return [unfold(self.fields[index][1]) for index in ([found] if isinstance(found, int) else found)]


def unfold(value: bytes) -> bytes:
    """Return a field's value on one line (RFC 5322 section 2.2.3), without the blanks around it."""
    return value.replace(b"\r\n", b"").strip(b" \t")


def is_field_name(name: bytes) -> bool:
    """Tell whether ``name`` may stand left of a header field's colon."""
    return _FIELD_NAME.fullmatch(name) is not None


def parse_headers(head: bytes, most_fields: int) -> Headers:
    """Return the fields of a canonical header, each ending with CRLF, without the empty line.

    Raises DocumentRefused for a line that is neither a field nor the continuation of one, DocumentTooLarge for more
    than ``most_fields`` fields.
    """
    folds = head.count(b"\r\n ") + head.count(b"\r\n\t")
    lines = head.count(b"\r\n") - folds
    if lines > most_fields:
        raise DocumentTooLarge(f"more than {most_fields} header fields")
    fields = _FIELD.findall(head)
    if len(fields) != lines:  # findall passes over what is no field
        raise DocumentRefused(_why_broken(head))
    return Headers(fields)


def _why_broken(head: bytes) -> str:
    for line in head.split(b"\r\n"):
        if line[:1] not in (b" ", b"\t") and not is_field_name(line.partition(b":")[0]):
            return f"header line without a field name and colon: {line[:60]!a}"
    return "header does not begin with a field"
