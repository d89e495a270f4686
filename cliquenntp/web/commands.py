"""The door behind which the node answers: the page asks by the very commands that cliquectl has."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

import attrs


class RefusedError(Exception):
    """A command was not carried out; the text says why, in one line for the person at the browser."""


@attrs.frozen
class Outcome:
    """What a command answered."""

    rows: tuple[Mapping[str, Any], ...] = ()
    """of a list; at most as many as were asked for"""
    result: Mapping[str, Any] = attrs.field(factory=dict)
    more: bool = False
    """whether the list had more rows"""


class Commands(Protocol):
    """Runs a command of the node."""

    def __call__(self, name: str, arguments: Mapping[str, Any], most_rows: int) -> Awaitable[Outcome]:
        """Run a command; the answer has at most ``most_rows`` rows.  Raises RefusedError."""
