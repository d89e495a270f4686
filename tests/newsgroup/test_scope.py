"""A view of some forums only: whatever is asked, nothing that is said names a hidden forum or what stands in it."""

from __future__ import annotations

import re

import pytest
from zope.interface.verify import verifyObject

from cliquenntp.document import id_text
from cliquenntp.interfaces import Identity, INewsView, Right
from cliquenntp.newsgroup.linking import show_linked
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.scope import ScopedView
from cliquenntp.newsgroup.view import NewsView
from tests.nntp.session_wire import SessionWire
from tests.small_forum import SmallForum

RANGES = ("1-", "1-2", "2")


class World:
    """A forum that is shown, one that is hidden, and articles in both."""

    def __init__(self) -> None:
        self.garden = SmallForum("garden")
        self.archive = self.garden.archive
        self.desert = SmallForum("desert", self.archive)
        self.desert.now = 2_000_000_000
        self.thread = self.garden.post("Peas")
        self.dune = self.desert.post("Dunes")
        self.shared = self.garden.post("Water", parent=(self.thread, self.desert.root), body=b".dots\r\n")
        self.guest = self.garden.post("Cacti", parent=(self.dune, self.thread))
        self.answer = self.garden.post("Re: Cacti", parent=self.guest)
        self.plain = self.garden.post("Re: Peas", parent=self.thread)
        self.oasis = self.desert.post("Oasis", parent=self.dune)
        target = id_text(self.archive.record(self.oasis).id).encode()
        link = self.garden.post("link", parent=(self.oasis, self.plain), fields=[(b"Clique-Link", target)])
        show_linked(self.archive.record(link), self.archive)
        self.whole = NewsView(self.archive)
        self.view = ScopedView(self.whole, self.archive, {self.garden.root})
        self.hidden = {self.desert.root, self.dune}
        self.shown = {self.garden.root, self.thread, self.shared, self.guest, self.answer, self.plain, self.oasis}

    def message_id(self, docno: int) -> bytes:
        return message_id_of(self.archive.record(docno).id)

    def ask(self, *commands: str, whole: bool = False) -> bytes:
        """Return all that a session answers."""
        wire = SessionWire(self.whole if whole else self.view, Identity(None, Right.READ))
        begun = len(wire.output)
        wire.send("".join(f"{command}\r\n" for command in commands).encode())
        assert wire.faults == []
        return wire.output[begun:]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def every_question(world: World) -> list[str]:
    """Return commands that together ask for all that a newsreader can ask for."""
    questions = ["LIST", "LIST ACTIVE", "LIST ACTIVE *", "LIST ACTIVE clique.*", "LIST NEWSGROUPS", "LIST COUNTS",
                 "LIST ACTIVE.TIMES", "LIST SUBSCRIPTIONS", "XGTITLE *", "NEWGROUPS 19700101 000000 GMT",
                 "NEWNEWS * 19700101 000000 GMT", "NEWNEWS clique.* 19700101 000000 GMT",
                 "NEWNEWS clique.*,!x 19700101 000000 GMT"]
    fields = ("Xref", "Newsgroups", "References", "Clique-Parent", ":bytes", "Subject", "Path", "Message-ID")
    for docno in sorted(world.shown | world.hidden):
        name = world.archive.record(docno).name
        questions += [f"LIST ACTIVE {name}", f"LIST COUNTS {name}", f"NEWNEWS {name} 19700101 000000 GMT",
                      f"NEWNEWS {name}*,!x 19700101 000000 GMT", f"GROUP {name}", f"LISTGROUP {name}"]
        questions += [f"{verb} {span}" for verb in ("OVER", "XOVER") for span in RANGES]
        questions += [f"HDR {field} 1-" for field in fields] + [f"XPAT {field} 1- *" for field in fields]
        questions += ["ARTICLE 1", "NEXT", "HEAD", "LAST", "BODY", "ARTICLE 2", "ARTICLE 3", "ARTICLE 4", "ARTICLE 5"]
        message_id = world.message_id(docno).decode()
        questions += [f"{verb} {message_id}" for verb in ("ARTICLE", "HEAD", "BODY", "STAT", "OVER")]
        questions += [f"{verb} {field} {message_id}" for verb in ("HDR", "XHDR") for field in fields]
    return questions


def test_it_keeps_to_its_door(world: World) -> None:
    verifyObject(INewsView, world.view)


def test_no_answer_names_a_hidden_forum(world: World) -> None:
    secrets = [b"desert", b"dune", b"Dunes"]
    secrets += [id_text(world.archive.record(docno).id).encode() for docno in world.hidden]
    seen = b""
    for question in every_question(world):
        answer = world.ask("GROUP clique.garden", question)
        asked = re.compile(rb"\b" + re.escape(question.split()[-1].encode()) + rb"\b")
        assert not any(secret in asked.sub(b"", answer) for secret in secrets), (question, answer)
        seen += answer
    for secret in secrets:
        assert secret in b"".join(world.ask(question, whole=True) for question in every_question(world))
    for docno in world.shown:
        assert world.message_id(docno) in seen


