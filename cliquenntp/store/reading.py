"""A database that is read: one view of its documents, moved forward when its owner says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import transaction
import ZODB

from cliquenntp.store.archive import Archive
from cliquenntp.store.locations import StoreUnusable, open_storage, without_password
from cliquenntp.store.schema import STEPS, SchemaTooNew, missing_steps


class StoreAway(Exception):
    """The database's server cannot be asked just now."""


class StoreTooNew(StoreUnusable):
    """A newer program has changed the database's shape."""


CACHE_OCTETS = 64 * 1024 * 1024
CACHE_OBJECTS = 200_000


@attrs.frozen
class StoreSettings:
    """Sizes; ``cached`` gives those for a cache of the operator's choice."""

    cache_octets: int = CACHE_OCTETS
    """ZODB's cache of each of the two connections, in octets as stored; in memory they take about twice that.  64 MiB
    hold the indexes and newest records of some 100,000 documents."""

    cache_objects: int = CACHE_OBJECTS
    """the same in objects; an object takes at least 150 octets of memory besides its state"""

    raw_cache_octets: int = CACHE_OCTETS // 2
    """the documents' bytes read last: some 15,000 documents of 2 KB"""

    blob_octets: int = 64 * 1024
    """a larger document is a file of its own: ZODB copies an object several times on its way, a blob once"""

    @classmethod
    def cached(cls, octets: int) -> StoreSettings:
        """Return sizes with a cache of so many octets, and the other caches in the usual relation to it."""
        return cls(octets, max(1, octets * CACHE_OBJECTS // CACHE_OCTETS), octets // 2)


class ReadStore:
    """An open database for reading; ``reader`` is for the reactor's thread."""

    def __init__(self, database: ZODB.DB, settings: StoreSettings) -> None:
        self._database = database
        self._settings = settings
        self._reading = transaction.TransactionManager(explicit=True)
        self._reading.begin()
        self.reader = Archive(database.open(self._reading), settings.raw_cache_octets)

    @classmethod
    def open_shared(cls, location: str, caches: Path, settings: StoreSettings | None = None) -> ReadStore:
        """Open a database that another process writes, at a ZODB URI.

        ``caches`` is a folder of this process alone.  Raises StoreTooNew, or StoreUnusable where it cannot be read or
        its writer never was there.
        """
        settings = settings or StoreSettings()
        database = open_database(location, settings, caches)
        try:
            with database.transaction() as connection:
                missing = missing_steps(connection.root())
        except SchemaTooNew as error:
            database.close()
            raise StoreTooNew(f"{without_password(location)}: a newer cliquenntp has changed it ({error})") from None
        if missing:
            database.close()
            where = without_password(location)
            raise StoreUnusable(f"{where} lacks {len(missing)} of {len(STEPS)} schema steps: start its writer first")
        return cls(database, settings)

    def forward(self) -> None:
        """Move ``reader`` to the newest state.  To be called after each commit and before the next one begins: while
        FileStorage waits for the disk it lets nobody look for news (measured: 24 ms against 0.1 ms)."""
        self._reading.abort()
        self._reading.begin()

    def forward_to(self, state: bytes) -> bool:
        """Move ``reader`` forward to a transaction (Writer.state) or behind it; False where it cannot be read yet.

        Raises StoreAway.
        A ZEO client hears of commits by itself, RelStorage when a transaction begins: hence both before and after.
        """
        storage = self.reader.storage
        try:
            if storage.lastTransaction() < state:
                self.forward()
                if storage.lastTransaction() < state:
                    return False
            self.forward()
        except Exception as error:  # of the storage, and of what it connects with
            raise StoreAway(str(error)) from error
        return True

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

    def close(self) -> None:
        """Close the database; its views must be idle."""
        self._database.close()


def open_database(location: str, settings: StoreSettings, caches: Path | None) -> ZODB.DB:
    """Open the database at a location.  Raises StoreUnusable."""
    return database_on(open_storage(location, caches), location, settings)


def database_on(storage: Any, location: str, settings: StoreSettings) -> ZODB.DB:
    """Return the database on an open storage, which closes it.  Raises StoreUnusable."""
    try:
        return ZODB.DB(
            storage, cache_size=settings.cache_objects, cache_size_bytes=settings.cache_octets,
            large_record_size=1 << 24,  # ZODB's warning is about objects that should be blobs; ours are cut by size
        )
    except Exception as error:  # it reads the root: whatever a damaged one leads to
        storage.close()
        what = f"{type(error).__name__}: {error}"
        raise StoreUnusable(f"{without_password(location)} cannot be read, restore a backup ({what})") from error
