"""docs/protocol/wire.md says what the code does, and its vectors decode to the samples."""

from __future__ import annotations

from pathlib import Path

from cliquenntp.wire import LinkCodec
from tests.wire.specification import SAMPLES, layout_lines, vector_lines

PAGE = (Path(__file__).parents[2] / "docs" / "protocol" / "wire.md").read_text()


def test_the_page_holds_the_table_of_messages() -> None:
    assert "\n".join(layout_lines()) in PAGE


def test_the_page_holds_the_vectors() -> None:
    assert "\n".join(vector_lines()) in PAGE


def test_the_vectors_decode_to_the_samples() -> None:
    codec = LinkCodec()
    start = PAGE.index("LINK_REQ  81")
    found = []
    for line in PAGE[start : PAGE.index("```", start)].splitlines():
        found += codec.decode(bytes.fromhex(line.split()[1]))
    assert tuple(found) == SAMPLES
