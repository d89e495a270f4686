"""A second database beside a damaged one, made of all its objects that can be read, to be mended and put in its place.

The file of the damaged database is only read.  The other lies in a folder of its own until one rename puts it in place:
whatever ends the process, the usual name has a whole file, the old or the new one.  The files of large documents are
the same in both, and stay where they are.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import transaction
import zc.lockfile
from ZODB.blob import is_blob_record
from ZODB.Connection import TransactionMetaData
from ZODB.FileStorage import FileStorage
from ZODB.serialize import referencesf
from ZODB.utils import z64

from cliquenntp.store.database import SUMS_FILE
from cliquenntp.store.file_storage import sync_path
from cliquenntp.store.locations import BLOB_FOLDER, DATABASE_FILE, StoreLocked, open_storage
from cliquenntp.store.mending import Mender
from cliquenntp.store.reading import StoreSettings, database_on
from cliquenntp.store.schema import missing_steps
from cliquenntp.store.sums import FileSums

OBJECTS_A_COMMIT = 5000
"""copied at once: some 10 MB in memory, and one sync of the disk for so many"""


class NotMended(Exception):
    """A database cannot be mended, the text says why; it is as it was."""


@contextmanager
def salvaged(folder: Path) -> Iterator[Mender]:
    """Give what can be read of the database in a folder, to be mended; put that in its place where nothing is raised.

    Raises StoreLocked where a node runs, NotMended where it cannot be, OSError where the disk fails or is full.
    """
    file = folder / DATABASE_FILE
    if not file.exists():
        raise NotMended(f"{folder} has no database")
    try:
        lock = zc.lockfile.LockFile(f"{file}.lock")
    except zc.lockfile.LockError:
        raise StoreLocked(f"{folder} is in use by another process: stop the node first") from None
    work = folder.with_name(f"{folder.name}.repairing")
    with closing(lock):
        shutil.rmtree(work, ignore_errors=True)  # of a repair that was killed
        try:
            _copy(folder, work)
            with _opened(work) as mender:
                yield mender
            _put_in_place(folder, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _copy(folder: Path, work: Path) -> None:
    file = folder / DATABASE_FILE
    try:
        source = FileStorage(str(file), read_only=True, blob_dir=str(folder / BLOB_FOLDER))
    except OSError:
        raise
    except Exception as error:  # of a damaged file FileStorage raises whatever it leads to
        raise NotMended(f"its file cannot be gone through ({type(error).__name__}: {error})") from error
    with closing(source):
        if source.getSize() != file.stat().st_size:
            raise NotMended("its file ends in what is no whole commit: start the node once, which cuts that off")
        with closing(open_storage(str(work), None)) as destination:
            _copy_objects(source, destination)


def _copy_objects(source: Any, destination: Any) -> None:
    plain, large = [], []
    for oid in source._index:
        try:
            state, made = source.load(oid)
        except Exception:  # missed by whom it belongs to
            continue
        if is_blob_record(state):
            large.append((made, oid))
        else:
            plain.append(oid)
    for made, found in groupby(sorted(large), lambda pair: pair[0]):
        # the name of a blob's file has its transaction
        if made <= source.lastTransaction():
            _commit(source, destination, [oid for _, oid in found], made)
    for start in range(0, len(plain), OBJECTS_A_COMMIT):
        _commit(source, destination, plain[start:start + OBJECTS_A_COMMIT], None)


def _commit(source: Any, destination: Any, oids: Sequence[bytes], made: bytes | None) -> None:
    commit = TransactionMetaData()
    destination.tpc_begin(commit, made, " ")
    for oid in oids:
        state, _ = source.load(oid)
        if made is None:
            destination.restore(oid, destination._tid, state, "", None, commit)
            continue
        try:
            blob = source.loadBlob(oid, made)
        except KeyError:
            continue
        copy = Path(destination.temporaryDirectory()) / oid.hex()
        os.link(blob, copy)
        destination.restoreBlob(oid, made, state, str(copy), None, commit)
    destination.tpc_vote(commit)
    destination.tpc_finish(commit)


@contextmanager
def _opened(work: Path) -> Iterator[Mender]:
    storage = open_storage(str(work), None)
    database = database_on(storage, str(work), StoreSettings())
    try:
        manager = transaction.TransactionManager(explicit=True)
        manager.begin()
        connection = database.open(manager)
        if missing_steps(connection.root()):
            raise NotMended("an earlier program made it: start the node once, which brings it to today's shape")
        mender = Mender(connection, manager, StoreSettings().blob_octets)
        yield mender
        mender.commit()
        _check_all(connection, storage)
        manager.abort()
        connection.close()
        size = storage.getSize()
    finally:
        database.close()
    FileSums(work / DATABASE_FILE, work / SUMS_FILE).renew(size)


def _check_all(connection: Any, storage: Any) -> None:
    """Load every object that is in use; raise where one cannot be."""
    seen = {z64}
    waiting = [z64]
    while waiting:
        oid = waiting.pop()
        state, _ = storage.load(oid)
        connection.get(oid)._p_activate()
        for found in referencesf(state):
            if found not in seen:
                seen.add(found)
                waiting.append(found)
        if not len(seen) % OBJECTS_A_COMMIT:
            connection.cacheGC()


def _put_in_place(folder: Path, work: Path) -> None:
    """Put the mended file in the place of the damaged one, which gets another name."""
    file, sums = folder / DATABASE_FILE, folder / SUMS_FILE
    for path in (work / DATABASE_FILE, work / SUMS_FILE):
        sync_path(path)
    kept = damaged_name(folder)
    os.link(file, kept)
    (folder / f"{DATABASE_FILE}.index").unlink(missing_ok=True)  # of where things are in the other file
    sync_path(folder)
    os.replace(work / DATABASE_FILE, file)
    # killed just here the new file has the old one's sums: `verify` tells of it, and another repair renews them
    os.replace(work / SUMS_FILE, sums)
    sync_path(folder)


def damaged_name(folder: Path) -> Path:
    """Return under which name the damaged file of a database will be kept."""
    number = 1
    while (path := folder / f"{DATABASE_FILE}.damaged-{number}").exists():
        number += 1
    return path
