"""Articles from other news servers: IHAVE (RFC 3977 section 6.3.2), MODE STREAM, CHECK and TAKETHIS (RFC 4644)."""

from __future__ import annotations

from collections import deque
from typing import Any

from zope.interface import implementer

from cliquenntp.interfaces import IFeed, Offer, Right
from cliquenntp.nntp.session import arguments, replies
from cliquenntp.nntp.session.command import Answer, Collect, Purpose
from cliquenntp.nntp.session.posting import Submission
from cliquenntp.nntp.session.reader import Reader

VERDICTS_DUE = 200
"""articles of one connection that wait for their verdict; a commit takes some hundreds, of all connections"""

OCTETS_DUE = 4 << 20
"""octets of these articles"""

_OFFERS = {Offer.HELD: replies.NOT_WANTED, Offer.LATER: replies.OFFER_LATER}
_CHECKS = {Offer.WANTED: replies.SEND_IT, Offer.HELD: replies.ALREADY_HELD, Offer.LATER: replies.CHECK_LATER}


@implementer(IFeed)
class NothingWanted:
    """Feed of a server that takes no articles from others."""

    def offered(self, message_id: bytes) -> Offer:
        """See IFeed."""
        return Offer.HELD

    def take(self, message_id: bytes, article: bytes) -> Any:
        """See IFeed."""
        raise NotImplementedError("nothing is wanted")


def ihave(reader: Reader, words: list[bytes]) -> Answer:
    """IHAVE."""
    message_id = arguments.message_id(words[0])
    offer = reader.feed.offered(message_id)
    if offer is Offer.WANTED:
        return Collect(replies.SEND_OFFERED, Purpose.IHAVE, message_id)
    return _OFFERS[offer]


def mode_stream(reader: Reader, words: list[bytes]) -> Answer:
    """MODE STREAM: CHECK and TAKETHIS work without it as well."""
    return replies.STREAMING_PERMITTED


def check(reader: Reader, words: list[bytes]) -> Answer:
    """CHECK."""
    message_id = arguments.message_id(words[0])
    return _CHECKS[reader.feed.offered(message_id)] % message_id


def takethis(reader: Reader, words: list[bytes]) -> Answer:
    """TAKETHIS: the article follows at once, so whatever is wrong is said when it has come (RFC 4644 section 2.5.1)."""
    if not reader.identity.may(Right.FEED):
        refusal = replies.AUTHENTICATION_NEEDED if reader.login_wanted else replies.NOT_PERMITTED
        return Collect(b"", Purpose.TAKETHIS, refusal=refusal)
    try:
        message_id = arguments.message_id(words[0])
    except arguments.ArgumentError:
        return Collect(b"", Purpose.TAKETHIS, refusal=replies.BAD_SYNTAX % b"TAKETHIS message-id")
    return Collect(b"", Purpose.TAKETHIS, message_id)


class Verdicts:
    """Replies in the order of their commands while the verdicts on some articles are not there yet."""

    __slots__ = ("_octets", "_replies", "_waiting")

    def __init__(self) -> None:
        self._replies: deque[bytes | Submission] = deque()
        self._waiting: dict[Submission, bytes] = {}
        self._octets = 0

    def __bool__(self) -> bool:
        return bool(self._replies)

    @property
    def enough(self) -> bool:
        """Whether so many articles wait that no further one is to be read."""
        return len(self._replies) >= VERDICTS_DUE or self._octets >= OCTETS_DUE

    def expect(self, submission: Submission) -> None:
        """Keep a place for the reply to an article."""
        self._replies.append(submission)
        self._octets += len(submission.article)

    def in_order(self, reply: bytes) -> bytes:
        """Return the reply to a later command if it can be said now; else it is kept, and nothing returned."""
        if not self._replies:
            return reply
        if reply:
            self._replies.append(reply)
        return b""

    def settle(self, submission: Submission, reply: bytes) -> bytes:
        """Put a reply into its place; return the replies that can be said now."""
        self._waiting[submission] = reply
        said = []
        while self._replies:
            first = self._replies[0]
            if isinstance(first, Submission):
                if first not in self._waiting:
                    break
                said.append(self._waiting.pop(first))
                self._octets -= len(first.article)
            else:
                said.append(first)
            self._replies.popleft()
        return b"".join(said)

    def give_up(self) -> None:
        """Say nothing more: the connection ends, and the client offers the articles again."""
        self._replies.clear()
        self._waiting.clear()
        self._octets = 0


def is_streamed(line: bytes) -> bool:
    """Tell whether a command line may be obeyed while verdicts are due."""
    return line[:6].upper() == b"CHECK " or line[:9].upper() == b"TAKETHIS "
