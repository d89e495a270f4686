"""Hiding and blocking by articles to the control newsgroup, through the posting service and the session."""

from __future__ import annotations

import re
from typing import Any

import pytest
from twisted.internet import defer
from zope.interface.verify import verifyObject

from cliquenntp.document import address_of, id_text, key_text
from cliquenntp.interfaces import OWNER, Identity, INewsView, Right
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.control_articles import MOST_COMMANDS, MOST_OCTETS
from cliquenntp.newsgroup.local import CONTROL, MOST_ARTICLES
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.named import Kind, named_by
from cliquenntp.nntp.session import PostResult
from cliquenntp.service import power as power_module
from cliquenntp.service.local_control import HELP, LocalControl
from cliquenntp.service.power import Power
from cliquenntp.service.readers.views import Views
from cliquenntp.service.turn import NotStored
from tests.nntp.session_wire import SessionWire
from tests.small_forum import SmallForum, persona

NOW = 1_800_000_000
GROUP = CONTROL.decode()
MARY = Identity("mary", Right.READ | Right.POST)
PEER = persona("peer").key


class Room:
    """A forum with two threads, the views of it, and what takes articles to the control newsgroup."""

    def __init__(self) -> None:
        self.forum = SmallForum("garden")
        self.archive = self.forum.archive
        self.thread = self.forum.post("Peas")
        self.answer = self.forum.post("Re: Peas", parent=self.thread, author="bob")
        self.other = self.forum.post("Beans", author="bob")
        self.is_full = False
        self.views = Views(self.archive, "not-for-mail")
        self.power = Power(self.archive, self.submit)
        self.views.hide_by(self.power)
        self.told = 0
        self.power.on_changed = self._tell
        self.control = LocalControl(
            self.archive, self.submit, self.power, self.views.local, lambda: NOW, "not-for-mail")

    def _tell(self) -> None:
        self.told += 1

    def submit(self, step: Any) -> defer.Deferred[Any]:
        if self.is_full:
            return defer.fail(NotStored("no room"))
        return defer.maybeDeferred(step, self.archive)

    def post(self, body: str, identity: Identity = OWNER, newsgroups: str = GROUP, *fields: str) -> PostResult:
        head = [f"Newsgroups: {newsgroups}", "From: Me <me@example.org>", "Subject: please", *fields]
        lines = "\r\n".join([*head, "", *body.split("\n"), ""])
        taken = self.control.post(lines.encode(), identity)
        assert taken is not None
        results: list[PostResult] = []
        taken.addCallback(results.append)
        [result] = results
        return result

    def ask(self, *commands: str, identity: Identity = OWNER) -> str:
        wire = SessionWire(self.views.of(identity), identity)
        begun = len(wire.output)
        wire.send("".join(f"{command}\r\n" for command in commands).encode())
        assert wire.faults == []
        return wire.output[begun:].decode()

    def answered(self, body: str, identity: Identity = OWNER) -> list[str]:
        """Post commands and return the lines of the answer."""
        assert self.post(body, identity).accepted
        high = self.ask(f"GROUP {GROUP}", identity=identity).split()[3]
        return self.ask(f"GROUP {GROUP}", f"BODY {high}", identity=identity).split("\r\n")[2:-2]

    def seen(self, identity: Identity = OWNER) -> set[str]:
        lines = self.ask("GROUP clique.garden", "OVER 1-", identity=identity)
        return set(re.findall(r"\t(Peas|Re: Peas|Beans)\t", lines))

    def message_id(self, docno: int) -> str:
        return message_id_of(self.archive.record(docno).id).decode()


@pytest.fixture
def room() -> Room:
    return Room()


ALL = {"Peas", "Re: Peas", "Beans"}


def test_hide_and_unhide_for_who_says_so(room: Room) -> None:
    bob = address_of(persona("bob").key, "bob")
    assert room.answered(f"hide author {bob}") == [f"author @{bob.partition('@')[2]} is hidden"]
    assert room.seen() == {"Peas"} and room.seen(MARY) == ALL
    assert room.answered(f"hide document {room.message_id(room.thread)}", MARY) == [
        f"document {id_text(room.archive.record(room.thread).id)} is hidden"]
    assert room.seen(MARY) == {"Beans"}
    [listing, row] = room.answered("hidden", MARY)
    name = room.archive.record(room.thread).name
    assert (listing, row) == ("hidden:", f"  document {id_text(room.archive.record(room.thread).id)} {name}")
    assert room.answered(f"unhide document {name}", MARY)[0].endswith(" is hidden no more")
    assert room.answered(f"unhide author {room.message_id(room.other)}")[0].endswith(" is hidden no more")
    assert room.seen() == room.seen(MARY) == ALL
    assert room.told


