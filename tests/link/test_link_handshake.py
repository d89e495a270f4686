"""The handshake alone: both sides as pure objects, joined by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliquenntp.link import handshake
from cliquenntp.link.handshake import Dialler, Listener
from cliquenntp.link.refusal import HandshakeError, Refusal
from tests.link.linkhelp import new_identity

HERE = "tcp:127.0.0.1:4000"
THERE = "tcp:127.0.0.1:5000"
D, L = new_identity(), new_identity()


def pair(**changes):
    dialler = Dialler(
        changes.get("dialler", D),
        b"d" * 32,
        changes.get("dialled", THERE),
        changes.get("own", HERE),
        changes.get("expected"),
        changes.get("dialler_binding", b""),
    )
    listener = Listener(
        changes.get("listener", L),
        b"l" * 32,
        lambda address: address == THERE,
        changes.get("seen"),
        changes.get("listener_binding", b""),
    )
    return dialler, listener


def run(dialler, listener):
    answer = listener.receive(dialler.begin())
    proof = dialler.receive(answer)
    assert listener.receive(proof) == b"" and not listener.finished
    assert dialler.receive(listener.accept() + b"rest") == b""


def test_both_ends_know_each_other_at_the_end():
    dialler, listener = pair(expected=L.node_key)
    run(dialler, listener)
    assert dialler.finished and listener.finished and dialler.rest == b"rest" and listener.rest == b""
    assert (dialler.peer.node_key, dialler.peer.address) == (L.node_key, THERE)
    assert (listener.peer.node_key, listener.peer.address) == (D.node_key, HERE)
    assert dialler.peer.blinding_key == listener.peer.blinding_key
    assert dialler.peer.instance == L.instance and listener.peer.instance == D.instance


def test_features_are_those_of_both():
    one, other = new_identity(), new_identity()
    one = handshake.Identity(one.node_key, one.sign, one.instance, 0b0110)
    other = handshake.Identity(other.node_key, other.sign, other.instance, 0b1100)
    dialler, listener = pair(dialler=one, listener=other)
    run(dialler, listener)
    assert dialler.peer.features == listener.peer.features == 0b0100


@pytest.mark.parametrize(
    ("changes", "side", "refusal"),
    [
        ({"dialled": "tcp:127.0.0.1:5001"}, "listener", Refusal.ADDRESS),
        ({"seen": "i2p:" + "a" * 52 + ".b32.i2p"}, "listener", Refusal.ADDRESS),
        ({"expected": b"k" * 32}, "dialler", Refusal.KEY),
        ({"listener": D}, "listener", Refusal.ITSELF),
        ({"dialler_binding": b"one channel", "listener_binding": b"another"}, "dialler", Refusal.PROOF),
    ],
)
def test_refusals(changes, side, refusal):
    dialler, listener = pair(**changes)
    with pytest.raises(HandshakeError) as caught:
        run(dialler, listener)
    assert caught.value.refusal is refusal and not caught.value.remote
    assert (listener.peer is None) and (side == "dialler" or dialler.peer is None)


def test_a_handshake_can_not_be_passed_on_to_another_node():
    """The dialler means the node in the middle, which passes all bytes on to a third one."""
    dialler, _ = pair(dialled="tcp:127.0.0.1:6666")
    _, third = pair()
    with pytest.raises(HandshakeError) as caught:
        third.receive(dialler.begin())
    assert caught.value.refusal is Refusal.ADDRESS


def test_a_key_that_is_not_held_is_not_believed():
    thief = handshake.Identity(D.node_key, new_identity().sign, D.instance)
    dialler, listener = pair(dialler=thief)
    proof = dialler.receive(listener.receive(dialler.begin()))
    with pytest.raises(HandshakeError) as caught:
        listener.receive(proof)
    assert caught.value.refusal is Refusal.PROOF and listener.peer is None


def test_a_recorded_proof_does_not_fit_another_nonce():
    dialler, listener = pair()
    hello = dialler.begin()
    proof = dialler.receive(listener.receive(hello))
    again = Listener(L, b"m" * 32, lambda _: True)
    again.receive(hello)
    with pytest.raises(HandshakeError) as caught:
        again.receive(proof)
    assert caught.value.refusal is Refusal.PROOF


def test_versions_that_do_not_meet(monkeypatch):
    dialler, listener = pair()
    monkeypatch.setattr(handshake, "VERSIONS", (2, 3))
    hello = dialler.begin()
    monkeypatch.setattr(handshake, "VERSIONS", (1, 1))
    with pytest.raises(HandshakeError) as caught:
        listener.receive(hello)
    assert caught.value.refusal is Refusal.VERSION


def test_a_newer_dialler_speaks_the_listeners_version(monkeypatch):
    dialler, listener = pair()
    monkeypatch.setattr(handshake, "VERSIONS", (1, 7))
    hello = dialler.begin()
    monkeypatch.setattr(handshake, "VERSIONS", (1, 1))
    answer = listener.receive(hello)
    monkeypatch.setattr(handshake, "VERSIONS", (1, 7))
    listener.receive(dialler.receive(answer))
    assert listener.peer.version == dialler.peer.version == 1


def test_refusals_reach_the_other_side():
    dialler, listener = pair()
    dialler.receive(listener.receive(dialler.begin()))
    with pytest.raises(HandshakeError) as caught:
        dialler.receive(listener.refuse(Refusal.FULL))
    assert caught.value.remote and caught.value.refusal is Refusal.FULL
    dialler, listener = pair()
    dialler.begin()
    with pytest.raises(HandshakeError) as caught:
        dialler.receive(listener.refuse(Refusal.FULL))
    assert caught.value.remote and caught.value.refusal is Refusal.FULL


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n", b"\x00", b"\xff" * 100, handshake.MAGIC + b"\xff\xff\x01", b"\x00clique\n\x00\x00\x01"],
)
def test_garbage_is_known_at_once(data):
    _, listener = pair()
    if data == b"\x00":
        assert listener.receive(data) == b""
        data = b"x"
    with pytest.raises(HandshakeError) as caught:
        listener.receive(data)
    assert caught.value.refusal is Refusal.GARBAGE


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_changed_byte_opens_a_link(data):
    """Whatever single byte changes on the way, in whatever message, no end finishes believing in another transcript."""
    dialler, listener = pair()
    where = data.draw(st.sampled_from(["hello", "answer", "proof"]))

    def changed(name, message):
        if name != where:
            return message
        at = data.draw(st.integers(0, len(message) - 1))
        return message[:at] + bytes([message[at] ^ data.draw(st.integers(1, 255))]) + message[at + 1 :]

    try:
        answer = listener.receive(changed("hello", dialler.begin()))
        proof = dialler.receive(changed("answer", answer))
        listener.receive(changed("proof", proof))
    except HandshakeError:
        pass
    assert listener.peer is None, "the proof held although the transcripts differ"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=10), st.booleans())
def test_any_bytes_end_in_one_clear_error_or_in_waiting(chunks, with_magic):
    _, listener = pair()
    if with_magic:
        chunks = [handshake.MAGIC, *chunks]
    for chunk in chunks:
        try:
            listener.receive(chunk)
        except HandshakeError:
            return
    assert not listener.finished and len(listener._buffer) <= handshake.MAX_HANDSHAKE_MESSAGE + 3


@given(st.lists(st.integers(1, 40), min_size=1))
def test_bytes_may_come_in_any_pieces(sizes):
    dialler, listener = pair()

    def feed(side, data):
        reply, at, turn = b"", 0, 0
        while at < len(data):
            size = sizes[turn % len(sizes)]
            reply += side.receive(data[at : at + size])
            at, turn = at + size, turn + 1
        return reply

    feed(listener, feed(dialler, feed(listener, dialler.begin())))
    feed(dialler, listener.accept())
    assert dialler.finished and listener.peer is not None
