"""The two nodes of a link, as they prove themselves to each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import attrs


@attrs.frozen
class Identity:
    """This node, as it proves itself."""

    node_key: bytes
    """Ed25519 public key, 32 bytes"""
    sign: Callable[[bytes], bytes]
    """makes the 64 bytes of an Ed25519 signature of what it gets"""
    instance: bytes
    """8 random bytes, drawn when the process starts: tells a restarted peer from a second connection"""
    features: int = 0
    """a set of bits; both ends use those that both have"""


@attrs.frozen
class Peer:
    """The other node, proved."""

    node_key: bytes
    instance: bytes
    address: str
    """where it says that it can be dialled, empty for nowhere; at a dialler: the address that was dialled"""
    version: int
    features: int
    dialler_nonce: bytes
    listener_nonce: bytes

    @property
    def blinding_key(self) -> bytes:
        """32 bytes that only the two ends know when the transport is secret: the key for blinded channel ids."""
        return hashlib.sha256(b"clique blinding 1\n" + self.dialler_nonce + self.listener_nonce).digest()
