"""A view without what an account hides: no command shows it, numbers stay, and undoing brings it back."""

from __future__ import annotations

import re

import pytest
from zope.interface.verify import verifyObject

from cliquenntp.document import address_domain
from cliquenntp.interfaces import OWNER, IHidden, INewsView
from cliquenntp.newsgroup.hidden_names import HiddenNames
from cliquenntp.newsgroup.hiding import LINES_A_STEP, HidingView, Together
from cliquenntp.newsgroup.linking import show_linked
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.placement import NEAREST_GROUPS
from cliquenntp.newsgroup.view import NewsView
from tests.nntp.session_wire import SessionWire
from tests.small_forum import SmallForum, persona

FIELDS = ("Subject", "From", "Xref", "References", "Message-ID", ":bytes", "Path", "X-None")
SINCE = "19700101 000000 GMT"


class World:
    """A forum with articles of Ann, Bob and a spammer."""

    def __init__(self) -> None:
        self.garden = SmallForum("garden")
        self.archive = self.garden.archive
        self.spam_first = self.garden.post("Cheap pills", author="spammer")
        self.thread = self.garden.post("Peas")
        self.answer = self.garden.post("Re: Peas", parent=self.thread, author="bob")
        self.spam = self.garden.post("Re: Peas, pills", parent=self.thread, author="spammer")
        self.below_spam = self.garden.post("Re: pills", parent=self.spam, author="bob")
        self.last = self.garden.post("Beans", author="bob")
        self.whole = NewsView(self.archive)
        self.names = HiddenNames(self.archive)
        self.hidden = Together([self.names])
        self.view = HidingView(self.whole, self.archive, self.hidden)

    def name(self, docno: int) -> str:
        return str(self.archive.record(docno).name)

    def message_id(self, docno: int) -> str:
        return message_id_of(self.archive.record(docno).id).decode()

    def hide(self, *documents: int, authors: tuple[str, ...] = ()) -> None:
        ids = [self.archive.record(docno).id for docno in documents]
        self.names.name([address_domain(persona(author).key) for author in authors], ids)

    def ask(self, *commands: str) -> bytes:
        """Return all that a session answers."""
        wire = SessionWire(self.view, OWNER)
        begun = len(wire.output)
        wire.send("".join(f"{command}\r\n" for command in commands).encode())
        assert wire.faults == []
        return bytes(wire.output[begun:])


@pytest.fixture
def world() -> World:
    return World()


def every_question(world: World) -> list[list[str]]:
    """Return commands that together ask for all that a newsreader can ask for."""
    questions = [[word] for word in (
        "LIST", "LIST ACTIVE clique.*", "LIST NEWSGROUPS", "LIST COUNTS", "LIST ACTIVE.TIMES", "XGTITLE *",
        f"NEWNEWS * {SINCE}", f"NEWNEWS clique.*,!x {SINCE}", f"NEWNEWS clique.garden {SINCE}",
        f"NEWGROUPS {SINCE}", "LIST SUBSCRIPTIONS",
    )]
    for docno in world.archive.records:
        name, named = world.name(docno), world.message_id(docno)
        questions += [[f"LISTGROUP {name}"], [f"GROUP {name}", *["NEXT"] * 9, *["LAST"] * 9]]
        questions += [[f"GROUP {name}", f"{verb} 1-"] for verb in ("OVER", "XOVER", "LISTGROUP " + name)]
        questions += [[f"GROUP {name}", f"{verb} {field} 1-"] for verb in ("HDR", "XHDR") for field in FIELDS]
        questions += [[f"GROUP {name}", f"XPAT {field} 1- *"] for field in FIELDS]
        verbs = ("ARTICLE", "HEAD", "BODY", "STAT")
        questions += [[f"GROUP {name}", *(f"{verb} {number}" for number in range(1, 9))] for verb in verbs]
        questions += [[f"{verb} {named}"] for verb in (*verbs, "OVER", "XOVER")]
        questions += [[f"{verb} {field} {named}"] for verb in ("HDR", "XHDR") for field in FIELDS]
    return questions


