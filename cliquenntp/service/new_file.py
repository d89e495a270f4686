"""Files that a command makes: whole or not at all, and only for the node's user to read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class NewFileError(Exception):
    """A file cannot be made; the text says why in one line."""


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write, which gets its name once all of it is on the disk; nothing is left where that fails.

    Raises NewFileError where there is such a file, or none can be made.
    """
    partial = path.with_name(f"{path.name}.part")
    if path.exists():
        raise NewFileError(f"{path} is there already: name another file, or remove it")
    try:
        file = open(partial, "xb", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
    except FileExistsError:
        raise NewFileError(f"{partial} is there: another command writes it, or one was broken off") from None
    except OSError as error:
        raise NewFileError(f"{path}: {error.strerror}: the node's user must be able to write there") from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.rename(partial, path)
    except OSError as error:
        raise NewFileError(f"{error.filename or path}: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
