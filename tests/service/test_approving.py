"""Approving from a newsreader: who may, what says so, and what is refused with which reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cliquenntp.document import Document, Signer, build, id_text, parse
from cliquenntp.interfaces import OWNER, Identity, Right
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.gateway import Gateway
from cliquenntp.newsgroup.hiding import Together
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.posting import Draft, Poster, draft
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.newsgroup.waiting import WaitingView
from cliquenntp.nntp.session.wildmat import parse_wildmat
from cliquenntp.store import Store
from tests.service.test_moderation import (
    APPROVED_EARLY,
    EARLY,
    FIRST,
    HANDED_OVER,
    LATE,
    SECOND,
    STRANGER,
    TEA,
    shown,
    take,
    waiting,
)
from tests.signed_documents import TIME, signed

WAITING = "clique.local.waiting.tea"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path)
    store.writer.begin()
    take(store, [TEA, EARLY])
    yield store
    store.close()


def article(newsgroups: str = WAITING, body: str = "Text.", answers: Document | None = EARLY, **fields: str) -> bytes:
    head = {"From": "Pat <pat@home.example>", "Newsgroups": newsgroups, "Subject": "Re: Early"} | fields
    if answers is not None:
        head["References"] = message_id_of(answers.id).decode()
    return "".join([*(f"{name}: {value}\r\n" for name, value in head.items()), "\r\n", body, "\r\n"]).encode()


def drafted(store: Store, author: Signer, raw: bytes, identity: Identity = OWNER) -> Draft:
    found = draft(raw, store.writer, Poster(identity, author.key), TIME + 50)
    assert isinstance(found, Draft)
    return found


def post(store: Store, author: Signer, raw: bytes) -> Document:
    made = drafted(store, author, raw)
    document = parse(author.sign(build(made.fields, made.body), max(TIME + 50, made.time)))
    take(store, [document])
    return document


@pytest.mark.parametrize("raw", [
    article(Approved="pat@home.example"),
    article(body="approve"),
    article(body="\r\n  APPROVE \r\n\r\n> Words."),
    article(body="Pat wrote:\r\n> Words.\r\n\r\napprove\r\n-- \r\nThe moderator"),
    article("clique.tea", answers=None, Control=f"approve {message_id_of(EARLY.id).decode()}"),
])
def test_a_moderator_approves(store: Store, raw: bytes) -> None:
    document = post(store, FIRST, raw)
    assert document.parents == (TEA.id, EARLY.id)
    assert (document.approve, document.body, document.headers.get(b"Subject")) == (EARLY.id, b"", None)
    assert shown(store) == {("About tea", "Early")}
    assert waiting(store) == []


@pytest.mark.parametrize(("author", "raw", "reason"), [
    (FIRST, article(body="> approve"), "to approve an article, answer it here"),
    (FIRST, article(body="No.\r\n-- \r\napprove"), "to approve an article, answer it here"),
    (FIRST, article(body="This one I approve"), "to approve an article, answer it here"),
    (FIRST, article(answers=None, Approved="pat@home.example"), "to approve an article, answer it here"),
    (FIRST, article(answers=LATE, body="approve"), "there is no article"),
    (FIRST, article(answers=TEA, body="approve"), "does not wait for a moderator"),
    (STRANGER, article(body="approve"), "only a moderator of clique.tea can approve"),
    (SECOND, article("clique.tea", Approved="pat@home.example"), "only moderators of clique.tea post with an Approved"),
    (FIRST, article("clique.tea", Control="approve"), "Control must be: approve <message-id>"),
])
def test_what_is_refused(store: Store, author: Signer, raw: bytes, reason: str) -> None:
    with pytest.raises(PostRefused, match=reason):
        drafted(store, author, raw)


def test_what_is_gone_or_hidden_cannot_be_approved(store: Store) -> None:
    hidden = Identity("bob", Right.READ | Right.POST, forums=())
    with pytest.raises(PostRefused, match="there is no article"):
        drafted(store, FIRST, article(body="approve"), hidden)
    store.writer.drop(2, "expired")
    with pytest.raises(PostRefused, match="is gone"):
        drafted(store, FIRST, article(body="approve"))


def test_a_moderators_approved_header_posts_at_once_and_stays_here(store: Store) -> None:
    document = post(store, FIRST, article("clique.tea", answers=None, Approved="pat@home.example"))
    assert document.headers.get(b"Approved") is None
    assert shown(store) == {("About tea", "Re: Early")}


def test_an_approval_is_no_older_than_what_it_approves_and_the_list_that_lets_it(store: Store) -> None:
    take(store, [HANDED_OVER])
    assert drafted(store, SECOND, article(body="approve")).time == HANDED_OVER.time
    take(store, [LATE])
    assert drafted(store, SECOND, article(answers=LATE, body="approve")).time == LATE.time
    post(store, SECOND, article(answers=LATE, body="approve"))
    assert waiting(store) == ["Early"]


def view_of(store: Store, author: Signer, forums: tuple[int, ...] | None = None) -> WaitingView:
    whole = NewsView(store.writer)
    return WaitingView(whole, store.writer, Together(), whole, lambda: author.key, forums)


def test_moderators_see_what_waits_as_a_newsgroup(store: Store) -> None:
    view = view_of(store, FIRST)
    group = view.newsgroup(WAITING.encode())
    assert group is not None
    assert (group.low, group.high, group.count, group.status) == (2, 2, 1, b"y")
    assert [found.name for found in view.newsgroups(parse_wildmat(b"*.waiting.*"), None)] == [WAITING.encode()]
    assert b"".join(view.active_list()) == b"clique.tea 1 1 m\r\nclique.local.waiting.tea 2 2 y\r\n"
    assert view.article_at(group.docno, 2) == view.article_named(message_id_of(EARLY.id)) == 2
    assert b"".join(view.overview_lines(group.docno, 1, 9)).startswith(b"2\tEarly\t")
    assert b"".join(view.number_lines(group.docno, 1, 9)) == b"2\r\n"
    assert b"".join(view.header_lines(group.docno, b"newsgroups", 1, 9, None)) == b"2 clique.local.waiting.tea\r\n"
    assert (view.next_number(group.docno, 1), view.previous_number(group.docno, 9)) == (2, 2)


@pytest.mark.parametrize(("author", "forums"), [(STRANGER, None), (FIRST, ())])
def test_nobody_else_sees_it(store: Store, author: Signer, forums: tuple[int, ...] | None) -> None:
    view = view_of(store, author, forums)
    assert view.newsgroup(WAITING.encode()) is None
    assert b"waiting" not in b"".join(view.active_list())
    assert view.article_named(message_id_of(EARLY.id)) is None
    assert view.newsgroup(store.writer.record(2).name.encode()) is None


def test_a_view_follows_what_is_approved_and_withdrawn(store: Store) -> None:
    view = NewsView(store.writer)
    name = store.writer.record(2).name.encode()
    view.moved(store.writer.commit())
    store.writer.begin()
    assert b"".join(view.active_list()) == b"clique.tea 1 1 m\r\n"
    post(store, FIRST, article(body="approve"))
    view.moved(store.writer.commit())
    store.writer.begin()
    assert b"".join(view.active_list()) == b"clique.tea 2 1 m\r\n" + name + b" 1 1 m\r\n"
    assert b"Newsgroups: clique.tea\r\n" in view.article(2).head
    assert message_id_of(EARLY.id) in b"".join(view.message_ids_since(None, 0))
    # a list that comes late and was in force before: the approval counts no more
    take(store, [signed("Others", TEA, author=Signer(b"o" * 32), time=TIME + 5,
                        Clique_Moderator="iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w")])
    view.moved(store.writer.commit())
    store.writer.begin()
    assert name not in b"".join(view.active_list())
    assert view.article_named(message_id_of(EARLY.id)) is None
    assert message_id_of(EARLY.id) not in b"".join(view.message_ids_since(None, 0))
    assert waiting(store) == ["Early"]


def test_a_bridge_sends_what_waited_once_it_is_approved(store: Store) -> None:
    gateway = Gateway(store.writer, lambda forum: "alt.tea" if forum == "clique.tea" else None, "node.example")
    assert gateway.article(2, "clique.tea", False) is None
    strangers = take_and_find(store, signed("approve", TEA, EARLY, author=STRANGER, Clique_Approve=id_text(EARLY.id)))
    assert gateway.article(strangers, "clique.tea", False) is None
    approved = gateway.article(take_and_find(store, APPROVED_EARLY), "clique.tea", False)
    assert approved is not None
    assert approved.message_id == message_id_of(EARLY.id)
    assert b"Newsgroups: alt.tea\r\n" in approved.raw


def take_and_find(store: Store, document: Document) -> int:
    take(store, [document])
    docno = store.writer.find(document.id)
    assert docno is not None
    return docno
