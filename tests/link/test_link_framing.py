"""Frames, the outbox and the watch alone: pure objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.link import framing
from cliquenntp.link.backoff import Backoff, Schedule
from cliquenntp.link.framing import BodyBegun, BodyEnded, BodyGoesOn, Control, FrameDecoder, FrameError, Kind, Messages
from cliquenntp.link.outbox import Outbox
from cliquenntp.link.rate import Rate
from cliquenntp.link.settings import LinkSettings
from cliquenntp.link.watch import Dead, Ping, Watch


def encode(messages):
    return list(messages)


@given(st.lists(st.binary(max_size=100)), st.binary(max_size=50_000), st.lists(st.integers(1, 5000), min_size=1))
def test_frames_survive_any_cutting(contents, body, sizes):
    stream = b"".join(framing.frame(Kind.MESSAGES, content) for content in contents)
    stream += framing.announced(b"head", len(body)) + b"".join(framing.pieces(body))
    stream += framing.frame(Kind.PING, b"12345678")
    decoder, found, turn = FrameDecoder(), [], 0
    while stream:
        size = sizes[turn % len(sizes)]
        found += decoder.feed(stream[:size])
        stream, turn = stream[size:], turn + 1
    assert [item for item in found if not isinstance(item, BodyGoesOn)] == [
        *map(Messages, contents),
        BodyBegun(b"head"),
        BodyEnded(body),
        Control(Kind.PING, b"12345678"),
    ]
    assert not decoder.unfinished


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"\xff\xff\xff\xff", "unknown kind 255"),
        (b"\x01\xff\xff\xff", "at most 32768"),
        (b"\x03\x00\x40\x01", "at most 16384"),
        (b"\x02\x00\x00\x04\xff\xff\xff\xff", "at most 1048576"),
        (b"\x02\x00\x00\x02ab", "without its length"),
        (b"\x03\x00\x00\x01a", "not announced"),
        (framing.announced(b"m", 5) + framing.announced(b"m", 5), "second body"),
        (framing.announced(b"m", 5) + framing.frame(Kind.PIECE, b"123456"), "beyond its body's end"),
        (framing.announced(b"m", 5) + framing.frame(Kind.PIECE, b""), "empty"),
        (b"\x04\x00\x00\x09123456789", "at most 8"),
    ],
)
def test_broken_frames_are_refused_at_their_header(stream, reason):
    with pytest.raises(FrameError, match=reason):
        list(FrameDecoder().feed(stream))


@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_a_decoder_holds_one_frame_and_one_body_at_most(chunks):
    decoder = FrameDecoder()
    for chunk in chunks:
        try:
            for _ in decoder.feed(chunk):
                pass
        except FrameError:
            break
        assert len(decoder._buffer) <= framing.MAX_MESSAGE + 8


def test_what_is_too_long_is_not_sent():
    outbox = Outbox(encode)
    with pytest.raises(FrameError):
        outbox.put((b"x" * (framing.MAX_MESSAGE + 1),))
    with pytest.raises(FrameError):
        outbox.put_document(b"m", b"x" * (framing.MAX_BODY + 1))
    outbox.put_document(b"m", lambda: b"x" * (framing.MAX_BODY + 1))
    with pytest.raises(FrameError):
        outbox.take_piece()


def test_heads_are_encoded_when_their_turn_comes():
    encoded = []

    def note(messages):
        encoded.extend(messages)
        return list(messages)

    outbox = Outbox(note)
    outbox.put_document(b"document", b"body")
    outbox.put((b"control",))
    assert encoded == [b"control"] and outbox.take_piece() is None, "the control message has to go first"
    outbox.take_urgent()
    outbox.take_piece()
    assert encoded == [b"control", b"document"]


def test_a_message_queued_while_a_body_is_fetched_goes_first():
    outbox = Outbox(encode)

    def fetch():
        outbox.put((b"control",))
        return b"body"

    outbox.put_document(b"document", fetch)
    assert outbox.take_piece() is None
    assert b"control" in outbox.take_urgent()[0]
    assert b"document" in outbox.take_piece() and b"body" in outbox.take_piece()
    assert outbox.take_piece() is None and not outbox and outbox.waiting == 0


def test_the_outbox_counts_what_it_holds():
    outbox = Outbox(encode)
    outbox.put_document(b"m", b"x" * 40_000)
    outbox.put_document(b"m", lambda: b"x" * 1000)
    outbox.put((b"c" * 96,))
    assert outbox.waiting == 40_100
    outbox.take_urgent()
    while outbox.take_piece():
        pass
    assert outbox.waiting == 0


def test_a_silent_peer_is_asked_and_given_up():
    watch = Watch(LinkSettings(ping_after=30, ping_time=30), 1.0, 0.5, 0.0)
    assert watch.check(29, None, False, True) is None
    assert watch.check(30, None, False, True) == Ping((1).to_bytes(8, "big"))
    assert watch.check(59, None, False, True) is None
    assert isinstance(watch.check(60, None, False, True), Dead)


def test_a_pong_tells_the_latency_and_a_made_up_one_nothing():
    watch = Watch(LinkSettings(), 1.0, 4.0, 0.0)
    ping = watch.ping(10.0)
    watch.ponged(b"made up!", 10.1)
    assert watch.latency == 4.0
    watch.ponged(ping.payload, 12.0)
    assert watch.latency == 1.0
    ping = watch.ping(20.0)
    watch.ponged(ping.payload, 28.0)
    assert 1.0 < watch.latency < 2.0, "one slow trip counts little"


def test_what_stands_still_ends_the_link():
    settings = LinkSettings(stall_time=100)
    watch = Watch(settings, 1.0, 0.0, 0.0)
    for now in range(0, 99, 10):
        watch.heard(now)
    assert watch.check(99, None, True, True) is None
    assert "did not go on" in watch.check(100, None, True, True).reason
    assert "read nothing" in watch.check(100, 0.0, False, True).reason
    assert watch.check(500, None, True, False) is None, "this node itself has stopped reading"


def test_waits_double_up_to_a_bound_and_are_forgotten():
    backoff = Backoff(Schedule(1.0, 10.0, jitter=0.25), lambda: 0.5, size=3)
    assert [backoff.failed("peer", 0.0) for _ in range(5)] == [1, 2, 4, 8, 10]
    assert backoff.rest("peer", 4.0) == 6.0
    backoff.succeeded("peer")
    assert backoff.rest("peer", 0.0) == 0 and backoff.failed("peer", 0.0) == 1
    for name in range(10):
        backoff.failed(name, 0.0)
    assert len(backoff._records) == 3


@given(st.integers(1, 2000), st.floats(0, 1))
def test_jitter_stays_within_its_share(failures, dice):
    wait = Schedule(1.0, 300.0).wait(failures, lambda: dice)
    assert 0.75 <= wait <= 375.0


def test_a_rate_runs_into_debt_and_waits_for_it():
    rate = Rate(1000)
    assert rate.wait(0.0) == 0
    rate.take(3000, 0.0)
    assert rate.wait(0.0) == pytest.approx(2.0)
    assert rate.wait(1.0) == pytest.approx(1.0)
    assert rate.wait(5.0) == 0
    assert Rate(0).wait(0.0) == 0
