"""Lists of small numbers as bytes: four octets each, little-endian."""

from __future__ import annotations

import struct
from collections.abc import Iterable

OCTETS = 4
"""of one packed number"""


def pack_numbers(numbers: Iterable[int]) -> bytes:
    """Return the numbers packed; each must lie between 0 and 2**32 - 1 (else struct.error)."""
    values = tuple(numbers)
    return struct.pack(f"<{len(values)}I", *values)


def unpack_numbers(packed: bytes) -> tuple[int, ...]:
    """Return the numbers in ``packed``."""
    return struct.unpack(f"<{len(packed) // OCTETS}I", packed)


def number_at(packed: bytes, index: int) -> int:
    """Return one number by its index from 0."""
    value: int = struct.unpack_from("<I", packed, index * OCTETS)[0]
    return value
