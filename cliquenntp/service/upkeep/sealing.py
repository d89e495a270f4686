"""A file that only a passphrase opens: what is written is sealed in chunks, and read back only where nothing changed.

Key: scrypt (RFC 7914) of the passphrase.  Chunks of CHUNK_OCTETS by ChaCha20-Poly1305 (RFC 8439), numbered in the nonce
with a mark on the last one, so that none can be changed, left out, moved or cut off (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, 2015).
"""

from __future__ import annotations

import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

BACKUP = b"cliquenntp backup 1\n"
PERSONA = b"cliquenntp persona 1\n"
"""first in a file: what is sealed in it"""

CHUNK_OCTETS = 64 * 1024
"""part of the format"""

LEAST_PASSPHRASE = 8
"""characters; scrypt makes each guess cost 0.1 s and 64 MB, which does not help a shorter one"""

_SALT_OCTETS = 16
_TAG_OCTETS = 16


class SealError(Exception):
    """A file cannot be sealed or opened; the text says why in one line."""


def _cipher(passphrase: str, salt: bytes) -> ChaCha20Poly1305:
    if len(passphrase) < LEAST_PASSPHRASE:
        raise SealError(f"a passphrase has at least {LEAST_PASSPHRASE} characters")
    return ChaCha20Poly1305(Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


class SealingWriter:
    """A file-like object: what is written to it goes sealed to ``file``; ``close`` writes the end."""

    def __init__(self, file: BinaryIO, passphrase: str, kind: bytes = BACKUP) -> None:
        """Raises SealError for a passphrase that is too short."""
        salt = os.urandom(_SALT_OCTETS)
        self._cipher = _cipher(passphrase, salt)
        self._file = file
        self._waiting = bytearray()
        self._number = 0
        self.octets = 0
        """that were written"""
        file.write(kind + salt)

    def write(self, data: bytes) -> int:
        """Seal as many whole chunks as there are, but keep one, which may be the last."""
        self._waiting += data
        self.octets += len(data)
        while len(self._waiting) > CHUNK_OCTETS:
            self._seal(bytes(self._waiting[:CHUNK_OCTETS]), False)
            del self._waiting[:CHUNK_OCTETS]
        return len(data)

    def close(self) -> None:
        """Seal what is left as the last chunk."""
        self._seal(bytes(self._waiting), True)

    def _seal(self, chunk: bytes, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, None))
        self._number += 1


class SealedReader:
    """A file-like object: reads what a SealingWriter wrote.  Raises SealError where that is not what lies there."""

    def __init__(self, file: BinaryIO, passphrase: str, kind: bytes = BACKUP) -> None:
        if file.read(len(kind)) != kind:
            raise SealError(f"this is no {kind.split()[1].decode()} of cliquenntp")
        self._cipher = _cipher(passphrase, file.read(_SALT_OCTETS))
        self._file = file
        self._number = 0
        self._open = b""
        self._next = file.read(CHUNK_OCTETS + _TAG_OCTETS)
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` octets (-1: all); fewer only at the end."""
        while not self._ended and (size < 0 or len(self._open) < size):
            sealed, self._next = self._next, self._file.read(CHUNK_OCTETS + _TAG_OCTETS)
            self._ended = not self._next
            try:
                self._open += self._cipher.decrypt(_nonce(self._number, self._ended), sealed, None)
            except InvalidTag:
                reason = "the passphrase is wrong, or the file was changed" if self._number == 0 else (
                    "the file was changed or is not whole")
                raise SealError(reason) from None
            self._number += 1
        taken = len(self._open) if size < 0 else size
        data, self._open = self._open[:taken], self._open[taken:]
        return data
