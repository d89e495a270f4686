"""An account sees what it posted under its newsreader's Message-ID, and nobody else does."""

from __future__ import annotations

from cliquenntp.interfaces import OWNER, Changes, Identity, Right
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.service.readers.views import Views
from tests.nntp.session_wire import SessionWire
from tests.small_forum import SmallForum

CHOSEN = b"<slrn1@home.example>"
ANOTHER = Identity("pat", Right.READ | Right.POST, persona="pat")
ANONYMOUS = Identity(None, Right.READ)


def asked(views: Views, identity: Identity, *commands: bytes) -> bytes:
    wire = SessionWire(views.of(identity))
    for command in (b"GROUP clique.garden", *commands):
        wire.send(command + b"\r\n")
    assert wire.faults == []
    return wire.output


def everything(message_id: bytes) -> list[bytes]:
    return [
        b"OVER 1-", b"HDR Message-ID 1-", b"HDR References 1-", b"XPAT Message-ID 1- *home*", b"ARTICLE 2",
        b"ARTICLE 3", b"HEAD " + message_id, b"STAT 2", b"STAT " + message_id, b"OVER " + message_id,
        b"NEWNEWS * 20000101 000000", b"HDR References 3",
    ]


def test_only_the_account_that_posted_sees_its_message_id() -> None:
    forum = SmallForum()
    views = Views(forum.archive, "not-for-mail")
    own = views.of(OWNER)
    mine = forum.post("Mine", b"Text.\r\n")
    forum.post("Re: Mine", b"Answer.\r\n", mine)
    forum.archive.add_alias("owner", CHOSEN, mine)
    views.moved(Changes((), (), (), (("owner", CHOSEN, mine),)))
    ours = message_id_of(forum.archive.record(mine).id)

    assert own.article_named(CHOSEN) == own.article_named(ours) == mine
    seen = asked(views, OWNER, *everything(ours))
    assert ours not in seen
    assert seen.count(CHOSEN) == 15
    for other in (ANOTHER, ANONYMOUS):
        seen = asked(views, other, *everything(ours), b"STAT " + CHOSEN)
        assert CHOSEN not in seen
        assert seen.endswith(b"430 No article with that message-id\r\n"), seen


def test_aliases_outlast_the_views() -> None:
    forum = SmallForum()
    mine = forum.post("Mine")
    forum.archive.add_alias("owner", CHOSEN, mine)
    assert Views(forum.archive, "not-for-mail").of(OWNER).message_id(mine) == CHOSEN


def test_what_is_gone_is_found_by_no_name() -> None:
    forum = SmallForum()
    mine = forum.post("Mine")
    forum.archive.add_alias("owner", CHOSEN, mine)
    views = Views(forum.archive, "not-for-mail")
    assert views.of(OWNER).article_named(CHOSEN) == mine
    views.moved(forum.archive.drop(mine, "cancelled"))
    assert views.of(OWNER).article_named(CHOSEN) is None
    assert views.of(ANOTHER).article_named(message_id_of(forum.archive.record(mine).id)) is None
