"""A verified document becomes an article in one step of the turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from cliquenntp.document import Document, Signer, id_text
from cliquenntp.newsgroup.placement import ParentMissing
from cliquenntp.newsgroup.retraction import stub_of
from cliquenntp.service.arrival import accept
from cliquenntp.service.upkeep.verification import look_at_documents, look_at_forums
from cliquenntp.store import Store, StoredDocuments
from tests.signed_documents import AUTHOR, TIME, forum, link_to, signed


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
    cancel = signed("cancel", root, thread, Clique_Cancel=id_text(thread.id))
    record = accept(store.writer, cancel, TIME, "not-for-mail")
    assert record.numbers == ()
    assert store.writer.numbers(1).high == 2
    assert list(store.writer.children(1)) == [2, record.docno]
    assert list(store.writer.children(2)) == [record.docno]


def test_a_cancel_takes_the_text_away_and_keeps_the_place(store: Store) -> None:
    root = forum("talk")
    thread = signed("A thread", root, body=b"Never said.\r\n")
    reply = signed("Re: A thread", thread)
    cancel = signed("cancel", root, thread, Clique_Cancel=id_text(thread.id))
    for document in (root, thread, reply, cancel):
        accept(store.writer, document, TIME, "not-for-mail")
    changes = store.writer.commit()
    store.forward()
    reader = store.reader
    assert (changes.gone, set(changes.groups)) == ((2,), {1, 2})
    assert reader.gone(2) == "cancelled"
    with pytest.raises(KeyError):
        reader.raw(2)
    assert (reader.overview(2), reader.record(2).subject) == (b"", "")
    assert [*reader.numbers(1).between(1, 9)] == [(1, 1), (3, 3)]
    own = reader.numbers(2)
    assert (own.low, own.high, own.count, own.at(1), own.at(2)) == (2, 2, 1, None, 3)
    assert [*reader.children(2)] == [3, 4]
    assert [*reader.children(1)] == [2, 4]
    assert (reader.record(4).numbers, reader.record(3).references) == ((), (thread.id,))
    later = accept(store.writer, signed("Re: Re: A thread", thread), TIME, "not-for-mail")
    assert (dict(later.numbers), later.references) == ({2: 3, 1: 4}, (thread.id,))


def test_nobody_takes_back_what_another_wrote(store: Store) -> None:
    root = forum("talk")
    thread = signed("A thread", root)
    other = Signer(b"b" * 32)
    takers = [
        signed("other", root, thread, author=other, **{header: id_text(thread.id)})
        for header in ("Clique_Cancel", "Clique_Supersedes")
    ]
    for document in (root, thread, *takers):
        accept(store.writer, document, TIME, "not-for-mail")
    assert store.writer.commit().gone == ()
    assert store.writer.raw(2) == thread.raw


@pytest.mark.parametrize("header", ["Clique_Cancel", "Clique_Supersedes"])
def test_what_was_taken_back_does_not_come_later(store: Store, header: str) -> None:
    root = forum("talk")
    thread = signed("A thread", root)
    taker = signed("taker", root, thread, **{header: id_text(thread.id)})
    not_mine = signed("other", root, thread, author=Signer(b"b" * 32), **{header: id_text(thread.id)})
    for document in (root, not_mine, taker, thread, thread):
        record = accept(store.writer, document, TIME, "not-for-mail")
    assert store.writer.commit().gone == (record.docno,)
    assert store.writer.gone(record.docno) == "cancelled"


def test_a_cancel_cannot_be_taken_back(store: Store) -> None:
    root = forum("talk")
    thread = signed("A thread", root)
    cancel = signed("cancel", root, thread, Clique_Cancel=id_text(thread.id))
    again = signed("again", root, thread, cancel, Clique_Cancel=id_text(cancel.id))
    for document in (root, thread, cancel, again):
        accept(store.writer, document, TIME, "not-for-mail")
    assert store.writer.commit().gone == (2,)


def test_cancelled_text_is_off_the_disk_after_a_pack(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.writer.begin()
    root = forum("talk")
    for size in (1, 10_000):  # in the file itself, and in one of its own
        secret = signed("Secret subject", root, body=b"Never said.\r\n" * size)
        for document in (root, secret, signed("cancel", root, secret, Clique_Cancel=id_text(secret.id))):
            accept(store.writer, document, TIME, "not-for-mail")
    store.writer.commit()
    store.forward()
    store.pack()
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert root.id in kept
    assert b"Never said" not in kept
    assert b"Secret subject" not in kept


def numbers_in(store: Store, group: int) -> list[tuple[int, int]]:
    return [(number, store.writer.shown(docno)) for number, docno in store.writer.numbers(group).between(1, 99)]


def accepted(store: Store, *documents: Document) -> list[int]:
    return [accept(store.writer, document, TIME, "not-for-mail").docno for document in documents]


def cancel_of(target: Document, *parents: Document, author: Signer = AUTHOR, time: int = TIME) -> Document:
    return signed("cancel", *parents, target, author=author, time=time, Clique_Cancel=id_text(target.id),
                  Clique_Target_Time=str(TIME))


def test_what_is_gone_everywhere_has_a_place_as_its_cancel_tells(store: Store) -> None:
    root = forum("talk")
    thread = signed("A thread", root)
    wrong = signed("Re: A thread", thread)
    answer = signed("Re: Re: A thread", wrong)
    accepted(store, root, thread, cancel_of(wrong, thread))
    assert stub_of(answer.id, store.writer) is None
    found = stub_of(wrong.id, store.writer)
    assert found is not None
    assert (found.id, found.author, found.time, found.parents) == (wrong.id, wrong.author, TIME, (thread.id,))
    stub, reply, again = accepted(store, found, answer, wrong)
    assert again == stub
    assert store.writer.gone(stub) == "cancelled"
    record = store.writer.record(reply)
    assert (record.references, record.starters) == ((thread.id, wrong.id), (2,))
    assert numbers_in(store, 2) == [(1, 2), (3, reply)]
    assert StoredDocuments(store.writer, lambda _: None).channel(root.id, False).count(0, TIME + 1) == 5


def test_a_place_that_is_told_in_two_ways_is_not_believed(store: Store) -> None:
    root, elsewhere = forum("talk"), forum("elsewhere")
    wrong = signed("Wrong", root)
    accepted(store, root, elsewhere, cancel_of(wrong, root), cancel_of(wrong, elsewhere, author=Signer(b"b" * 32)))
    assert stub_of(wrong.id, store.writer) is None


def test_verify_finds_nothing_wrong_with_links_cancels_and_places(store: Store) -> None:
    root = forum("talk")
    thread, other, late = (signed(subject, root) for subject in ("A thread", "Another", "Late"))
    wrong = signed("Wrong", thread)
    accepted(store, root, thread, other, link_to(thread, other),
             cancel_of(wrong, thread))  # fmt: skip
    place = stub_of(wrong.id, store.writer)
    assert place is not None
    accepted(store, place, signed("Re: Wrong", wrong), late, cancel_of(thread, root))
    answers = [signed(f"answer {number}", thread) for number in range(140)]  # more than a page of overview lines
    accepted(store, *answers, *(cancel_of(answer, thread) for answer in answers[::9]))
    elsewhere = forum("elsewhere")
    shown = [link_to(answer, elsewhere) for answer in answers if answers.index(answer) % 9]
    accepted(store, elsewhere, *shown, cancel_of(answers[5], thread))
    store.writer.commit()
    with store.snapshot() as archive:
        problems = [*look_at_documents(archive), *look_at_forums(archive)]
    assert [problem for problem in problems if problem is not None] == []
