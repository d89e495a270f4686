"""Byte by byte what leaves the machine of articles that real newsreaders posted."""

from __future__ import annotations

import pytest

from cliquenntp.document import address_domain, build, id_text, parse
from cliquenntp.interfaces import OWNER
from cliquenntp.newsgroup.outgoing import utc_date
from cliquenntp.newsgroup.posting import Poster, draft
from tests.newsreader_articles import Captured, captured
from tests.small_forum import NOW, SmallForum, persona

READER = persona("reader")
OWN = address_domain(READER.key).partition(".")[0]

TELLING = (
    b"host.example", b"example.invalid", b"Example Works", b"slrn", b"tin/", b"Gnus/", b"Emacs", b"Mozilla", b"Pan/",
    b"NeoMutt", b"Linux", b"-0700", b"en-US", b"Cancel-Key", b"Cancel-Lock", b"sha1:", b"Message-ID",
)
"""what no header may have"""


def document(article: Captured) -> tuple[bytes, bytes]:
    """Return (document without its first two lines, the same as expected)."""
    forum = SmallForum("garden")
    target = forum.post("Target", author="reader")
    answered = article.answers(OWN)
    if answered is not None:
        forum.archive.add_alias("owner", answered, target)
    drafted = draft(article.sent_by(OWN), forum.archive, Poster(OWNER, READER.key), NOW)
    unsigned = build(drafted.fields, drafted.body)
    parse(READER.sign(unsigned, NOW))
    ids = [id_text(forum.archive.record(docno).id) for docno in (forum.root, target)]
    return unsigned, article.expected(OWN, *ids, utc_date(None, NOW), forum.archive.record(target).time)


@pytest.mark.parametrize("article", captured(), ids=lambda article: article.name)
def test_only_this_leaves(article: Captured) -> None:
    leaves, expected = document(article)
    assert leaves == expected
    head, _, body = leaves.partition(b"\r\n\r\n")
    assert [word for word in TELLING if word in head] == []
    if article.name.endswith("cancel"):
        assert body == b""
    else:
        assert body == article.sent_by(OWN).partition(b"\r\n\r\n")[2]
