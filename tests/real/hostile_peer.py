"""A peer of a running node that does what a test says, and nothing by itself."""

from __future__ import annotations

import os
import socket
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cliquenntp.clique.messages import LinkAccept, Message, Push
from cliquenntp.link.framing import Control, FrameDecoder, Kind, Messages, announced, frame, pieces
from cliquenntp.link.handshake import Dialler
from cliquenntp.link.identity import Identity
from cliquenntp.wire import LinkCodec
from tests.edges import link_request

SECONDS = 30.0
"""for each step that the node has to answer"""


class HostilePeer:
    """A connection to a node's port for other nodes, blocking; ``address`` as the node tells it.

    ``key`` is its node's; without, it is a new one's.
    """

    def __init__(self, address: str, key: Ed25519PrivateKey | None = None) -> None:
        _, host, port = address.split(":")
        key = key or Ed25519PrivateKey.generate()
        self._identity = Identity(key.public_key().public_bytes_raw(), key.sign, os.urandom(8))
        self._handshake = Dialler(self._identity, os.urandom(32), address)
        self._socket = socket.create_connection((host, int(port)), SECONDS)
        self._sending = Lock()
        self._frames = FrameDecoder()
        self._codec = LinkCodec()

    def hello(self) -> bytes:
        """Return what a node says first."""
        return self._handshake.begin()

    def open_link(self) -> HostilePeer:
        """Go through the handshake."""
        self._socket.sendall(self.hello())
        while not self._handshake.finished:
            self._socket.sendall(self._handshake.receive(self._receive()))
        return self

    def open_edge(self, root: bytes) -> int:
        """Become the node's neighbour in a forum; return its number for the edge."""
        peer = self._handshake.peer
        assert peer is not None
        self.say(link_request(peer.blinding_key, self._identity.node_key, root))
        while True:
            for found in self._frames.feed(self._receive()):
                for message in self._codec.decode(found.content) if isinstance(found, Messages) else ():
                    if isinstance(message, LinkAccept):
                        return message.incarnation

    def say(self, *messages: Message) -> bool:
        """Send messages; otherwise as ``push``."""
        return self.push(b"".join(frame(Kind.MESSAGES, content) for content in self._codec.encode(messages)))

    def push_document(self, message: Push, octets: bytes) -> bool:
        """Send a document; otherwise as ``push``."""
        [content] = self._codec.encode([message])
        return self.push(announced(content, len(octets)) + b"".join(pieces(octets)))

    def push(self, octets: bytes) -> bool:
        """Send octets; tell whether the node took them, and has not closed the connection."""
        try:
            with self._sending:
                self._socket.sendall(octets)
        except OSError:
            return False
        return True

    def answer_pings(self) -> None:
        """Read what the node sends, and answer its pings, until the connection ends."""
        try:
            while octets := self._socket.recv(65536):
                for found in self._frames.feed(octets):
                    if isinstance(found, Control) and found.kind is Kind.PING:
                        self.push(frame(Kind.PONG, found.payload))
        except OSError:
            pass

    def wait_for_end(self) -> None:
        """Wait until the node has closed the connection."""
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionError:
            pass

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _receive(self) -> bytes:
        octets = self._socket.recv(65536)
        assert octets, "the node has closed the connection"
        return octets
