"""What another node may send: messages, frames, a handshake."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cliquenntp.clique import messages as m
from cliquenntp.link import framing
from cliquenntp.link.handshake import MAGIC, Dialler, Listener
from cliquenntp.link.receiver import Receiver
from cliquenntp.link.refusal import HandshakeError
from cliquenntp.wire import LinkCodec, RemoteError
from tests.fuzzing.target import Target, split_by
from tests.link.linkhelp import new_identity

BETWEEN = b"\xff\xfd\xff"
"""parts the contents of frames"""

ADDRESS = "tcp:127.0.0.1:4000"


def take_messages(data: bytes) -> None:
    """Messages that are taken can be sent on as they are; anything else is one RemoteError."""
    receiving, sending, third = LinkCodec(), LinkCodec(), LinkCodec()
    for content in data.split(BETWEEN):
        try:
            taken = receiving.decode(content)
        except RemoteError as error:
            assert error.reason and error.reason.isprintable(), error.reason
            return
        assert tuple(message for frame in sending.encode(taken) for message in third.decode(frame)) == taken


def _events(pieces: list[bytes]) -> list[object]:
    events: list[object] = []
    codec = LinkCodec()
    receiver = Receiver(
        codec.decode, lambda message, body: events.append((message, body)), lambda message: None, events.append,
        lambda: len(events) < 1000)
    try:
        for piece in pieces:
            receiver.take(piece)
    except (framing.FrameError, RemoteError, ValueError) as error:
        assert "\n" not in str(error), error
        events.append(str(error))
    return events


def take_frames(data: bytes) -> None:
    """A stream means the same in whatever pieces it comes."""
    stream = data[1:]
    assert _events([stream]) == _events(split_by(stream, 1 + data[0] if data else 1))


_HERE = new_identity(b"instance", Ed25519PrivateKey.from_private_bytes(b"h" * 32))
_THERE = new_identity(b"otherone", Ed25519PrivateKey.from_private_bytes(b"t" * 32))


def _listener() -> Listener:
    return Listener(_HERE, b"l" * 32, lambda address: address == ADDRESS)


def _dialler() -> Dialler:
    dialler = Dialler(_THERE, b"d" * 32, ADDRESS)
    dialler.begin()
    return dialler


def shake_hands(data: bytes) -> None:
    """Either end proves itself or is refused: with a number below 100 in the first octet a listener, else a dialler."""
    side = _listener() if data[:1] < b"d" else _dialler()
    try:
        for piece in split_by(data[2:], 1 + data[1] if len(data) > 1 else 1):
            side.receive(piece)
    except HandshakeError as error:
        assert str(error).isprintable()


_CENTER = bytes(range(32))
_KEY = m.Key(0, True, 3, True, _CENTER)
_ADVERT = m.Advert(1, _KEY, 9, b"s" * 64, 15, False, True, True, 12)
_CONTACT = m.Contact(b"k" * 32, ADDRESS)
_MESSAGES: tuple[m.Message, ...] = (
    m.LinkRequest(1, b"s" * 16, m.Channel(_CENTER, True), 2, 3, b"f" * 8, _ADVERT, True),
    m.LinkAccept(1, 2, b"p" * 16, True, 3, 4, b"f" * 8, _ADVERT, (_CONTACT,)),
    m.LinkRefuse(1, (_CONTACT,), True),
    m.Walk(1, _CONTACT, m.Channel(_CENTER, False), 7, 3),
    m.AdvertMessage(1, _ADVERT),
    m.SequenceRequest(1, _KEY, 5, 6),
    m.Push(1, b"d" * 32, 2),
    m.Offer(1, (b"12345678", b"abcdefgh")),
    m.Want(1, (b"12345678", b"i" * 32)),
    m.Gone(1, (b"i" * 32,), "expired", (5,)),
    m.Sync(1, 2, (
        m.SpanFingerprint(0, 99, 7, b"f" * 8), m.SpanListing(0, 99, (b"123456",), True), m.SpanWanted(3, b"\xff"),
    )),
    m.Announce(1, 2, 3, b"f" * 8),
    m.Meet(1, _CONTACT),
)  # fmt: skip


def _contents() -> list[bytes]:
    return [content for message in _MESSAGES for content in LinkCodec().encode([message])]


def _stream() -> bytes:
    codec = LinkCodec()
    [push] = codec.encode([m.Push(1, b"d" * 32, 2)])
    frames = [framing.frame(framing.Kind.MESSAGES, content) for content in codec.encode(_MESSAGES)]
    frames += [framing.announced(push, 40), *framing.pieces(b"b" * 40), framing.frame(framing.Kind.PING, b"12345678")]
    return b"".join([*frames, framing.farewell("that was all")])


def _handshakes() -> tuple[bytes, bytes]:
    listener, dialler = _listener(), Dialler(_THERE, b"d" * 32, ADDRESS)
    hello = dialler.begin()
    answer = listener.receive(hello)
    proof = dialler.receive(answer)
    listener.receive(proof)
    return b"\0\xff" + hello + proof, b"\xff\xff" + answer + listener.accept()


TARGETS = (
    Target(
        "messages", take_messages, (*_contents(), BETWEEN.join(LinkCodec().encode(_MESSAGES) * 2)),
        (BETWEEN, b"\x81\x82\x0c", b"\x9f", b"\xc5", b"\xd8\x1c", b"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x58\x20"),
        33_000,
    ),
    Target(
        "frames", take_frames, (b"\xff" + _stream(), b"\0" + _stream()),
        (b"\x01\x00\x00", b"\x02\x00\x00", b"\x03\x00\x00", b"\x04\x00\x00\x08", b"\x00\x10\x00\x00"), 33_000,
    ),
    Target("handshake", shake_hands, _handshakes(), (MAGIC, b"\x00\x41\x03", b"\x00\x02\x05"), 4096),
)  # fmt: skip
