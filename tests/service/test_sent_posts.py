from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet import defer
from twisted.internet.task import Clock

from cliquenntp.interfaces import OWNER
from cliquenntp.service.network.sent_posts import COMPARED_SECONDS, KEEP_AFTER_SECONDS, POSTS_KEPT, SentPosts
from tests.small_forum import SmallForum


class Turn:
    """Runs each step at once."""

    def __init__(self, archive: Any) -> None:
        self._archive = archive

    def submit(self, step: Callable[[Any], Any]) -> defer.Deferred[Any]:
        return defer.succeed(step(self._archive))


class Posts:
    """The posts of a small forum."""

    def __init__(self) -> None:
        self.forum = SmallForum()
        self.archive: Any = self.forum.archive
        self.root = self.archive.record(self.forum.root).id
        self.start()

    def start(self) -> None:
        """Begin anew with what is on disk."""
        self.clock = Clock()
        turn: Any = Turn(self.archive)
        self.posts = SentPosts(self.clock, self.archive, turn)

    def post(self, subject: str) -> bytes:
        record = self.archive.record(self.forum.post(subject))
        self.posts.posted(OWNER, record)
        return record.id

    @property
    def waiting(self) -> list[str]:
        return [record.subject for post, record in self.posts.newest() if post.is_waiting]

    @property
    def kept(self) -> int:
        return len(list(self.archive.pieces("waiting/")))


@pytest.fixture
def posts() -> Posts:
    return Posts()


def test_a_post_waits_until_it_was_sent(posts: Posts) -> None:
    first, second = posts.post("first"), posts.post("second")
    assert posts.waiting == ["second", "first"]
    posts.posts.sent(first, b"node")
    posts.posts.sent(first, b"node")
    posts.posts.sent(first, b"other")
    posts.posts.sent(b"a document that nobody posted here", b"node")
    assert posts.waiting == ["second"]
    assert {record.subject: len(post.nodes) for post, record in posts.posts.newest()} == {"second": 0, "first": 2}
    assert [record.id for _, record in posts.posts.newest(OWNER.account)] == [second, first]
    assert list(posts.posts.newest("somebody else")) == []


def test_only_what_waits_for_long_is_kept_and_it_outlives_a_restart(posts: Posts) -> None:
    taken, left = posts.post("taken"), posts.post("left")
    posts.posts.sent(taken, b"node")
    posts.clock.advance(KEEP_AFTER_SECONDS)
    assert posts.kept == 1
    posts.start()
    assert posts.waiting == ["left"]
    posts.posts.sent(left, b"node")
    assert posts.waiting == []
    assert posts.kept == 0


def test_a_stop_keeps_what_waits_at_once(posts: Posts) -> None:
    posts.post("left")
    posts.posts.stop()
    posts.start()
    assert posts.waiting == ["left"]


def test_what_was_compared_since_a_restart_waits_no_longer(posts: Posts) -> None:
    posts.post("left")
    posts.posts.stop()
    posts.start()
    posts.posts.shared(b"another forum")
    posts.clock.advance(COMPARED_SECONDS)
    assert posts.waiting == ["left"]
    posts.posts.shared(posts.root)
    posts.clock.advance(COMPARED_SECONDS)
    assert posts.waiting == []
    assert posts.kept == 0


def test_the_oldest_are_dropped(posts: Posts) -> None:
    for number in range(POSTS_KEPT + 5):
        posts.post(f"post {number}")
    posts.posts.stop()
    assert len(posts.waiting) == posts.kept == POSTS_KEPT
    assert posts.waiting[-1] == "post 5"
    posts.post("one more")
    assert posts.kept == POSTS_KEPT - 1
