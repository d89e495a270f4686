"""POST (RFC 3977 section 6.3.1), and what answers when an article has come, from whatever command."""

from __future__ import annotations

import attrs

from cliquenntp.nntp.session import replies
from cliquenntp.nntp.session.command import Answer, Collect, Purpose
from cliquenntp.nntp.session.input import flaw
from cliquenntp.nntp.session.reader import Reader


@attrs.frozen(eq=False)
class Submission:
    """An article that the client has sent whole: CRLF lines, dots unstuffed, at most the limit long."""

    article: bytes
    purpose: Purpose
    message_id: bytes = b""
    """under which another server offered it, with its angle brackets"""


@attrs.frozen
class PostResult:
    """What became of a submission."""

    accepted: bool
    text: str
    """for people: where it went, or why it was refused"""
    later: bool = False
    """whether a refused one may be sent again: nothing is wrong with it"""


def post(reader: Reader, words: list[bytes]) -> Answer:
    """POST: recommends a message-id that tells nothing about the poster's host and time."""
    return Collect(replies.SEND_ARTICLE % reader.fresh_id(), Purpose.POST)


def received(article: bytes | None, size: int, limit: int, asked: Collect) -> Submission | PostResult:
    """Judge an article that has come (None: it was larger than the limit) before anyone else sees it."""
    if article is None:
        return PostResult(False, f"the article has {size:,} octets, the limit is {limit:,}")
    reason = flaw(article)
    if reason is not None:
        return PostResult(False, reason)
    return Submission(article, asked.purpose, asked.message_id)


_CODES = {
    Purpose.POST: (replies.POSTED, replies.POSTING_FAILED, replies.POSTING_FAILED),
    Purpose.IHAVE: (replies.TRANSFERRED, replies.TRANSFER_REJECTED, replies.TRANSFER_LATER),
    Purpose.TAKETHIS: (replies.TAKEN, replies.NOT_TAKEN, replies.NOT_TAKEN),
}
"""of accepted, refused, and refused for now"""


def verdict(of: Submission | Collect, result: PostResult) -> bytes:
    """Return the reply that tells the client what became of its article."""
    accepted, refused, later = _CODES[of.purpose]
    code = accepted if result.accepted else later if result.later else refused
    if of.purpose is not Purpose.TAKETHIS:
        return replies.line(code, result.text)
    if result.accepted:
        return b"%d %s\r\n" % (code, of.message_id)
    return replies.line(code, f"{of.message_id.decode('ascii')} {result.text}")
