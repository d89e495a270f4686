"""A short form of `make bench-network`: eight nodes, each of which posts once."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.network import measure
from cliquenntp.clique.parameters import EDGES_AT_MOST

pytestmark = [pytest.mark.real, pytest.mark.long]

NODES = 8

POST_SECONDS = 5.0
"""a post reaches every node on loopback within this"""


def test_a_star_of_invitations_becomes_one_forum(tmp_path: Path) -> None:
    measured = measure(tmp_path, NODES, rounds=1, idle=0.0)
    assert len(measured.posts) == NODES
    assert max(measured.posts) < POST_SECONDS
    assert max(measured.degrees) <= EDGES_AT_MOST
    assert measured.lines()[0] == "| 8 nodes | |"
