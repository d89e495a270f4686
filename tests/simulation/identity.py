"""Who the simulated nodes are: their keys, their addresses, and signatures that cost nothing."""

from __future__ import annotations

from hashlib import blake2b, sha256

from zope.interface import implementer

from cliquenntp.clique.messages import Contact
from cliquenntp.interfaces import IClaims


def author_key(number: int) -> bytes:
    """Return the key of somebody who writes."""
    return sha256(f"author {number}".encode()).digest()


def node_key(number: int) -> bytes:
    """Return a node's key."""
    return sha256(f"node {number}".encode()).digest()


def contact_of(number: int) -> Contact:
    """Return how others know a node."""
    return Contact(node_key(number), f"i2p:{number:052}.b32.i2p")


def number_of(contact: Contact) -> int:
    """Return the number of the node that a contact names."""
    return int(contact.address[4:56])


@implementer(IClaims)
class Claims:
    """Signatures that only their node makes: good enough where nobody reads another's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, statement: bytes) -> bytes:
        """Return this node's signature."""
        return _signature(self._key, statement)

    def verify(self, key: bytes, statement: bytes, signature: bytes) -> bool:
        """Return whether it is that node's."""
        return signature == _signature(key, statement)


def _signature(key: bytes, statement: bytes) -> bytes:
    return blake2b(statement, digest_size=64, key=key).digest()
