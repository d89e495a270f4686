"""How far the posts of this node's users have come: each waits for another node, or was sent to so many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import attrs
from twisted.logger import Logger

from cliquenntp.document import id_from_text, id_text
from cliquenntp.interfaces import IArchive, Identity, IRecord, IWriter
from cliquenntp.service.turn import Turn

PREFIX = "waiting/"

POSTS_KEPT = 100
"""Newest posts of which it is told; who has more waiting knows that the node is alone."""

KEEP_AFTER_SECONDS = 5.0
"""A post that no link has taken by then is noted on disk; on most nodes none ever is."""

COMPARED_SECONDS = 120.0
"""A node that shares the forum since then has compared what it holds: a post from before a restart is known there."""


@attrs.define(eq=False)
class SentPost:
    """One post."""

    document: bytes
    account: str
    """of whoever posted it"""
    nodes: set[bytes] = attrs.field(factory=set)
    """keys of the nodes to which it was sent"""
    is_kept: bool = False
    """whether it is on disk that it waits"""
    is_known: bool = False
    """whether another node holds it, as a comparison has shown"""

    @property
    def is_waiting(self) -> bool:
        """Whether no other node is known to have it."""
        return not self.nodes and not self.is_known


class SentPosts:
    """The newest posts.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(self, reactor: Any, archive: IArchive, turn: Turn) -> None:
        self._reactor = reactor
        self._archive = archive
        self._turn = turn
        self._posts: dict[bytes, SentPost] = {}
        self._timers: set[Any] = set()
        stored: Any = archive
        for name, account in stored.pieces(PREFIX):
            document = id_from_text(name.removeprefix(PREFIX))
            self._posts[document] = SentPost(document, account.decode("utf-8"), is_kept=True)

    def newest(self, account: str | None = None) -> Iterator[tuple[SentPost, IRecord]]:
        """Yield an account's posts, or all, with their records, newest first."""
        for post in reversed(list(self._posts.values())):
            docno = self._archive.find(post.document)
            if docno is not None and account in (None, post.account):
                yield post, self._archive.record(docno)

    def posted(self, identity: Identity, record: IRecord) -> None:
        """Take a post that is on disk."""
        post = self._posts[record.id] = SentPost(record.id, identity.account or "")
        if len(self._posts) > POSTS_KEPT:
            self._forget(self._posts.pop(next(iter(self._posts))))
        self._later(KEEP_AFTER_SECONDS, self._keep, post)

    def _later(self, seconds: float, function: Callable[..., None], *arguments: object) -> None:
        def due() -> None:
            self._timers.discard(timer)
            function(*arguments)

        timer = self._reactor.callLater(seconds, due)
        self._timers.add(timer)

    def stop(self) -> None:
        """Note on disk which posts wait, before the node stops."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for post in self._posts.values():
            if not post.is_kept:
                self._keep(post)

    def sent(self, document: bytes, node_key: bytes) -> None:
        """Note that a document was handed to a link with a node."""
        post = self._posts.get(document)
        if post is not None:
            post.nodes.add(node_key)
            self._forget(post)

    def shared(self, root: bytes) -> None:
        """Note that another node shares something of a forum now, by its root's id."""
        if any(post.is_kept for post in self._posts.values()):
            self._later(COMPARED_SECONDS, self._compared, root, list(self._posts.values()))

    def _compared(self, root: bytes, posts: list[SentPost]) -> None:
        for post in posts:
            docno = self._archive.find(post.document)
            if post.is_kept and docno is not None:
                roots = self._archive.record(docno).roots
                if any(self._archive.record(one).id == root for one in roots):
                    post.is_known = True
                    self._forget(post)

    def _keep(self, post: SentPost) -> None:
        if post.is_waiting and post.document in self._posts:
            post.is_kept = True
            self._write(partial(_keep, post.document, post.account))

    def _forget(self, post: SentPost) -> None:
        if post.is_kept:
            post.is_kept = False
            self._write(partial(_forget, post.document))

    def _write(self, step: Callable[[IWriter], None]) -> None:
        writing = self._turn.submit(step)
        writing.addErrback(lambda failure: self._log.info(
            "Which posts wait could not be noted: {reason}", reason=failure.getErrorMessage()))


def _keep(document: bytes, account: str, writer: IWriter) -> None:
    writer.piece_set(PREFIX + id_text(document), account.encode("utf-8"))


def _forget(document: bytes, writer: IWriter) -> None:
    writer.piece_delete(PREFIX + id_text(document))