def answers(world: World) -> list[bytes]:
    """Return the answer of every question."""
    return [world.ask(*question) for question in every_question(world)]


def test_they_keep_to_their_doors(world: World) -> None:
    verifyObject(INewsView, world.view)
    verifyObject(IHidden, world.hidden)
    verifyObject(IHidden, world.names)


def test_no_answer_tells_a_hidden_authors_articles_and_undo_brings_the_same_back(world: World) -> None:
    before = answers(world)
    world.hide(authors=("spammer",))
    hidden_from = re.compile(rb"(?m)^(?:\d+\t[^\t]*\t[^\t]*spammer|From: .*spammer)", re.IGNORECASE)
    secrets = (b"Cheap pills", b"Peas, pills", world.message_id(world.spam_first).encode())
    for question in every_question(world):
        asked = question[-1].split()[-1].encode()
        answer = world.ask(*question).replace(asked, b"")
        assert not any(secret in answer for secret in secrets), (question, answer)
        # an answer's References still name it, as they name what is gone
        assert hidden_from.search(answer) is None, (question, answer)
    world.hide()
    assert answers(world) == before


def test_a_hidden_document_takes_all_below_it_along(world: World) -> None:
    world.hide(world.thread)
    seen = b"".join(answers(world))
    assert b"Peas" not in seen and b"Re: pills" not in seen
    assert b"Cheap pills" in seen and b"Beans" in seen
    for docno in (world.thread, world.answer, world.spam, world.below_spam):
        assert world.ask(f"GROUP {world.name(docno)}").startswith(b"411 ")
        assert world.ask(f"STAT {world.message_id(docno)}").startswith(b"430 ")


def test_numbers_stay(world: World) -> None:
    group = world.ask("GROUP clique.garden")
    world.hide(authors=("spammer",))
    assert world.ask("GROUP clique.garden") == group == b"211 7 1 7 clique.garden\r\n"
    assert world.ask("LISTGROUP clique.garden").split(b"\r\n")[1:-2] == [b"1", b"3", b"4", b"6", b"7"]
    assert world.ask("GROUP clique.garden", "STAT 2").endswith(b"423 No article with that number\r\n")
    assert world.ask("GROUP clique.garden", "OVER 2").endswith(b"423 No articles in that range\r\n")
    assert b"223 3 " in world.ask("GROUP clique.garden", "NEXT")
    assert b"223 1 " in world.ask("GROUP clique.garden", "STAT 3", "LAST")


def test_the_first_article_that_is_shown_is_the_current_one(world: World) -> None:
    world.hide(authors=("founder", "spammer"))
    assert b"\r\n223 3 " in world.ask("GROUP clique.garden", "STAT")
    world.hide(authors=("founder", "spammer", "ann", "bob"))
    assert world.ask("GROUP clique.garden", "STAT").endswith(b"420 No current article\r\n")


def test_a_hidden_articles_newsgroup_stays_for_the_answers_of_others(world: World) -> None:
    world.hide(authors=("spammer",))
    assert world.ask(f"GROUP {world.name(world.spam_first)}").startswith(b"411 ")
    name = world.name(world.spam)
    assert world.ask(f"LIST NEWSGROUPS {name}") == f"215 List follows\r\n{name}\t?\r\n.\r\n".encode()
    listed = {line.split()[0].decode() for line in world.ask("LIST").split(b"\r\n")[1:-2]}
    assert listed == {world.name(docno) for docno in world.archive.records} - {world.name(world.spam_first)}


def test_an_answer_to_two_threads_goes_with_the_hidden_one(world: World) -> None:
    both = world.garden.post("Both", parent=(world.last, world.thread))
    world.hide(world.thread)
    assert world.names.hides(both)
    assert not world.names.hides(world.last)


