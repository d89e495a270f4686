"""Where articles come from: an mbox file, a tar (compressed or not) or a folder of raw articles, GROUP/NUMBER.

A source is read twice: once whole, in its own order, then article by article in any order.  Neither holds more than one
article in memory.  What is compressed is unpacked into a temporary file first.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import attrs

LARGEST_ARTICLE = 4 << 20
"""octets read of one article; it cannot become a document of a mebibyte even when most of it is dropped header"""

_MBOX_LINE = re.compile(rb"From \S.*\d:\d\d\b.*\d{4}")
"""as mail programs write it: ``From address weekday month day hours:minutes year``, a zone maybe"""
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_OF_A_SPOOL = frozenset({".overview", ".minmax", ".servers", "message.id", "leaf.node"})
"""files and folders beside the articles: of slrnpull, of leafnode, and of servers that keep overviews so"""

_PACKERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


class SourceError(Exception):
    """A path holds no articles in any form known here."""


@attrs.frozen
class Found:
    """One article in a source."""

    name: str
    """for people: path or position"""
    group: str
    place: str
    """what ``Source.read`` wants to read it again"""
    raw: bytes | None
    """its bytes; None when there are more than LARGEST_ARTICLE"""


class Source:
    """Articles at a path.  ``size`` and ``position`` tell in octets how far the first reading is."""

    size = 0
    position = 0
    damage: str | None = None
    """why the first reading ended early, if it did"""

    def __iter__(self) -> Iterator[Found]:
        raise NotImplementedError

    def read(self, place: str) -> bytes:
        """Return an article's bytes again."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of files."""


def open_source(path: Path, group: str | None = None) -> Source:
    """Return the source at a path; ``group`` names the newsgroup of an mbox and stands above no other.

    Raises SourceError, OSError.
    """
    if path.is_dir():
        return _open_folder(path, group)
    file, damage = _unpacked(path)
    start = file.read(600)
    file.seek(0)
    if start[257:262] == b"ustar" or (b"\0" in start and tarfile.is_tarfile(path)):
        source: Source = Tar(file, group)
    elif start.startswith(b"From "):
        source = Mbox(file, group or _stem(path))
    else:
        file.close()
        raise SourceError(f"{path} is neither an mbox file, a tar of articles nor a folder")
    source.damage = damage
    return source


def _open_folder(path: Path, group: str | None) -> Source:
    from cliquenntp.service.imports.mail import Maildir, PublicInbox, is_maildir, is_public_inbox

    if is_maildir(path):
        return Maildir(path, group)
    if is_public_inbox(path):
        return PublicInbox(path, group)
    # slrnpull has its articles below news/, and its own files beside that
    is_slrnpull = (path / "news").is_dir() and ((path / "slrnpull.conf").exists() or (path / "out.going").is_dir())
    return Folder(path / "news" if is_slrnpull else path, group)


def _stem(path: Path) -> str:
    return re.sub(r"(?i)(\.mbox|\.mbx)?(\.gz|\.bz2|\.xz)?$", "", path.name)


def _unpacked(path: Path) -> tuple[IO[bytes], str | None]:
    """Return the file at a path, unpacked, and why not all of it could be."""
    file = path.open("rb")
    start = file.read(6)
    file.seek(0)
    for magic, opener in _PACKERS.items():
        if start.startswith(magic):
            spool = tempfile.TemporaryFile(prefix="cliquenntp-import-")  # noqa: SIM115 (closed with the source)
            damage = None
            try:
                with file, opener(file) as packed:
                    while chunk := packed.read1(1 << 20):  # what read() had before the damage would be lost
                        spool.write(chunk)
            except (EOFError, OSError, lzma.LZMAError, zlib.error) as error:
                damage = f"only the first {spool.tell()} octets could be unpacked: {error}"
            spool.seek(0)
            return spool, damage
    return file, None


def _group_of(parts: list[str], group: str | None) -> str:
    return group or ".".join(parts)


