"""What each identity sees of the news: one view for all who may see the same."""

from __future__ import annotations

from cliquenntp.interfaces import Changes, IArchive, Identity, INewsView
from cliquenntp.newsgroup.view import NewsView


class Views:
    """The news views of a node; after the archive moved forward its owner calls ``moved``."""

    def __init__(self, archive: IArchive, path_identity: str) -> None:
        self.whole = NewsView(archive, path_identity)
        """all that is held"""

    def of(self, identity: Identity) -> INewsView:
        """Return what somebody sees."""
        return self.whole

    def moved(self, changes: Changes) -> None:
        """Forget what a commit has changed."""
        self.whole.moved(changes)
