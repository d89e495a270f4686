"""What expires: the oldest first, answers before what they answer, and nothing that somebody needs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from cliquenntp.interfaces import IArchive
from cliquenntp.newsgroup.expiry import EXPIRED, Expiring, Expiry, Rule, Why
from cliquenntp.nntp.session.wildmat import parse_wildmat
from tests.small_forum import SmallForum

EVERYTHING = 10**12
GARDEN = parse_wildmat(b"clique.garden")


def expiring(
    forum: SmallForum, rules: Sequence[Rule] = (), keep: int = EVERYTHING, looked: Mapping[int, int] | None = None,
    kept: Container[bytes] = (), later: int = 0,
) -> list[Expiry]:
    archive: IArchive = forum.archive
    found = Expiring(archive, rules, forum.now + later, looked or {}, kept)
    return list(found.find(archive.by_time(), archive.octets_held(), keep))


def docnos(expiries: list[Expiry]) -> list[int]:
    return [expiry.docno for expiry in expiries]


def test_without_rules_and_with_room_nothing_expires() -> None:
    forum = SmallForum()
    forum.post("one")
    assert expiring(forum) == []


def test_a_full_node_drops_the_oldest_until_there_is_room() -> None:
    forum = SmallForum()
    posts = [forum.post(f"post {number}") for number in range(6)]
    size = forum.archive.record(posts[0]).size
    found = expiring(forum, keep=forum.archive.octets_held() - 2 * size - 1)
    assert docnos(found) == posts[:3]
    assert {one.why for one in found} == {Why.FULL}


def test_a_thread_goes_from_its_last_answers_up() -> None:
    forum = SmallForum()
    start = forum.post("start")
    answer = forum.post("answer", parent=start)
    last = forum.post("last", parent=answer)
    assert docnos(expiring(forum, keep=0)) == [last, answer, start]


def test_a_parent_stays_for_the_sake_of_a_child_that_stays() -> None:
    forum = SmallForum()
    start = forum.post("start")
    old = forum.post("old answer", parent=start)
    forum.now += 1000
    young = forum.post("young answer", parent=start)
    found = expiring(forum, [Rule(GARDEN, age=500)])
    assert docnos(found) == [old]
    assert found[0].why is Why.AGE
    forum.archive.drop(old, EXPIRED)
    assert docnos(expiring(forum, [Rule(GARDEN, age=500)], later=1000)) == [young, start]


def test_a_document_below_two_parents_holds_both() -> None:
    forum = SmallForum()
    first, second = forum.post("first"), forum.post("second")
    forum.now += 1000
    both = forum.post("both", parent=(first, second))
    assert expiring(forum, [Rule(GARDEN, age=500)]) == []
    assert docnos(expiring(forum, [Rule(GARDEN, age=500)], later=1000))[0] == both
    assert set(docnos(expiring(forum, [Rule(GARDEN, age=500)], later=1000))) == {first, second, both}


def test_bookmarks_and_roots_stay() -> None:
    forum = SmallForum()
    kept, other = forum.post("kept"), forum.post("other")
    assert docnos(expiring(forum, keep=0, kept={forum.archive.record(kept).id})) == [other]


def test_a_forum_that_nobody_reads_expires_and_one_that_is_read_does_not() -> None:
    forum = SmallForum()
    post = forum.post("post")
    rule = Rule(GARDEN, unread=100)
    assert [one.why for one in expiring(forum, [rule])] == [Why.UNREAD]
    assert expiring(forum, [rule], looked={forum.root: forum.now - 50}) == []
    assert docnos(expiring(forum, [rule], looked={forum.root: forum.now - 50}, later=60)) == [post]


def test_a_forum_has_its_own_size_and_the_first_rule_counts() -> None:
    forum = SmallForum()
    posts = [forum.post(f"post {number}") for number in range(5)]
    octets = forum.archive.octets_held()
    rules = [Rule(parse_wildmat(b"clique.other"), age=0), Rule(GARDEN, octets=octets - 1), Rule(GARDEN, age=0)]
    found = expiring(forum, rules, later=100)
    assert docnos(found) == posts[:1]
    assert found[0].why is Why.FORUM_FULL


def test_a_forum_is_kept_from_its_oldest_document_that_stays_for_its_own_sake() -> None:
    forum = SmallForum()
    start = forum.post("start")
    chosen, answer, old = (forum.post(subject, parent=start) for subject in ("chosen", "answer", "old"))
    forum.now += 1000
    young = forum.post("young", parent=answer)
    younger = forum.post("younger")
    archive = forum.archive
    kept = {archive.record(chosen).id}

    def look(age: int, later: int = 0) -> tuple[list[int], dict[int, int]]:
        found = Expiring(archive, [Rule(GARDEN, age=age)], forum.now + later, {}, kept)
        return docnos(list(found.find(archive.by_time(), archive.octets_held(), EVERYTHING))), found.horizons()

    assert look(5000) == ([], {})
    assert look(500) == ([old], {forum.root: archive.record(young).time})
    gone, horizons = look(500, later=5000)
    assert set(gone) == {old, young, answer, younger}
    assert horizons == {forum.root: archive.record(younger).time + 1}
