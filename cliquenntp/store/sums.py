"""Sums of the database file, so that a bit that has changed on the disk is found wherever it lies.

ZODB's file has no checksums: a flipped bit in a state that is read once a year shows itself then, or as a wrong number.
The file is only ever appended to, so a SHA-256 of each whole mebibyte stays true; the end, which is no whole one, is
summed again each time.  Beside the file lies a list of lines ``END SHA256``, to which lines are appended: a line tells
about the octets from the last multiple of SEGMENT_OCTETS before END.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

SEGMENT_OCTETS = 1024 * 1024
"""Part of the format.  A list of 80 octets for each; a damaged one names some 300 documents at most."""

_LINE = re.compile("([0-9]+) ([0-9a-f]{64})")


@attrs.frozen
class Damage:
    """A stretch of the file that is not what it was."""

    start: int
    end: int


class FileSums:
    """The sums of one file that grows; for one thread at a time."""

    def __init__(self, file: Path, sums: Path) -> None:
        self._file = file
        self._sums = sums
        self._known: dict[int, tuple[int, bytes]] = {}
        """{number of the segment: (end, digest)}; another dictionary for another file"""
        for line in sums.read_text("ascii", "replace").splitlines() if sums.exists() else ():
            if match := _LINE.fullmatch(line):  # a process that was killed leaves half a line: summed again
                end = int(match[1])
                self._known[(end - 1) // SEGMENT_OCTETS] = end, bytes.fromhex(match[2])

    @property
    def covered(self) -> int:
        """Octets from the beginning of the file that are summed."""
        return max((end for end, _ in self._known.values()), default=0)

    def extend(self, size: int) -> None:
        """Sum what was appended up to ``size``, which must be the end of something committed."""
        if size <= self.covered:
            return
        first = self.covered // SEGMENT_OCTETS
        lines = []
        for number, end, digest in self._digests(first, size):
            self._known[number] = end, digest
            lines.append(f"{end} {digest.hex()}\n")
        with self._sums.open("a", encoding="ascii") as file:
            file.write("\n" + "".join(lines))

    def renew(self, size: int) -> None:
        """Sum the whole file anew, because another was put in its place (a pack)."""
        self._known = {}
        fresh = self._sums.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        place, self._sums = self._sums, fresh
        try:
            fresh.touch(mode=0o600)
            self.extend(size)
        finally:
            self._sums = place
        os.replace(fresh, place)

    def damages(self) -> Iterator[Damage | None]:
        """Compare the file with its sums; yield for each segment what is wrong with it, or None.

        Ends when the file is replaced meanwhile.
        """
        known = self._known
        for number, (end, expected) in sorted(known.items()):
            start = number * SEGMENT_OCTETS
            found = hashlib.sha256(self._read(start, end)).digest()
            if self._known is not known:
                return
            yield Damage(start, end) if found != expected else None

    def _digests(self, first: int, size: int) -> Iterator[tuple[int, int, bytes]]:
        for number in range(first, (size - 1) // SEGMENT_OCTETS + 1):
            start, end = number * SEGMENT_OCTETS, min((number + 1) * SEGMENT_OCTETS, size)
            yield number, end, hashlib.sha256(self._read(start, end)).digest()

    def _read(self, start: int, end: int) -> bytes:
        with self._file.open("rb") as file:
            file.seek(start)
            return file.read(end - start)
