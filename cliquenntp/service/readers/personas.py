"""Personas: the keys with which accounts sign what they post, one file each under keys/."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cliquenntp.document import Signer, address_domain
from cliquenntp.interfaces import IWriter
from cliquenntp.service.keys import KeyFileError, load_or_create, replace
from cliquenntp.store import Archive

PIECES = "persona."
"""before a persona's name: its public key in the database, for processes that have no key files"""


def public_key(archive: Archive, name: str) -> bytes | None:
    """Return a persona's public key as the database has it, or None."""
    return archive.piece(f"{PIECES}{name}")


class Personas:
    """The personas of a node by the name of their key file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signers: dict[str, Signer] = {}

    def signer(self, name: str) -> Signer:
        """Return a persona, made at its first use.

        Raises KeyFileError where its key file cannot be used, OSError where it cannot be read or written.
        """
        signer = self._signers.get(name)
        if signer is None:
            signer = self._signers[name] = Signer(load_or_create(self._path(name)))
        return signer

    def key(self, name: str) -> bytes | None:
        """Return a persona's public key, or None where there is none or it cannot be read."""
        try:
            return self.signer(name).key
        except (KeyFileError, OSError, ValueError):
            return None

    def replace(self, name: str, signer: Signer) -> str:
        """Let another key sign from now on; return the name of the file in which the former one is kept.

        Raises as ``signer`` does.
        """
        former = address_domain(self.signer(name).key).partition(".")[0]
        kept_as = f"{name}.{former}"
        replace(self._path(name), signer.seed, self._path(kept_as))
        self._signers[name] = signer
        return kept_as

    def note(self, names: Iterable[str], writer: IWriter) -> None:
        """Keep the public keys of personas in the database; in a step of the turn."""
        for name in names:
            key = self.key(name)
            if key is not None:
                writer.piece_set(f"{PIECES}{name}", key)

    def _path(self, name: str) -> Path:
        if not name or "/" in name:
            raise ValueError(f"no name of a key file: {name!r}")
        return self._folder / name
