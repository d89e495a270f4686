"""cliquectl verify on a real node: clean while it is written to, and not clean once a bit on the disk has changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cliquenntp.service.first_run import SAMPLE
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import post

pytestmark = pytest.mark.real


def test_a_flipped_bit_is_told_and_the_rest_is_read(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node()
    node.cliquectl("create-forum", "garden")
    node.cliquectl("import", str(SAMPLE), "--forum", "welcome")
    assert node.cliquectl("verify") == []
    for number in range(30):
        post(node, "clique.garden", f"Post {number}")
    assert node.cliquectl("verify") == []
    node.kill()
    file = node.folder / "data" / "database" / "documents.fs"
    octets = bytearray(file.read_bytes())
    octets[octets.index(b"Post 7")] ^= 1
    file.write_bytes(octets)
    node.start()
    with pytest.raises(CommandFailedError, match="not as they were stored: restore a backup"):
        node.cliquectl("verify")
    assert {row["name"] for row in node.cliquectl("forums")} == {"clique.garden", "clique.welcome"}
    post(node, "clique.garden", "One more")
