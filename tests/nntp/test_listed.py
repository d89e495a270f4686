"""Which newsgroups stand in a newsreader's lists, and with what status."""

from __future__ import annotations

from functools import partial

import attrs
import pytest

from cliquenntp.document import key_text
from cliquenntp.interfaces import OWNER, Identity, Listed, Right
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.nntp.session import SessionSettings
from cliquenntp.nntp.session.lists import _named
from cliquenntp.nntp.session.wildmat import parse_wildmat
from cliquenntp.service.arrival import accept
from tests.nntp.session_wire import SessionWire
from tests.small_forum import SmallForum, persona

FORUM = "clique.garden"
SINCE_EVER = "NEWGROUPS 19700101 000000 GMT"


@pytest.fixture(scope="module")
def view() -> NewsView:
    """A forum with a thread and a reply, and a moderated one with a thread."""
    forum = SmallForum("garden", store=partial(accept, path_identity="not-for-mail"))
    forum.post("Re: Peas", parent=forum.post("Peas"))
    judge = key_text(persona("judge").key).encode()
    fields = [(b"Subject", b"Moderated"), (b"Clique-Forum", b"strict"), (b"Clique-Moderator", judge)]
    forum.post("Chat", parent=forum.add(fields, b"Be nice.\r\n"), author="judge")
    return NewsView(forum.archive)


def ask(view: NewsView, command: str, identity: Identity = OWNER, settings: SessionSettings | None = None) -> list[str]:
    wire = SessionWire(view, identity, settings)
    begun = len(wire.output)
    wire.send(command.encode() + b"\r\n")
    lines = wire.output[begun:].decode().split("\r\n")
    assert lines[0][0] == "2" and lines[-2:] == [".", ""]
    return lines[1:-2]


def depths(lines: list[str]) -> set[int]:
    """Return whether forums (0), threads (1) and replies (2) are among some lines of lists."""
    return {0 if line.split()[0].count(".") == 1 else 2 if ".re-" in line else 1 for line in lines}


@pytest.mark.parametrize("listed, expected", [
    (Listed.ALL, {0, 1, 2}), (Listed.THREADS, {0, 1}), (Listed.FORUMS, {0}),
])
@pytest.mark.parametrize("command", [
    "LIST", "LIST ACTIVE", "LIST ACTIVE *", "LIST ACTIVE clique.*", "LIST COUNTS", "LIST NEWSGROUPS",
    "LIST NEWSGROUPS *", "LIST COUNTS clique.*", "XGTITLE *",
])
def test_lists_have_what_the_account_wants(view: NewsView, command: str, listed: Listed, expected: set[int]) -> None:
    assert depths(ask(view, command, attrs.evolve(OWNER, listed=listed))) == expected


def test_the_times_are_of_all_newsgroups(view: NewsView) -> None:
    assert depths(ask(view, "LIST ACTIVE.TIMES", attrs.evolve(OWNER, listed=Listed.FORUMS))) == {0, 1, 2}


def test_a_newsgroup_that_is_not_listed_is_there(view: NewsView) -> None:
    [reply] = [line.split()[0] for line in ask(view, "LIST") if ".re-" in line]
    forums_only = attrs.evolve(OWNER, listed=Listed.FORUMS)
    assert ask(view, f"LIST ACTIVE {reply}", forums_only) == [f"{reply} 1 1 y"]
    wire = SessionWire(view, forums_only)
    wire.send(f"GROUP {reply}\r\n".encode())
    assert b"\r\n211 1 1 1 " in wire.output


@pytest.mark.parametrize("listed, expected", [
    (Listed.FORUMS, {0}), (Listed.THREADS, {0, 1}), (Listed.ALL, {0, 1, 2}),
])
def test_newgroups_names_forums_unless_set_otherwise(view: NewsView, listed: Listed, expected: set[int]) -> None:
    assert depths(ask(view, SINCE_EVER, settings=SessionSettings(new_groups=listed))) == expected
    assert depths(ask(view, SINCE_EVER)) == {0}


@pytest.mark.parametrize("command", ["LIST", "LIST ACTIVE clique.*", "LIST COUNTS", SINCE_EVER])
def test_the_status_tells_whether_one_may_post(view: NewsView, command: str) -> None:
    def statuses(identity: Identity) -> dict[str, str]:
        return {line.split()[0]: line.split()[-1] for line in ask(view, command, identity)}

    own = statuses(OWNER)
    assert own[FORUM] == "y" and own["clique.strict"] == "m"
    assert {status for name, status in own.items() if name.startswith("clique.strict.")} <= {"m"}
    assert {*statuses(Identity("mary", Right.READ)).values()} == {"n"}


def test_descriptions_are_the_subjects(view: NewsView) -> None:
    lines = ask(view, "LIST NEWSGROUPS")
    assert f"{FORUM}\tGrowing things" in lines and {line.partition("\t")[2] for line in lines} == {
        "Growing things", "Peas", "Re: Peas", "Moderated", "Chat",
    }


def test_a_list_of_some_gives_others_the_turns_that_the_whole_one_gives() -> None:
    chunks = [b"", b"clique.garden 1 1 y\r\nclique.tea 1 1 y\r\n", b""]
    assert [*_named(iter(chunks), parse_wildmat(b"*.tea"))] == [b"", b"clique.tea 1 1 y\r\n", b""]
