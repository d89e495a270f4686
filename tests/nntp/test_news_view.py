"""The session over the real news view: signed documents of a small forum, asked as any server is."""

from __future__ import annotations

import re

import pytest

from cliquenntp.interfaces import INewsView
from cliquenntp.newsgroup.aliases import AliasedView, OwnNames
from cliquenntp.newsgroup.view import NewsView
from cliquenntp.nntp.session import State
from cliquenntp.nntp.session.table import COMMANDS
from tests.nntp.session_wire import NOW, SessionWire
from tests.nntp.transcript import Conversation, conversations, run
from tests.small_forum import SmallForum

RFC_ALONE = [conversation for conversation in conversations() if not (conversation.ours or conversation.feeds)]


@pytest.fixture(scope="module", params=["everybody", "an account that posted"])
def view(request: pytest.FixtureRequest) -> INewsView:
    forum = SmallForum()
    thread = forum.post("Caf\u00e9: \u043e \u0447\u0430\u0435".encode(), b"One.\r\n.dot\r\n")
    for number in range(3):
        forum.post(b"Re: tea", b"Answer %d.\r\n" % number, thread)
    forum.archive.add_alias("pat", b"<1@home.example>", thread)
    forum.archive.add_alias("pat", b"<2.much.longer.than.the.others@" + b"x" * 80 + b".example>", thread + 1)
    view = NewsView(forum.archive)
    return view if request.param == "everybody" else AliasedView(view, OwnNames(forum.archive, "pat"))


def ask(wire: SessionWire, command: bytes) -> list[bytes]:
    before = len(wire.output)
    wire.send(command + b"\r\n")
    assert wire.faults == []
    return wire.output[before:].split(b"\r\n")[:-1]


@pytest.mark.parametrize("conversation", RFC_ALONE, ids=str)
def test_what_the_rfcs_say(conversation: Conversation, view: INewsView) -> None:
    wire = SessionWire(view)
    _, count, low, high = ask(wire, b"GROUP clique.garden")[0].decode().split()[:4]
    values = {
        "group": "clique.garden", "count": count, "low": low, "high": high, "second": "2", "third": "3",
        "low_id": ask(wire, b"STAT 1")[0].decode().split()[2],
        "high_id": ask(wire, f"STAT {high}".encode())[0].decode().split()[2],
    }
    wire = SessionWire(view)
    wire.read_line()
    run(conversation, wire, values)
    assert wire.faults == []


def test_what_the_answers_say_fits_together(view: INewsView) -> None:
    """Each answer about an article agrees with the others: numbers, ids, headers, octets."""
    wire = SessionWire(view)
    for line in ask(wire, b"LIST ACTIVE")[1:-1]:
        name, high, low, status = line.split()
        assert status == b"y"
        assert ask(wire, b"LIST ACTIVE " + name)[1:-1] == [line]
        assert ask(wire, b"GROUP " + name)[0].split()[2:4] == [low, high]
        numbers = ask(wire, b"LISTGROUP " + name)[1:-1]
        overview = [row.split(b"\t") for row in ask(wire, b"OVER 1-")[1:-1]]
        assert [row[0] for row in overview] == numbers
        for row in overview:
            number, subject, author, date, message_id, references = row[:6]
            head = b"\r\n".join(ask(wire, b"HEAD " + number)[1:-1]) + b"\r\n"
            article = b"\r\n".join(ask(wire, b"ARTICLE " + message_id)[1:-1]) + b"\r\n"
            body = b"\r\n".join(ask(wire, b"BODY " + number)[1:-1]) + b"\r\n"
            assert article == head + b"\r\n" + body
            fields = dict(re.findall(rb"(?m)^([^:\s]+): (.*)\r$", head))
            assert fields[b"Message-ID"] == message_id
            assert fields[b"Subject"] == subject
            assert fields[b"From"] == author
            assert fields[b"Date"] == date
            assert fields.get(b"References", b"") == references
            assert row[8] == b"Xref: " + fields[b"Xref"]
            size = len(article) - article.count(b"\r\n..")  # dots as they were before stuffing
            assert int(row[6]) == size
            assert int(row[7]) == body.count(b"\r\n")
            assert ask(wire, b"HDR Message-ID " + number)[1] == number + b" " + message_id
            assert ask(wire, b"HDR :bytes " + message_id)[1] == b"0 " + row[6]
            assert ask(wire, b"HDR :bytes " + number)[1] == number + b" " + row[6]
            assert ask(wire, b"XPAT References " + number + b" *")[1] == number + b" " + references


def test_every_command_answers_over_it(view: INewsView) -> None:
    arguments = {
        b"GROUP": b" clique.garden", b"HDR": b" Subject 1-", b"XHDR": b" X-None 1-", b"XPAT": b" Subject 1- *",
        b"NEWNEWS": b" * 20000101 000000", b"NEWGROUPS": b" 20000101 000000", b"OVER": b" 1-", b"XOVER": b" 1-",
        b"COMPRESS": b" GZIP",
    }
    wire = SessionWire(view)
    ask(wire, b"GROUP clique.garden")
    for name in COMMANDS:
        if name not in (b"QUIT", b"POST"):
            ask(wire, name + arguments.get(name, b""))


def test_a_long_answer_survives_what_arrives_meanwhile() -> None:
    """Between two steps of an answer the archive moves forward."""
    forum = SmallForum()
    for number in range(400):
        forum.post(b"x" * 200 + b" %d" % number)
    view = NewsView(forum.archive)
    news = b"NEWNEWS * 20000101 000000"
    for command in (b"OVER 1-", b"LIST", b"LIST NEWSGROUPS", b"LISTGROUP", news, b"HDR Subject 1-"):
        wire = SessionWire(view)
        ask(wire, b"GROUP clique.garden")
        output = wire.session.receive((command + b"\r\n") * 5, NOW)
        steps = 1
        while wire.session.state is State.TALKING:
            forum.post(b"meanwhile")
            view.moved(forum.changes)
            output += wire.session.resume(NOW)
            steps += 1
        assert wire.faults == []
        assert output.count(b"\r\n.\r\n") == 5
