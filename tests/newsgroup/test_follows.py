import pytest

from cliquenntp.interfaces import Follow, Reason
from cliquenntp.newsgroup.follows import DAY, AccountFollows, FollowLimits

NOW = 1_800_000_000
FORUM, THREAD, REPLY, OTHER = (bytes([number]) * 32 for number in range(4))


def account(*follows: Follow, limits: FollowLimits | None = None) -> AccountFollows:
    return AccountFollows(follows, limits or FollowLimits())


def explicit(document: bytes, comments: bool = False) -> Follow:
    return Follow(document, Reason.EXPLICIT, NOW, comments)


def test_reading_follows_the_document_and_all_below_it() -> None:
    assert account().started_by_reading(THREAD, [FORUM], NOW) == Follow(THREAD, Reason.READING, NOW)


def test_what_is_covered_is_not_followed_again() -> None:
    follows = account(explicit(FORUM))
    for document, above in ((FORUM, []), (THREAD, [FORUM]), (REPLY, [THREAD, FORUM])):
        assert follows.started_by_reading(document, above, NOW) is None
    assert follows.started_by_reading(OTHER, [], NOW) is not None


def test_depth_comments_covers_its_document_but_no_thread() -> None:
    follows = account(explicit(FORUM, comments=True))
    assert follows.started_by_reading(FORUM, [], NOW) is None
    started = follows.started_by_reading(THREAD, [FORUM], NOW)
    assert started is not None and not started.comments
    follows.keep(started)
    assert follows.started_by_reading(REPLY, [THREAD, FORUM], NOW) is None


def test_what_was_left_is_not_followed_by_reading() -> None:
    follows = account(Follow(FORUM, Reason.LEFT, NOW))
    assert follows.started_by_reading(FORUM, [], NOW) is None
    assert follows.renewed(FORUM, [], NOW + 1) is None
    assert [*follows] == []
    assert follows.started_by_reading(THREAD, [FORUM], NOW) is not None, "the mark is of the document alone"


@pytest.mark.parametrize("most", [0, 1, 3])
def test_only_so_many_are_made_by_reading(most: int) -> None:
    follows = account(explicit(OTHER), limits=FollowLimits(by_reading=most))
    made = 0
    for number in range(10, 20):
        started = follows.started_by_reading(bytes([number]) * 32, [], NOW)
        if started is not None:
            follows.keep(started)
            made += 1
    assert made == most and follows.is_full
    if most:
        follows.forget(bytes([10]) * 32)
        assert not follows.is_full


def test_a_look_renews_what_covers_and_starts_nothing() -> None:
    follows = account(Follow(FORUM, Reason.READING, NOW))
    renewed = follows.renewed(REPLY, [THREAD, FORUM], NOW + 5)
    assert renewed == Follow(FORUM, Reason.READING, NOW + 5) == follows.get(FORUM)
    assert follows.renewed(FORUM, [], NOW + 5) is None, "nothing is newer than before"
    assert follows.renewed(OTHER, [], NOW + 5) is None and follows.get(OTHER) is None


def test_follows_by_reading_lapse_and_others_do_not() -> None:
    follows = account(Follow(THREAD, Reason.READING, NOW), explicit(FORUM, comments=True))
    assert follows.lapsed(NOW + 14 * DAY - 1) == []
    assert follows.lapsed(NOW + 14 * DAY) == [Follow(THREAD, Reason.READING, NOW)]
    follows.renewed(THREAD, [FORUM], NOW + DAY)
    assert follows.lapsed(NOW + 14 * DAY) == []
    assert follows.lapsed(NOW + 1000 * DAY) == [Follow(THREAD, Reason.READING, NOW + DAY)]


def test_what_replaces_a_follow_frees_its_place() -> None:
    follows = account(Follow(THREAD, Reason.READING, NOW), limits=FollowLimits(by_reading=1))
    assert follows.is_full
    follows.keep(explicit(THREAD))
    assert not follows.is_full
    follows.keep(Follow(THREAD, Reason.LEFT, NOW))
    assert not follows.is_full and [*follows] == []
