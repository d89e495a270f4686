"""Whether the last commit in a FileStorage's file is whole.

A commit writes its records, then an octet that says that they are complete, and syncs once.  Where the power fails
before that has ended, the disk may hold the octet and not the records.  Only the last commit can be so, as each waits
for the one before it, and nobody was told that it happened.  So each carries a sum of its records in its description.
At a start one that is not what its sum says is cut off, and kept beside the file as ZODB keeps what it cuts off itself.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import struct
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import attrs
from ZODB.FileStorage.FileStorage import _truncate
from ZODB.FileStorage.format import DATA_HDR, DATA_HDR_LEN, TRANS_HDR, TRANS_HDR_LEN

_SUM_OCTETS = 16
"""against chance, not against people"""

PLACEHOLDER = b"sum:" + bytes(2 * _SUM_OCTETS)
"""as long as what ``sum_of`` returns: how long a description is must be known before the records are"""

_SUM = re.compile(rb"sum:[0-9a-f]{%d}\Z" % (2 * _SUM_OCTETS))

_BEGINNING = 4
"""where the first transaction stands, behind the file's magic number"""

_BACK_POINTER_OCTETS = 8
_LENGTH = struct.Struct(">Q")

_log = logging.getLogger(__name__)


def sum_of(records: bytes) -> bytes:
    """Return the sum of a transaction's data records: of each object's id and state, not of where they stand.

    ValueError where they are no records.
    """
    digest = blake2b(digest_size=_SUM_OCTETS)
    at = 0
    while at < len(records):
        try:
            oid, _tid, _previous, _transaction, _version, size = struct.unpack_from(DATA_HDR, records, at)
        except struct.error:
            raise ValueError("half a record") from None
        end = at + DATA_HDR_LEN + (size or _BACK_POINTER_OCTETS)
        if end > len(records):
            raise ValueError("a record that goes beyond its transaction")
        digest.update(oid + (records[at + DATA_HDR_LEN : end] if size else b""))
        at = end
    return b"sum:" + digest.hexdigest().encode("ascii")


def without_sum(description: bytes) -> bytes:
    """Return a transaction's description as it was before it got a sum: one that is copied gets it again."""
    return _SUM.sub(b"", description)


def cut_off_torn(path: Path) -> None:
    """Cut off the last commit of a file where it is not whole; OSError where the file cannot be read or written."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = _start_of_last(file, size, path.with_name(f"{path.name}.index"))
        if start is not None and not _is_whole(file, start, size):
            _log.warning("%s: the last commit, at %d, is not whole: it was not answered, and is cut off", path, start)
            _truncate(file, str(path), start)
            file.flush()
            os.fsync(file.fileno())


@attrs.frozen
class _Header:
    length: int
    """of the transaction without the repetition of its length at its end"""
    status: bytes
    user_octets: int
    description_octets: int
    extension_octets: int

    @property
    def octets(self) -> int:
        return TRANS_HDR_LEN + self.user_octets + self.description_octets + self.extension_octets


def _header(file: BinaryIO, start: int) -> _Header | None:
    """Return the header of the transaction that begins at a place; None where the file ends within it."""
    file.seek(start)
    raw = file.read(TRANS_HDR_LEN)
    return _Header(*struct.unpack(TRANS_HDR, raw)[1:]) if len(raw) == TRANS_HDR_LEN else None


def _start_of_last(file: BinaryIO, size: int, index: Path) -> int | None:
    """Return where the last transaction begins, whole or not; None where there is none, or what is there is no end."""
    if size < _BEGINNING + TRANS_HDR_LEN + _LENGTH.size:
        return None
    told = _start_of_ending(file, size)
    if told is not None:
        return told
    start = _indexed(file, size, index)
    while (header := _header(file, start)) is not None:
        end = start + header.length + _LENGTH.size
        if end >= size or header.status == b"c":
            return start
        if header.length < header.octets:
            length = _length_before(file, size)
            return start if length < TRANS_HDR_LEN or size - _LENGTH.size - length <= start else None
        start = end
    return None


def _length_before(file: BinaryIO, end: int) -> int:
    """Return what stands before a place as the length of the transaction that ends there."""
    file.seek(end - _LENGTH.size)
    return int(_LENGTH.unpack(file.read(_LENGTH.size))[0])


def _start_of_ending(file: BinaryIO, end: int) -> int | None:
    """Return where the transaction begins that ends at a place; None where none does."""
    length = _length_before(file, end)
    start = end - _LENGTH.size - length
    header = _header(file, start) if start >= _BEGINNING else None
    return start if header is not None and header.length == length >= header.octets else None


def _indexed(file: BinaryIO, size: int, index: Path) -> int:
    """Return up to where ZODB's index goes, a start from which transactions can be counted; else the file's."""
    try:
        with index.open("rb") as stored:
            end = pickle.load(stored)
    except Exception:  # ZODB makes another one, whatever is wrong with it
        return _BEGINNING
    is_end = isinstance(end, int) and _BEGINNING + TRANS_HDR_LEN < end <= size
    return end if is_end and _start_of_ending(file, end) is not None else _BEGINNING


def _is_whole(file: BinaryIO, start: int, size: int) -> bool:
    header = _header(file, start)
    if header is None or header.length < header.octets or header.status == b"c":
        return False
    if start + header.length + _LENGTH.size != size or _length_before(file, size) != header.length:
        return False
    if header.status != b" ":  # packed: records that nothing needs are left out; ZODB looks at all others itself
        return True
    file.seek(start + TRANS_HDR_LEN + header.user_octets)
    description = file.read(header.description_octets)
    told = _SUM.search(description)
    if told is None:  # of a program that made no sums, unless it is zeros
        return b"\0" not in description
    file.seek(start + header.octets)
    try:
        return sum_of(file.read(header.length - header.octets)) == told[0]
    except ValueError:
        return False
