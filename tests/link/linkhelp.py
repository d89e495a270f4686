"""What the tests of links share: nodes on the real reactor, and waiting for what they report."""

from __future__ import annotations

import os
import random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.internet import defer, reactor, task

from cliquenntp.link.handshake import Identity
from cliquenntp.link.manager import LinkManager


def new_identity(instance: bytes | None = None, key: Ed25519PrivateKey | None = None) -> Identity:
    key = key or Ed25519PrivateKey.generate()
    return Identity(key.public_key().public_bytes_raw(), key.sign, instance or os.urandom(8))


class BytesCodec:
    """Messages that are bytes; those that begin with ``bad`` can't be decoded."""

    @staticmethod
    def encode(message: bytes) -> bytes:
        return message

    @staticmethod
    def decode(data: bytes) -> bytes:
        if data.startswith(b"bad"):
            raise ValueError("a message that can't be decoded")
        return data


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

    def __init__(self, settings=None, i2p=None, identity=None, clock=reactor, seed=None, codec=BytesCodec) -> None:
        self.identity = identity or new_identity()
        self.recorder = Recorder()
        dice = random.Random(seed) if seed is not None else None
        self.manager = LinkManager(clock, self.identity, codec, self.recorder, settings, i2p, dice)

    @property
    def link(self) -> int:
        """The id of its only link."""
        (link_id,) = self.recorder.links
        return link_id

    def send(self, message: bytes, body=None) -> None:
        self.manager.send(self.link, message, body)


@defer.inlineCallbacks
def until(condition, seconds: float = 20.0):
    """Wait on the real reactor until ``condition()`` holds; AssertionError when it does not in time."""
    end = reactor.seconds() + seconds
    while not condition():
        if reactor.seconds() > end:
            raise AssertionError("did not happen in time")
        yield task.deferLater(reactor, 0.005, lambda: None)
