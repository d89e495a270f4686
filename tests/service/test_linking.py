"""A link shows one document in further newsgroups, of the same forum and of others, whatever comes first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from cliquenntp.document import Document, Signer, id_text
from cliquenntp.newsgroup.expiry import Expiring, Rule
from cliquenntp.newsgroup.newnews import NewArticles
from cliquenntp.newsgroup.pages import PAGE_OCTETS, Pages
from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.newsgroup.retraction import retraction_fields, stub_of
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.nntp.session.wildmat import parse_wildmat
from cliquenntp.service.arrival import accept
from cliquenntp.store import Store, StoredDocuments
from tests.service.test_arrival import accepted, cancel_of, numbers_in
from tests.signed_documents import TIME, forum, link_to, signed


def titles(store: Store, group: Document) -> list[str]:
    """Return the subjects of the articles in a document's newsgroup."""
    docno = store.writer.find(group.id)
    assert docno is not None
    return [store.writer.record(shown).subject for _, shown in numbers_in(store, docno)]


def in_orders(tmp_path: Path, *documents: Document) -> Iterator[Store]:
    """Store documents in every order in which first parents come first, each in a database of its own."""
    for number, order in enumerate(permutations(documents)):
        store = Store.open(tmp_path / str(number))
        store.writer.begin()
        try:
            accepted(store, *order)
        except ParentMissing:
            continue
        else:
            yield store
        finally:
            store.close()


def test_a_document_appears_under_the_links_places_it_alone(store: Store) -> None:
    root = forum("talk")
    thread, other = signed("A thread", root), signed("Another", root)
    deep, answer = signed("Re: Another", other), signed("Re: A thread", thread)
    link = link_to(thread, deep)
    _, target, _, above, below, linked = accepted(store, root, thread, answer, other, deep, link)
    assert numbers_in(store, above) == [(1, above), (2, below), (3, target)]
    assert numbers_in(store, below) == [(1, below), (2, target)]
    assert [docno for _, docno in numbers_in(store, 1)].count(target) == 1
    assert linked not in dict(numbers_in(store, 1)).values()
    assert [*store.writer.overviews(below, 2, 2)] == [(2, store.writer.overview(target))]
    accepted(store, signed("Re: Re: A thread", answer), link)
    assert numbers_in(store, below) == [(1, below), (2, target)]
    accepted(store, cancel_of(thread, root))
    assert numbers_in(store, below) == [(1, below)]
    assert store.writer.numbers(below).count == 1


def test_a_link_leads_into_another_forum_whatever_comes_first(tmp_path: Path) -> None:
    tea, garden = forum("tea"), forum("garden")
    target, place = signed("Assam", tea), signed("Mint", garden)
    looked = 0
    for store in in_orders(tmp_path, tea, garden, target, place, link_to(target, place)):
        assert sorted(titles(store, garden)) == ["About garden", "Assam", "Mint"]
        assert titles(store, place) == ["Mint", "Assam"]
        assert titles(store, tea) == ["About tea", "Assam"]
        looked += 1
    assert looked > 8


def test_a_link_waits_for_what_it_shows_and_names_it_first(store: Store) -> None:
    tea, garden = forum("tea"), forum("garden")
    target = signed("Assam", tea)
    accepted(store, garden)
    with pytest.raises(ParentMissing) as caught:
        accept(store.writer, link_to(target, garden), TIME, "not-for-mail")
    assert caught.value.parent == target.id


def test_links_in_circles_and_chains_do_nothing(store: Store) -> None:
    root, elsewhere = forum("talk"), forum("elsewhere")
    top = signed("Top", root)
    below, stranger = signed("Below", top), signed("Stranger", elsewhere)
    accepted(store, root, elsewhere, top, below, stranger)
    circles = [link_to(below, top), link_to(top, below), link_to(top, elsewhere), link_to(stranger, below),
               link_to(below, stranger), link_to(root, below), link_to(elsewhere, root), link_to(root, elsewhere)]
    accepted(store, *circles)
    assert titles(store, below) == ["Below", "Top", "Stranger", "About talk"]
    assert titles(store, elsewhere) == ["About elsewhere", "Stranger", "Top", "Below", "About talk"]
    before = [titles(store, group) for group in (root, elsewhere, top, below, stranger)]
    link = circles[0]
    for number in range(50):  # links to links, and once more what is linked already
        link = link_to(link, below, subject=f"link {number}")
        accepted(store, link, link_to(top, below, subject=f"again {number}"))
    assert [titles(store, group) for group in (root, elsewhere, top, below, stranger)] == before


