"""A document that came before its second parent appears there when that comes, and so does what answers it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cliquenntp.newsgroup import late_parents
from cliquenntp.newsgroup.newnews import NewArticles
from cliquenntp.newsgroup.pages import PAGE_OCTETS, Pages
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.service.arrival import accept
from cliquenntp.service.upkeep.verification import look_at_documents, look_at_forums
from cliquenntp.store import Store
from tests.service.test_arrival import accepted, cancel_of
from tests.service.test_linking import in_orders, titles
from tests.signed_documents import TIME, forum, link_to, signed

TEA, GARDEN = forum("tea"), forum("garden")
MINT = signed("Mint", GARDEN)
BOTH = signed("Both", TEA, MINT)
ANSWER = signed("Re: Both", BOTH)


def problems(store: Store) -> list[object]:
    store.writer.commit()
    with store.snapshot() as archive:
        found = [*look_at_documents(archive), *look_at_forums(archive)]
    store.writer.begin()
    return [problem for problem in found if problem is not None]


def test_a_crosspost_and_its_answers_stand_in_both_forums_whatever_comes_first(tmp_path: Path) -> None:
    looked = 0
    for store in in_orders(tmp_path, TEA, GARDEN, MINT, BOTH, ANSWER):
        assert sorted(titles(store, GARDEN)) == ["About garden", "Both", "Mint", "Re: Both"]
        assert titles(store, MINT)[0] == "Mint"
        assert sorted(titles(store, MINT)) == ["Both", "Mint", "Re: Both"]
        assert titles(store, TEA) == ["About tea", "Both", "Re: Both"]
        assert titles(store, BOTH) == ["Both", "Re: Both"]
        assert problems(store) == []
        looked += 1
    assert looked == 10


def test_what_comes_later_still_follows_and_what_a_link_shows_does_not(store: Store) -> None:
    accepted(store, TEA, BOTH, GARDEN, MINT)
    accepted(store, ANSWER, signed("Re: Re: Both", ANSWER))
    assert titles(store, GARDEN) == ["About garden", "Mint", "Both", "Re: Both", "Re: Re: Both"]
    alone = signed("Alone", TEA)
    accepted(store, alone, link_to(alone, GARDEN), signed("Re: Alone", alone))
    assert titles(store, GARDEN)[-1] == "Alone"


def test_what_is_gone_gets_no_place_and_what_has_one_can_be_taken_back(store: Store) -> None:
    accepted(store, TEA, BOTH, ANSWER, cancel_of(ANSWER, BOTH), GARDEN, MINT)
    assert titles(store, GARDEN) == ["About garden", "Mint", "Both"]
    accepted(store, cancel_of(BOTH, TEA, MINT))
    assert titles(store, GARDEN) == ["About garden", "Mint"]
    assert titles(store, MINT) == ["Mint"]
    assert problems(store) == []


def test_newnews_tells_it_to_who_has_read_the_newsgroup_already(store: Store) -> None:
    accepted(store, TEA, BOTH, GARDEN)
    for number in range(5):
        accept(store.writer, signed(f"Post {number}", GARDEN), TIME + 50, "not-for-mail")
    accept(store.writer, MINT, TIME + 70, "not-for-mail")
    view = NewsView(store.writer)
    group = view.newsgroup(b"clique.garden")
    assert group is not None
    found = b"".join(NewArticles(store.writer, Pages(store.writer, PAGE_OCTETS)).in_group(TIME + 60, group)).split()
    assert found == [view.message_id(docno) for docno in map(store.writer.find, (MINT.id, BOTH.id)) if docno]


def test_only_so_many_answers_get_places(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_parents, "MOST_BELOW", 10)
    accepted(store, TEA, BOTH, *(signed(f"answer {number}", BOTH) for number in range(20)), GARDEN)
    accepted(store, MINT)
    assert len(titles(store, MINT)) == 11
