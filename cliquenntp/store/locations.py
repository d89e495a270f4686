"""Where a database is: in a folder of this machine, or behind a server that ZODB's world has (ZEO, PostgreSQL).

A location is the path of a folder, ``file://PATH``, ``zeo://HOST:PORT``, ``zeo:///SOCKET``, or ``postgresql://...`` as
libpq reads it (PostgreSQL's manual, section 34.1.1.2).  The options of the storage follow as a query.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import zc.lockfile
import zodburi

from cliquenntp.store.file_storage import FileStorage
from cliquenntp.store.packer import mend_cut_off, pack_apart

DATABASE_FILE = "documents.fs"
BLOB_FOLDER = "blobs"

ZEO_SECONDS = 10
"""that a client waits for the ZEO server: at a start until it is up, later before an access fails"""

POSTGRESQL_SECONDS = 10
"""the same for a connection to PostgreSQL"""

ZEO_OPTIONS = {"wait_timeout": str(ZEO_SECONDS), "cache_size": "64MB", "storage": "1"}
"""for what a location does not say; the cache is a file in the temporary folder"""

_RELSTORAGE_OPTIONS: Mapping[str, Any] = {
    "blob_dir": str, "shared_blob_dir": lambda text: text == "true", "cache_local_mb": int, "blob_cache_size": int,
    "name": str,
}
"""options of RelStorage that a location may name; all others are libpq's"""


class StoreUnusable(Exception):
    """The database cannot be opened; the text says which and why."""


class StoreLocked(StoreUnusable):
    """Another process has the database open."""


def folder_of(location: str) -> Path | None:
    """Return the folder that a location is, or None where it is a URI."""
    return None if "://" in location else Path(location)


def without_password(location: str) -> str:
    """Return a location as it may be shown and logged."""
    if "://" not in location:
        return location
    parts = urlsplit(location)
    user, at, host = parts.netloc.rpartition("@")
    pairs = [(key, "..." if key == "password" else value) for key, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + host, query=urlencode(pairs, safe="/")))


def open_storage(location: str, caches: Path | None) -> Any:
    """Return the storage at a location.

    ``caches`` is a folder of this process alone, where documents of a size lie that a server sends as files; None: a
    location that names ``blob_dir`` itself.  Raises StoreUnusable.
    """
    folder = folder_of(location)
    if folder is not None:
        return _open_folder(folder)
    scheme = location.partition(":")[0]
    blobs = None if caches is None else str(caches / BLOB_FOLDER)
    if scheme in ("postgresql", "postgres"):
        return _open_postgresql(location, blobs)
    if scheme == "zeo":
        location = _with_options(location, ZEO_OPTIONS | ({} if blobs is None else {"blob_dir": blobs}))
    try:
        return zodburi.resolve_uri(location)[0]()
    except Exception as error:
        raise StoreUnusable(f"{without_password(location)} cannot be opened: {_reason(error)}") from error


def _open_folder(folder: Path) -> Any:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mend_cut_off(folder / DATABASE_FILE)
        # what a pack frees must be off the disk: by default FileStorage keeps the whole file of before beside it
        return FileStorage(
            str(folder / DATABASE_FILE), blob_dir=str(folder / BLOB_FOLDER), pack_keep_old=False, packer=pack_apart)
    except zc.lockfile.LockError:
        raise StoreLocked(f"{folder} is in use by another process: one node, one folder") from None
    except OSError as error:
        raise StoreUnusable(f"{folder} cannot be used: {error.strerror or error}") from error
    except Exception as error:  # of a damaged file FileStorage raises whatever it leads to
        raise StoreUnusable(f"{folder} cannot be read, restore a backup ({_reason(error)})") from error


def _open_postgresql(location: str, blobs: str | None) -> Any:
    """Return a RelStorage without history, its large documents in the database unless the location says otherwise."""
    try:
        # Optional packages, and slow to import; only who keeps a database in PostgreSQL has them.
        from psycopg2.extensions import make_dsn, parse_dsn
        from relstorage.adapters.postgresql import PostgreSQLAdapter
        from relstorage.options import Options
        from relstorage.storage import RelStorage
    except ImportError as error:
        raise StoreUnusable(
            f"PostgreSQL needs RelStorage: pip install 'cliquenntp[postgresql]' ({error})") from None
    parts = urlsplit(location)
    pairs = parse_qsl(parts.query)
    options: dict[str, Any] = {"keep_history": False, "shared_blob_dir": False, "blob_dir": blobs}
    try:
        options |= {key: _RELSTORAGE_OPTIONS[key](value) for key, value in pairs if key in _RELSTORAGE_OPTIONS}
        for_libpq = urlencode([pair for pair in pairs if pair[0] not in _RELSTORAGE_OPTIONS])
        dsn = {"connect_timeout": POSTGRESQL_SECONDS} | parse_dsn(urlunsplit(parts._replace(query=for_libpq)))
        chosen = Options(**options)
        return RelStorage(PostgreSQLAdapter(dsn=make_dsn(**dsn), options=chosen), options=chosen)
    except Exception as error:
        raise StoreUnusable(f"{without_password(location)} cannot be opened: {_reason(error)}") from error


def _with_options(location: str, defaults: Mapping[str, str]) -> str:
    """Return a location with options for what it does not say itself."""
    base, _, query = location.partition("?")
    return f"{base}?{urlencode(dict(defaults) | dict(parse_qsl(query)), safe=os.sep)}"


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
