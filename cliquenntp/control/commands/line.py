"""What a command of cliquectl is: its words, and how its answer looks to people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from cliquenntp.control.passphrase import passphrase_from

Arguments = tuple[tuple[tuple[str, ...], dict[str, Any]], ...]


@attrs.frozen(kw_only=True)
class CommandLine:
    """One command of cliquectl."""

    name: str
    help: str
    arguments: Arguments = ()
    """argparse's add_argument, each as (names, options)"""
    lists: bool = False
    """whether the answer is a list of rows; ``show`` then prints an empty one"""
    show: Callable[[Mapping[str, Any]], str]
    """a result as text"""
    show_row: Callable[[Mapping[str, Any]], str] = str
    program: str = ""
    """a module that is run with the words instead of asking the node"""
    prepare: Callable[[dict[str, Any]], dict[str, Any]] = attrs.field(default=dict)
    """what goes to the node, from what was typed"""

    def argument_names(self) -> tuple[str, ...]:
        """Return the names of the arguments as the node sees them."""
        return tuple(names[0].lstrip("-").replace("-", "_") for names, _ in self.arguments)


def said(result: Mapping[str, Any]) -> str:
    """Return a result that the node put into words itself."""
    return str(result["text"])


def absolute(values: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with the path as the node, which has a folder of its own, needs it."""
    return values | {"path": str(Path(values["path"]).expanduser().absolute())}


def joined(values: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with several words as one text, blanks between them: no argument is a list."""
    return {name: " ".join(value) if isinstance(value, list) else value for name, value in values.items()}


FOR_ACCOUNT = (
    ("--account",),
    {"default": "owner", "help": "for that account, and with its own node if it has one (default: the owner)"},
)
"""the argument of commands that look at a node"""


PASSPHRASE_FILE = (("--passphrase-file",), {"metavar": "FILE", "help": "where the passphrase is (default: ask)"})
"""the argument of commands that seal or open a file"""


def with_passphrase(values: dict[str, Any], is_new: bool = True) -> dict[str, Any]:
    """Return arguments with the passphrase, which is asked for, or read from its file.  Raises PassphraseError."""
    file = values.pop("passphrase_file")
    return absolute(values) | {"passphrase": passphrase_from(file and Path(file), is_new)}
