"""Opening a database and keeping it: folders, locks, caches, schema steps, packing."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import transaction
import ZODB
from ZODB.interfaces import IMVCCStorage

from cliquenntp.store.copying import Destination
from cliquenntp.store.locations import BLOB_FOLDER, DATABASE_FILE, StoreUnusable, folder_of, without_password
from cliquenntp.store.reading import ReadStore, StoreSettings, StoreTooNew, open_database
from cliquenntp.store.schema import STEPS, SchemaTooNew, Step, apply_step, missing_steps
from cliquenntp.store.seat import Seat, take_seat
from cliquenntp.store.sums import Damage, FileSums
from cliquenntp.store.writer import Writer

SUMS_FILE = "documents.fs.sums"


@attrs.frozen
class Part:
    """A file of a database."""

    path: Path
    name: str
    """in the database's folder"""
    octets: int
    """from its beginning; what lies behind is newer"""


class Store(ReadStore):
    """An open database; ``reader`` is for the reactor's thread, ``writer`` for the writer's."""

    def __init__(
        self, database: ZODB.DB, settings: StoreSettings, location: str, folder: Path | None = None
    ) -> None:
        """Open both views; ``folder`` has the database's files, where they are on this machine.

        Raises StoreLocked where another process writes to a database behind a server.
        """
        super().__init__(database, settings)
        self._folder = folder
        self._sums = None if folder is None else FileSums(folder / DATABASE_FILE, folder / SUMS_FILE)
        self._summing = threading.Lock()
        self._writing = transaction.TransactionManager(explicit=True)
        self._writing.begin()
        connection = database.open(self._writing)
        self.is_shared = folder_of(location) is None and not location.startswith("file:")
        """whether other processes may have the database open too"""
        self._seat: Seat | None = None
        if self.is_shared:
            self._seat = take_seat(connection, self._writing, without_password(location))
        self.writer = Writer(connection, self._writing, settings.blob_octets, self._seat)

    @classmethod
    def open(
        cls, location: str | os.PathLike[str], settings: StoreSettings | None = None, steps: Sequence[Step] = STEPS,
        caches: Path | None = None, files: Path | None = None,
    ) -> Store:
        """Open the database in a folder (made if it is missing), or at a ZODB URI (``zeo://``, ``postgresql://``).

        ``caches`` is a folder of this process alone, for what a server sends as files; ``files`` the folder that a
        server on this machine has the database in, so that it can be summed up and backed up here.  StoreLocked if
        another process has it open, StoreTooNew if a newer program made it, StoreUnusable otherwise.
        """
        settings = settings or StoreSettings()
        location = os.fspath(location)
        folder = folder_of(location)
        database = open_database(location, settings, caches)
        try:
            _update_schema(database, steps, None if folder is None else folder / DATABASE_FILE)
            return cls(database, settings, location, folder or files)
        except SchemaTooNew as error:
            database.close()
            raise StoreTooNew(
                f"{without_password(location)}: a newer cliquenntp has changed this database ({error})") from None
        except BaseException:
            database.close()
            raise

    def pack(self) -> None:
        """Free the room of what is no longer reachable and of older states; takes long, may run in a thread.

        NotPacked where that failed, as on a full disk.
        """
        with self._summing:
            self._database.pack(time.time())
            if self._sums is not None:
                self._sums.renew(self.octets())

    def copy_to(self, destination: Destination, progress: Callable[[int], None]) -> None:
        """Copy what was committed since the last time; may run in a thread, while the writer goes on."""
        with self._summing, _newest(self._database.storage) as source:  # a pack waits
            destination.take_up(source, progress)

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
        if self._seat is not None:
            self.writer.leave_seat()
        super().close()


@contextmanager
def _newest(storage: Any) -> Iterator[Any]:
    """Give a storage as it is now: one with its own isolation (RelStorage) stands still where it was asked last."""
    if not IMVCCStorage.providedBy(storage):
        yield storage
        return
    instance = storage.new_instance()
    try:
        instance.poll_invalidations()
        yield instance
    finally:
        instance.release()


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
