"""The news view over an archive: what it answers, before and after the archive moved forward."""

from __future__ import annotations

import pytest
from zope.interface.verify import verifyObject

from cliquenntp.interfaces import INewsView
from cliquenntp.newsgroup.pages import ARTICLES_A_PAGE, MOST_GATHERED
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.nntp.session.wildmat import parse_wildmat
from tests.small_forum import SmallForum


@pytest.fixture
def forum():
    return SmallForum("garden")


@pytest.fixture
def view(forum):
    return NewsView(forum.archive)


def post(forum, view, *arguments, **options):
    """Post an article and let the view follow, as a node does after each commit."""
    docno = forum.post(*arguments, **options)
    view.moved(forum.changes)
    return docno


def joined(chunks):
    return b"".join(chunks)


def test_it_keeps_to_its_door(view):
    verifyObject(INewsView, view)


def test_a_new_forum_holds_its_description(forum, view):
    group = view.newsgroup(b"clique.garden")
    assert (group.low, group.high, group.count, group.status) == (1, 1, 1, b"y")
    assert group.description == b"Growing things"
    assert view.article_at(group.docno, 1) == forum.root
    assert view.newsgroup(b"clique.desert") is None


def test_an_article_gets_a_number_in_its_forum_its_thread_and_its_own_group(forum, view):
    thread = post(forum, view, "Compost?")
    answer = post(forum, view, "Re: Compost?", parent=thread)
    assert [view.article_at(forum.root, number) for number in (1, 2, 3)] == [forum.root, thread, answer]
    thread_group = next(group for group in view.newsgroups(None, None) if group.docno == thread)
    assert thread_group.name.startswith(b"clique.garden.compost-")
    assert view.newsgroup(thread_group.name) == thread_group
    assert [view.article_at(thread, number) for number in (1, 2)] == [thread, answer]
    assert view.article_at(answer, 1) == answer


def test_overview_lines_are_complete_and_grow_with_the_group(forum, view):
    first = post(forum, view, "Peas")
    assert joined(view.overview_lines(forum.root, 2, 2)).startswith(b"2\tPeas\t")
    second = post(forum, view, "Re: Peas", parent=first)
    lines = joined(view.overview_lines(forum.root, 1, 99)).split(b"\r\n")
    assert len(lines) == 4 and lines[-1] == b""
    fields = lines[2].split(b"\t")
    assert len(fields) == 9
    assert fields[4] == view.message_id(second)
    assert fields[5] == view.message_id(first)
    assert fields[8].startswith(b"Xref: ")
    assert view.overview_line(second, 7) == b"7" + lines[2][1:] + b"\r\n"


def test_a_page_that_was_made_before_its_group_grew_is_made_anew(forum, view):
    for number in range(2, 260):
        post(forum, view, f"Row {number}")
        newest = joined(view.overview_lines(forum.root, number, number))
        assert newest.startswith(b"%d\tRow %d\t" % (number, number))
    assert joined(view.overview_lines(forum.root, 90, 210)).count(b"\r\n") == 121
    assert joined(view.number_lines(forum.root, 250, 9999)) == b"".join(b"%d\r\n" % n for n in range(250, 260))


def test_articles_are_ready_for_the_wire(forum, view):
    docno = post(forum, view, "Dots", body=b".one\r\n..two\r\nthree\r\n")
    article = view.article(docno)
    assert article.body == b"..one\r\n...two\r\nthree\r\n"
    assert b"Message-ID: " + article.message_id + b"\r\n" in article.head
    assert b"Newsgroups: clique.garden\r\n" in article.head
    assert view.article_named(article.message_id) == docno
    assert view.article_named(b"<nobody@example.org>") is None
    octets = int(view.overview_line(docno, 1).split(b"\t")[6])
    assert octets == len(article.head) + 2 + len(b".one\r\n..two\r\nthree\r\n")