def test_a_link_cannot_be_taken_back(store: Store) -> None:
    root = forum("talk")
    thread, other = signed("A thread", root), signed("Another", root)
    link = link_to(thread, other)
    accepted(store, root, thread, other, link, signed("cancel", thread, other, link, Clique_Cancel=id_text(link.id)))
    assert store.writer.commit().gone == ()
    assert numbers_in(store, 3) == [(1, 3), (2, 2)]


def test_its_lines_stay_its_own_in_pages_of_lines(store: Store) -> None:
    tea, garden = forum("tea"), forum("garden")
    target = signed("Assam", tea)
    accepted(store, tea, garden, target, link_to(target, garden), *(signed(str(one), garden) for one in range(130)))
    docno = store.writer.find(garden.id)
    assert docno is not None
    assert dict(store.writer.overviews(docno, 1, 3))[2] == store.writer.overview(3)
    accepted(store, cancel_of(target, tea))
    assert 2 not in dict(store.writer.overviews(docno, 1, 3))


def test_what_takes_back_goes_where_links_show_the_target(store: Store) -> None:
    tea, garden = forum("tea"), forum("garden")
    thread = signed("Assam", tea)
    target, place = signed("Re: Assam", thread), signed("Mint", garden)
    deep = signed("Re: Mint", place)
    accepted(store, tea, garden, thread, target, place, deep, link_to(target, deep))
    docno = store.writer.find(target.id)
    assert docno is not None
    fields = retraction_fields(b"Clique-Cancel", docno, store.writer)
    cancel = signed("cancel", **{name.decode().replace("-", "_"): value.decode() for name, value in fields})
    assert cancel.parents == (thread.id, target.id, deep.id)
    documents = StoredDocuments(store.writer, lambda _: None)
    before = documents.channel(garden.id, False).count(0, TIME + 1)
    accepted(store, cancel)
    assert documents.channel(garden.id, False).count(0, TIME + 1) == before + 1
    assert store.writer.gone(docno)
    assert titles(store, deep) == ["Re: Mint"]


def test_the_place_of_what_was_taken_back_is_not_where_links_showed_it(store: Store) -> None:
    tea, garden = forum("tea"), forum("garden")
    target = signed("Assam", tea)
    cancel = signed("cancel", tea, target, garden, Clique_Cancel=id_text(target.id), Clique_Target_Time=str(TIME))
    accepted(store, tea, garden, cancel)
    found = stub_of(target.id, store.writer)
    assert found is not None
    assert found.parents == (tea.id,)
    [docno] = accepted(store, found)
    accepted(store, link_to(target, garden))
    assert titles(store, garden) == ["About garden"]
    assert store.writer.gone(docno)


def test_new_articles_are_found_where_a_links_place_came_late(store: Store) -> None:
    tea, garden = forum("tea"), forum("garden")
    target, place = signed("Assam", tea), signed("Mint", garden)
    late = link_to(target, place)
    accepted(store, tea, garden, target, late)
    accepted(store, *(signed(f"early {number}", garden) for number in range(20)))
    first, newest = (accept(store.writer, document, TIME + 60, "not-for-mail").docno
                     for document in (place, signed("news", garden)))
    view = NewsView(store.writer)
    group = view.newsgroup(b"clique.garden")
    assert group is not None
    found = b"".join(NewArticles(store.writer, Pages(store.writer, PAGE_OCTETS)).in_group(TIME + 60, group)).split()
    assert found == [view.message_id(docno) for docno in (first, 3, newest)]


@pytest.mark.parametrize("link_time", [TIME, TIME - 500])
def test_a_link_keeps_its_target_as_an_answer_does_and_goes_as_one(store: Store, link_time: int) -> None:
    tea, garden = forum("tea"), forum("garden")
    target = signed("Assam", tea, time=TIME - 500)
    link = signed("link", target, garden, time=link_time, Clique_Link=id_text(target.id))
    # a stranger's cancel does nothing, so it is no more than an answer either
    cancel = cancel_of(target, tea, author=Signer(b"b" * 32), time=TIME - 500)
    accepted(store, tea, garden, target, link, cancel)
    look = Expiring(store.writer, [Rule(parse_wildmat(b"*"), age=100)], TIME, {}, ())
    going = [expiry.docno for expiry in look.find(store.writer.by_time(), 0, 1)]
    assert sorted(going) == ([3, 4, 5] if link_time < TIME else [5])
