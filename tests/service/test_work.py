"""Proof of work: what is refused at arrival, what is not shown, and that the order of arrival makes no difference."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import pytest

from cliquenntp.document import Document, Signer, WorkMissing, id_text, key_text, parse
from cliquenntp.newsgroup import appointments as laying_down
from cliquenntp.newsgroup.appointments import appointments
from cliquenntp.newsgroup.approving import waiting_note
from cliquenntp.newsgroup.moderation import is_moderated, moderates
from cliquenntp.newsgroup.work import work_asked, work_needed
from cliquenntp.service.arrival import accept
from cliquenntp.store import Store
from tests.service.test_moderation import approval, consistent, in_any_order, shown, take, waiting
from tests.signed_documents import TIME, forum, signed
from tests.worked_documents import post

OWNER, FIRST, IMPORTER, STRANGER = (Signer(letter * 32) for letter in (b"o", b"1", b"i", b"s"))

BITS, MORE = 6, 9

TEA = forum("tea", author=OWNER, Clique_Work_Asked=str(BITS), Clique_Importer=key_text(IMPORTER.key))
COFFEE = forum("coffee", author=OWNER)
"""asks for nothing at first"""
MILK = forum("milk", author=OWNER)
"""asks for nothing ever"""


def asking(bits: int, time: int, root: Document = COFFEE, author: Signer = OWNER) -> Document:
    return signed(f"Asks for {bits}", root, author=author, time=time, Clique_Work_Asked=str(bits))


def refused(store: Store, *documents: Document) -> None:
    """Check that each of these is refused by itself, and that nothing of it is stored."""
    for document in documents:
        newest, writes = store.writer.newest(), store.writer.writes
        with pytest.raises(WorkMissing, match="asks for a proof of work of"):
            accept(store.writer, document, TIME, "not-for-mail")
        assert (store.writer.newest(), store.writer.writes) == (newest, writes)


def test_what_has_too_little_work_is_refused_and_what_has_enough_is_shown(store: Store) -> None:
    good = post("Good", TEA, bits=BITS, author=STRANGER)
    take(store, [TEA, good, post("More", TEA, bits=MORE, author=STRANGER)])
    work = good.raw.split(b"\r\n")[2]
    assert work.startswith(b"Clique-Work: 6 ")
    unsigned = signed("Other", TEA, author=STRANGER).raw.split(b"\r\n", 2)[2]
    reused = parse(STRANGER.sign(b"%b\r\n%b" % (work, unsigned), TIME))
    refused(store, signed("None", TEA, author=STRANGER), post("Less", TEA, bits=BITS - 1, author=STRANGER), reused,
            signed("None", good, author=STRANGER))
    assert {subject for group, subject in shown(store) if group == "About tea"} == {"Good", "More"}
    assert waiting(store, TEA) == []


@pytest.mark.parametrize("author", [OWNER, IMPORTER])
def test_the_maker_and_importers_do_no_work(store: Store, author: Signer) -> None:
    mine = signed("Mine", TEA, author=author)
    take(store, [TEA, mine])
    assert ("About tea", "Mine") in shown(store)
    assert work_needed(signed("Next", mine, author=author), store.writer) == 0
    assert work_needed(signed("Next", mine, author=STRANGER), store.writer) == BITS


def test_moderators_do_no_work_and_their_approvals_neither(store: Store) -> None:
    root = forum("milk", author=OWNER, Clique_Work_Asked=str(BITS), Clique_Moderator=key_text(FIRST.key))
    waits = post("Waits", root, bits=BITS, author=STRANGER)
    take(store, [root, waits, signed("Moderator's", root, author=FIRST), approval(waits, FIRST, TIME + 5, root)])
    assert {subject for _, subject in shown(store)} == {"Waits", "Moderator's"}
    refused(store, signed("Short", root, author=STRANGER), approval(waits, STRANGER, TIME + 5, root))
    assert work_needed(signed("Next", root, author=FIRST), store.writer) == 0


def test_what_takes_back_takes_work_as_any_other_document(store: Store) -> None:
    good = post("Good", TEA, bits=BITS, author=STRANGER)
    free = signed("cancel", TEA, good, author=STRANGER, Clique_Cancel=id_text(good.id))
    take(store, [TEA, good])
    refused(store, free, signed("Newer", TEA, good, author=STRANGER, Clique_Supersedes=id_text(good.id)))
    newer = post("Newer", TEA, good, bits=BITS, author=STRANGER, Clique_Supersedes=id_text(good.id))
    take(store, [newer])
    assert {subject for group, subject in shown(store) if group == "About tea"} == {"Newer"}
    take(store, [post("cancel", TEA, newer, bits=BITS, author=STRANGER, Clique_Cancel=id_text(newer.id))])
    assert [found for found in shown(store) if found[0] == "About tea"] == []


def test_a_cross_post_takes_the_greatest_work_of_its_forums_and_is_shown_where_it_has_enough(store: Store) -> None:
    milk = forum("milk", author=OWNER, Clique_Work_Asked=str(MORE))
    both = post("Both", TEA, milk, bits=BITS, author=STRANGER)
    take(store, [TEA, milk, COFFEE, both, signed("Free", COFFEE, TEA, author=STRANGER)])
    assert work_needed(both, store.writer) == MORE
    assert {group for group, subject in shown(store) if subject == "Both"} == {"About tea"}
    assert waiting(store, milk) == ["Both"]
    assert {group for group, subject in shown(store) if subject == "Free"} == {"About coffee"}
    assert waiting(store, TEA) == ["Free"]
    refused(store, post("Both", milk, TEA, bits=BITS, author=STRANGER))


def test_a_change_makes_what_is_short_wait_and_the_maker_may_show_it(store: Store) -> None:
    early, late = (signed(f"At {time}", COFFEE, author=STRANGER, time=TIME + time) for time in (10, 30))
    change = asking(BITS, TIME + 20)
    for order in ([COFFEE, early, late, change], [COFFEE, change, late, early]):
        store.writer.begin()
        take(store, order)
        assert waiting(store, COFFEE) == ["At 30"]
        assert ("About coffee", "At 10") in shown(store)
        assert not is_moderated(1, store.writer)
        assert moderates(OWNER.key, 1, store.writer)
        assert not moderates(STRANGER.key, 1, store.writer)
        docno = store.writer.find(late.id)
        assert docno is not None
        assert waiting_note(docno, store.writer) == "it waits for a moderator of clique.coffee"
        take(store, [approval(late, STRANGER, TIME + 40, COFFEE)])
        assert waiting(store, COFFEE) == ["At 30"]
        take(store, [approval(late, OWNER, TIME + 40, COFFEE)])
        assert waiting(store, COFFEE) == []
        assert ("About coffee", "At 30") in shown(store)


def test_who_dates_back_reaches_no_thread_that_began_after_the_change(store: Store) -> None:
    thread = post("Thread", COFFEE, bits=BITS, author=STRANGER, time=TIME + 30)
    paid = post("Paid", thread, bits=BITS, author=STRANGER, time=TIME + 5)
    back = signed("Back", paid, author=STRANGER, time=TIME + 10)
    old = signed("Old", COFFEE, author=STRANGER, time=TIME + 10)
    change = asking(BITS, TIME + 20)
    for order in ([COFFEE, change, thread, paid, back, old], [COFFEE, thread, paid, back, old, change]):
        store.writer.begin()
        take(store, order)
        assert waiting(store, COFFEE) == ["Back"]
        assert ("About coffee", "Old") in shown(store)  # as old as it says, to expiry and to who follows from a day on
        assert ("Thread", "Paid") in shown(store)
    assert work_needed(signed("Re: Back", back, author=STRANGER, time=TIME + 10), store.writer) == BITS


def test_the_least_that_was_ever_asked_for_is_what_is_refused(store: Store) -> None:
    take(store, [TEA])
    short = post("Short", TEA, bits=BITS - 2, author=STRANGER, time=TIME + 60)
    refused(store, short)
    take(store, [asking(MORE, TIME + 20, TEA)])
    refused(store, short)
    take(store, [post("Not shown", TEA, bits=BITS, author=STRANGER, time=TIME + 30)])
    assert waiting(store, TEA) == ["Not shown"]
    take(store, [asking(BITS - 2, TIME + 50, TEA), short])
    assert ("About tea", "Short") in shown(store)
    assert waiting(store, TEA) == ["Not shown"]
    assert work_asked(1, store.writer) == BITS - 2
    refused(store, post("Shorter", TEA, bits=BITS - 3, author=STRANGER, time=TIME + 60))


def test_others_ask_for_nothing(store: Store) -> None:
    theirs = asking(MORE, TIME + 10, author=STRANGER)
    take(store, [COFFEE, theirs, signed("After", COFFEE, author=STRANGER, time=TIME + 20)])
    assert work_asked(1, store.writer) == 0
    assert ("About coffee", "After") in shown(store)


def test_what_a_forum_asks_for_cannot_be_taken_back(store: Store) -> None:
    change = asking(BITS, TIME + 10)
    take(store, [COFFEE, change, signed("c", COFFEE, change, author=OWNER, time=TIME + 20,
                                        Clique_Cancel=id_text(change.id))])
    assert work_asked(1, store.writer) == BITS


def test_what_is_laid_down_is_read_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    take(store, [COFFEE, *(asking(BITS, TIME + time) for time in range(1, 4))])
    known = appointments(1, store.writer)
    assert len(known) == 3

    def read(docno: int) -> bytes:
        raise AssertionError(f"document {docno}, of a megabyte perhaps, is read for every one that comes")

    monkeypatch.setattr(store.writer, "raw", read)
    assert appointments(1, store.writer) == known


def test_of_what_was_read_only_so_much_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laying_down, "MOST_KEPT", 2)
    monkeypatch.setattr(laying_down, "_kept", OrderedDict())
    take(store, [COFFEE, *(asking(bits, TIME + bits) for bits in range(1, 5))])
    assert [one.work for one in appointments(1, store.writer)] == [1, 2, 3, 4]
    assert len(laying_down._kept) == 2


def whole(store: Store) -> tuple[set[tuple[str, str]], list[str], list[str]]:
    consistent(store)
    return shown(store), sorted(waiting(store, TEA)), sorted(waiting(store, COFFEE))


def test_what_a_link_shows_goes_when_it_turns_out_to_have_too_little_work(store: Store) -> None:
    talk = signed("Talk", MILK, author=STRANGER, time=TIME + 5)
    unpaid = signed("unpaid", talk, COFFEE, author=STRANGER, time=TIME + 30, Clique_Link=id_text(talk.id))
    paid = post("paid", talk, COFFEE, bits=BITS, author=STRANGER, time=TIME + 40, Clique_Link=id_text(talk.id))
    take(store, [COFFEE, MILK, talk, unpaid])
    assert ("About coffee", "Talk") in shown(store)
    take(store, [asking(BITS, TIME + 20)])
    assert whole(store) == ({("About coffee", f"Asks for {BITS}"), ("About milk", "Talk")}, [], [])
    take(store, [paid])
    assert ("About coffee", "Talk") in shown(store)


def test_what_two_links_show_stays_by_the_one_that_has_enough_work(store: Store) -> None:
    talk = signed("Talk", MILK, author=STRANGER, time=TIME + 5)
    unpaid = signed("unpaid", talk, COFFEE, author=STRANGER, time=TIME + 30, Clique_Link=id_text(talk.id))
    paid = post("paid", talk, COFFEE, bits=BITS, author=STRANGER, time=TIME + 40, Clique_Link=id_text(talk.id))
    take(store, [COFFEE, MILK, talk, unpaid, paid, asking(BITS, TIME + 20)])
    assert ("About coffee", "Talk") in shown(store)
    consistent(store)


STARTED = post("Started", COFFEE, bits=BITS, author=STRANGER, time=TIME + 110)
TALK, SONG = (signed(subject, MILK, author=STRANGER, time=TIME + 5) for subject in ("Talk", "Song"))
WORLD: Sequence[Document] = [
    TEA, COFFEE, MILK, STARTED, TALK, SONG,
    asking(BITS, TIME + 100),
    asking(MORE, TIME + 200),
    asking(BITS - 2, TIME + 300),
    asking(0, TIME + 400),
    asking(MORE, TIME + 100, TEA),
    asking(BITS, TIME + 200, TEA),
    asking(1, TIME + 50, author=STRANGER),
    signed("Free", COFFEE, author=STRANGER, time=TIME + 50),
    (UNPAID := signed("Unpaid", COFFEE, author=STRANGER, time=TIME + 150)),
    post("Re: Unpaid", UNPAID, bits=BITS, author=STRANGER, time=TIME + 160),
    (SHORT := post("Short", COFFEE, bits=BITS, author=STRANGER, time=TIME + 250)),
    approval(SHORT, OWNER, TIME + 260, COFFEE),
    signed("Owner's", COFFEE, author=OWNER, time=TIME + 250),
    signed("Dated back", STARTED, author=STRANGER, time=TIME + 20),
    post("Paid less", STARTED, bits=BITS - 2, author=STRANGER, time=TIME + 310),
    signed("Free again", STARTED, author=STRANGER, time=TIME + 410),
    post("Tea early", TEA, bits=BITS, author=STRANGER, time=TIME + 50),
    post("Tea short", TEA, bits=BITS, author=STRANGER, time=TIME + 150),
    post("Tea late", TEA, bits=BITS, author=STRANGER, time=TIME + 250),
    signed("Imported", TEA, author=IMPORTER, time=TIME + 150),
    (BOTH := post("Both", TEA, COFFEE, bits=BITS, author=STRANGER, time=TIME + 150)),
    post("Re: Both", BOTH, bits=BITS, author=STRANGER, time=TIME + 210),
    signed("link without work", TALK, COFFEE, author=STRANGER, time=TIME + 150, Clique_Link=id_text(TALK.id)),
    post("link", SONG, COFFEE, bits=BITS, author=STRANGER, time=TIME + 150, Clique_Link=id_text(SONG.id)),
]


def test_the_same_is_shown_whatever_comes_first(shared_store: Store) -> None:
    in_any_order(shared_store, WORLD, whole)


def test_the_world_shows_what_it_should(shared_store: Store) -> None:
    shared_store.writer.begin()
    take(shared_store, WORLD)
    found, tea, coffee = whole(shared_store)
    settled = {"Asks for 9", "Asks for 6"}
    assert {subject for group, subject in found if group == "About tea"} - settled == {
        "Tea early", "Tea late", "Imported", "Re: Both"}
    assert tea == ["Both", "Tea short"]
    settled |= {"Asks for 4", "Asks for 0"}
    assert {subject for group, subject in found if group == "About coffee"} - settled == {
        "Song", "Started", "Asks for 1", "Free", "Re: Unpaid", "Short", "Owner's", "Paid less", "Free again", "Both"}
    assert coffee == ["Dated back", "Re: Both", "Unpaid"]
