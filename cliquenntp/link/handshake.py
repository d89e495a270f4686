"""The handshake of two nodes: who are you, prove it, and what do we both speak.  Pure: the dice come from outside.

The rules, in order; the dialler's messages go right, the listener's left:

    1  HELLO  ->  versions, features, nonce, instance, node key, own address, the address dialled
    2  <- ANSWER  version and features chosen, nonce, instance, node key, signature
    3  PROOF  ->  signature
    4  <- ACCEPT, or REFUSE with a reason (which may also come in place of 2)

Each message is a length (2 bytes, of what follows it), a kind (1 byte) and its fields; HELLO and ANSWER are preceded by
MAGIC, so that a stray client is known from its first bytes.  A signature is made over SHA-256 of a label for its
direction, HELLO, ANSWER without its signature, and the channel binding (RFC 9266 ``tls-exporter``; empty off TLS).  So
both nonces and both addresses are proved, and nobody can pass a handshake on to a third node: that node sees that
another address, or another TLS channel, was meant.
"""

from __future__ import annotations

import enum
import hashlib
import struct
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cliquenntp.link.address import MAX_ADDRESS
from cliquenntp.link.identity import Identity, Peer
from cliquenntp.link.refusal import HandshakeError, Refusal

MAGIC = b"\x00clique\n"
"""Begins with a NUL, which no text protocol sends first."""

VERSIONS = (1, 1)
"""The lowest and the highest version of the link protocol spoken here."""

MAX_HANDSHAKE_MESSAGE = 2 * MAX_ADDRESS + 256
"""Bytes of one handshake message: two addresses and 110 bytes of fixed fields."""

NONCE_SIZE = 32
INSTANCE_SIZE = 8

_PREFIX = struct.Struct(">HB")
_HELLO = struct.Struct(">BBI32s8s32s")
_ANSWER = struct.Struct(">BI32s8s32s")
_SIGNATURE_SIZE = 64


class Kind(enum.IntEnum):
    """What a handshake message is."""

    HELLO = 1
    ANSWER = 2
    PROOF = 3
    ACCEPT = 4
    REFUSE = 5


def _message(kind: Kind, payload: bytes) -> bytes:
    return _PREFIX.pack(len(payload) + 1, kind) + payload


def _text(address: str) -> bytes:
    raw = address.encode("ascii")
    return struct.pack(">H", len(raw)) + raw


