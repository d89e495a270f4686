"""Whose articles accounts here open, where the operator lets that count for authors (docs/security.md, Floods)."""

from __future__ import annotations

from cliquenntp.interfaces import IArchive, Identity

AUTHORS_KEPT = 5_000
"""of whom it is remembered how many articles were opened: 0.5 MB"""


class OpenedArticles:
    """How many articles of each author accounts of this process opened."""

    def __init__(self, archive: IArchive, known_after: int) -> None:
        """``known_after``: articles of an author that are opened until he is known here; 0: never."""
        self._archive = archive
        self._known_after = known_after
        self._opened: dict[bytes, int] = {}

    def known_by(self, identity: Identity, docno: int) -> bytes:
        """Count an article that somebody opened; return its author's key if he is known by that, else b""."""
        if not self._known_after or identity.account is None:
            return b""
        author: bytes = self._archive.record(docno).author
        opened = self._opened.pop(author, 0) + 1
        self._opened[author] = opened
        if len(self._opened) > AUTHORS_KEPT:
            del self._opened[next(iter(self._opened))]
        return author if opened == self._known_after else b""
