"""GROUP and LISTGROUP (RFC 3977 section 6.1), NEWGROUPS and NEWNEWS (7.3, 7.4)."""

from __future__ import annotations

from cliquenntp.interfaces import LOCAL, Listed
from cliquenntp.nntp.session import arguments, replies
from cliquenntp.nntp.session.command import Answer, RefusedError
from cliquenntp.nntp.session.lists import active_line, framed, group_lines, wildmat
from cliquenntp.nntp.session.reader import Reader


def group(reader: Reader, words: list[bytes]) -> Answer:
    """GROUP."""
    newsgroup = reader.view.newsgroup(words[0])
    if newsgroup is None:
        return replies.NO_SUCH_GROUP
    reader.select(newsgroup)
    if newsgroup.docno > LOCAL:
        reader.reading.polled(reader.identity, newsgroup.docno)
    return replies.GROUP_SELECTED % (newsgroup.count, newsgroup.low, newsgroup.high, newsgroup.name)


def listgroup(reader: Reader, words: list[bytes]) -> Answer:
    """LISTGROUP."""
    if not words:
        reader.selected()
    low, high = arguments.number_range(words[1]) if len(words) > 1 else (1, arguments.HIGHEST_NUMBER)
    newsgroup = reader.view.newsgroup(words[0] if words else reader.group_name)
    if newsgroup is None:
        raise RefusedError(replies.NO_SUCH_GROUP)
    reader.select(newsgroup)
    reader.look(high)
    reply = replies.NUMBERS_FOLLOW % (newsgroup.count, newsgroup.low, newsgroup.high, newsgroup.name)
    return framed(reply, reader.view.number_lines(newsgroup.docno, low, high))


def newgroups(reader: Reader, words: list[bytes]) -> Answer:
    """NEWGROUPS: forums only unless set otherwise, for newsreaders put every group that it names on top of all."""
    since = arguments.moment(words[0], words[1], words[2] if len(words) > 2 else None, reader.now)
    named, view = reader.settings.new_groups, reader.view
    found = view.forums_created_since(since) if named is Listed.FORUMS else view.newsgroups(None, since)
    return framed(replies.NEW_GROUPS_FOLLOW, group_lines(reader, found, active_line, listed=named))


def newnews(reader: Reader, words: list[bytes]) -> Answer:
    """NEWNEWS."""
    groups = wildmat(words[0])
    since = arguments.moment(words[1], words[2], words[3] if len(words) > 3 else None, reader.now)
    return framed(replies.NEW_ARTICLES_FOLLOW, reader.view.message_ids_since(groups, since))
