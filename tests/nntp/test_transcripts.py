"""Every transcript through a session: as written, pipelined, byte by byte, and split at every place."""

from __future__ import annotations

import pytest

from cliquenntp.interfaces import FEEDER
from tests.nntp.session_wire import NOW, SessionWire
from tests.nntp.small_feed import SmallFeed
from tests.nntp.small_view import small_forum, values
from tests.nntp.transcript import Conversation, conversations, run

ALL = list(conversations())
SPLITS_LIMIT = 700
"""octets of a conversation that is split at every place; longer ones are split at as many places"""


def a_wire(conversation: Conversation) -> SessionWire:
    """Return a connection of a newsreader, or of another server."""
    if conversation.feeds:
        return SessionWire(small_forum(), FEEDER, feed=SmallFeed())
    return SessionWire(small_forum())


@pytest.mark.parametrize("conversation", ALL, ids=str)
def test_as_written(conversation: Conversation) -> None:
    wire = a_wire(conversation)
    wire.read_line()
    run(conversation, wire, values())
    assert wire.read_line() == b"", "more was said than expected"
    assert not wire.faults
    assert wire.output.isascii() or wire.output.decode("utf-8")
    assert any(kind == "S!" for _, kind, _ in conversation.steps) == wire.closed


@pytest.mark.parametrize("conversation", ALL, ids=str)
def test_however_the_bytes_arrive(conversation: Conversation) -> None:
    model = a_wire(conversation)
    model.read_line()
    run(conversation, model, values())
    sent = model.sent

    if conversation.feeds:  # what is still being judged is answered otherwise: test_feeding.py
        single = a_wire(conversation)
        for at in range(len(sent)):
            single.send(sent[at : at + 1])
        assert single.output == model.output
        return
    pipelined = a_wire(conversation)
    pipelined.send(sent)
    assert pipelined.output == model.output

    single = a_wire(conversation)
    for at in range(len(sent)):
        single.send(sent[at : at + 1])
    assert single.output == model.output

    for at in range(1, len(sent), max(1, len(sent) // SPLITS_LIMIT)):
        split = a_wire(conversation)
        split.send(sent[:at])
        split.send(sent[at:])
        assert split.output == model.output, f"split at octet {at}"


def test_nothing_is_obeyed_while_an_answer_is_under_way() -> None:
    wire = SessionWire(small_forum())
    wire.session.receive(b"POST\r\n", NOW)
    assert wire.session.receive(b"Subject: x\r\n\r\n.\r\nDATE\r\n", NOW) == b""
    assert wire.session.receive(b"QUIT\r\n", NOW) == b""
