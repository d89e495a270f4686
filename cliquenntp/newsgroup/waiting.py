"""An account's view with the newsgroups of what waits in the forums that its persona moderates.

``clique.local.waiting.tea`` has what waits in ``clique.tea``, with numbers of its own; nobody else is told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator

from cliquenntp.interfaces import IArchive, IHidden, INewsView, IWildmat, Newsgroup
from cliquenntp.newsgroup.hiding import HidingView
from cliquenntp.newsgroup.message_ids import find_article
from cliquenntp.newsgroup.moderation import moderates
from cliquenntp.newsgroup.naming import WAITING, waiting_forum
from cliquenntp.newsgroup.view import NewsView


class WaitingView(HidingView):
    """INewsView over another one; methods as INewsView says."""

    def __init__(
        self, view: INewsView, archive: IArchive, hidden: IHidden, whole: NewsView, key: Callable[[], bytes | None],
        forums: Container[int] | None,
    ) -> None:
        """``key`` gives the persona's; ``forums`` has the roots (docnos) that may be seen, None: all are."""
        super().__init__(view, archive, hidden)
        self._whole = whole
        self._key = key
        self._forums = forums

    def _moderates(self, root: int) -> bool:
        if self._forums is not None and root not in self._forums:
            return False
        key = self._key()
        return key is not None and moderates(key, root, self._archive)

    def _waiting(self) -> Iterator[Newsgroup]:
        return (self._whole.what_waits(root) for root in self._archive.forums() if self._moderates(root))

    def newsgroup(self, name: bytes) -> Newsgroup | None:
        """See INewsView."""
        if not name.startswith(WAITING.encode()):
            return super().newsgroup(name)
        root = waiting_forum(name.decode("ascii", "replace"), self._archive)
        return self._whole.what_waits(root) if root is not None and self._moderates(root) else None

    def newsgroups(self, wildmat: IWildmat | None, created_since: int | None) -> Iterator[Newsgroup]:
        """See INewsView."""
        yield from super().newsgroups(wildmat, created_since)
        for group in self._waiting():
            if (wildmat is None or wildmat.matches(group.name)) and group.created >= (created_since or 0):
                yield group

    def active_list(self) -> Iterator[bytes]:
        """See INewsView."""
        yield from super().active_list()
        for group in self._waiting():
            yield b"%b %d %d %b\r\n" % (group.name, group.high, group.low, group.status)

    def article_named(self, message_id: bytes) -> int | None:
        """See INewsView."""
        found = super().article_named(message_id)
        if found is None:
            docno = find_article(self._archive, message_id)
            if docno is not None and any(self._moderates(root) for root, _ in self._archive.waits_in(docno)):
                return docno
        return found
