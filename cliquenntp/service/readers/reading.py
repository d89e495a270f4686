"""What sessions say of their users' reading, and what it tells newsreaders about follows."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cliquenntp.interfaces import Identity, IReading, IRecord
from cliquenntp.service.readers.follows import Follows
from cliquenntp.service.readers.opened import OpenedArticles

Notices = Callable[[Identity], Iterable[str]]
"""What gives lines for LIST MOTD."""


@implementer(IReading)
class Reading:
    """Reading is subscribing, for whoever has an account.  All methods are for the reactor's thread."""

    def __init__(self, follows: Follows, opened: OpenedArticles) -> None:
        self._follows = follows
        self._opened = opened
        self.notices_from: list[Notices] = []
        """whoever has something to say in LIST MOTD, in order"""
        self.on_read: Callable[[bytes], None] = lambda author: None
        """is called with the key of an author who is known by being read here"""

    def looked(self, identity: Identity, group: int) -> bool:
        """See IReading."""
        account = identity.account
        return account is not None and self._follows.look(account, self._follows.places.of_group(group))

    def opened(self, identity: Identity, docno: int) -> None:
        """See IReading."""
        author = self._opened.known_by(identity, docno)
        if author:
            self.on_read(author)

    def polled(self, identity: Identity, group: int) -> None:
        """See IReading."""
        if identity.account is not None:
            self._follows.renew(identity.account, self._follows.places.of_group(group))

    def posted(self, identity: Identity, record: IRecord) -> None:
        """Note a post: its author wants the answers.

        A new thread is a look into its forum, a reply one into its thread.  Where the forum is followed at depth
        ``comments``, or was left, the new thread itself is followed.
        """
        for group in (*(parent for parent in record.parents if parent in record.roots), *record.starters):
            if group == record.docno and identity.account is not None:
                self._follows.look(identity.account, self._follows.places.of_new(record))
            else:
                self.looked(identity, group)

    def subscriptions(self, identity: Identity) -> Container[int] | None:
        """See IReading."""
        return None if identity.account is None else self._follows.forums_of(identity.account)

    def notices(self, identity: Identity) -> Iterable[str]:
        """See IReading."""
        for notices in self.notices_from:
            yield from notices(identity)
        if identity.account is not None and self._follows.of(identity.account).is_full:
            yield (
                f"You follow {self._follows.limits.by_reading} newsgroups by reading them, and no more are added: "
                "others show what is here already. `cliquectl follow NEWSGROUP` follows one, `unfollow` makes room."
            )

    def fetched(self, group: int) -> Deferred[None]:
        """Return what fires when a newsgroup has what was fetched since the first look, or was waited for."""
        return self._follows.fetched(self._follows.places.of_group(group).channel)
