"""The short form of `make fuzz`: seeds, inputs that once failed, and some hundred mutations of each target."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing.table import TARGETS, found_inputs
from tests.fuzzing.target import Target, split_by

MOST_SECONDS = 1.0
"""of the processor that an input may take, as in the long form"""


def mutations(target: Target) -> st.SearchStrategy[bytes]:
    """Return parts of seeds, words and noise in any order."""
    seeds, words = st.sampled_from(target.seeds), st.sampled_from(target.words)
    part = st.tuples(seeds, st.integers(0, 300), st.integers(0, 300)).map(lambda cut: cut[0][cut[1] : cut[1] + cut[2]])
    pieces = st.lists(part | words | st.binary(max_size=20), max_size=8).map(b"".join)
    spliced = st.tuples(seeds, st.integers(0, 500), pieces, st.integers(0, 20)).map(
        lambda given: given[0][: given[1]] + given[2] + given[0][given[1] + given[3] :])
    return (spliced | pieces).map(lambda data: data[: target.most_octets])


def in_time(run: Callable[[bytes], None], data: bytes) -> None:
    began = time.process_time()
    run(data)
    assert time.process_time() - began < MOST_SECONDS


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_seeds_and_what_was_found(target: Target) -> None:
    for data in (*target.seeds, *found_inputs(target.name).values(), b"", b"\0", b"\xff" * 1000):
        in_time(target.run, data)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_mutations(target: Target) -> None:
    @settings(max_examples=target.examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mutations(target))
    def whatever_comes(data: bytes) -> None:
        in_time(target.run, data)

    whatever_comes()


def test_pieces_are_the_whole() -> None:
    for octets in (0, 1, 5, 2000):
        data = bytes(octets)
        for step in (1, 3, 256):
            assert b"".join(split_by(data, step)) == data
