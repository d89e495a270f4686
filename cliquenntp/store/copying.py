"""Copying a database to another storage, transaction by transaction, and comparing both."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ZODB.blob import is_blob_record
from ZODB.POSException import POSKeyError
from ZODB.utils import p64, u64

from cliquenntp.store.archive import RECORDS_A_SWEEP, Archive
from cliquenntp.store.locations import StoreUnusable, open_storage, without_password
from cliquenntp.store.reading import StoreSettings, database_on

NOTHING = b"\0" * 8
"""the transaction before the first one"""


class Destination:
    """An empty storage that a database is copied to; it is another node's from ``close`` on."""

    def __init__(self, location: str, caches: Path) -> None:
        """Open it.  Raises StoreUnusable where that cannot be, or it has something in it."""
        if location.startswith("zeo:"):  # its clients cannot restore blobs
            raise StoreUnusable("copy to the folder that the ZEO server will serve, and start ZEO on that")
        self.location = location
        self._storage = open_storage(location, caches)
        self._copied = NOTHING
        if self._storage.lastTransaction() not in (None, NOTHING):
            self._storage.close()
            raise StoreUnusable(f"{without_password(location)} is not empty: a copy goes where nothing is yet")

    def close(self) -> None:
        """Let go of it."""
        self._storage.close()

    def take_up(self, source: Any, progress: Callable[[int], None]) -> None:
        """Copy the transactions of a storage that are not copied yet; ``progress`` is told of the records so far."""
        records = 0
        for transaction in source.iterator(p64(u64(self._copied) + 1)):
            self._storage.tpc_begin(transaction, transaction.tid, transaction.status)
            for record in transaction:
                self._restore(source, record, transaction)
                records += 1
            self._storage.tpc_vote(transaction)
            self._storage.tpc_finish(transaction)
            self._copied = transaction.tid
            progress(records)

    def _restore(self, source: Any, record: Any, transaction: Any) -> None:
        if record.data is not None and is_blob_record(record.data):
            copy = self._copied_blob(source, record)
            if copy is not None:
                self._storage.restoreBlob(record.oid, record.tid, record.data, copy, None, transaction)
                return
        self._storage.restore(record.oid, record.tid, record.data, "", record.data_txn, transaction)

    def _copied_blob(self, source: Any, record: Any) -> str | None:
        """Return the path of a copy of a blob, which the storage moves away; None where a pack has removed it."""
        try:
            blob = source.openCommittedBlobFile(record.oid, record.tid)
        except POSKeyError:
            return None
        descriptor, path = tempfile.mkstemp(suffix=".tmp", dir=self._storage.temporaryDirectory())
        with blob, os.fdopen(descriptor, "wb") as copy:
            shutil.copyfileobj(blob, copy)
        return path

    def differences(self, original: Archive, progress: Callable[[int], None]) -> Iterator[str]:
        """Yield what the copy has otherwise than the original, and close it; ``progress`` is told of the documents."""
        database = database_on(self._storage, self.location, StoreSettings())
        try:
            with database.transaction() as connection:
                yield from _differences(original, Archive(connection, raw_cache_octets=0), progress)
        finally:
            database.close()


def _differences(original: Archive, copy: Archive, progress: Callable[[int], None]) -> Iterator[str]:
    if original.newest() != copy.newest():
        yield f"{copy.newest()} documents instead of {original.newest()}"
        return
    for count, docno in enumerate(original.since(0), 1):
        if original.record(docno).__getstate__()[:-1] != copy.record(docno).__getstate__()[:-1]:
            yield f"the record of document {docno}"
        elif not original.gone(docno) and original.raw(docno) != copy.raw(docno):
            yield f"the text of document {docno}"
        elif list(original.numbers(docno).between(1, original.numbers(docno).high)) != list(
            copy.numbers(docno).between(1, original.numbers(docno).high)
        ):
            yield f"the article numbers of {original.record(docno).name}"
        progress(count)
        if not count % RECORDS_A_SWEEP:
            original.sweep()
            copy.sweep()
    if list(original.pieces("")) != list(copy.pieces("")):
        yield "what is kept of the network and the accounts"
    for account in {*original.followers(), *copy.followers()}:
        if list(original.follows(account)) != list(copy.follows(account)):
            yield f"what {account} follows"
