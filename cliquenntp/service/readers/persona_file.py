"""Files with a persona's private key, sealed with a passphrase: to post as the same author on another node."""

from __future__ import annotations

from pathlib import Path

from cliquenntp.document import Signer
from cliquenntp.service.new_file import new_file
from cliquenntp.service.upkeep.sealing import PERSONA, SealedReader, SealError, SealingWriter


def write_persona(file: Path, signer: Signer, passphrase: str) -> None:
    """Write a persona's key to a new file; for a thread.  Raises NewFileError, SealError."""
    with new_file(file) as target:
        sealing = SealingWriter(target, passphrase, PERSONA)
        sealing.write(signer.seed)
        sealing.close()


def read_persona(file: Path, passphrase: str) -> Signer:
    """Return the persona whose key is in a file; for a thread.  Raises SealError, OSError."""
    with file.open("rb") as source:
        seed = SealedReader(source, passphrase, PERSONA).read()
    try:
        return Signer(seed)
    except ValueError:
        raise SealError("what is sealed in the file is no key") from None
