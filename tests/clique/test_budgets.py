"""Budgets: each bound, what passes it, and what comes back."""

from __future__ import annotations

import attrs
import pytest

from cliquenntp.clique.budgets import (
    FORUMS_JOINED,
    PEERS_CHECKED,
    Allowance,
    Bucket,
    BudgetLimits,
    Budgets,
    Checks,
)
from cliquenntp.clique.standing import DAY
from cliquenntp.interfaces import Place

ROOT, PEER, OTHER = b"root".ljust(32), b"peer".ljust(32), b"other".ljust(32)
NOW = 1_700_000_000
LIMITS = BudgetLimits(
    newcomer=Allowance(3, 3000), established=Allowance(20, 20_000), forum=Allowance(10, 100_000),
    answers=Allowance(4, 100_000), few=Allowance(30, 300_000), peer=Allowance(2, 20_000, 100.0),
    brought=Allowance(12, 100_000), compared=Allowance(15, 100_000), flooding=Allowance(1, 1000),
    past=Allowance(50, 1_000_000), plenty=0.5,
)


def place(number: int, author: str = "", parent: bytes = ROOT, size: int = 100, time: int = NOW) -> Place:
    return Place(number.to_bytes(32, "big"), time, (parent,), size, (author or f"author {number}").encode().ljust(32))


def verdicts(
    found: Budgets, places: list[Place], peer: bytes = PEER, now: float = 0.0, *, several: bool = False
) -> list[str]:
    return [found.newcomer(one, peer, ROOT, now, several) for one in places]


def test_a_newcomer_starts_small_and_has_room_again_as_time_goes_by() -> None:
    found = Budgets(LIMITS)
    assert verdicts(found, [place(n, "new") for n in range(4)]) == ["", "", "", "author"]
    assert verdicts(found, [place(9, "new")], now=DAY / 4) == ["author"]
    assert verdicts(found, [place(9, "new")], now=DAY / 2) == [""]


def test_an_author_with_standing_has_more_and_is_not_touched_by_a_flood() -> None:
    found = Budgets(LIMITS)
    assert verdicts(found, [place(n) for n in range(200)]).count("") == 30
    known = [place(500 + n, "known") for n in range(21)]
    assert [found.known(one, PEER, ROOT, 0.0) for one in known] == [""] * 20 + ["author"]
    assert [found.known(one, PEER, ROOT, 0.0, limited=False) for one in known] == [""] * 21


def test_who_was_apart_finds_much_that_is_new_at_each_peer() -> None:
    found = Budgets(LIMITS)
    found.was_apart(ROOT, 0.0, 2 * DAY)
    for number in range(45):
        found.brings(place(number), PEER, ROOT, 0.0, several=True, compared=True)
    assert not found.is_flooding(PEER, ROOT, 0.0)
    found.brings(place(45), PEER, ROOT, 0.0, several=True, compared=True)
    assert found.is_flooding(PEER, ROOT, 0.0)
    for number in range(16):
        found.brings(place(number), OTHER, ROOT, LIMITS.past_seconds, several=True, compared=True)
    assert found.is_flooding(OTHER, ROOT, LIMITS.past_seconds)
    for number in range(FORUMS_JOINED):
        found.was_apart(number.to_bytes(32, "big"), 0.0, DAY)
    assert len(found._apart) == FORUMS_JOINED


def test_what_authors_with_standing_write_makes_room_for_newcomers() -> None:
    found = Budgets(attrs.evolve(LIMITS, share=0.25))
    assert verdicts(found, [place(n) for n in range(5)], OTHER, several=True) == [""] * 5
    assert verdicts(found, [place(5)], several=True) == ["peer"]
    for number in range(4):
        assert not found.known(place(number, "known"), PEER, ROOT, 0.0)
    assert found.has_room(place(6), PEER, ROOT, 0.0, several=True), "the peer has some again"
    assert not found.has_room(place(6), OTHER, ROOT, 0.0, several=True)
    assert verdicts(found, [place(6), place(7)], OTHER, several=True) == ["", "peer"], "and so has the forum"
    assert verdicts(found, [place(8), place(9)], several=True) == ["", "peer"]


def test_while_there_is_plenty_what_comes_new_uses_up_a_peers_room_and_what_was_put_off_needs_it() -> None:
    found = Budgets(LIMITS)
    assert not found.has_room(place(0), PEER, ROOT, 0.0, several=True)
    assert found.has_room(place(0), PEER, ROOT, 100.0, several=True)
    assert verdicts(found, [place(n) for n in range(3)], now=100.0, several=True) == [""] * 3
    assert not found.has_room(place(4), PEER, ROOT, 100.0, several=True)


