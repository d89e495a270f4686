"""What a post lets its node hold, where the disk has lost something above it."""

from __future__ import annotations

from typing import Any

import pytest

from cliquenntp.interfaces import LOST, OWNER, SHARED
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.service.network.routes import Route, Routes, missing
from cliquenntp.store import Store
from tests.service.test_moderation import take
from tests.signed_documents import forum, signed

TALK = forum()
QUESTION = signed("question", TALK)
ANSWER = signed("answer", QUESTION)


class AllForums:
    def has(self, node: int, root: int) -> bool:
        return True


@pytest.fixture
def lost(store: Store) -> int:
    """The docno of a question that is lost, and whose answer is here."""
    take(store, [TALK, QUESTION, ANSWER])
    docno = store.writer.find(QUESTION.id)
    assert docno is not None
    store.writer.lose(docno)
    return docno


def test_what_answers_something_lost_is_put_off(store: Store, lost: int) -> None:
    forums: Any = AllForums()
    routes = Routes(store.writer, forums, lambda account: None)
    with pytest.raises(PostRefused, match="is lost here, and other nodes are asked for it"):
        routes.of(OWNER, [QUESTION.id])
    assert routes.of(OWNER, [ANSWER.id]) == Route(SHARED)
    take(store, [QUESTION])
    assert routes.of(OWNER, [QUESTION.id]) == Route(SHARED)


def test_what_was_lost_meanwhile_is_not_taken_for_held(store: Store, lost: int) -> None:
    Route(SHARED, tuple(missing(store.writer, SHARED, lost))).adopt(store.writer)
    assert store.writer.gone(lost) == LOST
    assert not store.writer.holds(SHARED, lost), "whoever holds it does not ask for it"