def test_far_below_a_hidden_document(world: World) -> None:
    other = parent = world.garden.post("Deep")
    chain = [parent := world.garden.post("Re: Deep", parent=parent) for _ in range(3 * NEAREST_GROUPS)]
    for docno in (other, *chain[:3]):
        world.hide(docno)
        below = [later for later in chain if later >= docno]
        assert all(map(world.names.hides, below)) and all(map(world.names.hides_below, below))
        assert not any(world.names.hides(above) for above in (world.garden.root, *chain) if above < docno)


def test_what_a_hidden_author_links_is_hidden_there_alone(world: World) -> None:
    target = message_id_of(world.archive.record(world.last).id).strip(b"<>").partition(b"@")[0]
    link = world.garden.post(
        "link", parent=(world.last, world.thread), author="spammer", fields=[(b"Clique-Link", target)])
    show_linked(world.archive.record(link), world.archive)
    thread = world.name(world.thread)
    assert b"\tBeans\t" in world.ask(f"GROUP {thread}", "OVER 1-")
    world.hide(authors=("spammer",))
    assert b"\tBeans\t" not in world.ask(f"GROUP {thread}", "OVER 1-")
    assert b"\tBeans\t" in world.ask("GROUP clique.garden", "OVER 1-")
    world.hide(authors=("bob",))
    assert b"\tBeans\t" not in world.ask(f"GROUP {thread}", "OVER 1-")


def test_several_that_hide_come_together_and_may_change_while_a_session_lives(world: World) -> None:
    wire = SessionWire(world.view, OWNER)

    def numbers() -> list[bytes]:
        begun = len(wire.output)
        wire.send(b"LISTGROUP clique.garden\r\n")
        return bytes(wire.output[begun:]).split(b"\r\n")[1:-2]

    assert len(numbers()) == 7
    more = HiddenNames(world.archive)
    world.hidden.parts.append(more)
    more.name((), [world.archive.record(world.last).id])
    world.hide(authors=("spammer",))
    assert numbers() == [b"1", b"3", b"4", b"6"]
    more.name((), ())
    assert numbers() == [b"1", b"3", b"4", b"6", b"7"]


def test_while_nothing_is_hidden_ready_pages_go_through_as_they_are(world: World) -> None:
    asked = world.view.overview_lines(world.garden.root, 1, 7)
    assert next(iter(asked)) is next(iter(world.whole.overview_lines(world.garden.root, 1, 7)))
    world.hide(world.spam_first)
    thread = world.archive.record(world.thread).docno
    asked = world.view.overview_lines(thread, 1, 4)
    assert next(iter(asked)) is next(iter(world.whole.overview_lines(thread, 1, 4)))


def test_a_long_answer_gives_others_a_turn(world: World) -> None:
    for number in range(3 * LINES_A_STEP):
        world.garden.post(f"Pills {number}", author="spammer")
    world.hide(authors=("spammer",))
    chunks = [*world.view.number_lines(world.garden.root, 1, 1000)]
    assert b"".join(chunks) == b"1\r\n3\r\n4\r\n6\r\n7\r\n"
    assert len(chunks) > 3
    assert world.view.next_number(world.garden.root, 7) is None
    world.garden.post("Late")
    assert world.view.previous_number(world.garden.root, 3 * LINES_A_STEP + 8) == 7


def test_where_the_whole_answer_gives_others_a_turn_it_is_given(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.hide(world.spam_first)
    ready = [*world.whole.active_list()]
    monkeypatch.setattr(world.whole, "active_list", lambda: iter([b"", *ready, b""]))
    assert [*world.view.active_list()].count(b"") == 2


def test_a_document_may_be_hidden_before_it_comes(world: World) -> None:
    other = SmallForum("desert")
    for subject in ("one", "two"):
        other.post(subject)
    later = World()
    later.names.name((), [other.archive.record(3).id])
    assert later.names.anything() and not any(map(later.names.hides, later.archive.records))
