"""What a session promises whatever comes: lawful replies, honest capabilities, faults told, steps that end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliquenntp.interfaces import OWNER, Identity, Right
from cliquenntp.nntp.session import PostResult, Session, SessionSettings, State
from cliquenntp.nntp.session.step import COMMANDS_STEP, OUTPUT_STEP, STEP_SECONDS
from cliquenntp.nntp.session.table import COMMANDS
from tests.nntp.lawful import replies_of
from tests.nntp.session_wire import NOW, SessionWire
from tests.nntp.small_view import small_forum

WORDS = st.one_of(
    st.sampled_from([name for command in COMMANDS for name in command.split()]),
    st.sampled_from([
        b"clique.tea", b"clique.void", b"clique.*", b"*", b"1", b"4", b"1-", b"1-4", b"9-", b"0",
        b"<a1000@clique.invalid>", b"<no@where>", b"Subject", b":bytes", b"20260101", b"000000", b"GMT", b"",
    ]),
    st.binary(max_size=12),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "replace")),
)
LINES = st.lists(WORDS, max_size=5).map(b" ".join)
ENDS = st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r", b"", b"\r\n.\r\n", b"\0\r\n"])
STREAMS = st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=12).map(b"".join)


@settings(max_examples=300)
@given(STREAMS, st.integers(1, 50))
def test_any_bytes_get_lawful_replies(stream: bytes, step: int) -> None:
    wire = SessionWire(small_forum())
    for at in range(0, len(stream), step):
        if wire.closed:
            break
        wire.send(stream[at : at + step])
    replies_of(wire.output)
    assert wire.faults == []
    whole = SessionWire(small_forum())
    whole.send(stream)
    assert whole.output == wire.output


@pytest.mark.parametrize("rights", [Right.NONE, Right.READ, Right.READ | Right.POST])
@pytest.mark.parametrize("motd", [(), ("Welcome", ".hidden")])
def test_capabilities_never_lie(rights: Right, motd: tuple[str, ...]) -> None:
    wire = SessionWire(small_forum(), Identity(None, rights), SessionSettings(motd=motd))
    wire.send(b"CAPABILITIES\r\n")
    lines = wire.output.decode().split("\r\n")[2:-2]
    announced = {line.split()[0]: line.split()[1:] for line in lines}
    assert ("POST" in announced) == (Right.POST in rights)
    assert ("MOTD" in announced.get("LIST", [])) == (bool(motd) and Right.READ in rights)
    attempts = {
        "READER": ["LISTGROUP clique.tea", "GROUP clique.tea", "ARTICLE 1", "HEAD", "BODY", "STAT", "NEXT", "LAST",
                   "DATE", "HELP", "NEWGROUPS 20200101 000000", "LIST ACTIVE"],
        "POST": ["POST\r\nSubject: x\r\n\r\n."],
        "OVER": ["OVER 1-", "OVER <a1000@clique.invalid>"],
        "HDR": ["HDR Subject 1-", "HDR :lines <a1000@clique.invalid>"],
        "NEWNEWS": ["NEWNEWS * 20200101 000000"],
        "LIST": [f"LIST {item}" for item in announced.get("LIST", [])],
        "VERSION": [], "IMPLEMENTATION": [], "COMPRESS": [],  # test_compression.py
    }
    wire.send(b"GROUP clique.tea\r\n")
    for label in announced:
        for attempt in attempts[label]:
            before = len(wire.output)
            wire.send(attempt.encode() + b"\r\n")
            codes = replies_of(wire.output[before:])
            assert all(code < 400 for code in codes), f"{label}: {attempt} got {codes}"


def test_without_rights_only_the_door_opens() -> None:
    wire = SessionWire(small_forum(), Identity(None, Right.NONE))
    wire.send(b"DATE\r\nHELP\r\nMODE READER\r\nGROUP clique.tea\r\nLIST\r\nPOST\r\nOVER\r\n")
    assert replies_of(wire.output) == [201, 111, 100, 201, 502, 502, 440, 502]


def test_a_message_of_the_day_is_stuffed() -> None:
    wire = SessionWire(small_forum(), settings=SessionSettings(motd=("Welcome", ".hidden", "")))
    wire.send(b"LIST MOTD\r\n")
    assert wire.output.endswith(b"215 List follows\r\nWelcome\r\n..hidden\r\n\r\n.\r\n")


class Broken:
    """A view that fails where it is touched."""

    def __init__(self, view: object) -> None:
        self._view = view

    def __getattr__(self, name: str) -> object:
        if name in ("article", "overview_lines"):
            return getattr(self, f"_{name}")
        return getattr(self._view, name)

    def _article(self, docno: int) -> None:
        raise RuntimeError("lost")

    def _overview_lines(self, group: int, low: int, high: int):
        yield b"1\ta\tb\tc\td\te\t1\t1\r\n"
        raise RuntimeError("lost midway")


def test_a_fault_is_told_and_the_session_goes_on() -> None:
    wire = SessionWire(Broken(small_forum()))
    wire.send(b"GROUP clique.tea\r\nARTICLE 1\r\nDATE\r\n")
    assert replies_of(wire.output) == [200, 211, 403, 111]
    assert [str(fault) for fault in wire.faults] == ["lost"]


def test_a_fault_midway_ends_the_connection() -> None:
    wire = SessionWire(Broken(small_forum()))
    wire.send(b"GROUP clique.tea\r\nOVER 1-\r\nDATE\r\n")
    assert wire.closed
    assert wire.output.endswith(b"\t1\t1\r\n"), "no end that would make half an answer look whole"
    assert [str(fault) for fault in wire.faults] == ["lost midway"]


def test_one_call_does_a_bounded_number_of_commands() -> None:
    wire = SessionWire(small_forum())
    output = wire.session.receive(b"DATE\r\n" * (3 * COMMANDS_STEP), NOW)
    assert output.count(b"111 ") == COMMANDS_STEP
    assert wire.session.state is State.TALKING
    assert wire.session.resume(NOW).count(b"111 ") == COMMANDS_STEP
    assert wire.session.resume(NOW).count(b"111 ") == COMMANDS_STEP
    assert wire.session.resume(NOW) == b""
    assert wire.session.state is State.LISTENING


def test_one_call_says_a_bounded_number_of_octets() -> None:
    view = small_forum()
    for number in range(5, 3000):
        view.add_article(b"clique.tea", number, b"x" * 300, b"", 0)
    wire = SessionWire(view)
    output = wire.session.receive(b"GROUP clique.tea\r\nOVER 1-\r\nOVER 1-\r\nDATE\r\n", NOW)
    steps = [output]
    while wire.session.state is State.TALKING:
        steps.append(wire.session.resume(NOW))
    assert max(map(len, steps)) < 2 * OUTPUT_STEP
    assert replies_of(b"".join(steps)) == [211, 224, 224, 111]


def test_hostile_matching_gives_way() -> None:
    view = small_forum()
    for number in range(5, 1000):
        view.add_article(b"clique.tea", number, b"a" * 900, b"", 0)
    wire = SessionWire(view)
    wire.session.receive(b"GROUP clique.tea\r\nXPAT Subject 1- " + b"*a" * 200 + b"[b]\r\n", NOW)
    calls = 1
    while wire.session.state is State.TALKING:
        wire.session.resume(NOW)
        calls += 1
    assert calls > 400


@pytest.mark.parametrize("command, most_a_call", [("LIST COUNTS none.*", 500), ("LIST ACTIVE none.*", 1000)])
def test_many_groups_that_do_not_match_give_way(command: str, most_a_call: int) -> None:
    view = small_forum()
    for number in range(5000):
        view.add_group(b"clique.x%d" % number, 0, b"")
    wire = SessionWire(view)
    wire.session.receive(command.encode() + b"\r\n", NOW)
    calls = 1
    while wire.session.state is State.TALKING:
        wire.session.resume(NOW)
        calls += 1
    assert calls >= 5000 / most_a_call


def test_an_article_of_exactly_the_limit_is_taken() -> None:
    for extra, expected in ((0, 240), (1, 441)):
        wire = SessionWire(small_forum(), settings=SessionSettings(article_limit=100))
        wire.send(b"POST\r\n" + b"x" * (98 + extra) + b"\r\n.\r\n")
        assert replies_of(wire.output) == [200, 340, expected]
    assert b"101 octets, the limit is 100" in wire.output


def test_finish_waits_for_what_has_begun() -> None:
    wire = SessionWire(small_forum())
    wire.session.receive(b"POST\r\nSubject: x\r\n\r\n.\r\nDATE\r\n", NOW)
    assert wire.session.finish(b"400 later\r\n") == b""
    [submission] = wire.session.submissions
    output = wire.session.settle(submission, PostResult(True, "Posted"), NOW)
    assert output == b"240 Posted\r\n400 later\r\n"
    assert wire.closed


def test_verdicts_stay_on_one_line_of_512_octets() -> None:
    wire = SessionWire(small_forum())
    wire.session.receive(b"POST\r\n\r\n.\r\n", NOW)
    [submission] = wire.session.submissions
    output = wire.session.settle(submission, PostResult(False, "é\r\n.\r\n205 gone" * 100), NOW)
    assert replies_of(output) == [441]


def test_help_shows_every_command() -> None:
    wire = SessionWire(small_forum())
    wire.send(b"HELP\r\n")
    for name, command in COMMANDS.items():
        assert re.search(rb"(?m)^ +" + re.escape(name) + rb" .*" + re.escape(command.help.encode()), wire.output)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_every_command_counts_its_arguments(command) -> None:
    wire = SessionWire(small_forum(), Identity("somebody", ~Right.NONE))
    for count in {command.least - 1, (command.most if command.most is not None else 99) + 1}:
        if count < 0 or (command.most is None and count > command.least):
            continue
        if count == 1 and command.name in ("LIST",):
            continue  # one word more is a variant
        line = b" ".join([command.name.encode(), *[b"x"] * count])
        before = len(wire.output)
        wire.send(line + b"\r\n")
        assert replies_of(wire.output[before:]) == [501], line




def test_overview_format_names_what_slrn_knows():
    wire = SessionWire(small_forum())
    wire.send(b"LIST OVERVIEW.FMT\r\n")
    assert b"\r\nBytes:\r\nLines:\r\nXref:full\r\n.\r\n" in wire.output


def test_one_call_works_for_a_bounded_time() -> None:
    view = small_forum()
    for number in range(5, 5000):
        view.add_article(b"clique.tea", number, b"x", b"", 0)
    seconds = iter(range(10_000_000))
    session = Session(
        view, OWNER, SessionSettings(), lambda: b"<x@y>", pytest.fail,
        clock=lambda: next(seconds) * STEP_SECONDS / 2.5,  # so much passes between two looks at the clock
    )
    output = session.receive(b"GROUP clique.tea\r\nHDR Subject 1-\r\n" + b"DATE\r\n" * 100, NOW)
    steps = 0
    while session.state is State.TALKING:
        piece = session.resume(NOW)
        assert piece.count(b"\r\n111 2") <= 3
        output += piece
        steps += 1
    assert steps > 30
    assert output.count(b"\r\n111 2") == 100
