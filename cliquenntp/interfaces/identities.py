"""Who somebody on a connection is, and what that allows."""

from __future__ import annotations

import enum
from collections.abc import Container, Iterable

import attrs

from cliquenntp.interfaces.news import Newsgroup


class Right(enum.Flag):
    """What somebody may do; a set of them is one value: ``Right.POST in identity.rights``."""

    NONE = 0
    READ = enum.auto()
    """read, in the forums that the identity shows"""
    POST = enum.auto()
    """post, and cancel one's own articles"""
    CREATE = enum.auto()
    """make forums"""
    ADMIN = enum.auto()
    """what concerns the whole node and not one account"""
    FEED = enum.auto()
    """hand on articles of other news servers (IHAVE, CHECK, TAKETHIS)"""


class Listed(enum.Enum):
    """Which newsgroups a newsreader's lists have; the others are there when they are asked for by name."""

    ALL = "all"
    THREADS = "threads"
    """forums, and the threads in them"""
    FORUMS = "forums"

    def has(self, newsgroup: Newsgroup) -> bool:
        """Tell whether a newsgroup is listed."""
        return self is Listed.ALL or newsgroup.depth <= (self is Listed.THREADS)


@attrs.frozen
class Identity:
    """Who somebody on a connection is, and what that allows; it belongs to the listener until an account logs in."""

    account: str | None
    """name of the account whose follows and aliases count, OWNER's for the owner; None: an anonymous reader"""
    rights: Right
    forums: Container[int] | None = None
    """docnos of the forums' roots that may be seen, as they are when one asks; None: all; hashable: equal ones share a
    view"""
    persona: str = ""
    """name of the file under keys/ with the key that signs what is posted; empty: none, and so no POST right"""
    listed: Listed = Listed.ALL
    """what LIST ACTIVE, COUNTS and NEWSGROUPS have"""

    def may(self, right: Right) -> bool:
        """Tell whether a right is among those given."""
        return right in self.rights

    def may_see(self, roots: Iterable[int]) -> bool:
        """Tell whether a document may be seen that stands below these roots (IRecord.roots)."""
        forums = self.forums
        return forums is None or any(root in forums for root in roots)


OWNER = Identity("owner", Right.READ | Right.POST | Right.CREATE | Right.ADMIN, persona="owner")
"""whoever reaches the owner's listener, or runs cliquectl"""

FEEDER = Identity(None, Right.FEED)
"""another news server, on the listener for those"""
