"""What another server says, as replies to commands: however its bytes arrive, and whatever it says wrongly."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies

from cliquenntp.nntp.client import Conversation, Reply, ServerError, conversation

COMMANDS = [b"MODE READER", b"GROUP misc.test", b"XOVER 1-2", b"ARTICLE 1", b"ARTICLE 2", b"STAT 9", b"QUIT"]
SAID = (
    b"200 Welcome\r\n"
    b"201 No posting\r\n"
    b"211 2 1 2 misc.test\r\n"
    b"224 Overview follows\r\n1\tone\r\n2\ttwo\r\n.\r\n"
    b"220 1 <one@example.com>\r\nSubject: one\r\n\r\n..dot\r\n...\r\n.\r\n"
    b"423 No such number\r\n"
    b"223\r\n"
    b"205 Bye\r\n"
)
HEARD = [
    Reply(b"", 200, b"Welcome"),
    Reply(b"MODE READER", 201, b"No posting"),
    Reply(b"GROUP misc.test", 211, b"2 1 2 misc.test"),
    Reply(b"XOVER 1-2", 224, b"Overview follows", (b"1\tone", b"2\ttwo")),
    Reply(b"ARTICLE 1", 220, b"1 <one@example.com>", (b"Subject: one", b"", b".dot", b"..")),
    Reply(b"ARTICLE 2", 423, b"No such number"),
    Reply(b"STAT 9", 223, b""),
    Reply(b"QUIT", 205, b"Bye"),
]


def asked(*commands: bytes) -> Conversation:
    begun = Conversation()
    for command in commands:
        assert begun.command(command) == command + b"\r\n"
    return begun


@given(strategies.lists(strategies.integers(0, len(SAID))))
def test_replies_are_the_same_however_the_bytes_arrive(cuts: list[int]) -> None:
    begun = asked(*COMMANDS)
    places = [0, *sorted(cuts), len(SAID)]
    heard = [
        reply for start, end in pairwise(places) for reply in begun.receive(SAID[start:end])]
    assert heard == HEARD
    assert begun.waiting == 0
    assert heard[4].raw == b"Subject: one\r\n\r\n.dot\r\n..\r\n"


def test_bare_line_feeds_end_lines_too() -> None:
    assert asked(*COMMANDS).receive(SAID.replace(b"\r\n", b"\n")) == HEARD


def test_an_article_is_asked_for_and_judged() -> None:
    begun = asked(b"IHAVE <a@b>", b"POST", b"TAKETHIS <c@d>")
    replies = begun.receive(
        b"200 Hi\r\n335 Send it\r\n235 Thanks\r\n340 Go on\r\n441 No\r\n239 <c@d>\r\n")
    assert [(reply.command, reply.code) for reply in replies] == [
        (b"", 200), (b"IHAVE <a@b>", 335), (b"article of IHAVE <a@b>", 235),
        (b"POST", 340), (b"article of POST", 441), (b"TAKETHIS <c@d>", 239),
    ]


@pytest.mark.parametrize(("raw", "sent"), [
    (b"A: b\r\n\r\ntext\r\n", b"A: b\r\n\r\ntext\r\n.\r\n"),
    (b"A: b\r\n\r\n.\r\n.x\r\n", b"A: b\r\n\r\n..\r\n..x\r\n.\r\n"),
    (b".A: b\r\n\r\nno end", b"..A: b\r\n\r\nno end\r\n.\r\n"),
])
def test_an_article_on_the_wire(raw: bytes, sent: bytes) -> None:
    assert Conversation().article(raw) == sent


@pytest.mark.parametrize("said", [
    b"Welcome\r\n", b"20 x\r\n", b"2000 x\r\n", b"\r\n", b"200 Hi\r\n400 I go away\r\n", b"\xff" * 9000,
])
def test_what_no_server_may_say_ends_the_conversation(said: bytes) -> None:
    with pytest.raises(ServerError):
        Conversation().receive(said)


def test_an_answer_without_an_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "MOST_ANSWER_OCTETS", 1000)
    begun = asked(b"XOVER 1-2")
    begun.receive(b"200 Hi\r\n224 Now\r\n" + b"x" * 90 + b"\r\n")
    with pytest.raises(ServerError, match="more than 1000 octets"):
        for _ in range(20):
            begun.receive(b"x" * 90 + b"\r\n")
    begun = asked(b"XOVER 1-2")
    with pytest.raises(ServerError, match="without an end"):
        begun.receive(b"200 Hi\r\n224 Now\r\n" + b"x" * 2000)


@pytest.mark.parametrize("line", [b"GROUP a\r\nPOST", b"GROUP a\nPOST", b"GROUP \0", b"GROUP " + b"x" * 600])
def test_one_command_is_one_line(line: bytes) -> None:
    with pytest.raises(ValueError, match="no command"):
        Conversation().command(line)
