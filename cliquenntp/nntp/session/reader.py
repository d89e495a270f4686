"""What the commands of one connection know and change."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

import attrs
from zope.interface import implementer

from cliquenntp.interfaces import LOCAL, Identity, IFeed, INewsView, IReading, Listed, Newsgroup
from cliquenntp.nntp.session import replies
from cliquenntp.nntp.session.command import Command, NotYet, RefusedError
from cliquenntp.nntp.session.sasl import VerifierOf

LOOK_AGAIN = 300.0
"""seconds in which a session does not tell twice that its user reads in one newsgroup: a follow lasts for days"""


@implementer(IReading)
class NothingFollows:
    """Reading that has no consequences."""

    def looked(self, identity: Identity, group: int) -> bool:
        """See IReading."""
        return False

    def polled(self, identity: Identity, group: int) -> None:
        """See IReading."""

    def opened(self, identity: Identity, docno: int) -> None:
        """See IReading."""

    def subscriptions(self, identity: Identity) -> Container[int] | None:
        """See IReading."""
        return None

    def notices(self, identity: Identity) -> Iterable[str]:
        """See IReading."""
        return ()


@attrs.frozen
class SessionSettings:
    """What a listener's sessions have in common."""

    implementation: str = "cliquenntp"
    """name and version for CAPABILITIES and the greeting"""
    article_limit: int = 1 << 20
    """octets of an article as the client sends it; the size that a document may have"""
    contact: str = ""
    """whom to write to, at the end of HELP; at most 400 octets"""
    motd: tuple[str, ...] = ()
    """lines of LIST MOTD (RFC 6048 section 2.5), each of at most 510 octets"""
    new_groups: Listed = Listed.FORUMS
    """what NEWGROUPS names: slrn subscribes to each newsgroup that it names, tin shows each on top"""
    verifier_of: VerifierOf | None = None
    """the accounts that may log in; None: no login here"""
    confidential: bool = True
    """whether nobody overhears the connections even without STARTTLS: on loopback, in TLS or in I2P"""
    starttls: bool = False
    """whether STARTTLS is offered"""
    compression: bool = True
    """whether COMPRESS DEFLATE is offered: it makes overview four times smaller, which I2P needs"""


class Reader:
    """The state of one connection that commands use: RFC 3977 section 6.1's selected newsgroup and current article."""

    __slots__ = (
        "commands", "compressed", "encrypted", "failed_logins", "feed", "fresh_id", "group", "group_name", "identity",
        "last_look", "login_name", "login_wanted", "now", "number", "reading", "right_bits", "settings", "view",
    )

    def __init__(
        self,
        view: INewsView,
        identity: Identity,
        settings: SessionSettings,
        commands: Mapping[bytes, Command],
        fresh_id: Callable[[], bytes],
        reading: IReading,
        feed: IFeed,
    ) -> None:
        self.view = view
        self.identity = identity
        self.right_bits = identity.rights.value
        """whose connection it is"""
        self.settings = settings
        self.commands = commands
        self.fresh_id = fresh_id
        self.reading = reading
        self.feed = feed
        self.now = 0.0
        """seconds since 1970 UTC when the command came"""
        self.group: int | None = None
        """docno of the selected newsgroup"""
        self.group_name = b""
        self.number: int | None = None
        """current article number, None when invalid"""
        self.compressed = False
        self.last_look: tuple[str | None, int, float] | None = None
        """account, newsgroup and time of what ``reading`` was told last"""
        self.encrypted = False
        """whether STARTTLS was used"""
        self.login_wanted = settings.verifier_of is not None
        """whether one may log in and has not yet"""
        self.login_name = ""
        """what AUTHINFO USER said, until AUTHINFO PASS"""
        self.failed_logins = 0

    @property
    def confidential(self) -> bool:
        """Whether a password may be sent: nobody overhears the connection."""
        return self.encrypted or self.settings.confidential

    def admit(self, identity: Identity, view: INewsView) -> None:
        """Go on as somebody who has logged in."""
        self.identity, self.view = identity, view
        self.right_bits = identity.rights.value
        self.login_wanted = False
        self.leave_group()

    def secured(self) -> None:
        """Forget what was said before TLS began: somebody else may have said it (RFC 4642 section 2.2.2)."""
        self.encrypted = True
        self.login_name = ""
        self.leave_group()

    def leave_group(self) -> None:
        """Have no newsgroup selected."""
        self.group, self.group_name, self.number = None, b"", None

    def select(self, newsgroup: Newsgroup) -> None:
        """Make a newsgroup the selected one and its first article the current one."""
        self.group = newsgroup.docno
        self.group_name = newsgroup.name
        self.number = self._first_number(newsgroup) if newsgroup.count else None

    def _first_number(self, newsgroup: Newsgroup) -> int | None:
        """Return the least number with an article; the low water mark's may be hidden from the reader."""
        docno, low = newsgroup.docno, newsgroup.low
        return low if self.view.article_at(docno, low) is not None else self.view.next_number(docno, low)

    def look(self, high: int = 0) -> None:
        """Tell that the selected newsgroup is read; ``high`` is the greatest article number asked for.

        Raises NotYet where the newsgroup is only now being fetched and ``high`` may be one of what comes.
        """
        account, group = self.identity.account, self.selected()
        if account is None or group <= LOCAL:
            return
        last = self.last_look
        if last is not None and last[:2] == (account, group) and self.now - last[2] < LOOK_AGAIN:
            return
        self.last_look = account, group, self.now
        if self.reading.looked(self.identity, group) and high:
            newsgroup = self.view.newsgroup(self.group_name)
            if newsgroup is not None and high > newsgroup.high:
                raise NotYet(group)

    def selected(self) -> int:
        """Return the docno of the selected newsgroup; RefusedError with 412 when there is none."""
        if self.group is None:
            raise RefusedError(replies.NO_GROUP_SELECTED)
        return self.group

    def current(self) -> tuple[int, int, int]:
        """Return (group, number, docno) of the current article; RefusedError with 412 or 420 when there is none."""
        group = self.selected()
        if self.number is not None:
            docno = self.view.article_at(group, self.number)
            if docno is not None:
                return group, self.number, docno
        raise RefusedError(replies.NO_CURRENT_ARTICLE)

    def named(self, message_id: bytes) -> int:
        """Return the docno of the article with a message-id; RefusedError with 430 when there is none."""
        docno = self.view.article_named(message_id)
        if docno is None:
            raise RefusedError(replies.NO_SUCH_ARTICLE)
        return docno
