"""IHAVE (RFC 3977 section 6.3.2), MODE STREAM, CHECK and TAKETHIS (RFC 4644), in the session."""

from __future__ import annotations

import pytest

from cliquenntp.interfaces import FEEDER, Identity, Right
from cliquenntp.nntp.session import PostResult, Session, SessionSettings, State
from cliquenntp.nntp.session.feeding import VERDICTS_DUE
from tests.nntp.session_wire import NOW, SessionWire
from tests.nntp.small_feed import SmallFeed
from tests.nntp.small_view import small_forum

WANTED = PostResult(True, "received")
UNWANTED = PostResult(False, "it has no From")
LATER = PostResult(False, "the disk is full", later=True)
ARTICLE = b"Subject: x\r\n\r\n..stuffed\r\n.\r\n"


def a_session(identity: Identity = FEEDER) -> Session:
    session = Session(small_forum(), identity, SessionSettings(), lambda: b"<f@x>", pytest.fail, feed=SmallFeed())
    session.greet()
    return session


def takethis(number: int) -> bytes:
    return b"TAKETHIS <%d@x>\r\n" % number + ARTICLE


def test_capabilities_tell_what_a_feeder_may() -> None:
    output = a_session().receive(b"CAPABILITIES\r\nMODE STREAM\r\nGROUP clique.tea\r\nMODE READER\r\n", NOW)
    listed, _, rest = output.partition(b".\r\n")
    assert b"\r\nIHAVE\r\n" in listed
    assert b"\r\nSTREAMING\r\n" in listed
    assert b"READER" not in listed
    assert b"POST" not in listed
    assert [line[:3] for line in rest.splitlines()] == [b"203", b"502", b"502"]


def test_newsreaders_may_not_feed_and_what_they_send_is_no_command() -> None:
    wire = SessionWire(small_forum())
    wire.send(b"CAPABILITIES\r\n")
    assert b"STREAMING" not in wire.output
    assert b"IHAVE" not in wire.output
    before = len(wire.output)
    wire.send(b"IHAVE <1@x>\r\nCHECK <1@x>\r\nTAKETHIS <1@x>\r\nQUIT\r\n.\r\nDATE\r\n")
    assert [line[:3] for line in wire.output[before:].splitlines()] == [b"502", b"502", b"502", b"111"]
    assert wire.posted == []


@pytest.mark.parametrize(
    ("result", "reply"),
    [(WANTED, b"235 received"), (UNWANTED, b"437 it has no From"), (LATER, b"436 the disk is full")],
)
def test_ihave(result: PostResult, reply: bytes) -> None:
    session = a_session()
    assert session.receive(b"IHAVE <held@x>\r\n", NOW) == b"435 Not wanted\r\n"
    assert session.receive(b"IHAVE <coming@x>\r\n", NOW).startswith(b"436 ")
    assert session.receive(b"IHAVE nonsense\r\n", NOW).startswith(b"501 ")
    assert session.receive(b"IHAVE <1@x>\r\n", NOW).startswith(b"335 ")
    assert session.receive(ARTICLE + b"CHECK <2@x>\r\n", NOW) == b""
    [submission] = session.submissions
    assert (submission.message_id, submission.article) == (b"<1@x>", b"Subject: x\r\n\r\n.stuffed\r\n")
    assert session.state is State.JUDGING
    assert session.settle(submission, result, NOW) == reply + b"\r\n238 <2@x>\r\n"


def test_check() -> None:
    output = a_session().receive(b"CHECK <1@x>\r\ncheck <held@x>\r\nCHECK <coming@x>\r\nCHECK x\r\n", NOW)
    assert output == b"238 <1@x>\r\n438 <held@x>\r\n431 <coming@x>\r\n501 Syntax error: use CHECK message-id\r\n"


def test_replies_keep_the_order_of_the_commands() -> None:
    session = a_session()
    sent = takethis(1) + b"CHECK <held@x>\r\n" + takethis(2) + b"TAKETHIS <x>\r\nbare\nfeed\r\n.\r\nDATE\r\n"
    assert session.receive(sent, NOW) == b""
    first, second = session.submissions
    assert session.state is State.JUDGING  # DATE waits, and nothing more is read
    assert session.settle(second, UNWANTED, NOW) == b""
    said = session.settle(first, WANTED, NOW).splitlines()
    assert said[:3] == [b"239 <1@x>", b"438 <held@x>", b"439 <2@x> it has no From"]
    assert said[3].startswith(b"439 <x> the article contains a bare LF")
    assert [line[:3] for line in said[4:]] == [b"111"]
    assert session.state is State.LISTENING


def test_articles_come_while_others_are_judged_up_to_a_bound() -> None:
    session = a_session()
    output = b""
    for number in range(VERDICTS_DUE + 50):
        output += session.receive(takethis(number), NOW)
        if session.state is State.TALKING:
            output += session.resume(NOW)
    assert len(session.submissions) == VERDICTS_DUE
    assert session.state is State.JUDGING
    assert output == b""
    while session.submissions:
        output += session.settle(session.submissions.pop(0), WANTED, NOW)
        while session.state is State.TALKING:
            output += session.resume(NOW)
    assert output == b"".join(b"239 <%d@x>\r\n" % number for number in range(VERDICTS_DUE + 50))
    assert session.state is State.LISTENING


def test_what_is_wrong_is_said_when_the_article_has_come() -> None:
    session = a_session()
    assert session.receive(b"TAKETHIS nonsense\r\nDATE\r\n", NOW) == b""
    assert session.receive(b".\r\n", NOW).startswith(b"501 ")
    assert session.receive(b"TAKETHIS <1@x>\r\nbare\nfeed\r\n.\r\n", NOW).startswith(b"439 <1@x> ")
    assert session.submissions == []


def test_when_nothing_can_be_stored_the_connection_ends() -> None:
    session = a_session()
    session.receive(takethis(1) + takethis(2) + takethis(3), NOW)
    first, second, third = session.submissions
    assert session.settle(first, WANTED, NOW) == b"239 <1@x>\r\n"
    assert session.settle(second, LATER, NOW).startswith(b"400 ")
    assert session.state is State.CLOSED
    assert session.settle(third, LATER, NOW) == b""


def test_a_shutdown_waits_for_verdicts() -> None:
    session = a_session()
    session.receive(takethis(1), NOW)
    assert session.finish(b"400 gone\r\n") == b""
    assert session.settle(session.submissions[0], WANTED, NOW) == b"239 <1@x>\r\n400 gone\r\n"
    assert session.state is State.CLOSED


def test_rights_of_both_kinds_on_one_connection() -> None:
    session = a_session(Identity("peer", Right.READ | Right.FEED))
    output = session.receive(b"MODE READER\r\nMODE STREAM\r\nGROUP clique.tea\r\n", NOW)
    assert [line[:3] for line in output.splitlines()] == [b"201", b"203", b"211"]
