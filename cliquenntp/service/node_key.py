"""The node's key: proves the node to others, and signs what it says as a center of a channel."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from zope.interface import implementer

from cliquenntp.interfaces import IClaims

CLAIM_CONTEXT = b"clique center 1\n"
"""Put before a claim, so that no other signature by the node's key counts as one, nor a claim as something else."""


@implementer(IClaims)
class NodeKey:
    """A node's private key.  It is apart from the personas' keys: a document never says where its author is."""

    def __init__(self, seed: bytes) -> None:
        """``seed`` is the private key, 32 bytes."""
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    def prove(self, transcript: bytes) -> bytes:
        """Return the signature of a handshake (link.handshake gives it a label of its own), 64 bytes."""
        return self._private.sign(transcript)

    def sign(self, statement: bytes) -> bytes:
        """See IClaims."""
        return self._private.sign(CLAIM_CONTEXT + statement)

    def verify(self, key: bytes, statement: bytes, signature: bytes) -> bool:
        """See IClaims."""
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, CLAIM_CONTEXT + statement)
        except (InvalidSignature, ValueError):
            return False
        return True
