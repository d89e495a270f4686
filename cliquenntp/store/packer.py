"""Packing the database file in a process of its own, so that nobody waits for the interpreter that the pack holds.

The process (``pack_process``) finds out what is reachable and copies that, nearly all of a pack, with a low priority;
what was committed meanwhile is copied here, as ZODB's packer does.  With all in a thread a read took up to 100 ms: each
of its looks into the file gave the interpreter to the pack, which gives it back after 5 ms.

FileStorage puts the packed file in the place of the other by two renames, and syncs neither.  So it is synced here
before, and a start looks whether it was cut off between them (``mend_cut_off``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ZODB.FileStorage.FileStorage import RedundantPackWarning
from ZODB.FileStorage.fspack import FileStoragePacker, PackCopier
from ZODB.fsIndex import fsIndex
from ZODB.serialize import referencesf

from cliquenntp.store.file_storage import sync_path
from cliquenntp.store.pack_process import REDUNDANT


class NotPacked(Exception):
    """The database could not be packed, the text says why; it is as it was."""


def pack_apart(storage: Any, references: Any, stop: bytes, gc: bool) -> tuple[int, fsIndex] | None:
    """Pack a FileStorage; its ``packer``.

    Returns the packed file's end and index with the storage's commit lock held, or None where nothing is to be freed.
    NotPacked, with what the process said, if it failed; RedundantPackWarning if nothing changed since the last pack.
    """
    if references is not referencesf or not gc:
        raise NotPacked("packs here collect garbage, by ZODB's own references")
    packed = Path(f"{storage._file.name}.pack")
    packed.unlink(missing_ok=True)  # never the file that a process of a node before may still be writing
    packer = _Packer(storage, references, stop, gc)
    try:
        end = packer.pack()
        if end is None:
            return None
        sync_path(packed)
        return end, packer.index
    except BaseException as error:
        packed.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise NotPacked(f"OSError: {error}") from error
        raise
    finally:
        packer.close()


def mend_cut_off(file: Path) -> None:
    """Put the file of before in its place again where a pack was cut off between its two renames."""
    before = file.with_name(f"{file.name}.old")
    if before.exists() and not file.exists():
        os.replace(before, file)


class _Packer(FileStoragePacker):
    """ZODB's packer, with the other process for what comes before the commit lock."""

    def __init__(self, storage: Any, references: Any, stop: bytes, gc: bool) -> None:
        super().__init__(storage, references, stop, gc)
        self.gc = _FoundElsewhere()
        self._blobs = storage.blob_dir or ""

    def copyToPacktime(self) -> tuple[int, int]:  # noqa: N802 (ZODB's name)
        """Return where the part to be packed ends in the file and in the packed one."""
        self._tfile.flush()
        pipe = subprocess.PIPE
        command = [sys.executable, "-P", "-m", "cliquenntp.store.pack_process"]
        command += [self._path, self._blobs, self._stop.hex(), str(self.file_end)]
        index = Path(f"{self._path}.pack.index")
        # its standard input ends when this process does, however that comes about
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            told, failure = process.stdout.read(), process.stderr.read()
        try:
            if process.returncode == REDUNDANT:
                raise RedundantPackWarning("no changes since the last pack")
            if process.returncode:
                raise NotPacked(failure.decode("utf-8", "replace").strip() or f"exit status {process.returncode}")
            self.index = fsIndex.load(str(index))["index"]
        finally:
            index.unlink(missing_ok=True)
        self._copier = PackCopier(self._tfile, self.index, self.tindex)
        self._tfile.seek(0, os.SEEK_END)
        self.gc.packpos, end = map(int, told.split())
        return self.gc.packpos, end


class _FoundElsewhere:
    """What the other process finds out."""

    packpos = 0

    def findReachable(self) -> None:  # noqa: N802 (ZODB's name)
        """Do nothing."""
