"""What each identity sees of the news: one view for all who may see the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from functools import partial

import attrs

from cliquenntp.document import id_text
from cliquenntp.interfaces import Changes, IArchive, Identity, IHidden, INewsView
from cliquenntp.newsgroup.aliases import AliasedView, OwnNames
from cliquenntp.newsgroup.hiding import HidingView, Together
from cliquenntp.newsgroup.local import LocalView
from cliquenntp.newsgroup.pages import PAGE_OCTETS
from cliquenntp.newsgroup.scope import ScopedView
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.newsgroup.waiting import WaitingView
from cliquenntp.service.power import Power
from cliquenntp.service.readers.local_groups import LocalGroups

MEMORY_SHARE = 32
"""Ready lines may take this part of the machine's memory (1/32), where that is more than their usual bound.  With
24 GiB that holds the overview of all articles that the default quota has room for; a window that is not held costs
three times as much as one that is."""


def page_octets() -> int:
    """Return how many octets of ready lines a process keeps on this machine."""
    return max(PAGE_OCTETS, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEMORY_SHARE)


@attrs.frozen
class NamedForums(Container[int]):
    """The docnos of the forums with some names, whether they are here already or come later."""

    archive: IArchive = attrs.field(eq=False, repr=False)
    names: frozenset[str]
    """newsgroups' names (``clique.tea``), or ids of roots as text, which nobody can take before its forum comes"""

    def __contains__(self, docno: object) -> bool:
        """Tell whether a forum is one of them, by its root's docno."""
        if not isinstance(docno, int):
            return False
        record = self.archive.record(docno)
        return record.name in self.names or id_text(record.id) in self.names


class Views:
    """The news views of a node; after the archive moved forward its owner calls ``moved``."""

    def __init__(
        self, archive: IArchive, path_identity: str, unreached: Container[int] = (),
        is_all: Callable[[Container[int]], bool] = lambda forums: False,
        key_of: Callable[[str], bytes | None] = lambda persona: None,
    ) -> None:
        """``unreached``: the docnos of the roots of forums of which no other node has answered yet.

        ``is_all`` tells whether forums that somebody may see are all that there are, and will be; ``key_of`` gives the
        public key of a persona (Identity.persona).
        """
        self._archive = archive
        self._is_all = is_all
        self._key_of = key_of
        self.whole = NewsView(archive, path_identity, unreached, page_octets())
        """all that is held"""
        self._scoped: dict[Container[int], ScopedView] = {}
        self._names: dict[str, OwnNames] = {}
        """by account"""
        self._hidden: dict[str, Together] = {}
        """by account"""
        self.hidden_by: list[Callable[[str], IHidden]] = []
        """whoever may hide something: each returns what it hides from an account, which may change at any time"""
        self.hidden_from_all = Together()
        """what nobody sees"""
        self.local = LocalGroups(archive)
        """the accounts' own articles"""
        self._hiding: dict[INewsView, HidingView] = {}
        """what those without an account see, by the view of what they may see"""

    def hide_by(self, power: Power) -> None:
        """Hide what accounts hide and the node blocks."""
        self.hidden_by.append(power.names_of)
        self.hidden_from_all.parts.append(power.blocked_names)

    def of(self, identity: Identity) -> INewsView:
        """Return what somebody sees; those who see the same forums share a view."""
        if identity.account is None:
            return self._for_nobody(self._in_scope(identity.forums))
        hiding = WaitingView(
            self._in_scope(identity.forums), self._archive, self._hidden_from(identity.account), self.whole,
            partial(self._key_of, identity.persona), identity.forums)
        return LocalView(self._named(identity.account, hiding), self.local.of(identity.account))

    def _for_nobody(self, view: INewsView) -> INewsView:
        """Return a view for those who have no account, as they cannot hide anything."""
        hiding = self._hiding.get(view)
        if hiding is None:
            hiding = self._hiding[view] = HidingView(view, self._archive, self.hidden_from_all)
        return hiding

    def with_hidden(self, identity: Identity) -> INewsView:
        """Return all that somebody may see, what is hidden too."""
        view = self._in_scope(identity.forums)
        return view if identity.account is None else self._named(identity.account, view)

    def _hidden_from(self, account: str) -> Together:
        hidden = self._hidden.get(account)
        if hidden is None:
            parts = [made(account) for made in self.hidden_by]
            hidden = self._hidden[account] = Together([self.hidden_from_all, *parts])
        return hidden

    def _named(self, account: str, view: INewsView) -> INewsView:
        names = self._names.get(account)
        if names is None:
            names = self._names[account] = OwnNames(self._archive, account)
        return AliasedView(view, names)

    def _in_scope(self, forums: Container[int] | None) -> INewsView:
        if forums is None or self._is_all(forums):
            return self.whole
        view = self._scoped.get(forums)
        if view is None:
            view = self._scoped[forums] = ScopedView(self.whole, self._archive, forums)
        return view

    def forget(self) -> None:
        """Forget what is kept: the database has changed, and nobody told how."""
        self.whole.forget()
        self.local.read_all()
        for view in self._scoped.values():
            view.forget()
        for account in self._names:
            self._names[account].read()

    def look_again(self) -> None:
        """Let everybody see the forums that they may see now."""
        for view in self._scoped.values():
            view.look_again()

    def moved(self, changes: Changes) -> None:
        """Forget what a commit has changed."""
        self.whole.moved(changes)
        for view in self._scoped.values():
            view.moved(changes)
        for account, message_id, docno in changes.aliases:
            if account in self._names:
                self._names[account].add(message_id, docno)