def test_hidden_newsgroups_and_articles_are_not_there(world: World) -> None:
    for docno in (world.desert.root, world.dune, world.guest):
        name = world.archive.record(docno).name
        assert world.ask(f"GROUP {name}").startswith(b"411 ")
        assert world.ask(f"LIST ACTIVE {name}") == b"215 List follows\r\n.\r\n"
    for docno in world.hidden:
        assert world.ask(f"ARTICLE {world.message_id(docno).decode()}").startswith(b"430 ")
    assert world.ask("GROUP clique.garden") == b"211 7 1 7 clique.garden\r\n"


def test_what_a_link_alone_shows_is_told_with_the_link_s_places(world: World) -> None:
    thread, group = (world.archive.record(docno).name for docno in (world.thread, world.plain))
    head = world.ask(f"GROUP {group}", "HEAD 2", "OVER 2", "HDR Newsgroups 2", "HDR Xref 2")
    assert b"\r\nNewsgroups: clique.garden\r\n" in head
    assert head.count(f"clique.garden:7 {thread}:6 {group}:2".encode()) == 3
    assert b"\r\n2 clique.garden\r\n" in head
    assert world.ask(f"GROUP {world.archive.record(world.oasis).name}").startswith(b"411 ")


def test_listings_hold_what_is_shown(world: World) -> None:
    hidden = {world.guest, world.answer, world.oasis}
    names = {world.archive.record(docno).name.encode() for docno in world.shown - hidden}
    for question in ("LIST", "LIST COUNTS", "LIST ACTIVE clique.*"):
        lines = world.ask(question).split(b"\r\n")[1:-2]
        assert {line.split()[0] for line in lines} == names
        assert len(lines) == len(names)
    ids = set(world.ask("NEWNEWS * 19700101 000000 GMT").split(b"\r\n")[1:-2])
    assert ids == {world.message_id(docno) for docno in world.shown}


def test_a_hidden_newsgroups_name_selects_nothing(world: World) -> None:
    assert world.ask("NEWNEWS clique.desert* 19700101 000000 GMT") == b"230 New articles follow\r\n.\r\n"


def test_an_article_in_both_is_told_without_the_hidden_one(world: World) -> None:
    head = world.ask(f"HEAD {world.message_id(world.shared).decode()}")
    assert b"\r\nNewsgroups: clique.garden\r\n" in head
    assert b"\r\nXref: not-for-mail clique.garden:3 clique.garden.peas-" in head
    assert b"\r\nReferences: " + world.message_id(world.thread) in head
    assert b"\r\nClique-Parent: " + id_text(world.archive.record(world.thread).id).encode() + b"\r\n" in head
    guest = world.ask(f"HEAD {world.message_id(world.guest).decode()}")
    assert b"References" not in guest  # its first parent is hidden


def test_overview_and_hdr_agree_with_the_article(world: World) -> None:
    overview = world.ask("GROUP clique.garden", "OVER 1-").split(b"\r\n")[2:-2]
    assert len(overview) == 7
    for line in overview:
        number, subject, _, _, message_id, references, octets, _, xref = line.split(b"\t")
        article = world.ask(f"ARTICLE {message_id.decode()}").partition(b"\r\n")[2].removesuffix(b".\r\n")
        assert len(re.sub(rb"(?m)^\.\.", b".", article)) == int(octets)
        assert xref in article and b"\r\nSubject: " + subject in article
        assert references.replace(b" ", b"\r\n ") in article
        for field, value in (("Xref", xref[6:]), ("References", references), (":bytes", octets)):
            asked = world.ask("GROUP clique.garden", f"HDR {field} {number.decode()}").split(b"\r\n")[2]
            assert asked == number + b" " + value


def test_what_stands_in_one_forum_is_told_as_it_is(world: World) -> None:
    for docno in (world.garden.root, world.thread, world.plain):
        assert world.view.article(docno) is world.whole.article(docno)


def test_it_follows_what_arrives() -> None:
    world = World()
    world.ask("LIST")
    docno = world.garden.post("Beans")
    for view in (world.whole, world.view):
        view.moved(world.garden.changes)
    assert world.archive.record(docno).name.encode() in world.ask("LIST")
    assert b"clique.garden 8 1 n" in world.ask("LIST")
    world.desert.post("Oasis")
    world.view.moved(world.desert.changes)
    assert b"oasis" not in world.ask("LIST")


def test_hidden_documents_between_shown_ones_give_others_a_turn() -> None:
    world = World()
    for number in range(2000):
        world.desert.post(f"Grain {number}")
    chunks = list(world.view.active_list())
    listed = world.ask("LIST").partition(b"\r\n")[2].removesuffix(b".\r\n")
    assert len(chunks) > 2 and b"".join(chunks).replace(b" y\r\n", b" n\r\n") == listed
    assert len(list(world.view.message_ids_since(None, 0))) > 2
