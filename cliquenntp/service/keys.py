"""Private keys: one file each under the data folder's keys/ (0700, each file 0600), never in the database.

A file is one line: ``cliquenntp key 1`` and the Ed25519 seed in base64url without padding (43 characters).
"""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

SEED_BYTES = 32
_MAGIC = "cliquenntp key 1 "


class KeyFileError(Exception):
    """A key file cannot be used; the text names it and says what to do."""


def load_or_create(path: Path, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """Return the seed (32 bytes) in a key file; a file that is not there is made from fresh random bytes.

    Raises KeyFileError for a file that is damaged or that others may read: a key that silently became another one
    would cut a node off from its peers, and an author from what he wrote.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _load(path)
    except FileNotFoundError:
        _create(path, random_bytes(SEED_BYTES))
        return _load(path)


def replace(path: Path, seed: bytes, kept_as: Path) -> None:
    """Put another seed into a key file; the one that it had is kept beside it.  Raises KeyFileError, OSError."""
    if path.exists():
        _create(kept_as, _load(path))
    _create(path, seed)


def _load(path: Path) -> bytes:
    for place in (path.parent, path):
        if place.stat().st_mode & 0o077:
            wanted = "0700" if place.is_dir() else "0600"
            raise KeyFileError(f"{place}: others may read this key: set its mode with `chmod {wanted} {place}`")
    text = path.read_text("ascii", "replace").rstrip("\n")
    encoded = text.removeprefix(_MAGIC)
    try:
        seed = urlsafe_b64decode(encoded + "=")
    except ValueError:
        seed = b""
    if not text.startswith(_MAGIC) or len(seed) != SEED_BYTES:
        raise KeyFileError(f"{path}: is no key file: put back a backup of it, or remove it to get a new identity")
    return seed


def _create(path: Path, seed: bytes) -> None:
    """Write a key file whole or not at all: a temporary file, synced, then linked to its name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(_MAGIC + urlsafe_b64encode(seed).decode().rstrip("=") + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
