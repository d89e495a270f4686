"""Personas: the keys with which accounts sign what they post, one file each under keys/."""

from __future__ import annotations

from pathlib import Path

from cliquenntp.document import Signer, address_domain
from cliquenntp.service.keys import load_or_create, replace


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

    def replace(self, name: str, signer: Signer) -> str:
        """Let another key sign from now on; return the name of the file in which the former one is kept.

        Raises as ``signer`` does.
        """
        former = address_domain(self.signer(name).key).partition(".")[0]
        kept_as = f"{name}.{former}"
        replace(self._path(name), signer.seed, self._path(kept_as))
        self._signers[name] = signer
        return kept_as

    def _path(self, name: str) -> Path:
        if not name or "/" in name:
            raise ValueError(f"no name of a key file: {name!r}")
        return self._folder / name