def test_several_commands_are_done_or_none(room: Room) -> None:
    [error] = room.answered(f"hide document {room.message_id(room.thread)}\nhide document clique.none\n")
    assert error == "Nothing was done: no article and no newsgroup 'clique.none' is here"
    assert room.seen() == ALL
    lines = room.answered(
        f"\n> hide nothing\n# a remark\nHide document\n{room.message_id(room.thread)}\n"
        f"hide author {address_of(persona('bob').key, 'bob')}\n-- \nhide signatures")
    assert len(lines) == 2 and room.seen() == set()


def test_only_who_may_blocks(room: Room) -> None:
    block = f"block author {room.message_id(room.other)}\nblock introducer {key_text(PEER)}"
    assert room.answered(block, MARY) == [
        "Nothing was done: only the node's owner, or an account with the right admin, blocks: others hide"]
    assert len(room.answered(block)) == 2
    assert room.seen() == room.seen(MARY) == room.seen(Identity(None, Right.READ)) == {"Peas"}
    assert PEER in room.power.introducers and PEER not in room.power.peers
    author = named_by(Kind.AUTHOR, room.message_id(room.other), room.archive, OWNER)
    assert room.answered("blocked") == ["blocked:", f"  author {author.text}", f"  introducer {key_text(PEER)}"]
    room.answered(block.replace("block", "unblock"))
    assert room.seen(MARY) == ALL and room.answered("blocked") == ["blocked:"]


@pytest.mark.parametrize("line, error", [
    ("hide", "'hide' is no command"), ("dance a jig", "'dance a jig' is no command"),
    ("hide peer " + key_text(PEER), "one can hide author, document, not 'peer'"),
    ("block peer me", "'me' is no node's key"), ("hide author me@example.org", "'me@example.org' is no author"),
    ("hide document <x@y>", "no article and no newsgroup '<x@y>' is here"),
])
def test_what_is_no_command_is_answered_with_the_reason(room: Room, line: str, error: str) -> None:
    [answer] = room.answered(line)
    assert answer.startswith(f"Nothing was done: {error}")
    assert not room.power.blocked and not room.power.hidden("owner")


def test_help(room: Room) -> None:
    assert room.answered("help") == room.answered("") == list(HELP)


def test_articles_are_there_for_their_account_alone_and_only_when_there_are_some(room: Room) -> None:
    for question in ("LIST", "LIST COUNTS", "NEWGROUPS 19700101 000000 GMT", "NEWNEWS * 19700101 000000 GMT"):
        assert "local" not in room.ask(question)
    assert room.ask(f"GROUP {GROUP}") == f"211 0 1 0 {GROUP}\r\n"
    assert room.post("hidden", OWNER, GROUP, "Message-ID: <mine@reader>").accepted
    for question in ("LIST", "LIST COUNTS", "LIST NEWSGROUPS", "LIST ACTIVE clique.l*", f"LIST ACTIVE {GROUP}",
                     "NEWGROUPS 19700101 000000 GMT"):
        assert room.ask(question).count(GROUP) == 1
        if question != f"LIST ACTIVE {GROUP}":
            assert GROUP not in room.ask(question, identity=MARY)
    assert room.ask(f"GROUP {GROUP}") == f"211 2 1 2 {GROUP}\r\n"
    assert room.ask(f"GROUP {GROUP}", identity=MARY) == f"211 0 1 0 {GROUP}\r\n"
    assert "<mine@reader>" in room.ask("NEWNEWS * 19700101 000000 GMT")
    assert room.ask(f"NEWNEWS {GROUP} 19700101 000000 GMT").count("\r\n") == 4
    assert room.ask("STAT <mine@reader>", identity=MARY).startswith("430")
    assert "local" not in "".join(map(str, room.archive.records.values()))
    verifyObject(INewsView, room.views.of(OWNER))