def test_octets_count_too_and_a_full_bucket_takes_a_document_of_any_size() -> None:
    found = Budgets(LIMITS)
    assert verdicts(found, [place(1, "new", size=2000), place(2, "new", size=2000)]) == ["", "author"]
    assert verdicts(found, [place(3, "large", size=5000), place(4, "large", size=1)]) == ["", "author"]
    assert verdicts(found, [place(4, "large", size=1)], now=DAY) == [""]


def test_where_no_plenty_is_left_each_of_several_peers_has_its_own_room_and_to_begin_with_none() -> None:
    found = Budgets(LIMITS)
    assert verdicts(found, [place(20 + n) for n in range(5)], b"third".ljust(32), several=True) == [""] * 5
    assert verdicts(found, [place(1)], several=True) == ["peer"]
    assert verdicts(found, [place(n) for n in range(4)], now=200.0, several=True) == ["", "", "peer", "peer"]
    assert found.has_room(place(9), PEER, ROOT, 200.0, several=True) is False
    assert verdicts(found, [place(5)], OTHER, 200.0, several=True) == ["peer"]
    assert found.has_room(place(9), OTHER, ROOT, 400.0, several=True)
    assert verdicts(found, [place(5)], OTHER, 400.0, several=True) == [""]


def test_all_newcomers_of_a_forum_share_one_bucket_and_half_of_it_is_for_what_comes_new() -> None:
    found = Budgets(LIMITS)
    peers = [bytes([n]) * 32 for n in range(12)]
    assert found.spare(ROOT, 0.0, several=True) == 5
    brought = [found.newcomer(place(n), peer, ROOT, 0.0, several=True) for n, peer in enumerate(peers)]
    assert brought == [""] * 5 + ["peer"] * 7
    assert found.spare(ROOT, 100.0, several=True) == 0
    brought = [found.newcomer(place(n), peer, ROOT, 100.0, several=True) for n, peer in enumerate(peers[5:])]
    assert brought == [""] * 5 + ["forum"] * 2
    assert found.newcomer(place(40), PEER, b"another forum".ljust(32), 0.0, several=False) == ""


@pytest.mark.parametrize(("compared", "several", "most"), [(False, True, 12), (True, True, 15), (False, False, 60)])
def test_a_peer_that_brings_more_than_an_honest_one_floods_and_keeps_next_to_nothing(
    compared: bool, several: bool, most: int
) -> None:
    found = Budgets(LIMITS)
    for number in range(most):
        found.brings(place(number), PEER, ROOT, 0.0, several, compared)
    assert not found.is_flooding(PEER, ROOT, 0.0)
    found.brings(place(most), PEER, ROOT, 0.0, several, compared)
    assert found.is_flooding(PEER, ROOT, 0.0)
    assert not found.is_flooding(PEER, b"another forum", 0.0)
    assert not found.is_flooding(OTHER, ROOT, 0.0)
    assert verdicts(found, [place(100)], several=several) == ["flooding"]
    later = DAY - 1
    assert verdicts(found, [place(100)], now=later, several=several) == ["flooding"]
    assert not found.is_flooding(PEER, ROOT, DAY + 1)


def test_answers_of_newcomers_to_one_document_are_bounded_but_not_those_to_the_root() -> None:
    found, thread = Budgets(LIMITS), b"thread".ljust(32)
    assert verdicts(found, [place(n, parent=thread) for n in range(6)]) == [""] * 4 + ["answers"] * 2
    assert verdicts(found, [place(20 + n) for n in range(6)]) == [""] * 6


def test_who_joins_takes_the_past_from_one_peer_and_only_the_past() -> None:
    found = Budgets(LIMITS)
    found.joined(ROOT, 0.0, NOW)
    old = [place(n, time=NOW - 1000) for n in range(51)]
    assert [found.is_past(one, PEER, ROOT, 0.0, is_linked=True) for one in old] == [True] * 50 + [False]
    assert not found.is_past(old[0], OTHER, ROOT, DAY / 2, is_linked=True)
    assert not found.is_past(place(60, time=NOW), PEER, ROOT, DAY / 2, is_linked=True)
    assert found.is_past(old[0], OTHER, ROOT, DAY / 2, is_linked=False)
    assert found.guide(ROOT) == OTHER
    assert not found.is_past(old[0], OTHER, ROOT, DAY + 1, is_linked=True)


def test_who_comes_back_takes_what_honest_peers_took_in_meanwhile_and_nothing_older() -> None:
    found = Budgets(LIMITS)
    found.came_back(ROOT, 0.0, NOW - 2 * int(DAY), NOW)
    missed = [place(n, time=NOW - 5) for n in range(60)]
    assert [found.is_past(one, PEER, ROOT, 0.0, is_linked=True) for one in missed].count(True) == 36
    assert not found.is_past(place(99, time=NOW - 3 * int(DAY)), PEER, ROOT, DAY / 2, is_linked=True)


