"""The process that does nearly all of a pack (packer.py starts it).

    python -m cliquenntp.store.pack_process FILE BLOBS TIME END

It ends when its standard input does.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import attrs
from ZODB.blob import is_blob_record
from ZODB.FileStorage.FileStorage import RedundantPackWarning
from ZODB.FileStorage.fspack import FileStoragePacker, PackError
from ZODB.serialize import referencesf

NICENESS = 10
"""a pack may take longer, a read may not"""

REDUNDANT = 3
"""exit status where there is nothing to pack"""


@attrs.frozen
class _Standing:
    """As much of a FileStorage as the packer asks of it, up to an end behind which others write."""

    _file: Any
    blob_dir: str
    end: int
    _lock = _commit_lock = None

    def getSize(self) -> int:  # noqa: N802 (ZODB's name)
        return self.end

    def is_blob_record(self, record: bytes) -> bool:
        return bool(is_blob_record(record))


def copy_reachable(path: str, blobs: str, stop: bytes, end: int) -> tuple[int, int]:
    """Append what is reachable to PATH.pack, whose beginning is written, and save its index beside it.

    Returns where the part that was packed ends in the file and in the packed one.
    """
    with open(path, "rb") as file:
        packer = FileStoragePacker(_Standing(file, blobs, end), referencesf, stop)
    try:
        packer.gc.findReachable()
        packer._tfile = open(f"{path}.pack", "r+b")  # noqa: SIM115 (the packer closes it)
        packer._tfile.seek(0, os.SEEK_END)
        ends = packer.copyToPacktime()
        packer._tfile.flush()
        os.fsync(packer._tfile.fileno())
        packer.index.save(ends[1], f"{path}.pack.index")
    finally:
        packer.close()
    return ends


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def main() -> None:
    """Be the process."""
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    path, blobs, stop, end = sys.argv[1:]
    try:
        print(*copy_reachable(path, blobs, bytes.fromhex(stop), int(end)))
    except RedundantPackWarning:
        sys.exit(REDUNDANT)
    except (OSError, PackError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
