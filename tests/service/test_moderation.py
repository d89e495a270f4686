"""Moderated forums: what is shown in the end follows from the documents alone, whatever comes first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliquenntp.document import Document, Signer, id_text, key_text
from cliquenntp.newsgroup import judging, moderation
from cliquenntp.newsgroup.expiry import Expiring, Rule
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.nntp.session.wildmat import parse_wildmat
from cliquenntp.service.arrival import accept
from cliquenntp.service.upkeep.verification import look_at_documents, look_at_forums
from cliquenntp.store import Store
from tests.signed_documents import TIME, forum, link_to, signed

OWNER, FIRST, SECOND, STRANGER = (Signer(letter * 32) for letter in (b"o", b"1", b"2", b"s"))

TEA = forum("tea", author=OWNER, Clique_Moderator=key_text(FIRST.key))
COFFEE = forum("coffee", author=OWNER)


def approval(target: Document, author: Signer, time: int, *parents: Document) -> Document:
    return signed("approve", *parents, target, author=author, time=time, Clique_Approve=id_text(target.id))


def appointment(time: int, *moderators: Signer, author: Signer = OWNER, root: Document = TEA) -> Document:
    keys = ", ".join(key_text(moderator.key) for moderator in moderators)
    return signed(f"Moderators {time}", root, author=author, time=time, Clique_Moderator=keys)


EARLY = signed("Early", TEA, author=STRANGER, time=TIME + 10)
APPROVED_EARLY = approval(EARLY, FIRST, TIME + 20, TEA)
ANSWER = signed("Re: Early", EARLY, author=STRANGER, time=TIME + 30)
HANDED_OVER = appointment(TIME + 100, SECOND)
LATE = signed("Late", TEA, author=STRANGER, time=TIME + 110)


def take(store: Store, documents: Iterable[Document]) -> None:
    """Store documents, each as soon as its first parent is there."""
    waiting, put_off = deque(documents), 0
    while waiting:
        document = waiting.popleft()
        try:
            accept(store.writer, document, TIME, "not-for-mail")
            put_off = 0
        except ParentMissing:
            put_off += 1
            assert put_off <= len(waiting), "a first parent never comes"
            waiting.append(document)


def shown(store: Store) -> set[tuple[str, str]]:
    """Return (newsgroup, subject) of all that is shown; a document in its own newsgroup is left out."""
    archive = store.writer
    return {
        (archive.record(group).subject, archive.record(archive.shown(docno)).subject)
        for group in range(1, archive.newest() + 1)
        for _, docno in archive.numbers(group).between(1, archive.numbers(group).high) if docno != group
    }


def waiting(store: Store, root: Document = TEA) -> list[str]:
    """Return the subjects of what waits in a forum."""
    archive = store.writer
    docno = archive.find(root.id)
    if docno is None:
        return []
    numbers = archive.numbers(-docno)
    return [archive.record(found).subject for _, found in numbers.between(1, numbers.high)]


def whole(store: Store) -> tuple[set[tuple[str, str]], list[str], list[str]]:
    found = shown(store), sorted(waiting(store, TEA)), sorted(waiting(store, COFFEE))
    consistent(store)
    return found


def consistent(store: Store) -> None:
    """Check what is kept of each document, and that each says of itself what newsgroups say."""
    problems = [problem for look in (look_at_documents, look_at_forums) for problem in look(store.writer) if problem]
    assert problems == []
    view = NewsView(store.writer)
    archive = store.writer
    for docno in range(1, archive.newest() + 1):
        record = archive.record(docno)
        if archive.gone(docno) or not record.groups:
            continue
        is_named = view.article_named(message_id_of(record.id)) is not None
        assert is_named == archive.stands(docno) == (view.newsgroup(record.name.encode()) is not None)
        places = [place.rpartition(":") for place in archive.overview(docno).decode().split("\t")[7].split()[2:]]
        if is_named:
            assert not any(name.startswith("clique.local.") for name, _, _ in places)
        else:
            assert [name for name, _, _ in places] == [
                f"clique.local.waiting.{archive.record(root).name[7:]}" for root in record.roots]


def in_any_order(store: Store, world: Sequence[Document], whole: Callable[[Store], object]) -> None:
    """Check that ``whole`` tells the same of a store in whatever order documents come to it."""
    store.writer.begin()
    take(store, world)
    expected = whole(store)

    @settings(max_examples=60, deadline=None)
    @given(st.permutations(world))
    def whatever_comes_first(order: Sequence[Document]) -> None:
        store.writer.begin()
        take(store, order)
        assert whole(store) == expected

    whatever_comes_first()


def test_a_strangers_post_waits_and_stands_once_it_is_approved(store: Store) -> None:
    take(store, [TEA, EARLY, ANSWER])
    assert whole(store) == (set(), ["Early", "Re: Early"], [])
    take(store, [APPROVED_EARLY])
    assert whole(store) == ({("About tea", "Early")}, ["Re: Early"], [])
    take(store, [approval(ANSWER, OWNER, TIME + 40, EARLY)])
    assert whole(store) == (
        {("About tea", "Early"), ("About tea", "Re: Early"), ("Early", "Re: Early")}, [], [])


def test_moderators_and_the_roots_key_post_at_once(store: Store) -> None:
    take(store, [TEA, signed("Mine", TEA, author=FIRST), signed("Owner's", TEA, author=OWNER)])
    assert whole(store) == ({("About tea", "Mine"), ("About tea", "Owner's")}, [], [])


@pytest.mark.parametrize("author", [STRANGER, SECOND])
def test_others_approve_and_appoint_nothing(store: Store, author: Signer) -> None:
    take(store, [TEA, EARLY, approval(EARLY, author, TIME + 20, TEA), appointment(TIME, author, author=author)])
    assert waiting(store) == ["Early", f"Moderators {TIME}"]
    assert shown(store) == set()


def test_a_moderator_who_was_removed_cannot_date_back_an_approval_of_something_new(store: Store) -> None:
    take(store, [TEA, HANDED_OVER, LATE, approval(LATE, FIRST, TIME + 50, TEA), approval(LATE, FIRST, TIME + 120, TEA)])
    assert waiting(store) == ["Late"]
    take(store, [approval(LATE, SECOND, TIME + 120, TEA)])
    assert waiting(store) == []


def test_what_was_approved_stays_when_its_moderator_goes(store: Store) -> None:
    take(store, [TEA, EARLY, APPROVED_EARLY, HANDED_OVER])
    assert ("About tea", "Early") in shown(store)


def test_what_is_approved_again_gets_no_second_number(store: Store) -> None:
    take(store, [TEA, EARLY, APPROVED_EARLY, approval(EARLY, OWNER, TIME + 60, TEA)])
    assert store.writer.numbers(1).count == 2


WORLD: Sequence[Document] = [
    TEA, COFFEE, EARLY, APPROVED_EARLY, ANSWER, HANDED_OVER, LATE,
    approval(ANSWER, OWNER, TIME + 40, EARLY),
    approval(LATE, FIRST, TIME + 120, TEA),
    signed("By the first, in time", TEA, author=FIRST, time=TIME + 50),
    signed("By the first, too late", TEA, author=FIRST, time=TIME + 120),
    signed("By the second, too early", TEA, author=SECOND, time=TIME + 50),
    (BY_SECOND := signed("By the second", TEA, author=SECOND, time=TIME + 120)),
    signed("Re: By the second", BY_SECOND, author=STRANGER, time=TIME + 130),
    (BOTH := signed("Both", COFFEE, TEA, author=STRANGER, time=TIME + 60)),
    (BELOW_BOTH := signed("Re: Both", BOTH, author=STRANGER, time=TIME + 70)),
    approval(BELOW_BOTH, FIRST, TIME + 80, BOTH),
    (OTHER_BOTH := signed("Other both", COFFEE, TEA, author=STRANGER, time=TIME + 61)),
    approval(OTHER_BOTH, FIRST, TIME + 90, COFFEE, TEA),
    signed("Re: Other both", OTHER_BOTH, author=FIRST, time=TIME + 71),
    (TALK := signed("Talk", COFFEE, author=STRANGER, time=TIME + 30)),
    link_to(TALK, TEA),
    appointment(TIME + 200, FIRST, SECOND),
    (LAST := signed("Last", LATE, author=STRANGER, time=TIME + 210)),
    approval(LAST, FIRST, TIME + 220, LATE),
]


def test_the_same_is_shown_whatever_comes_first(shared_store: Store) -> None:
    in_any_order(shared_store, WORLD, whole)


def test_the_world_shows_what_it_should(shared_store: Store) -> None:
    shared_store.writer.begin()
    take(shared_store, WORLD)
    found, waits, coffee = whole(shared_store)
    assert {subject for group, subject in found if group == "About tea"} == {
        "Early", "Re: Early", "Moderators 1800000100", "Moderators 1800000200", "By the first, in time",
        "By the second", "Re: Both", "Other both", "Re: Other both", "Last",
    }
    assert waits == sorted([
        "Late", "By the first, too late", "By the second, too early", "Re: By the second", "Both"])
    assert {subject for group, subject in found if group == "About coffee"} == {
        "Both", "Re: Both", "Other both", "Re: Other both", "Talk"}
    assert coffee == []


def test_a_cancelled_post_waits_no_more_and_no_approval_brings_it_back(store: Store) -> None:
    cancel = signed("cancel", TEA, EARLY, author=STRANGER, time=TIME + 15, Clique_Cancel=id_text(EARLY.id))
    for order in ([TEA, EARLY, cancel, APPROVED_EARLY], [TEA, APPROVED_EARLY, cancel, EARLY],
                  [TEA, EARLY, APPROVED_EARLY, cancel]):
        store.writer.begin()
        take(store, order)
        assert whole(store) == (set(), [], [])


def test_a_new_version_of_what_was_approved_waits_again(store: Store) -> None:
    newer = signed("Newer", TEA, EARLY, author=STRANGER, time=TIME + 40, Clique_Supersedes=id_text(EARLY.id))
    take(store, [TEA, EARLY, APPROVED_EARLY, newer])
    assert waiting(store) == ["Newer"]
    assert shown(store) == set()
    take(store, [approval(newer, FIRST, TIME + 50, TEA)])
    assert shown(store) == {("About tea", "Newer"), ("", "Newer")}  # it answers what it takes the place of


def test_names_of_moderators_cannot_be_taken_back(store: Store) -> None:
    cancel = signed("cancel", TEA, HANDED_OVER, author=OWNER, time=TIME + 105, Clique_Cancel=id_text(HANDED_OVER.id))
    for order in ([TEA, HANDED_OVER, cancel], [TEA, cancel, HANDED_OVER]):
        store.writer.begin()
        take(store, order)
        assert moderation.moderates(SECOND.key, 1, store.writer)
        assert not moderation.moderates(FIRST.key, 1, store.writer)


def test_a_forum_may_become_moderated(store: Store) -> None:
    before, after = (signed(f"At {time}", COFFEE, author=STRANGER, time=TIME + time) for time in (10, 30))
    named = appointment(TIME + 20, FIRST, root=COFFEE)
    for order in ([COFFEE, before, after, named], [COFFEE, named, after, before]):
        store.writer.begin()
        take(store, order)
        assert waiting(store, COFFEE) == ["At 30"]
        assert ("About coffee", "At 10") in shown(store)
        assert ("About coffee", "At 30") not in shown(store)


def test_only_so_much_waits_and_the_oldest_goes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moderation, "MOST_WAITING", 10)
    take(store, [TEA, COFFEE, BOTH, *(signed(f"Spam {number}", TEA, author=STRANGER) for number in range(20))])
    assert waiting(store) == [f"Spam {number}" for number in range(10, 20)]
    octets = store.writer.waiting_octets(1)
    assert octets == sum(store.writer.record(docno).size for docno in range(14, 24))
    monkeypatch.setattr(moderation, "MOST_WAITING_OCTETS", octets // 2)
    take(store, [signed("One more", TEA, author=STRANGER)])
    assert waiting(store)[-1] == "One more"
    assert len(waiting(store)) == 4
    assert store.writer.waiting_octets(1) <= octets // 2
    consistent(store)


def test_only_so_many_are_judged_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST_JUDGED", 4)  # the root, the appointment and two posts
    posts = [signed(f"Post {number}", COFFEE, author=STRANGER, time=TIME + 10 + number) for number in range(6)]
    take(store, [COFFEE, *posts, appointment(TIME, FIRST, root=COFFEE)])
    assert len(waiting(store, COFFEE)) == 2


def test_an_approval_keeps_nothing_and_goes_after_what_it_approved(store: Store) -> None:
    take(store, [TEA, EARLY, APPROVED_EARLY, HANDED_OVER, LATE])
    wildmat = parse_wildmat(b"*")

    def expired() -> list[str]:
        found = Expiring(store.writer, [Rule(wildmat, age=1)], TIME + 10_000, {}, ()).find(store.writer.by_time(), 1, 1)
        gone = [expiry.docno for expiry in found]
        subjects = [store.writer.record(docno).subject for docno in gone]
        for docno in gone:
            store.writer.drop(docno, "expired")
        return subjects

    assert sorted(expired()) == ["Early", "Late"]
    assert waiting(store) == []
    assert expired() == ["approve"]
    assert expired() == []


def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.writer.begin()
    take(store, [TEA, EARLY, LATE])
    store.writer.commit()
    store.close()
    store = Store.open(tmp_path)
    try:
        assert store.reader.waits_in(2) == [(1, 2)]
        store.writer.begin()
        assert waiting(store) == ["Early", "Late"]
        take(store, [APPROVED_EARLY])
        changes = store.writer.commit()
        assert 2 in changes.revised
        assert -1 in changes.groups
        store.writer.begin()
        store.writer.shift_numbers(1000)
        take(store, [approval(LATE, OWNER, TIME + 200, TEA), signed("New", TEA, author=STRANGER)])
        assert [*store.writer.numbers(1).between(1, 2000)] == [(1, 1), (2, 2), (1003, 3)]
        assert store.writer.waits_in(6) == [(1, 1004)]
        consistent(store)
    finally:
        store.close()


def test_a_post_to_more_forums_than_its_record_names_waits_all_the_same(store: Store) -> None:
    forums = [forum(f"f{number}", author=OWNER) for number in range(8)]
    everywhere = signed("Everywhere", *forums, author=STRANGER)
    by_first = signed("By the first", TEA, author=FIRST, time=TIME + 5)
    both = signed("Both", everywhere, by_first, author=STRANGER, time=TIME + 10)
    take(store, [TEA, *forums, everywhere, by_first, both])
    docno = store.writer.find(both.id)
    assert docno is not None and 1 not in store.writer.record(docno).roots
    assert {group for group, subject in shown(store) if subject == "Both"} == {
        "Everywhere", *(f"About f{number}" for number in range(8))}
    assert waiting(store) == ["Both"]
    take(store, [approval(both, FIRST, TIME + 20, everywhere, by_first)])
    assert ("By the first", "Both") in shown(store)
    assert waiting(store) == []


def test_a_post_to_two_moderated_forums_is_shown_in_the_one_whose_moderator_approves_it(store: Store) -> None:
    milk = forum("milk", author=OWNER, Clique_Moderator=key_text(SECOND.key))
    both = signed("Both", TEA, milk, author=STRANGER, time=TIME + 5)
    take(store, [TEA, milk, both, approval(both, SECOND, TIME + 10, TEA, milk)])
    assert shown(store) == {("About milk", "Both")}
    assert waiting(store, TEA) == ["Both"]
    assert waiting(store, milk) == []
