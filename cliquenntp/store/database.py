"""Opening a database and keeping it: folders, locks, caches, schema steps, packing."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import transaction
import zc.lockfile
import ZODB
import zodburi
from ZODB.FileStorage import FileStorage

from cliquenntp.store.archive import Archive
from cliquenntp.store.schema import STEPS, SchemaTooNew, Step, apply_step, missing_steps
from cliquenntp.store.sums import Damage, FileSums
from cliquenntp.store.writer import Writer

DATABASE_FILE = "documents.fs"
BLOB_FOLDER = "blobs"
SUMS_FILE = "documents.fs.sums"


class StoreUnusable(Exception):
    """The database cannot be opened; the text says which and why."""


class StoreLocked(StoreUnusable):
    """Another process has the database open."""


class StoreTooNew(StoreUnusable):
    """A newer program has changed the database's shape."""


@attrs.frozen
class StoreSettings:
    """Sizes; each can be set by the operator."""

    cache_octets: int = 64 * 1024 * 1024
    """ZODB's cache of each of the two connections, in octets as stored; in memory they take about twice that.  64 MiB
    hold the indexes and newest records of some 100,000 documents."""

    cache_objects: int = 200_000
    """the same in objects; an object takes at least 150 octets of memory besides its state"""

    raw_cache_octets: int = 32 * 1024 * 1024
    """the documents' bytes read last: some 15,000 documents of 2 KB"""

    blob_octets: int = 64 * 1024
    """a larger document is a file of its own: ZODB copies an object several times on its way, a blob once"""


@attrs.frozen
class Part:
    """A file of a database."""

    path: Path
    name: str
    """in the database's folder"""
    octets: int
    """from its beginning; what lies behind is newer"""


class Store:
    """An open database; ``reader`` is for the reactor's thread, ``writer`` for the writer's."""

    def __init__(self, database: ZODB.DB, settings: StoreSettings, folder: Path | None = None) -> None:
        self._database = database
        self._folder = folder
        self._sums = None if folder is None else FileSums(folder / DATABASE_FILE, folder / SUMS_FILE)
        self._summing = threading.Lock()
        self._settings = settings
        self._reading = transaction.TransactionManager(explicit=True)
        self._writing = transaction.TransactionManager(explicit=True)
        self._reading.begin()
        self._writing.begin()
        self.reader = Archive(database.open(self._reading), settings.raw_cache_octets)
        self.writer = Writer(database.open(self._writing), self._writing, settings.blob_octets)

    @classmethod
    def open(
        cls, location: str | os.PathLike[str], settings: StoreSettings | None = None, steps: Sequence[Step] = STEPS,
    ) -> Store:
        """Open the database in a folder (made if it is missing), or at a ZODB URI (``zeo://``, ``postgresql://``).

        StoreLocked if another process has it open, StoreTooNew if a newer program made it, StoreUnusable otherwise.
        """
        settings = settings or StoreSettings()
        location = os.fspath(location)
        is_folder = "://" not in location
        file = Path(location) / DATABASE_FILE
        storage = _open_folder(Path(location)) if is_folder else zodburi.resolve_uri(location)[0]()
        try:
            database = ZODB.DB(
                storage, cache_size=settings.cache_objects, cache_size_bytes=settings.cache_octets,
                large_record_size=1 << 24,  # ZODB's warning is about objects that should be blobs; ours are cut by size
            )
        except Exception as error:  # it reads the root: whatever a damaged one leads to
            storage.close()
            what = f"{type(error).__name__}: {error}"
            raise StoreUnusable(f"{location} cannot be read, restore a backup ({what})") from error
        try:
            _update_schema(database, steps, file if is_folder else None)
            return cls(database, settings, Path(location) if is_folder else None)
        except SchemaTooNew as error:
            database.close()
            raise StoreTooNew(f"{location}: a newer cliquenntp has changed this database ({error})") from None
        except BaseException:
            database.close()
            raise

    def forward(self) -> None:
        """Move ``reader`` to the newest state.  To be called after each commit and before the next one begins: while
        FileStorage waits for the disk it lets nobody look for news (measured: 24 ms against 0.1 ms)."""
        self._reading.abort()
        self._reading.begin()

    @contextmanager
    def snapshot(self) -> Iterator[Archive]:
        """Give an archive of its own at the newest state, for long work in any other thread."""
        manager = transaction.TransactionManager(explicit=True)
        manager.begin()
        connection = self._database.open(manager)
        try:
            yield Archive(connection, raw_cache_octets=0)
        finally:
            manager.abort()
            connection.close()

    def pack(self) -> None:
        """Free the room of what is no longer reachable and of older states; takes long, may run in a thread."""
        with self._summing:
            self._database.pack(time.time())
            if self._sums is not None:
                self._sums.renew(self.octets())

    def sum_up(self) -> None:
        """Sum what was added to the database file since the last time; may run in a thread."""
        with self._summing:
            if self._sums is not None:
                self._sums.extend(self.octets())

    def damages(self) -> Iterator[Damage | None]:
        """Compare the database file with its sums: yield for each stretch what is wrong with it, or None.

        Ends early where a pack puts another file in its place.  A ZODB URI's storage has sums of its own, or none.
        """
        if self._sums is not None:
            self.sum_up()
            yield from self._sums.damages()

    @contextmanager
    def files(self) -> Iterator[tuple[Part, list[Part]]]:
        """Give the files that are the database as it is now: its own and those of large documents.

        What is committed meanwhile is not in them; a pack waits until the end.  StoreUnusable where there are none, as
        the database is elsewhere (a ZODB URI).
        """
        if self._folder is None:
            raise StoreUnusable("the database is kept by another server: back it up there")
        folder = self._folder
        with self._summing:
            octets = self.octets()
            blobs = [
                Part(path, str(path.relative_to(folder)), path.stat().st_size)
                for path in sorted((folder / BLOB_FOLDER).rglob("*"))
                if path.is_file() and not path.name.endswith(".lock") and "tmp" not in path.relative_to(folder).parts
            ]
            yield Part(folder / DATABASE_FILE, DATABASE_FILE, octets), blobs

    def octets(self) -> int:
        """Return the size of the database without blobs."""
        return int(self._database.getSize())

    def close(self) -> None:
        """Close the database; both views must be idle.  What was not committed is dropped."""
        self.sum_up()
        self._database.close()


def _open_folder(folder: Path) -> Any:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # what a pack frees must be off the disk: by default FileStorage keeps the whole file of before beside it
        return FileStorage(str(folder / DATABASE_FILE), blob_dir=str(folder / BLOB_FOLDER), pack_keep_old=False)
    except zc.lockfile.LockError:
        raise StoreLocked(f"{folder} is in use by another process: one node, one folder") from None
    except OSError as error:
        raise StoreUnusable(f"{folder} cannot be used: {error.strerror or error}") from error


def _update_schema(database: ZODB.DB, steps: Sequence[Step], file: Path | None) -> None:
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    connection = database.open(manager)
    try:
        root = connection.root()
        missing = missing_steps(root, steps)
        if missing and root and file is not None:
            shutil.copyfile(file, file.with_name(f"{file.name}.before-{len(steps) - len(missing) + 1}"))
        for step in missing:
            apply_step(root, step)
            manager.get().note(f"schema: {step[0]}")
            manager.commit()
            manager.begin()
    finally:
        manager.abort()
        connection.close()