class _Side:
    """What both sides share: cutting the stream into messages, and proofs."""

    magic: bytes

    def __init__(self, identity: Identity, nonce: bytes, binding: bytes) -> None:
        self._identity = identity
        self._nonce = nonce
        self._binding = binding
        self._buffer = b""
        self._hello = b""
        self._answer = b""
        self._greeted = False
        self.peer: Peer | None = None
        self.finished = False

    def refuse(self, refusal: Refusal) -> bytes:
        """Return the bytes that tell the other end why no link opens."""
        return (b"" if self._greeted else MAGIC) + _message(Kind.REFUSE, bytes([refusal]))

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the other end; return the bytes to send.

        After ``finished`` has become True, ``rest`` holds what came behind the handshake.  Raises HandshakeError.
        """
        self._buffer += data
        replies = b""
        while not self.finished:
            if self.magic:
                if not self._buffer.startswith(self.magic[: len(self._buffer)]):
                    raise HandshakeError(Refusal.GARBAGE)
                if len(self._buffer) < len(self.magic):
                    break
                self._buffer, self.magic = self._buffer[len(self.magic) :], b""
            if len(self._buffer) < _PREFIX.size:
                break
            length, kind = _PREFIX.unpack_from(self._buffer)
            if not 1 <= length <= MAX_HANDSHAKE_MESSAGE or kind not in Kind.__members__.values():
                raise HandshakeError(Refusal.GARBAGE)
            if len(self._buffer) < length + 2:
                break
            whole, self._buffer = self._buffer[: length + 2], self._buffer[length + 2 :]
            replies += self._take(Kind(kind), whole[_PREFIX.size :], whole)
        return replies

    @property
    def rest(self) -> bytes:
        """The bytes behind the handshake, once; empty before it has finished."""
        if not self.finished:
            return b""
        rest, self._buffer = self._buffer, b""
        return rest

    def _take(self, kind: Kind, payload: bytes, whole: bytes) -> bytes:
        raise NotImplementedError

    def _refused(self, payload: bytes) -> HandshakeError:
        try:
            return HandshakeError(Refusal(payload[0]), remote=True)
        except (ValueError, IndexError):
            return HandshakeError(Refusal.GARBAGE)

    def _digest(self, label: bytes) -> bytes:
        return hashlib.sha256(b"clique link 1 " + label + b"\n" + self._hello + self._answer + self._binding).digest()

    def _check(self, key: bytes, label: bytes, signature: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, self._digest(label))
        except (InvalidSignature, ValueError):
            raise HandshakeError(Refusal.PROOF) from None


class Dialler(_Side):
    """The side that opened the connection."""

    def __init__(
        self,
        identity: Identity,
        nonce: bytes,
        dialled: str,
        own_address: str = "",
        expected_key: bytes | None = None,
        binding: bytes = b"",
    ) -> None:
        super().__init__(identity, nonce, binding)
        self.magic = MAGIC
        self._dialled = dialled
        self._own_address = own_address
        self._expected_key = expected_key

    def begin(self) -> bytes:
        """Return the first bytes to send."""
        fields = _HELLO.pack(
            *VERSIONS, self._identity.features, self._nonce, self._identity.instance, self._identity.node_key
        )
        self._hello = _message(Kind.HELLO, fields + _text(self._own_address) + _text(self._dialled))
        self._greeted = True
        return MAGIC + self._hello

    def _take(self, kind: Kind, payload: bytes, whole: bytes) -> bytes:
        if kind is Kind.REFUSE:
            raise self._refused(payload)
        if kind is Kind.ANSWER and self.peer is None:
            return self._take_answer(payload, whole)
        if kind is Kind.ACCEPT and self.peer is not None and not payload:
            self.finished = True
            return b""
        raise HandshakeError(Refusal.GARBAGE)

    def _take_answer(self, payload: bytes, whole: bytes) -> bytes:
        if len(payload) != _ANSWER.size + _SIGNATURE_SIZE:
            raise HandshakeError(Refusal.GARBAGE)
        version, features, nonce, instance, key = _ANSWER.unpack_from(payload)
        if not VERSIONS[0] <= version <= VERSIONS[1] or features & ~self._identity.features:
            raise HandshakeError(Refusal.VERSION)
        if key == self._identity.node_key:
            raise HandshakeError(Refusal.ITSELF)
        if self._expected_key is not None and key != self._expected_key:
            raise HandshakeError(Refusal.KEY)
        self._answer = whole[:-_SIGNATURE_SIZE]
        self._check(key, b"listener", payload[_ANSWER.size :])
        self.peer = Peer(key, instance, self._dialled, version, features, self._nonce, nonce)
        return _message(Kind.PROOF, self._identity.sign(self._digest(b"dialler")))


class Listener(_Side):
    """The side that was dialled.

    ``is_mine`` says of the address dialled whether it is this node's; ``seen_address`` is the dialler's address as the
    transport proves it (I2P does), None where the transport proves none.  When the proof has come, ``finished`` stays
    False until ``accept`` is called, so that the caller decides about limits and duplicates.
    """

    def __init__(
        self,
        identity: Identity,
        nonce: bytes,
        is_mine: Callable[[str], bool],
        seen_address: str | None = None,
        binding: bytes = b"",
    ) -> None:
        super().__init__(identity, nonce, binding)
        self.magic = MAGIC
        self._is_mine = is_mine
        self._seen_address = seen_address
        self._claimed: Peer | None = None

    def accept(self) -> bytes:
        """Open the link: return the message that says so."""
        assert self.peer is not None, "nothing proved yet"
        self.finished = True
        return _message(Kind.ACCEPT, b"")

    def _take(self, kind: Kind, payload: bytes, whole: bytes) -> bytes:
        if kind is Kind.REFUSE:
            raise self._refused(payload)
        if kind is Kind.HELLO and self._claimed is None:
            return self._take_hello(payload, whole)
        if kind is Kind.PROOF and self._claimed is not None and self.peer is None:
            if len(payload) != _SIGNATURE_SIZE:
                raise HandshakeError(Refusal.GARBAGE)
            self._check(self._claimed.node_key, b"dialler", payload)
            self.peer = self._claimed
            return b""
        raise HandshakeError(Refusal.GARBAGE)

    def _take_hello(self, payload: bytes, whole: bytes) -> bytes:
        try:
            low, high, features, nonce, instance, key = _HELLO.unpack_from(payload)
            own_address, dialled = _addresses(payload[_HELLO.size :])
        except (struct.error, ValueError):
            raise HandshakeError(Refusal.GARBAGE) from None
        version = min(high, VERSIONS[1])
        if low > high or version < max(low, VERSIONS[0]):
            raise HandshakeError(Refusal.VERSION, detail=f"it speaks {low} to {high}")
        if key == self._identity.node_key:
            raise HandshakeError(Refusal.ITSELF)
        if not self._is_mine(dialled):
            raise HandshakeError(Refusal.ADDRESS)
        if self._seen_address is not None and own_address not in ("", self._seen_address):
            raise HandshakeError(Refusal.ADDRESS)
        features &= self._identity.features
        self._claimed = Peer(key, instance, own_address, version, features, nonce, self._nonce)
        fields = _ANSWER.pack(version, features, self._nonce, self._identity.instance, self._identity.node_key)
        self._hello = whole
        self._answer = _PREFIX.pack(len(fields) + _SIGNATURE_SIZE + 1, Kind.ANSWER) + fields
        self._greeted = True
        return MAGIC + self._answer + self._identity.sign(self._digest(b"listener"))


def _addresses(payload: bytes) -> tuple[str, str]:
    """Return the two addresses that end a HELLO; ValueError or struct.error when they are not exactly that."""
    found = []
    for _ in range(2):
        (size,) = struct.unpack_from(">H", payload)
        raw, payload = payload[2 : size + 2], payload[size + 2 :]
        if len(raw) != size or size > MAX_ADDRESS:
            raise ValueError("an address is cut off or too long")
        found.append(raw.decode("ascii"))
    if payload:
        raise ValueError("bytes behind the addresses")
    return found[0], found[1]
