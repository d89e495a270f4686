"""What is fuzzed: a function that takes any bytes, and what it begins with."""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.frozen
class Target:
    """One door to the outside."""

    name: str
    run: Callable[[bytes], None]
    """takes any bytes and raises nothing, unless something is wrong"""
    seeds: tuple[bytes, ...]
    """lawful inputs to begin with"""
    words: tuple[bytes, ...] = ()
    """what inputs are made of beside their own parts"""
    most_octets: int = 4096
    """of an input; long ones find what takes too long"""
    examples: int = 300
    """mutations that the short form tries"""


MOST_PIECES = 300
"""into which an input is cut: more take time and show nothing new"""


def split_by(data: bytes, step: int) -> list[bytes]:
    """Return bytes in the pieces in which they may come, ``step`` octets each and then the rest."""
    pieces = [data[at : at + step] for at in range(0, min(len(data), MOST_PIECES * step), step)]
    return [*pieces, data[MOST_PIECES * step :]]
