"""The news view over the real store: answers that are still being given while the reader moves forward."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from cliquenntp.newsgroup.newnews import DOCUMENTS_A_STEP
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.nntp.session.wildmat import parse_wildmat
from cliquenntp.store import Store, StoreSettings, archive
from tests.small_forum import SmallForum


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


KEPT = 500


@pytest.fixture
def large_store(tmp_path: Path) -> Iterator[Store]:
    """Give a store with three times as many newsgroups as its cache may hold objects."""
    store = Store.open(tmp_path / "large")
    store.writer.begin()
    forum = SmallForum("garden", store.writer)
    for number in range(3 * KEPT):
        forum.post(f"Row {number}")
    store.writer.commit()
    store.close()
    store = Store.open(tmp_path / "large", StoreSettings(cache_objects=KEPT))
    yield store
    store.close()


@pytest.mark.parametrize("ask", [NewsView.active_list, lambda view: view.newsgroups(None, None)])
def test_a_list_of_all_newsgroups_leaves_no_more_in_memory_than_the_caches_are_to_hold(large_store, ask):
    most = 0
    for _ in ask(NewsView(large_store.reader)):
        most = max(most, large_store.reader._connection._cache.cache_non_ghost_count)
    assert KEPT / 2 < most < 2.5 * KEPT  # it is not that nothing was loaded


def test_garbage_is_collected_though_as_much_is_let_go_of_as_is_loaded(large_store, monkeypatch):
    monkeypatch.setattr(archive, "FREED_A_COLLECTION", 200)
    collections: list[int] = []

    def note(phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            collections.append(about["generation"])

    gc.disable()
    gc.callbacks.append(note)
    try:
        for _ in NewsView(large_store.reader).active_list():
            pass
    finally:
        gc.callbacks.remove(note)
        gc.enable()
    assert len(collections) >= 5
    assert set(collections) == {1}


def test_new_articles_of_some_newsgroups_are_told_some_at_a_time(large_store):
    wildmat = parse_wildmat(b"clique.garden.*1*")
    view = NewsView(large_store.reader)
    for _ in range(2):  # also where the lines of all are ready
        chunks = list(view.message_ids_since(wildmat, 0))
        assert max(chunk.count(b"\r\n") for chunk in chunks) <= DOCUMENTS_A_STEP
        assert sum(chunk.count(b"\r\n") for chunk in chunks) > KEPT


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
