"""What an account honours is hidden from it alone, in the forum where it was said, whatever comes first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from twisted.internet.defer import Deferred, execute

from cliquenntp.document import Document, Signer, id_text
from cliquenntp.newsgroup import nocem
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.nocem import HonouredNotices, notice_body
from cliquenntp.service.readers import honours
from cliquenntp.service.readers.honours import HonourError, Honours
from cliquenntp.store import Store
from tests.service.test_moderation import COFFEE, take
from tests.signed_documents import TIME, forum, signed

TEA = forum("tea")
WARDEN, OTHER = Signer(b"w" * 32), Signer(b"v" * 32)
SPAM, TALK = signed("Spam", TEA), signed("Talk", TEA)
ELSEWHERE = signed("Elsewhere", COFFEE)


def notice(*articles: Document, hides: bool = True, author: Signer = WARDEN, root: Document = TEA,
           time: int = TIME) -> Document:
    rows = [(message_id_of(article.id), b"clique.tea") for article in articles]
    return signed("@@NCM", root, body=notice_body("w@example.org", "spam", hides, "1", rows), author=author, time=time)


def hidden(store: Store, *keys: bytes, root: Document = TEA) -> list[str]:
    """Return the subjects of what is hidden from an account that honours these keys in a forum."""
    part = HonouredNotices(store.writer)
    part.honour({root.id: keys})
    records = map(store.writer.record, range(1, store.writer.newest() + 1))
    return [record.subject for record in records if part.hides(record.docno)]


def test_what_is_named_is_hidden_from_who_honours_it(store: Store) -> None:
    take(store, [TEA, COFFEE, SPAM, TALK, ELSEWHERE, notice(SPAM, ELSEWHERE, TEA)])
    assert hidden(store, WARDEN.key) == ["Spam"]
    assert hidden(store, OTHER.key) == hidden(store) == hidden(store, WARDEN.key, root=COFFEE) == []
    part = HonouredNotices(store.writer)
    assert not part.anything()
    part.honour({TEA.id: [WARDEN.key]})
    assert part.anything()
    assert not part.hides_below(3)


def test_a_message_is_read_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    take(store, [TEA, SPAM, TALK, notice(SPAM)])
    part = HonouredNotices(store.writer)
    part.honour({TEA.id: [WARDEN.key]})
    spam = store.writer.find(SPAM.id)
    assert part.hides(spam)
    monkeypatch.setattr(store.writer, "raw", lambda docno: pytest.fail("it is read again"))
    part.look_again()
    assert part.hides(spam)


def test_the_latest_word_counts_whatever_comes_first(store: Store) -> None:
    words = [notice(SPAM, TALK), notice(SPAM, hides=False, time=TIME + 10), notice(TALK, time=TIME + 20)]
    looked = 0
    for order in permutations([SPAM, TALK, *words]):
        store.writer.begin()
        take(store, [TEA, *order])
        assert hidden(store, WARDEN.key) == ["Talk"]
        looked += 1
    assert looked == 120


def test_one_may_hide_what_another_shows(store: Store) -> None:
    take(store, [TEA, SPAM, notice(SPAM), notice(SPAM, hides=False, author=OTHER, time=TIME + 10)])
    assert hidden(store, WARDEN.key, OTHER.key) == ["Spam"]
    assert hidden(store, OTHER.key) == []


def test_a_cancelled_message_says_nothing(store: Store) -> None:
    word = notice(SPAM)
    take(store, [TEA, SPAM, word, signed("cancel", TEA, word, author=WARDEN, Clique_Cancel=id_text(word.id))])
    assert hidden(store, WARDEN.key) == []


def test_imported_articles_are_named_as_elsewhere(store: Store) -> None:
    imported = signed("Imported", TEA, Clique_Original_Message_ID="<1@example.org>")
    body = notice_body("w@example.org", "spam", True, "1", [(b"<1@example.org>", b"alt.tea")])
    take(store, [TEA, imported, signed("@@NCM", TEA, body=body, author=WARDEN)])
    assert hidden(store, WARDEN.key) == ["Imported"]


def test_only_so_much_is_known_of_one_key(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nocem, "MOST_HONOURED", 2)
    posts = [signed(f"Post {number}", TEA) for number in range(4)]
    take(store, [TEA, *posts, *(notice(post, time=TIME + at) for at, post in enumerate(posts))])
    assert hidden(store, WARDEN.key) == ["Post 2", "Post 3"]


def test_what_accounts_honour_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(step: Any) -> Deferred[Any]:
        return execute(step, store.writer)

    kept = Honours(store.writer, submit)
    kept.change("bob", TEA.id, WARDEN.key, True)
    kept.change("bob", COFFEE.id, OTHER.key, True)
    kept.change("bob", COFFEE.id, WARDEN.key, False)
    assert Honours(store.writer, submit).honoured("bob") == {
        TEA.id: frozenset([WARDEN.key]), COFFEE.id: frozenset([OTHER.key])}
    assert kept.honoured("owner") == {}
    take(store, [TEA, SPAM])
    assert not kept.hidden_from("bob").hides(2)
    take(store, [notice(SPAM)])
    kept.moved(store.writer.commit())
    assert kept.hidden_from("bob").hides(2)
    assert not kept.hidden_from("owner").hides(2)
    store.writer.begin()
    kept.change("bob", TEA.id, WARDEN.key, False)
    assert not kept.hidden_from("bob").hides(2)
    monkeypatch.setattr(honours, "MOST_KEYS", 1)
    failed: list[Any] = []
    kept.change("bob", TEA.id, WARDEN.key, True).addErrback(failed.append)
    assert failed[0].check(HonourError)
