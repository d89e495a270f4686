"""What is posted to an account's control newsgroup, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes

import attrs

from cliquenntp.document import Headers
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.local import CONTROL
from cliquenntp.newsgroup.outgoing import utc_date
from cliquenntp.newsgroup.posting import own_message_id, read_article
from cliquenntp.newsgroup.rendering import Surroundings, article_head, overview_field, split

MOST_OCTETS = 16 * 1024
"""of an article with commands: a hundred of them, with signatures and what newsreaders add"""

MOST_COMMANDS = 100
"""in one article"""

ANSWERER = b"cliquenntp <node@clique.invalid>"

SIGNATURE = "-- "
"""the line before a newsreader's signature; what follows is no command"""


@attrs.frozen
class Orders:
    """An article with commands."""

    headers: Headers
    raw: bytes
    message_id: bytes | None
    """that its newsreader chose, with the angle brackets"""
    commands: tuple[tuple[str, ...], ...]
    """the words of each"""


def is_for_control(article: bytes) -> bool:
    """Tell whether a posted article names the control newsgroup."""
    head = article[: article.find(b"\r\n\r\n") + 2]
    return CONTROL in head and CONTROL in _newsgroups(read_article(article)[0])


def _newsgroups(headers: Headers) -> list[bytes]:
    return [name.strip() for name in (headers.get(b"Newsgroups") or b"").split(b",")]


def read_orders(article: bytes) -> Orders:
    """Return what a posted article (canonical, dots unstuffed) orders.  Raises PostRefused."""
    name = CONTROL.decode("ascii")
    if len(article) > MOST_OCTETS:
        raise PostRefused(f"an article to {name} has at most {MOST_OCTETS:,} octets")
    headers, _ = read_article(article)
    if len(_newsgroups(headers)) > 1:
        raise PostRefused(f"an article to {name} goes to no other newsgroup: it stays on this machine")
    commands = tuple(_commands(article))
    if len(commands) > MOST_COMMANDS:
        raise PostRefused(f"{len(commands)} commands; an article to {name} has at most {MOST_COMMANDS}")
    return Orders(headers, article, own_message_id(headers), commands)


def _commands(article: bytes) -> list[tuple[str, ...]]:
    """Return the words of each line that is a command: not empty, not quoted, before the signature.

    A line that begins with a blank or a Message-ID goes on with the one before: slrn takes no more than 80 characters.
    """
    body = message_from_bytes(article).get_payload(decode=True)
    commands: list[tuple[str, ...]] = []
    for line in body.decode("utf-8", "replace").splitlines() if isinstance(body, bytes) else ():
        if line in (SIGNATURE, SIGNATURE.rstrip()):
            break
        words = tuple(line.split())
        if not words or words[0].startswith((">", "#")):
            continue
        if commands and line.startswith((" ", "\t", "<")):
            commands[-1] += words
        else:
            commands.append(words)
    return commands


def posted_article(orders: Orders, number: int, message_id: bytes, path_identity: bytes, now: int) -> bytes:
    """Return the posted article as it is shown, under a number."""
    head = split(orders.raw)[0]
    if orders.headers.get(b"Date") is None:
        head += b"Date: " + utc_date(None, now) + b"\r\n"
    references = overview_field(orders.headers.get(b"References") or b"")
    return _shown(head, number, message_id, references, path_identity) + b"\r\n" + split(orders.raw)[1]


def answer_article(
    orders: Orders, lines: Sequence[str], number: int, answered: bytes, message_id: bytes, path_identity: bytes,
    now: int,
) -> bytes:
    """Return the article that answers the one with the Message-ID ``answered``."""
    subject = overview_field(orders.headers.get(b"Subject") or b"")
    if not subject.lower().startswith(b"re:"):
        subject = b"Re: " + subject
    head = (
        b"From: %b\r\nSubject: %b\r\nDate: %b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n" % (ANSWERER, subject, utc_date(None, now)))
    body = "".join(f"{line}\r\n" for line in lines).encode("utf-8")
    return _shown(head, number, message_id, answered, path_identity) + b"\r\n" + body


def _shown(head: bytes, number: int, message_id: bytes, references: bytes, path_identity: bytes) -> bytes:
    xref = path_identity + b" %b:%d" % (CONTROL, number)
    return article_head(head, Surroundings(message_id, CONTROL, xref, references, path_identity), from_sender=False)