def test_header_lines_come_from_the_overview_and_from_the_article(forum, view):
    post(forum, view, "Beans", fields=[(b"Keywords", b"climbing,\r\n dwarf")])
    group = forum.root
    assert joined(view.header_lines(group, b"SUBJECT", 1, 2, None)) == b"1 Growing things\r\n2 Beans\r\n"
    assert joined(view.header_lines(group, b"Keywords", 2, 2, None)) == b"2 climbing, dwarf\r\n"
    assert joined(view.header_lines(group, b"X-Nothing", 2, 2, None)) == b"2 \r\n"
    matching = view.header_lines(group, b"subject", 1, 2, parse_wildmat(b"Bea*"))
    assert joined(matching) == b"2 Beans\r\n"


def test_the_list_of_groups_follows_each_commit(forum, view):
    assert joined(view.active_list()) == b"clique.garden 1 1 y\r\n"
    thread = post(forum, view, "Kale")
    name = next(group.name for group in view.newsgroups(None, None) if group.docno == thread)
    assert joined(view.active_list()) == b"clique.garden 2 1 y\r\n" + name + b" 1 1 y\r\n"


def test_newgroups_names_forums_alone(forum, view):
    post(forum, view, "Leeks")
    assert [group.name for group in view.forums_created_since(0)] == [b"clique.garden"]
    assert list(view.forums_created_since(forum.now + 1)) == []


def test_newnews_by_time_and_by_group(forum, view):
    early = post(forum, view, "Early")
    late = post(forum, view, "Late", parent=early)
    since = forum.archive.record(late).arrived
    assert joined(view.message_ids_since(None, since)) == view.message_id(late) + b"\r\n"
    thread = next(group.name for group in view.newsgroups(None, None) if group.docno == early)
    both = view.message_id(early) + b"\r\n" + view.message_id(late) + b"\r\n"
    assert joined(view.message_ids_since(parse_wildmat(thread), 0)) == both
    assert joined(view.message_ids_since(parse_wildmat(b"clique.garden.early-*"), 0)) == both
    assert joined(view.message_ids_since(parse_wildmat(b"other.*"), 0)) == b""


def test_next_and_previous_stop_at_the_ends(forum, view):
    post(forum, view, "Only")
    assert view.next_number(forum.root, 1) == 2
    assert view.next_number(forum.root, 2) is None
    assert view.previous_number(forum.root, 2) == 1
    assert view.previous_number(forum.root, 1) is None


def test_what_has_gone_is_no_longer_told_and_its_number_stays_empty(forum, view):
    gone = post(forum, view, "Gone")
    post(forum, view, "Stays")
    for lines in (view.number_lines, view.overview_lines):
        assert joined(lines(forum.root, 1, 9)).count(b"\r\n") == 3
    view.moved(forum.archive.drop(gone, "expired"))
    assert joined(view.number_lines(forum.root, 1, 9)) == b"1\r\n3\r\n"
    assert joined(view.overview_lines(forum.root, 1, 9)).count(b"\r\n") == 2
    assert joined(view.overview_lines(forum.root, 2, 2)) == b""
    assert (view.next_number(forum.root, 1), view.previous_number(forum.root, 3)) == (3, 1)
    group = view.newsgroup(forum.archive.record(gone).name.encode())
    assert (group.low, group.high, group.count) == (2, 1, 0)  # RFC 3977 section 6.1.1.2, the low mark not 0


def test_pages_stay_while_their_group_grows(forum, view):
    for number in range(2, 131):
        post(forum, view, f"Row {number}")
    full_page = next(view.overview_lines(forum.root, 1, 100))
    post(forum, view, "Not looked at")
    post(forum, view, "Nor this")
    assert next(view.overview_lines(forum.root, 1, 100)) is full_page


def test_a_search_that_finds_nothing_still_gives_others_a_turn(forum, view):
    for number in range(10 * ARTICLES_A_PAGE):
        forum.post(f"Row {number}")
    chunks = list(view.header_lines(forum.root, b"subject", 1, 1 << 31, parse_wildmat(b"nothing")))
    assert joined(chunks) == b""
    assert len(chunks) >= 10 / MOST_GATHERED
