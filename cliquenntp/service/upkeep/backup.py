"""Backups: a node's keys and documents in one sealed file, made while it runs, and put back into an empty folder.

The database file is only appended to, so its octets up to the last commit are a whole database, whatever is written
behind them meanwhile; only a pack has to wait.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import cliquenntp
from cliquenntp.service.network.clique_state import forget_parts
from cliquenntp.service.new_file import NewFileError, new_file
from cliquenntp.service.upkeep.sealing import SealedReader, SealError, SealingWriter
from cliquenntp.store import Store, StoreUnusable

MANIFEST = "backup.json"
KEYS = "keys"
DATABASE = "database"
DATABASE_FOLDERS = (KEYS, DATABASE)

NUMBERS_AHEAD = 1_000_000
"""by how much article numbers jump at a restore: newsreaders keep what was read by number, and numbers given after the
backup are not known any more; more than a newsgroup gets between two backups"""

FORGOTTEN_PARTS = ("links", "position")
"""of the network's state: what this node said after the backup is not known, so it comes back as a newcomer"""


class BackupError(Exception):
    """A backup cannot be made or put back; the text says why in one line."""


def make_backup(
    store: Store, keys: Path, file: Path, passphrase: str, now: int, progress: Callable[[int], None],
) -> dict[str, Any]:
    """Write a backup to a new file (0600) and return its manifest; for a thread.

    ``now`` is in seconds since 1970 UTC, ``progress`` is told the octets written.  Raises BackupError; nothing is left
    of a backup that failed.
    """
    try:
        with new_file(file) as target:
            manifest = _write(target, store, keys, passphrase, now, progress)
    except (NewFileError, SealError) as error:
        raise BackupError(str(error)) from None
    return manifest


def _write(
    target: BinaryIO, store: Store, keys: Path, passphrase: str, now: int, progress: Callable[[int], None],
) -> dict[str, Any]:
    sealing = SealingWriter(target, passphrase)
    with store.files() as (database, blobs), tarfile.open(
            fileobj=cast(BinaryIO, sealing), mode="w|", format=tarfile.PAX_FORMAT) as archive:
        manifest = {
            "version": cliquenntp.__version__, "made": now, "octets": database.octets,
            "files": 1 + len(blobs) + sum(1 for _ in keys.iterdir()),
        }
        _add(archive, MANIFEST, io.BytesIO(json.dumps(manifest).encode()), None)
        for key in sorted(keys.iterdir()):
            with key.open("rb") as content:
                _add(archive, f"{KEYS}/{key.name}", content, None)
        for part in (database, *blobs):
            with part.path.open("rb") as content:
                _add(archive, f"{DATABASE}/{part.name}", content, part.octets)
            progress(sealing.octets)
    sealing.close()
    return manifest


def _add(archive: tarfile.TarFile, name: str, content: BinaryIO, octets: int | None) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode = 0o600
    entry.size = content.seek(0, os.SEEK_END) if octets is None else octets
    content.seek(0)
    archive.addfile(entry, content)


def restore_backup(file: Path, data: Path, passphrase: str) -> dict[str, Any]:
    """Put a backup into a node's folder that has neither keys nor a database, and return its manifest.

    The node begins a new life: it opens its links anew, and article numbers go on NUMBERS_AHEAD further.  Raises
    BackupError; nothing is left of a restore that failed.
    """
    there = [folder for folder in DATABASE_FOLDERS if (data / folder).exists()]
    if there:
        raise BackupError(f"{data} has {' and '.join(there)} already: a backup goes into an empty folder")
    fresh = data / "restored.part"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.mkdir(mode=0o700)
        try:
            manifest = _read(file, fresh, passphrase)
            _begin_anew(fresh / DATABASE)
            for folder in DATABASE_FOLDERS:
                (fresh / folder).rename(data / folder)
        finally:
            shutil.rmtree(fresh)
    except FileExistsError:
        raise BackupError(f"{fresh} is there: another restore is under way, or one was broken off") from None
    except (SealError, StoreUnusable) as error:
        raise BackupError(str(error)) from None
    except (tarfile.TarError, ValueError, KeyError) as error:
        raise BackupError(f"{file} has not what a backup has: {error}") from None
    except OSError as error:
        raise BackupError(f"{error.filename or file}: {error.strerror}") from None
    return manifest


def _read(file: Path, fresh: Path, passphrase: str) -> dict[str, Any]:
    with file.open("rb") as source:
        sealed = SealedReader(source, passphrase)
        with tarfile.open(fileobj=cast(BinaryIO, sealed), mode="r|") as archive:
            archive.extractall(fresh, filter="data")
    manifest: dict[str, Any] = json.loads((fresh / MANIFEST).read_bytes())
    for folder in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
        folder.chmod(0o700)
    return manifest


def _begin_anew(database: Path) -> None:
    store = Store.open(database)
    try:
        writer = store.writer
        writer.begin()
        forget_parts(writer, FORGOTTEN_PARTS)
        writer.shift_numbers(NUMBERS_AHEAD)
        writer.commit()
    finally:
        store.close()
