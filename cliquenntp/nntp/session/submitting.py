"""The articles that a client sends, by whatever command: they come, wait for their verdict, are answered in order."""

from __future__ import annotations

from cliquenntp.nntp.session.command import Collect, Purpose
from cliquenntp.nntp.session.feeding import Verdicts
from cliquenntp.nntp.session.input import Input
from cliquenntp.nntp.session.posting import PostResult, Submission, received, verdict


class Submissions:
    """The article that is coming, and those that have come."""

    __slots__ = ("_verdicts", "asked", "unjudged")

    def __init__(self) -> None:
        self.asked: Collect | None = None
        """what the client may send now; None: commands"""
        self.unjudged: list[Submission] = []
        """articles that have come and that nobody has begun to judge"""
        self._verdicts: Verdicts | None = None  # made when the first article comes: most connections send none

    @property
    def due(self) -> bool:
        """Whether verdicts are due."""
        return bool(self._verdicts)

    @property
    def enough(self) -> bool:
        """Whether so many verdicts are due that no further article is to be read."""
        return self._verdicts is not None and self._verdicts.enough

    def take(self, input: Input, limit: int) -> bytes | Submission | None:
        """Return the article that was asked for when it has come, or the reply where there is nothing to judge."""
        asked = self.asked
        taken = None if asked is None else input.article(limit)
        if asked is None or taken is None:
            return None
        self.asked = None
        submission = received(*taken, limit, asked)
        if asked.refusal:
            return self.in_order(asked.refusal)
        if isinstance(submission, PostResult):
            return self.in_order(verdict(asked, submission))
        if self._verdicts is None:
            self._verdicts = Verdicts()
        self._verdicts.expect(submission)
        self.unjudged.append(submission)
        return submission

    def in_order(self, reply: bytes) -> bytes:
        """Return the reply to a later command if it can be said now; else it is kept, and nothing returned."""
        return self._verdicts.in_order(reply) if self._verdicts else reply

    def settle(self, submission: Submission, result: PostResult) -> bytes | None:
        """Return the replies that can be said, now that an article is judged; None: nothing more can be taken at all.

        There is no code that tells a TAKETHIS to come again later (RFC 4644 section 2.5.2).
        """
        if not self._verdicts:
            return b""
        if result.later and submission.purpose is Purpose.TAKETHIS:
            self._verdicts.give_up()
            return None
        return self._verdicts.settle(submission, verdict(submission, result))

    def abandon(self) -> None:
        """Drop all: the connection is gone."""
        self._verdicts = None
        self.unjudged.clear()
