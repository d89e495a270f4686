"""Standing: from whom it comes, to whom it goes, and who takes it away."""

from __future__ import annotations

from cliquenntp.clique.standing import DAY, Standing, StandingLimits


def test_it_goes_from_author_to_those_whom_they_answer_and_on() -> None:
    standing = Standing()
    assert standing.trust(b"founder", 0.0) == [b"founder"]
    assert standing.answered(b"stranger", b"somebody", 0.0) == []
    assert b"somebody" not in standing
    assert standing.answered(b"founder", b"friend", 0.0) == [b"friend"]
    assert standing.answered(b"friend", b"friend of friend", 0.0) == [b"friend of friend"]
    assert b"friend of friend" in standing


def test_who_answers_others_or_the_own_keys_gains_nothing() -> None:
    standing = Standing()
    standing.trust(b"founder", 0.0)
    for by, whom in ((b"spam", b"founder"), (b"spam", b"spam"), (b"spam", b"more spam"), (b"more spam", b"spam")):
        assert standing.answered(by, whom, 0.0) == []
    assert b"spam" not in standing and b"more spam" not in standing


def test_whom_somebody_answered_before_counts_once_that_one_has_standing() -> None:
    standing = Standing()
    standing.answered(b"one", b"two", 0.0)
    standing.answered(b"two", b"three", 0.0)
    assert sorted(standing.trust(b"one", 0.0)) == [b"one", b"three", b"two"]


def test_blocking_one_takes_it_from_all_who_have_it_by_that_one_until_somebody_else_answers() -> None:
    blocked: set[bytes] = set()
    standing = Standing(blocked=blocked)
    standing.trust(b"founder", 0.0)
    standing.answered(b"founder", b"spammer", 0.0)
    standing.answered(b"spammer", b"key 1", 0.0)
    standing.answered(b"key 1", b"key 2", 0.0)
    assert b"key 2" in standing
    blocked.add(b"spammer")
    assert all(one not in standing for one in (b"spammer", b"key 1", b"key 2"))
    assert standing.answered(b"spammer", b"key 3", 0.0) == []
    assert standing.answered(b"founder", b"key 1", 0.0) == [b"key 1"]
    assert b"key 2" in standing
    blocked.clear()
    assert b"spammer" in standing


def test_one_author_gives_it_to_so_many_a_day_and_whom_the_node_trusts_to_all() -> None:
    standing = Standing(StandingLimits(answered_a_day=3))
    standing.trust(b"founder", 0.0)
    assert all(standing.answered(b"founder", b"friend %d" % number, 0.0) for number in range(10))
    given = [bool(standing.answered(b"friend 1", b"key %d" % number, 0.0)) for number in range(5)]
    assert given == [True] * 3 + [False] * 2
    assert standing.answered(b"friend 1", b"key 4", DAY) == [b"key 4"]


def test_of_whom_a_newcomer_answered_so_many_are_remembered() -> None:
    standing = Standing(StandingLimits(answered_a_day=3))
    for number in range(5):
        standing.answered(b"newcomer", b"friend %d" % number, 0.0)
    assert sorted(standing.trust(b"newcomer", 0.0)) == [b"friend 0", b"friend 1", b"friend 2", b"newcomer"]


def test_readers_give_it_to_so_many_a_day() -> None:
    standing = Standing(StandingLimits(read_a_day=2))
    assert [standing.read(b"author %d" % number, 0.0) for number in range(3)] == [[b"author 0"], [b"author 1"], []]
    assert standing.read(b"author 0", 0.0) == []
    assert standing.read(b"author 2", DAY) == [b"author 2"]


def test_what_is_remembered_is_bounded_and_who_was_seen_longest_ago_is_forgotten_first() -> None:
    standing = Standing(StandingLimits(authors=3, newcomers=5))
    for author in (b"one", b"two", b"three"):
        standing.trust(author, 0.0)
    standing.seen(b"one")
    standing.trust(b"four", 0.0)
    assert [author for author, _ in standing.entries] == [b"three", b"one", b"four"]
    for number in range(50):
        standing.answered(b"stranger %d" % number, b"somebody", 0.0)
    assert len(standing._whom) == 5


def test_what_was_kept_goes_on() -> None:
    standing = Standing()
    standing.trust(b"founder", 0.0)
    standing.answered(b"founder", b"friend", 0.0)
    again = Standing()
    again.restore(standing.entries)
    assert b"friend" in again and again.entries == standing.entries
