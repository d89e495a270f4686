"""What the tests of links share: nodes on the real reactor, and waiting for what they report."""

from __future__ import annotations

import os
import random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet import defer, reactor, task

from cliquenntp.link.identity import Identity
from cliquenntp.link.manager import LinkManager


def new_identity(instance: bytes | None = None, key: Ed25519PrivateKey | None = None) -> Identity:
    key = key or Ed25519PrivateKey.generate()
    return Identity(key.public_key().public_bytes_raw(), key.sign, instance or os.urandom(8))


class BytesCodec:
    """Messages that are bytes, one a frame.

    Those that begin with ``bad`` can't be decoded, those with ``late`` are of a later version.  Like wire's aliases, it
    only works when all that is encoded is sent in that order.
    """

    def __init__(self) -> None:
        self._sent = self._received = 0

    def encode(self, messages) -> list[bytes]:
        contents = []
        for message in messages:
            contents.append(self._sent.to_bytes(4, "big") + message)
            self._sent += 1
        return contents

    def decode(self, content: bytes) -> tuple[bytes, ...]:
        assert int.from_bytes(content[:4], "big") == self._received, "sent in another order than encoded"
        self._received += 1
        message = content[4:]
        if message.startswith(b"bad"):
            raise ValueError("a message that can't be decoded")
        return () if message.startswith(b"late") else (message,)


class Recorder:
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.events: list[tuple] = []
        self.links: dict[int, tuple[bytes, str]] = {}

    def on_opened(self, link_id: int, node_key: bytes, address: str) -> None:
        self.links[link_id] = (node_key, address)
        self.events.append(("opened", link_id))

    def on_message(self, link_id: int, message: bytes, body: bytes | None) -> None:
        assert link_id in self.links, "a message of a link that is not open"
        self.events.append(("message", link_id, message, body))

    def on_closed(self, link_id: int, reason: str) -> None:
        del self.links[link_id]
        self.events.append(("closed", link_id, reason))

    def on_pieces(self, link_id: int, message: bytes) -> None:
        self.events.append(("pieces", link_id, message))

    def on_dial_failed(self, address: str, node_key: bytes | None, reason: str) -> None:
        self.events.append(("failed", address, reason))

    @property
    def messages(self) -> list[tuple[bytes, bytes | None]]:
        return [event[2:] for event in self.events if event[0] == "message"]

    @property
    def reasons(self) -> list[str]:
        return [event[2] for event in self.events if event[0] in ("closed", "failed")]


class Node:
    """A link manager with a recorder."""

    def __init__(
        self, settings=None, i2p=None, identity=None, clock=reactor, seed=None, codec=BytesCodec, unwanted=(),
    ) -> None:
        self.identity = identity or new_identity()
        self.recorder = Recorder()
        dice = random.Random(seed) if seed is not None else None
        self.manager = LinkManager(
            clock, self.identity, codec, self.recorder, settings, i2p, dice, unwanted=unwanted)

    @property
    def link(self) -> int:
        """The id of its only link."""
        (link_id,) = self.recorder.links
        return link_id

    def send(self, message: bytes, body=None) -> None:
        if body is None:
            self.manager.send(self.link, (message,))
        else:
            self.manager.send_document(self.link, message, body)


@defer.inlineCallbacks
def until(condition, seconds: float = 20.0):
    """Wait on the real reactor until ``condition()`` holds; AssertionError when it does not in time."""
    end = reactor.seconds() + seconds
    while not condition():
        if reactor.seconds() > end:
            raise AssertionError("did not happen in time")
        yield task.deferLater(reactor, 0.005, lambda: None)
