"""What each identity sees of the news: one view for all who may see the same."""

from __future__ import annotations

from cliquenntp.interfaces import Changes, IArchive, Identity, INewsView
from cliquenntp.newsgroup.aliases import AliasedView, OwnNames
from cliquenntp.newsgroup.view import NewsView


class Views:
    """The news views of a node; after the archive moved forward its owner calls ``moved``."""

    def __init__(self, archive: IArchive, path_identity: str) -> None:
        self._archive = archive
        self.whole = NewsView(archive, path_identity)
        """all that is held"""
        self._names: dict[str, OwnNames] = {}
        """by account"""

    def of(self, identity: Identity) -> INewsView:
        """Return what somebody sees."""
        if identity.account is None:
            return self.whole
        names = self._names.get(identity.account)
        if names is None:
            names = self._names[identity.account] = OwnNames(self._archive, identity.account)
        return AliasedView(self.whole, names)

    def moved(self, changes: Changes) -> None:
        """Forget what a commit has changed."""
        self.whole.moved(changes)
        for account, message_id, docno in changes.aliases:
            if account in self._names:
                self._names[account].add(message_id, docno)
