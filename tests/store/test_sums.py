"""Sums of a file that grows: whichever bit changes is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliquenntp.store import Store
from cliquenntp.store.sums import SEGMENT_OCTETS, Damage, FileSums
from tests.sample_documents import ARRIVED, SampleDocument, sample_placement


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (SEGMENT_OCTETS // 128) + b"the end")
    return path


def found(file: Path) -> list[Damage]:
    return [damage for damage in FileSums(file, file.with_suffix(".sums")).damages() if damage is not None]


def summed(file: Path, *sizes: int) -> None:
    sums = FileSums(file, file.with_suffix(".sums"))
    for size in sizes or (file.stat().st_size,):
        sums.extend(size)


def flip(file: Path, place: int, bit: int = 0) -> None:
    octets = bytearray(file.read_bytes())
    octets[place] ^= 1 << bit
    file.write_bytes(octets)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_flipped_bit_is_found_where_it_is(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("sums") / "file"
    path.write_bytes(b"x" * (2 * SEGMENT_OCTETS + 100))
    size = path.stat().st_size
    summed(path, *sorted(data.draw(st.lists(st.integers(1, size), max_size=5))), size)
    place = data.draw(st.one_of(st.integers(0, size - 1), st.integers(size - 100, size - 1)))
    flip(path, place, data.draw(st.integers(0, 7)))
    [damage] = found(path)
    assert damage.start <= place < damage.end


def test_a_file_that_grew_is_summed_on(file: Path) -> None:
    summed(file)
    with file.open("ab") as more:
        more.write(b"more")
    summed(file)
    assert found(file) == []
    flip(file, -1)
    assert [damage.end for damage in found(file)] == [file.stat().st_size]


def test_a_file_that_was_cut_is_damaged(file: Path) -> None:
    summed(file)
    file.write_bytes(file.read_bytes()[:SEGMENT_OCTETS + 5])
    assert [damage.start for damage in found(file)] == [SEGMENT_OCTETS, 2 * SEGMENT_OCTETS]


def test_a_list_whose_last_line_was_cut_is_summed_on(file: Path) -> None:
    summed(file)
    sums = file.with_suffix(".sums")
    sums.write_text(sums.read_text()[:-40])
    summed(file)
    assert found(file) == []
    assert FileSums(file, sums).covered == file.stat().st_size


def test_a_pack_puts_sums_of_the_packed_file(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    for number in range(50):
        store.writer.begin()
        document = SampleDocument(b"%d" % number * 100)
        placement = sample_placement(store.writer, (), f"clique.forum{number}", ())
        store.writer.number(placement)
        store.writer.store(document, placement, b"overview", ARRIVED)
        store.writer.commit()
    store.sum_up()
    before = store.octets()
    store.pack()
    assert store.octets() < before
    assert [*store.damages()] == [None]
    store.close()
    flip(tmp_path / "store" / "documents.fs", store_place := 1000)
    again = Store.open(tmp_path / "store")
    [damage] = [damage for damage in again.damages() if damage is not None]
    assert damage.start <= store_place < damage.end
    again.close()
