"""Messages survive the wire, whatever else comes gives one RemoteError, and later versions are tolerated."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cliquenntp.clique import messages as m
from cliquenntp.wire import MOST_FRAME, LinkCodec, RemoteError, UnsendableError
from cliquenntp.wire.fields import DOCUMENT_ALIASES, KEY_ALIASES
from cliquenntp.wire.table import LAYOUTS, MOST_LISTED, MOST_OFFERED, MOST_WANTED
from tests.wire.strategies import messages

CENTER = bytes(range(32))
KEY = m.Key(0, True, 3, True, CENTER)


def advert(key: m.Key | None = KEY, serial: int = 1) -> m.Advert:
    return m.Advert(serial, key, 9, b"", 15, False, True, True, 12)


def through(*sent: m.Message, codecs: tuple[LinkCodec, LinkCodec] | None = None) -> list[m.Message]:
    ours, theirs = codecs or (LinkCodec(), LinkCodec())
    return [message for frame in ours.encode(sent) for message in theirs.decode(frame)]


@given(st.lists(st.lists(messages, min_size=1, max_size=4), min_size=1, max_size=6))
@settings(deadline=None, max_examples=200)
def test_what_is_sent_arrives(turns: list[list[m.Message]]) -> None:
    codecs = LinkCodec(), LinkCodec()
    for sent in turns:
        assert through(*sent, codecs=codecs) == sent


def test_every_message_has_a_layout_and_no_number_twice() -> None:
    assert {layout.made for layout in LAYOUTS} == set(m.Message.__args__)  # type: ignore[attr-defined]
    assert len({layout.code for layout in LAYOUTS}) == len(LAYOUTS)


@given(st.binary(max_size=300))
@example(b"")
@example(b"\x81" * 20000 + b"\x00")  # nested
@example(b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff")  # a long array that never comes
@example(b"\x81\x81\xc5\x82\x1a\x7f\xff\xff\xff\x01")  # a bigfloat that would fill the memory
@example(b"\x81\x82\x0c\xd8\x23\x65[a-z+")  # a regular expression
@example(b"\x81\x82\x0c\xd8\x1c\x81\xd8\x1d\x00")  # an array that holds itself
@example(b"\x81\x82\x08\x9f\x01\xff")  # indefinite length
@example(b"\x81\xa1\xa1\x01\x02\x03")
@settings(deadline=None, max_examples=500)
def test_arbitrary_bytes_give_messages_or_one_remote_error(content: bytes) -> None:
    try:
        LinkCodec().decode(content)
    except RemoteError as error:
        assert error.reason and "\n" not in error.reason


plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.binary(max_size=70) | st.text()
later = plain | st.lists(plain | st.lists(plain, max_size=3), max_size=5)
items = st.recursive(
    plain | st.integers(2**64, 2**70),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.integers(0, 3), inner, max_size=2),
    max_leaves=20,
)


@given(st.lists(st.tuples(st.integers(0, 30), st.lists(items, max_size=9)), max_size=3))
@settings(deadline=None, max_examples=150)
def test_well_formed_nonsense_gives_messages_or_one_remote_error(turns: list[tuple[int, list[object]]]) -> None:
    try:
        LinkCodec().decode(cbor2.dumps([[code, *fields] for code, fields in turns]))
    except RemoteError as error:
        assert error.reason


@given(st.lists(messages, min_size=1, max_size=3), st.data())
@settings(deadline=None, max_examples=300)
def test_a_damaged_frame_gives_messages_or_one_remote_error(sent: list[m.Message], data: st.DataObject) -> None:
    frame = bytearray(LinkCodec().encode(sent)[0])
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    del frame[data.draw(st.integers(0, len(frame))) :]
    try:
        LinkCodec().decode(bytes(frame))
    except RemoteError as error:
        assert error.reason


@given(st.lists(messages, min_size=1, max_size=3), later)
@settings(deadline=None)
def test_a_later_versions_messages_and_fields_are_passed_over(sent: list[m.Message], more: object) -> None:
    ours, theirs = LinkCodec(), LinkCodec()
    parts = []
    for message in sent:
        item = cbor2.loads(ours.encode([message])[0])[0]
        layout = next(layout for layout in LAYOUTS if layout.code == item[0])
        # a later version that appends a field sends every one before it
        if len(item) == 1 + len(layout.fields):
            item.append(more)
        parts += [[200, more], item]
    content = cbor2.dumps([*parts, [201]])
    if len(content) <= MOST_FRAME:
        assert list(theirs.decode(content)) == sent


def test_later_versions_extend_adverts_keys_contacts_and_spans() -> None:
    key = [0, 3 | 64, 3, CENTER, "more"]
    sent = [1, key, 9, 15, 6 | 64, 12, b"", "more"]
    contact = [CENTER, "tcp:127.0.0.1:1", "more"]
    spans = [[7, 1, 2, 3], [2, 1, b"", 0]]
    got = LinkCodec().decode(cbor2.dumps([[8, 5, sent], [18, 5, contact], [16, 5, 0, spans]]))
    assert got == (
        m.AdvertMessage(5, advert()),
        m.Meet(5, m.Contact(CENTER, "tcp:127.0.0.1:1")),
        m.Sync(5, 0, (m.SpanWanted(1, b""),)),
    )


def test_a_key_travels_whole_once_and_is_an_alias_afterwards() -> None:
    codec = LinkCodec()
    first = codec.encode([m.AdvertMessage(1, advert())])[0]
    again = codec.encode([m.AdvertMessage(1, advert(serial=2))])[0]
    assert len(first) - len(again) == 37
    assert len(again) <= 16


@pytest.mark.parametrize(("size", "make"), [
    (KEY_ALIASES, lambda n: m.Abdicate(1, m.Key(0, True, n, True, CENTER))),
    (DOCUMENT_ALIASES, lambda n: m.Walk(1, m.Contact(CENTER, "tcp:a:1"), m.Channel(n.to_bytes(32, "big")), 6, 2)),
])  # fmt: skip
def test_aliases_that_fell_out_are_sent_whole_again(size: int, make: type) -> None:
    codecs = LinkCodec(), LinkCodec()
    for n in [*range(size + 10), 0, 5, size + 9, 3]:
        assert through(make(n), codecs=codecs) == [make(n)]


def test_an_alias_that_was_never_defined_is_unlawful() -> None:
    with pytest.raises(RemoteError, match="ABDICATE: an alias that was never defined"):
        LinkCodec().decode(cbor2.dumps([[11, 1, 0]]))


def test_the_longest_messages_fit_a_frame_and_longer_ones_are_refused() -> None:
    offer = m.Offer(1, tuple([n.to_bytes(8, "big") for n in range(MOST_OFFERED)]))
    listing = m.SpanListing(0, 1, tuple([n.to_bytes(6, "big") for n in range(MOST_LISTED)]), True)
    want = m.Want(1, tuple([n.to_bytes(32, "big") for n in range(MOST_WANTED)]))
    sent = [offer, m.Sync(1, 0, (listing,)), want]
    assert through(*sent) == sent
    assert max(map(len, LinkCodec().encode(sent))) <= MOST_FRAME
    for message in (
        m.Offer(1, (*offer.documents, b"12345678")),
        m.Want(1, (*want.documents, b"12345678")),
        m.Sync(1, 0, (m.SpanListing(0, 1, (*listing.documents, b"123456"), True),)),
        m.Sync(1, 0, (listing, listing)),
    ):
        with pytest.raises(UnsendableError):
            LinkCodec().encode([message])


def test_many_messages_are_spread_over_frames_in_order() -> None:
    sent = [m.Offer(n, (bytes(8),) * 500) for n in range(40)] + [m.AdvertAck(1, n) for n in range(600)]
    frames = LinkCodec().encode(sent)
    assert max(map(len, frames)) <= MOST_FRAME
    theirs = LinkCodec()
    assert [message for frame in frames for message in theirs.decode(frame)] == sent


@pytest.mark.parametrize(("item", "reason"), [
    ([5], "BYE_ACK has at least 1 fields, not 0"),
    ([5, -1], "BYE_ACK: a number of 0 to 9007199254740991 was expected"),
    ([5, 2**53], "BYE_ACK: a number of 0 to"),
    ([5, True], "BYE_ACK: a number"),
    ([12, 1, b"short", 0], "PUSH: a byte string of 0 or 32 bytes was expected"),
    ([12, 1, CENTER, 256], "PUSH: a number of 0 to 255"),
    ([13, 1, b"1234567"], "IHAVE: at most 1000 ids of 8 bytes"),
    ([18, 1, [CENTER, "tcp:\n"]], "MEET: a contact: its address"),
    ([18, 1, [CENTER, "x" * 1025]], "MEET: a contact: its address"),
    ([3, 1, [[CENTER, "x"]] * 4], "LINK_NO: a list of at most 3 items"),
    ([16, 1, 0, [[0, 1, 2, 3, b"short"]]], "SYNC: a span: its fingerprint has 8 bytes"),
    (["x"], "a message is an array that begins with its number"),
    (7, "a message is an array"),
])  # fmt: skip
def test_the_reason_says_what_was_wrong(item: object, reason: str) -> None:
    with pytest.raises(RemoteError) as caught:
        LinkCodec().decode(cbor2.dumps([item]))
    assert reason in caught.value.reason


def test_a_frame_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(RemoteError, match="at most 32768 are allowed"):
        LinkCodec().decode(b"\x80" * (MOST_FRAME + 1))
