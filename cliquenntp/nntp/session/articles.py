"""ARTICLE, HEAD, BODY and STAT (RFC 3977 section 6.2), NEXT and LAST (6.1)."""

from __future__ import annotations

from cliquenntp.nntp.session import arguments, replies
from cliquenntp.nntp.session.command import Answer, RefusedError
from cliquenntp.nntp.session.reader import Reader


def _read(reader: Reader, words: list[bytes]) -> tuple[int, int]:
    """Return what ``_find`` returns; an article that is read by its number is a look into its newsgroup."""
    number, docno = _find(reader, words)
    if number:
        reader.look()
    return number, docno


def _find(reader: Reader, words: list[bytes]) -> tuple[int, int]:
    """Return (number to show, docno) of the article that the argument means; a number makes it the current one."""
    if not words:
        _, number, docno = reader.current()
        return number, docno
    word = words[0]
    if word.startswith(b"<"):
        # the number of an article named by its message-id may always be 0 (section 6.2.1.2)
        return 0, reader.named(arguments.message_id(word))
    number = arguments.number(word)
    found = reader.view.article_at(reader.selected(), number)
    if found is None:
        raise RefusedError(replies.NO_SUCH_NUMBER)
    reader.number = number
    return number, found


def article(reader: Reader, words: list[bytes]) -> Answer:
    """ARTICLE."""
    number, docno = _read(reader, words)
    found = reader.view.article(docno)
    if reader.identity.account is not None:
        reader.reading.opened(reader.identity, docno)
    return b"220 %d %s\r\n%s\r\n%s.\r\n" % (number, found.message_id, found.head, found.body)


def head(reader: Reader, words: list[bytes]) -> Answer:
    """HEAD."""
    number, docno = _read(reader, words)
    found = reader.view.article(docno)
    return b"221 %d %s\r\n%s.\r\n" % (number, found.message_id, found.head)


def body(reader: Reader, words: list[bytes]) -> Answer:
    """BODY."""
    number, docno = _read(reader, words)
    found = reader.view.article(docno)
    if reader.identity.account is not None:
        reader.reading.opened(reader.identity, docno)
    return b"222 %d %s\r\n%s.\r\n" % (number, found.message_id, found.body)


def stat(reader: Reader, words: list[bytes]) -> Answer:
    """STAT."""
    number, docno = _find(reader, words)
    return replies.ARTICLE_EXISTS % (number, reader.view.message_id(docno))


def next_article(reader: Reader, words: list[bytes]) -> Answer:
    """NEXT."""
    group = reader.selected()
    if reader.number is None:
        return replies.NO_CURRENT_ARTICLE
    return _move(reader, group, reader.view.next_number(group, reader.number), replies.NO_NEXT_ARTICLE)


def last_article(reader: Reader, words: list[bytes]) -> Answer:
    """LAST."""
    group = reader.selected()
    if reader.number is None:
        return replies.NO_CURRENT_ARTICLE
    return _move(reader, group, reader.view.previous_number(group, reader.number), replies.NO_PREVIOUS_ARTICLE)


def _move(reader: Reader, group: int, number: int | None, refusal: bytes) -> bytes:
    docno = None if number is None else reader.view.article_at(group, number)
    if number is None or docno is None:
        return refusal
    reader.number = number
    return replies.ARTICLE_EXISTS % (number, reader.view.message_id(docno))
