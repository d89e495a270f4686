"""Personas: the keys with which accounts sign what they post, one file each under keys/."""

from __future__ import annotations

from pathlib import Path

from cliquenntp.document import Signer
from cliquenntp.service.keys import load_or_create


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
            if not name or "/" in name:
                raise ValueError(f"no name of a key file: {name!r}")
            signer = self._signers[name] = Signer(load_or_create(self._folder / name))
        return signer
