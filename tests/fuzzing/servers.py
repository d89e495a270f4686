"""What another news server may say to a bridge."""

from __future__ import annotations

from cliquenntp.nntp.client.conversation import Conversation, ServerError
from cliquenntp.service.bridging.bridge import BridgeError
from cliquenntp.service.bridging.replies import ARTICLES_AT_ONCE, answers_last, batches, marks_of, row_of
from tests.fuzzing.target import Target, split_by


def converse_as_client(data: bytes) -> None:
    """A server's replies are understood, the same in whatever pieces they come, or end the conversation."""

    def said(pieces: list[bytes]) -> list[object]:
        conversation = Conversation()
        for command in (b"GROUP misc.tea", b"XOVER 1-5", b"ARTICLE 1", b"IHAVE <1@x>", b"HEAD 2", b"CAPABILITIES"):
            conversation.command(command)
        found: list[object] = []
        try:
            for piece in pieces:
                found += conversation.receive(piece)
        except ServerError as error:
            assert "\n" not in str(error), error
            found.append(str(error))
        return found

    step = 1 + data[0] if data else 1
    cut, whole = said(split_by(data[1:], step)), said([data[1:]])
    # replies before a fault are given up with it where they come in one piece
    assert cut == whole or (whole and cut[-1] == whole[-1] and isinstance(whole[-1], str)), (cut, whole)


def read_overview(data: bytes) -> None:
    """A reply to GROUP and overview lines behind it: each article is asked for once."""
    group, *lines = data.split(b"\r\n")
    try:
        low, high = marks_of(group)
        assert low >= 0 <= high
    except BridgeError as error:
        assert "\n" not in str(error), error
    rows = [row for row in map(row_of, lines) if row is not None]
    ordered = answers_last(rows)
    names = [row.message_id for row in ordered]
    assert {*names} == {row.message_id for row in rows} and len(names) == len({*names})
    assert {*ordered} <= {*rows}
    asked = [*batches(iter(ordered))]
    assert [row for batch in asked for row in batch] == ordered
    assert all(0 < len(batch) <= ARTICLES_AT_ONCE for batch in asked)


_REPLIES = (
    b"200 news.example.org ready\r\n211 5 1 5 misc.tea\r\n224 follows\r\n1\ta\tb\tc\td\te\t1\t1\r\n.\r\n"
    b"220 1 <1@x>\r\nSubject: x\r\n\r\n..dot\r\n.\r\n335 send\r\n235 ok\r\n423 no\r\n101 list\r\nVERSION 2\r\n.\r\n"
)
_ROWS = (
    b"3 1 3 misc.tea\r\n1\tRe: a\tb@x\tMon, 5 Apr 1993\t<1@x>\t<2@x>\t99\t1\r\n2\ta\tb\tc\t<2@x>\t<3@x> <1@x>\t\t\r\n"
    b"3\tc\td\te\t<3@x>\t\t10000000\t3\tXref: x misc.tea:3",
    b"0 0 0 misc.tea\r\n",
)  # fmt: skip

TARGETS = (
    Target("replies", converse_as_client, (b"\x05" + _REPLIES, b"\xff" + _REPLIES), (b"\r\n.\r\n", b"\r\n"), 16_384),
    Target(
        "overview", read_overview, _ROWS,
        (b"\t", b"\r\n", b"\t<1@x>", b"\t<2@x> <3@x>", b"9" * 20, b"-1", b"\r\n1\ta\t\t\t"), 65_536,
    ),
)  # fmt: skip
