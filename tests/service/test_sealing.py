"""A sealed file gives back what was written, or says that it cannot; nothing between."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliquenntp.service.upkeep.sealing import CHUNK_OCTETS, SealedReader, SealError, SealingWriter

PASSPHRASE = "correct horse"
SIZES = [0, 1, CHUNK_OCTETS - 1, CHUNK_OCTETS, CHUNK_OCTETS + 1, 3 * CHUNK_OCTETS]


def sealed(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    file = BytesIO()
    writer = SealingWriter(file, passphrase)
    for start in range(0, len(data), 50_000):
        writer.write(data[start:start + 50_000])
    writer.close()
    return file.getvalue()


def opened(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    reader = SealedReader(BytesIO(data), passphrase)
    parts = []
    while part := reader.read(10_000):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_comes_back(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert opened(sealed(data)) == data
    assert SealedReader(BytesIO(sealed(data)), PASSPHRASE).read() == data


WHOLE = sealed(b"secret" * 30_000)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 7))
@settings(max_examples=6, deadline=None)
def test_a_changed_bit_is_refused(place: int, bit: int) -> None:
    changed = bytearray(WHOLE)
    changed[place] ^= 1 << bit
    with pytest.raises(SealError):
        opened(bytes(changed))


@pytest.mark.parametrize("cut", [1, 16, 17, CHUNK_OCTETS, CHUNK_OCTETS + 16, len(WHOLE) - 20])
def test_a_cut_file_is_refused(cut: int) -> None:
    with pytest.raises(SealError):
        opened(WHOLE[:-cut])


def test_chunks_that_changed_places_are_refused() -> None:
    head, chunk = 20 + 16, CHUNK_OCTETS + 16
    first, second, rest = WHOLE[head:head + chunk], WHOLE[head + chunk:head + 2 * chunk], WHOLE[head + 2 * chunk:]
    with pytest.raises(SealError):
        opened(WHOLE[:head] + second + first + rest)
    with pytest.raises(SealError, match="not whole"):
        opened(WHOLE[:head] + first + rest)


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(SealError, match="the passphrase is wrong"):
        opened(WHOLE, "correct house")
    with pytest.raises(SealError, match="at least 8"):
        sealed(b"", "short")
    with pytest.raises(SealError, match="no backup"):
        opened(b"From somebody", PASSPHRASE)
