"""The key file of an I2P destination, and the lock that keeps two sessions from using one key.

A router deletes a destination five seconds after its session has closed, even when another session uses the same key by
then, and says nothing (measured on i2pd 2.45.1 and 2.56).  So the lock file remembers when the key was last in use.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
from pathlib import Path

import attrs

from cliquenntp.link.address import base32_of

_ALPHABET = str.maketrans("-~", "+/")
_CERTIFICATE = 384
"""Where a destination's certificate begins: type (1 byte), length (2), then that many bytes."""
_KEY_CERTIFICATE = 5
_SIGNING = {7: 32, 11: 32}
"""Bytes of the private signing key, by type: Ed25519 and its blinded form; older types are not for new destinations."""
_ENCRYPTION = {0: 256, 4: 32}
"""Bytes of the private encryption key, by type: ElGamal (still what a destination names) and X25519."""


class KeyFileError(Exception):
    """The key file can't be used; the message names it and says what to do."""


@attrs.frozen
class DestinationKey:
    """A destination's private key."""

    private: str = attrs.field(repr=False)
    """as SAM wants it: I2P's base64 of destination and private keys"""
    destination: str
    """the public part in I2P's base64"""

    @property
    def host(self) -> str:
        """Its ``....b32.i2p`` name."""
        return base32_of(self.destination)


def parse_key(text: str) -> DestinationKey:
    """Return the key in a text; ValueError when it is none."""
    private = text.strip()
    try:
        raw = base64.b64decode(private.translate(_ALPHABET), validate=True)
    except binascii.Error:
        raise ValueError("not I2P's base64") from None
    if len(raw) < _CERTIFICATE + 7 or raw[_CERTIFICATE] != _KEY_CERTIFICATE:
        raise ValueError("too short, or not of a kind that routers make today")
    public = _CERTIFICATE + 3 + int.from_bytes(raw[_CERTIFICATE + 1 : _CERTIFICATE + 3], "big")
    signing = _SIGNING.get(int.from_bytes(raw[_CERTIFICATE + 3 : _CERTIFICATE + 5], "big"))
    encryption = _ENCRYPTION.get(int.from_bytes(raw[_CERTIFICATE + 5 : _CERTIFICATE + 7], "big"))
    if signing is None or encryption is None:
        raise ValueError("its kind is neither Ed25519 nor anything else that this program knows")
    if len(raw) != public + encryption + signing:
        raise ValueError(f"{len(raw)} bytes instead of {public + encryption + signing}")
    destination = base64.b64encode(raw[:public], b"-~").decode("ascii")
    return DestinationKey(private, destination)


def load_key(path: Path) -> DestinationKey | None:
    """Return the key in a file, None when there is no file.

    Raises KeyFileError when the file is damaged or others can read it: going on would silently give the node another
    address, or share it.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(f"{path}: the I2P key can't be read: {error.strerror}") from None
    if mode & 0o077:
        raise KeyFileError(f"{path}: others may read this key: `chmod 600 {path}`")
    try:
        return parse_key(text)
    except ValueError as error:
        raise KeyFileError(
            f"{path}: no I2P key ({error}); put a backup of it in place, or remove it to get a new address"
        ) from None


def save_key(path: Path, key: DestinationKey) -> None:
    """Write a key file, whole or not at all; never over one that is there (FileExistsError)."""
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.private + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner enters; KeyFileError when it is there and others may."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        raise KeyFileError(f"{folder}: others may enter the folder of the I2P key: `chmod 700 {folder}`")


class KeyLock:
    """Holds ``<key file>.lock`` for as long as a session with the key may exist."""

    def __init__(self, key_file: Path) -> None:
        self._path = key_file.with_name(key_file.name + ".lock")
        self._descriptor: int | None = None

    def take(self, wall_clock: float, rest: float) -> float:
        """Take the lock; return the seconds to wait before the key may be used.

        ``wall_clock`` is the time of day in seconds since 1970, ``rest`` how long a key rests after a session.
        Raises KeyFileError when another process has the lock.
        """
        make_folder(self._path.parent)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise KeyFileError(f"{self._path}: another process uses this I2P key") from None
        self._descriptor = descriptor
        state = os.read(descriptor, 100).split()
        self._write(b"in use\n")
        if not state:
            return 0.0
        if state[:2] == [b"free", b"since"] and len(state) == 3 and state[2].isdigit():
            return max(0.0, min(rest, int(state[2]) + rest - wall_clock))
        return rest  # the process that used it was killed, perhaps a moment ago

    def release(self, wall_clock: float, used: bool) -> None:
        """Give the lock back; ``used``: a session existed until now."""
        if self._descriptor is None:
            return
        self._write(b"free since %d\n" % (wall_clock + 1) if used else b"")
        os.close(self._descriptor)
        self._descriptor = None

    def _write(self, state: bytes) -> None:
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, state, 0)
