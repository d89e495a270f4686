"""Numbers after restores: those given before keep their articles, new ones lie far above, none is used twice."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cliquenntp.store import Store
from cliquenntp.store.groups import Group
from tests.sample_documents import ARRIVED, SampleDocument, sample_placement

RESTORE = 1_000_000


@given(st.lists(st.tuples(st.integers(1, 300), st.sets(st.integers(0, 299), max_size=20)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_numbers_are_those_of_a_plain_list(lives: list[tuple[int, set[int]]]) -> None:
    group, plain, docno = Group(1), {1: 1}, 1
    for restores, (count, removed) in enumerate(lives):
        given_now = []
        for _ in range(count):
            docno += 1
            number = group.next_number(restores * RESTORE)
            group.append(docno, False, restores * RESTORE)
            assert number == group.high
            plain[number] = docno
            given_now.append(number)
        for index in removed:
            if index < len(given_now):
                number = given_now[index]
                group.remove(number)
                held = plain.pop(number)
                if index % 3 == 0:
                    group.put_back(number, False, held, b"")
                    plain[number] = held
    group.remove(1)
    assert group.low == min(plain.keys() - {1}, default=group.high + 1)
    group.put_back(1, False, 1, b"")
    restored = Group(1)
    restored.__setstate__(group.__getstate__())
    for one in (group, restored):
        assert (one.low, one.count) == (min(plain, default=one.high + 1), len(plain))
        assert dict(one.between(0, one.high + 5)) == plain
        for low in (1, 7, RESTORE - 1, RESTORE + 2, 2 * RESTORE, one.high):
            for high in (low, low + 40, RESTORE, one.high + 1):
                assert dict(one.between(low, high)) == {
                    number: held for number, held in plain.items() if low <= number <= high}
        for number in (*plain, 0, one.high + 1, RESTORE, RESTORE + 1, 5 * RESTORE):
            assert one.at(number) == plain.get(number)


def test_overviews_before_and_after_a_restore_stand_under_their_numbers(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    writer = store.writer
    lines: dict[int, bytes] = {}

    def post(count: int) -> None:
        for _ in range(count):
            place = writer.newest() + 1
            parents = (1,) if place > 1 else ()
            document = SampleDocument(b"%d" % place, parents=tuple(writer.record(one).id for one in parents))
            placement = sample_placement(writer, parents, f"clique.forum{place}", ())
            _, numbers = writer.number(placement)
            writer.store(document, placement, b"line %d" % place, ARRIVED)
            lines.update({number: b"line %d" % place for _, number in numbers})

    post(100)
    writer.shift_numbers(RESTORE)
    post(150)
    writer.commit()
    lines[1] = b"line 1"
    store.forward()
    archive = store.reader
    assert dict(archive.overviews(1, 1, 10**9)) == lines
    assert sorted(lines)[100] == RESTORE + 101
    assert [number for number, _ in archive.overviews(1, 90, RESTORE + 105)] == [*range(90, 101), *range(
        RESTORE + 101, RESTORE + 106)]
    writer.drop(120, "cancelled")
    writer.commit()
    store.forward()
    del lines[RESTORE + 120]
    assert dict(archive.overviews(1, 1, 10**9)) == lines
    assert archive.numbers(1).at(RESTORE + 120) is None
    store.close()