def test_a_node_that_comes_back_while_it_still_joins_goes_on_joining() -> None:
    found = Budgets(LIMITS)
    found.joined(ROOT, 0.0, NOW)
    assert found.has_just_joined(ROOT, 3599.0) and not found.has_just_joined(ROOT, 3600.0)
    found.joined(ROOT, 7200.0, NOW, is_first=False)
    assert not found.has_just_joined(ROOT, 7200.0)
    found.came_back(ROOT, 100.0, NOW, NOW + 100)
    for time in (NOW - 10_000, NOW + 50):
        assert found.is_past(place(1, time=time), PEER, ROOT, 200.0, is_linked=True)


def test_a_node_that_stops_while_it_joins_goes_on_joining() -> None:
    found, again = Budgets(LIMITS), Budgets(LIMITS)
    found.joined(ROOT, 0.0, NOW)
    for number in range(20):
        assert found.is_past(place(number, time=NOW - 1000), PEER, ROOT, 0.0, is_linked=True)
    again.restore(found.kept(600.0), 9000.0)
    assert again.has_just_joined(ROOT, 9000.0 + 2999) and not again.has_just_joined(ROOT, 9000.0 + 3000)
    again.came_back(ROOT, 9000.0, NOW + 600, NOW + 9000)
    old = [place(n, time=NOW - 1000) for n in range(60)]
    assert 30 <= [again.is_past(one, OTHER, ROOT, 9000.0, is_linked=True) for one in old].count(True) <= 31
    assert not again.is_past(old[0], OTHER, ROOT, 8400.0 + DAY + 1, is_linked=True)
    assert found.kept(DAY) == ()


def test_what_is_checked_in_vain_costs_a_peer_its_checks_and_nobody_elses() -> None:
    checks = Checks(Allowance(2, 1000, 100.0))
    for _ in range(2):
        assert checks.may_check(PEER, 10, 0.0)
        checks.in_vain(PEER, 10, 0.0)
    assert not checks.may_check(PEER, 10, 0.0) and checks.may_check(OTHER, 10, 0.0)
    assert checks.may_check(PEER, 10, 50.0)


def test_everything_that_is_remembered_is_bounded() -> None:
    found, checks = Budgets(attrs.evolve(LIMITS, buckets=100)), Checks()
    for number in range(FORUMS_JOINED + PEERS_CHECKED):
        key = number.to_bytes(32, "big")
        found.newcomer(place(number), key, ROOT, 0.0, several=True)
        for count in range(13):
            found.brings(place(count), key, ROOT, 0.0, several=True, compared=False)
        found.joined(key, 0.0, NOW)
        checks.in_vain(key, 1, 0.0)
    assert max(map(len, (found._buckets, found._floods))) <= 100
    assert len(found._past) == FORUMS_JOINED and len(checks._buckets) == PEERS_CHECKED


def test_a_bucket_that_waits_does_not_fill_over_its_brim_and_a_clock_set_back_takes_nothing() -> None:
    bucket = Bucket(Allowance(2, 100, 10.0), 0.0)
    assert bucket.has(100, 1000.0)
    assert (bucket.documents, bucket.octets) == (2, 100)
    bucket.take(50)
    assert bucket.has(50, 900.0)
    assert bucket.documents == 1
    bucket.earn(5)
    assert (bucket.documents, bucket.octets) == (2, 100)


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(BudgetLimits)])
def test_every_bound_is_positive(name: str) -> None:
    bound = getattr(BudgetLimits(), name)
    numbers = attrs.astuple(bound) if isinstance(bound, Allowance) else (bound,)
    assert all(number > 0 for number in numbers)


def test_an_honest_node_never_brings_what_its_neighbours_take_for_a_flood() -> None:
    """It passes on what one forum's bucket lets in, however much comes, and some of its own."""
    first, second = Budgets(), Budgets()
    limits = BudgetLimits()
    peers = [bytes([n]) * 32 for n in range(8)]
    passed = 0
    for minute in range(24 * 60):
        for number, peer in enumerate(peers):
            one = place(10 * minute + number)
            if not first.newcomer(one, peer, ROOT, 60.0 * minute, several=True):
                passed += 1
                second.brings(one, OTHER, ROOT, 60.0 * minute, several=True, compared=False)
    assert not second.is_flooding(OTHER, ROOT, DAY)
    assert limits.forum.documents < passed < 2.5 * limits.forum.documents * DAY / limits.forum.seconds


def test_settings_move_the_bounds_of_newcomers_in_step() -> None:
    assert BudgetLimits.of(100, 2000) == BudgetLimits()
    more = BudgetLimits.of(200, 20_000)
    assert (more.newcomer.documents, more.forum.documents, more.peer.documents) == (200, 160, 10)
    assert more.established == BudgetLimits().established
