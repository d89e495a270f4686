"""ZODB's FileStorage, whose readers do not wait while a commit waits for the disk.

ZODB lets nobody read from the file until it is synced.  Here a commit returns only after that too, and whoever reads
meanwhile sees at most what a moment later is on the disk: the node's readers stand still until then (service/turn.py).
Measured with a pack that keeps the disk busy, a read took up to 118 ms (docs/packing.md).
"""

from __future__ import annotations

import os
from typing import Any

import ZODB.FileStorage


class FileStorage(ZODB.FileStorage.FileStorage):
    """A FileStorage that syncs the file at the end of a commit, when readers may go on."""

    _unsynced: int | None = None

    def _finish_finish(self, tid: bytes) -> None:
        self._file.flush()
        # a pack may put another file in its place, synced and with this transaction
        self._unsynced = os.dup(self._file.fileno())
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