def test_every_command_shows_an_answer_to_what_was_posted(room: Room) -> None:
    room.post(f"hide document {room.message_id(room.thread)}", OWNER, GROUP, "Message-ID: <mine@reader>", "X-Mine: yes")
    over = room.ask(f"GROUP {GROUP}", "OVER 1-").split("\r\n")[2:-2]
    answer_id = over[1].split("\t")[4]
    assert [line.split("\t")[1] for line in over] == ["please", "Re: please"]
    assert over[1].split("\t")[5] == "<mine@reader>" and over[0].split("\t")[4] == "<mine@reader>"
    for line in over:
        number, *_, octets, lines, xref = line.split("\t")
        article = room.ask(f"GROUP {GROUP}", f"ARTICLE {number}").split("\r\n", 2)[2].removesuffix(".\r\n")
        assert len(article) == int(octets) and xref in article
        assert article.partition("\r\n\r\n")[2].count("\r\n") == int(lines)
        assert room.ask(f"GROUP {GROUP}", f"HDR :bytes {number}").split("\r\n")[2] == f"{number} {octets}"
    assert "X-Mine: yes" in room.ask("HEAD <mine@reader>")
    assert room.ask("HDR Subject <mine@reader>").split("\r\n")[1] == "0 please"
    assert room.ask(f"OVER {answer_id}").split("\t")[1] == "Re: please"
    assert room.ask(f"GROUP {GROUP}", "STAT", "NEXT", "NEXT", "LAST", "LAST").split("\r\n")[1:-1] == [
        "223 1 <mine@reader>", f"223 2 {answer_id}", "421 No next article", "223 1 <mine@reader>",
        "422 No previous article"]
    assert room.ask(f"LISTGROUP {GROUP}").split("\r\n")[1:-2] == ["1", "2"]
    assert room.ask(f"GROUP {GROUP}", "XPAT Subject 1- Re*").split("\r\n")[2:-2] == ["2 Re: please"]
    assert room.ask(f"GROUP {GROUP}", "STAT 3").endswith("423 No article with that number\r\n")


def test_what_is_not_taken(room: Room) -> None:
    for words, reason in (
        (("hidden", OWNER, f"{GROUP},clique.garden"), "goes to no other newsgroup"),
        (("hidden", Identity(None, Right.READ | Right.POST)), "only accounts"),
        (("hidden\n" * (MOST_COMMANDS + 1),), f"at most {MOST_COMMANDS}"),
        (("x" * MOST_OCTETS,), "octets"),
        (("hidden", OWNER, GROUP, "Message-ID: none"), "the Message-ID is not one"),
    ):
        with pytest.raises(PostRefused, match=reason):
            room.post(*words)
    room.post("hidden", OWNER, GROUP, "Message-ID: <mine@reader>")
    with pytest.raises(PostRefused, match="is here already"):
        room.post("hidden", OWNER, GROUP, "Message-ID: <mine@reader>")
    other = b"Newsgroups: clique.garden\r\nFrom: a\r\nSubject: clique.local.control\r\n\r\n"
    assert room.control.post(other, OWNER) is None


def test_a_full_disk_is_said(room: Room) -> None:
    room.is_full = True
    result = room.post(f"hide document {room.message_id(room.thread)}")
    assert (result.accepted, result.text) == (False, "no room")
    assert room.seen() == ALL


def test_only_so_many_articles_are_kept_and_numbers_go_on(room: Room) -> None:
    for _ in range(MOST_ARTICLES // 2 + 3):
        room.post("hidden")
    assert room.ask(f"GROUP {GROUP}") == f"211 {MOST_ARTICLES} 7 {MOST_ARTICLES + 6} {GROUP}\r\n"
    again = Views(room.archive, "not-for-mail")
    assert again.of(OWNER).newsgroup(CONTROL) == room.views.of(OWNER).newsgroup(CONTROL)


def test_only_so_many_can_be_named(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_module, "MOST_NAMED", 2)
    for docno in (room.thread, room.other):
        room.answered(f"hide document {room.message_id(docno)}")
    [error] = room.answered(f"hide document {room.message_id(room.answer)}")
    assert error == "Nothing was done: no more than 2 can be named: take some away first"
    assert len(room.power.hidden("owner")) == 2


def test_others_take_up_what_was_written(room: Room) -> None:
    room.answered(f"hide document {room.message_id(room.thread)}\nblock peer {key_text(PEER)}")
    other = Power(room.archive, room.submit)
    assert other.hidden("owner") == room.power.hidden("owner") and other.blocked == room.power.blocked
    room.answered(f"unhide document {room.message_id(room.thread)}\nunblock peer {key_text(PEER)}")
    other.read()
    assert not other.hidden("owner") and not other.blocked and not other.names_of("owner").anything()


def test_names_of_what_one_may_not_see_are_not_known(room: Room) -> None:
    SmallForum("desert", room.archive)
    stranger = Identity("mary", Right.READ | Right.POST, frozenset([room.forum.root]))
    [error] = room.answered("hide document clique.desert", stranger)
    assert error.startswith("Nothing was done: no article and no newsgroup")
    assert not room.answered("hide document clique.desert")[0].startswith("Nothing")
