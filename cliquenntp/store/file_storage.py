"""ZODB's FileStorage, whose readers do not wait while a commit waits for the disk, and whose commits last.

ZODB lets nobody read from the file until it is synced.  Here a commit returns only after that too, and whoever reads
meanwhile sees at most what a moment later is on the disk: the node's readers stand still until then (service/turn.py).
Measured with a pack that keeps the disk busy, a read took up to 118 ms (docs/packing.md).

ZODB syncs no blobs: here they are on the disk before the commit that needs them.  Each commit has a sum
(``last_commit``).
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import ZODB.FileStorage
from zc.lockfile import LockFile

from cliquenntp.store.last_commit import PLACEHOLDER, cut_off_torn, sum_of, without_sum


class FileStorage(ZODB.FileStorage.FileStorage):
    """A FileStorage that syncs the file at the end of a commit, when readers may go on."""

    _unsynced: int | None = None

    def __init__(self, file_name: str, **options: Any) -> None:
        """Open a file as ZODB's own does; a last commit that is not whole is cut off."""
        with closing(LockFile(f"{file_name}.lock")):  # as ZODB does, for as long as the file is open
            cut_off_torn(Path(file_name))
        super().__init__(file_name, **options)

    def _begin(self, tid: bytes, user: bytes, description: bytes, extension: bytes) -> None:
        description = without_sum(description) + PLACEHOLDER
        self._ude = user, description, extension
        super()._begin(tid, user, description, extension)

    def tpc_vote(self, transaction: Any) -> Any:
        """Write a commit, all but the octet that says that it is complete."""
        if transaction is self._transaction:
            self._sync_blobs()
            octets = self._tfile.tell()
            self._tfile.seek(0)
            user, description, extension = self._ude
            described = description.removesuffix(PLACEHOLDER) + sum_of(self._tfile.read(octets))
            self._ude = user, described, extension
        return super().tpc_vote(transaction)

    def _sync_blobs(self) -> None:
        """Sync the files of large documents, and the folders that name them."""
        folders: set[Path] = set()
        top = Path(self.fshelper.base_dir)
        for oid, tid in self.dirty_oids:
            blob = Path(self.fshelper.getBlobFilename(oid, tid))
            sync_path(blob)
            folders.update(folder for folder in blob.parents if folder == top or top in folder.parents)
        for folder in folders:
            sync_path(folder)

    def _finish_finish(self, tid: bytes) -> None:
        self._file.flush()
        try:
            # a pack may put another file in its place, synced and with this transaction
            self._unsynced = os.dup(self._file.fileno())
        except OSError:  # no descriptor is left: readers wait
            os.fsync(self._file.fileno())
        self._pos = self._nextpos
        self._index.update(self._tindex)
        self._ltid = tid
        self._blob_tpc_finish()

    def tpc_finish(self, transaction: Any, f: Any = None) -> bytes:
        """Finish a commit; where the file cannot be synced, close it and raise OSError, as ZODB's own does."""
        tid: bytes = super().tpc_finish(transaction, f)
        descriptor, self._unsynced = self._unsynced, None
        if descriptor is not None:
            try:
                os.fsync(descriptor)
            except OSError:
                self.close()
                raise
            finally:
                os.close(descriptor)
        return tid


def sync_path(path: Path) -> None:
    """Have what was written to a file, or which names a folder has, on the disk; OSError where that fails."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
