"""A verified document becomes an article in one step of the turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.service.arrival import accept
from cliquenntp.store import Store
from tests.signed_documents import TIME, forum, signed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path)
    store.writer.begin()
    yield store
    store.close()


def test_documents_become_articles_of_the_newsgroups_above(store: Store) -> None:
    root = forum("talk")
    thread = signed("A thread", root)
    reply = signed("Re: A thread", thread, body=b"One.\r\nTwo.\r\n")
    for document in (root, thread, reply):
        accept(store.writer, document, TIME + 5, "not-for-mail")
    store.writer.commit()
    store.forward()
    reader = store.reader
    record = reader.record(3)
    assert (record.id, record.arrived, record.parents, record.roots) == (reply.id, TIME + 5, (2,), (1,))
    assert dict(record.numbers) == {1: 3, 2: 2}
    assert reader.raw(3) == reply.raw
    assert reader.forum("clique.talk") == 1
    assert reader.record(2).name.startswith("clique.talk.a-thread-")
    fields = reader.overview(3).split(b"\t")
    assert fields[0] == b"Re: A thread"
    assert fields[6] == b"2"
    assert fields[7].startswith(b"Xref: not-for-mail clique.talk:3 clique.talk.a-thread-")


def test_a_document_that_comes_again_is_stored_once(store: Store) -> None:
    root = forum("talk")
    first = accept(store.writer, root, TIME, "not-for-mail")
    writes = store.writer.writes
    assert accept(store.writer, root, TIME + 9, "not-for-mail") is first
    assert store.writer.writes == writes


def test_a_document_without_its_parent_is_not_stored(store: Store) -> None:
    root = forum("talk")
    thread = signed("A thread", root)
    with pytest.raises(ParentMissing) as caught:
        accept(store.writer, thread, TIME, "not-for-mail")
    assert caught.value.parent == root.id
    assert (store.writer.writes, store.writer.newest()) == (0, 0)


def test_a_cancel_is_kept_without_a_number(store: Store) -> None:
    root = forum("talk")
    thread = signed("A thread", root)
    for document in (root, thread):
        accept(store.writer, document, TIME, "not-for-mail")
    cancel = signed("cancel", root, thread, Clique_Cancel=_text(thread.id))
    record = accept(store.writer, cancel, TIME, "not-for-mail")
    assert record.numbers == ()
    assert store.writer.numbers(1).high == 2
    assert list(store.writer.children(1)) == [2, record.docno]
    assert list(store.writer.children(2)) == [record.docno]


def test_a_newsreaders_own_message_id_finds_it(store: Store) -> None:
    root = forum("talk")
    accept(store.writer, root, TIME, "not-for-mail")
    record = accept(store.writer, signed("Mine", root), TIME, "not-for-mail", [b"<slrn1@example.invalid>"])
    assert store.writer.by_message_id(b"<slrn1@example.invalid>") == record.docno


def _text(document_id: bytes) -> str:
    from cliquenntp.document import id_text

    return id_text(document_id)
