"""Asking for a passphrase: at the terminal, or from the first line of a file."""

from __future__ import annotations

from getpass import getpass
from pathlib import Path


class PassphraseError(Exception):
    """There is no passphrase; the text says why in one line."""


def passphrase_from(file: Path | None, is_new: bool) -> str:
    """Return the passphrase in a file, or the one that is typed, twice where it ``is_new``.  Raises PassphraseError."""
    if file is not None:
        try:
            return file.read_text("utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError) as error:
            raise PassphraseError(f"{file}: cannot be read: {error}") from None
    try:
        passphrase = getpass("Passphrase: ")
        if is_new and getpass("The same again: ") != passphrase:
            raise PassphraseError("these were two different passphrases")
    except EOFError:
        raise PassphraseError("no passphrase was typed; --passphrase-file names a file that has it") from None
    return passphrase
