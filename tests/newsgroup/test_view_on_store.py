"""The news view over the real store: answers that are still being given while the reader moves forward."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from cliquenntp.newsgroup.view import NewsView
from cliquenntp.store import Store, StoreSettings
from tests.memory_archive import SmallForum


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "store")
    yield store
    store.close()


def grow(store: Store, view: NewsView, forum: SmallForum, articles: int) -> None:
    """Add thread starters in one commit and let reader and view follow."""
    store.writer.begin()
    for number in range(articles):
        forum.post(f"Row {number}")
    changes = store.writer.commit()
    store.forward()
    view.moved(changes)


@pytest.fixture
def forum(store):
    store.writer.begin()
    forum = SmallForum("garden", store.writer)
    store.writer.commit()
    store.forward()
    return forum


def test_lists_go_on_while_documents_arrive(store, forum):
    view = NewsView(store.reader)
    grow(store, view, forum, 40)
    for _ in range(3):
        before = store.reader.newest()
        groups = view.newsgroups(None, None)
        recent = view.newsgroups(None, 0)
        seen = list(islice(groups, before - 1))
        seen_recent = list(islice(recent, before - 1))
        grow(store, view, forum, 120)
        seen += groups
        seen_recent += recent
        assert [group.docno for group in seen[:before]] == list(range(1, before + 1))
        assert [group.docno for group in seen_recent[:before]] == list(range(1, before + 1))


@pytest.mark.parametrize("ask", [NewsView.active_list, lambda view: view.newsgroups(None, None)])
def test_a_list_of_all_newsgroups_leaves_no_more_in_memory_than_the_caches_are_to_hold(tmp_path, ask):
    kept = 500
    store = Store.open(tmp_path / "large")
    store.writer.begin()
    forum = SmallForum("garden", store.writer)
    for number in range(3 * kept):
        forum.post(f"Row {number}")
    store.writer.commit()
    store.close()
    store = Store.open(tmp_path / "large", StoreSettings(cache_objects=kept))
    most = 0
    for _ in ask(NewsView(store.reader)):
        most = max(most, store.reader._connection._cache.cache_non_ghost_count)
    assert kept / 2 < most < 2.5 * kept  # it is not that nothing was loaded
    store.close()


def test_ranges_go_on_while_documents_arrive(store, forum):
    view = NewsView(store.reader)
    grow(store, view, forum, 450)
    overview = view.overview_lines(forum.root, 1, 1 << 31)
    numbers = view.number_lines(forum.root, 1, 1 << 31)
    names = view.message_ids_since(None, 0)
    active = view.active_list()
    first = [next(overview), next(numbers), next(names), next(active)]
    grow(store, view, forum, 300)
    # what was there when the command came is told whole; what came meanwhile may be told or not
    assert (first[0] + b"".join(overview)).count(b"\r\n") == 451
    assert (first[1] + b"".join(numbers)).count(b"\r\n") == 451
    assert (first[2] + b"".join(names)).count(b"\r\n") >= 451
    assert (first[3] + b"".join(active)).count(b"\r\n") >= 451
    assert b"".join(view.overview_lines(forum.root, 1, 1 << 31)).count(b"\r\n") == 751


def test_the_real_store_tells_the_same_as_the_one_in_memory(store, forum):
    memory = SmallForum("garden")
    views = NewsView(store.reader), NewsView(memory.archive)
    store.writer.begin()
    for each in (forum, memory):
        thread = each.post("Kale")
        for step in range(40):
            thread = each.post(f"Re: Kale {step}", parent=thread)
        each.post("In both", parent=(thread, each.root))
    store.writer.commit()
    store.forward()
    told = []
    for view in views:
        groups = list(view.newsgroups(None, None))
        told.append((
            groups,
            [b"".join(view.overview_lines(group.docno, 1, 99)) for group in groups],
            [view.article(group.docno) for group in groups],
            b"".join(view.active_list()),
        ))
    assert told[0] == told[1]
