"""POST (RFC 3977 section 6.3): what asks for an article, and what answers when it has come."""

from __future__ import annotations

import attrs

from cliquenntp.nntp.session import replies
from cliquenntp.nntp.session.command import Answer, Collect, Purpose
from cliquenntp.nntp.session.input import flaw
from cliquenntp.nntp.session.reader import Reader


@attrs.frozen
class Submission:
    """An article that the client has sent whole: CRLF lines, dots unstuffed, at most the limit long."""

    article: bytes
    purpose: Purpose


@attrs.frozen
class PostResult:
    """What became of a submission."""

    accepted: bool
    text: str
    """for people: where it went, or why it was refused"""


def post(reader: Reader, words: list[bytes]) -> Answer:
    """POST: recommends a message-id that tells nothing about the poster's host and time."""
    return Collect(replies.SEND_ARTICLE % reader.fresh_id(), Purpose.POST)


def received(article: bytes | None, size: int, limit: int, purpose: Purpose) -> Submission | PostResult:
    """Judge an article that has come (None: it was larger than the limit) before anyone else sees it."""
    if article is None:
        return PostResult(False, f"the article has {size:,} octets, the limit is {limit:,}")
    reason = flaw(article)
    if reason is not None:
        return PostResult(False, reason)
    return Submission(article, purpose)


def verdict(purpose: Purpose, result: PostResult) -> bytes:
    """Return the reply that tells the client what became of its article."""
    return replies.line(replies.POSTED if result.accepted else replies.POSTING_FAILED, result.text)