class _InOneFile(Source):
    """Articles at offsets of one file; a place is ``offset:octets``."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def _at(self, place: str) -> bytes:
        offset, _, octets = place.partition(":")
        return os.pread(self._file.fileno(), int(octets), int(offset))

    def read(self, place: str) -> bytes:
        """See Source."""
        return self._at(place)

    def close(self) -> None:
        """See Source."""
        self._file.close()


class Tar(_InOneFile):
    """Regular files in a tar; the folder that holds an article names its newsgroup, folder by folder."""

    def __init__(self, file: IO[bytes], group: str | None) -> None:
        super().__init__(file)
        self._group = group

    def __iter__(self) -> Iterator[Found]:
        try:
            with tarfile.open(fileobj=self._file, mode="r:") as archive:
                while (member := archive.next()) is not None:
                    archive.members = []  # type: ignore[attr-defined]  # else it remembers every member
                    self.position = archive.offset
                    if member.isreg() and member.offset_data + member.size <= self.size:
                        yield self._found(member)
                self.position = self.size  # behind the end comes padding
        except tarfile.TarError as error:
            self.damage = self.damage or f"the tar is damaged: {error}"

    def _found(self, member: tarfile.TarInfo) -> Found:
        place = f"{member.offset_data}:{member.size}"
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        raw = self._at(place) if member.size <= LARGEST_ARTICLE else None
        return Found(member.name, _group_of(parts[:-1], self._group), place, raw)


class Mbox(_InOneFile):
    """An mbox file: articles behind lines ``From ...``, an empty line before each, ``>From `` unquoted once."""

    def __init__(self, file: IO[bytes], group: str) -> None:
        super().__init__(file)
        self._group = group

    def __iter__(self) -> Iterator[Found]:
        count = 0
        start = offset = 0
        behind_empty_line = True
        self._file.seek(0)
        for line in iter(lambda: self._file.readline(1 << 20), b""):
            if behind_empty_line and line.startswith(b"From ") and (not offset or _MBOX_LINE.match(line)):
                if offset:
                    count += 1
                    yield self._found(count, start, offset)
                start = offset + len(line)
            behind_empty_line = line in (b"\n", b"\r\n")
            offset += len(line)
            self.position = offset
        if offset:
            yield self._found(count + 1, start, offset)

    def _found(self, count: int, start: int, end: int) -> Found:
        place = f"{start}:{end - start}"
        raw = self.read(place) if end - start <= LARGEST_ARTICLE else None
        return Found(f"article {count} (at octet {start})", self._group, place, raw)

    def read(self, place: str) -> bytes:
        """See Source."""
        raw = self._at(place)
        # the empty line before the next "From " line is the mbox's, not the article's
        for ending in (b"\r\n\r\n", b"\n\n"):
            if raw.endswith(ending):
                raw = raw[: -len(ending) // 2]
                break
        return _QUOTED.sub(rb"\1", raw)


class Folder(Source):
    """Files below a folder; the folders on the way to an article name its newsgroup; a place is a path.

    Of a news spool (INN's, slrnpull's, leafnode's), which has files of its own, those named by a number are articles.
    """

    def __init__(self, path: Path, group: str | None) -> None:
        self._path = path
        self._group = group
        self.size = 0
        self._is_spool = False
        for _, folders, files in os.walk(path):
            self.size += len(files)
            self._is_spool = self._is_spool or not _OF_A_SPOOL.isdisjoint((*folders, *files))

    def __iter__(self) -> Iterator[Found]:
        for folder, folders, files in os.walk(self._path):
            folders.sort()
            parts = list(Path(folder).relative_to(self._path).parts) or [self._path.resolve().name]
            for file in sorted(files, key=lambda name: (len(name), name) if name.isdecimal() else (1 << 10, name)):
                self.position += 1
                path = Path(folder, file)
                is_one = file.isdecimal() if self._is_spool else not file.startswith(".")
                if is_one and path.is_file():
                    place = str(path.relative_to(self._path))
                    raw = path.read_bytes() if path.stat().st_size <= LARGEST_ARTICLE else None
                    yield Found(place, _group_of(parts, self._group), place, raw)

    def read(self, place: str) -> bytes:
        """See Source."""
        return (self._path / place).read_bytes()
