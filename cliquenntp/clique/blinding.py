"""Keyed hashes under a link's secret: who does not hold a document learns nothing from being asked for it."""

from __future__ import annotations

from hashlib import blake2b

from cliquenntp.clique.messages import Channel, Key


def blind(secret: bytes, node_key: bytes, document: bytes) -> bytes:
    """Return how the node of that key names a scope's document on a link, 16 bytes.

    Each side's key makes its own hash, so that none can answer by echoing the other's.
    """
    return blake2b(node_key + document, digest_size=16, key=secret[:64], person=b"clique scope").digest()


def short_id(secret: bytes, document: bytes) -> bytes:
    """Return a document's 6-byte name in comparisons on a link.

    Two documents that somebody made to collide on one link do not on the next.
    """
    return blake2b(document, digest_size=6, key=secret[:64], person=b"clique short").digest()


def fingerprint(secret: bytes, count: int, total: int) -> bytes:
    """Return the 8-byte fingerprint on a link of ``count`` documents whose ids sum up to ``total`` (modulo 2**256)."""
    return blake2b(
        count.to_bytes(8, "big") + total.to_bytes(32, "big"), digest_size=8, key=secret[:64], person=b"clique set"
    ).digest()


def question(secret: bytes, fingerprint: bytes, key: Key | None) -> bytes:
    """Return the 8 bytes that a probe asks with: a set's fingerprint and a center's key in one.

    The channel_term is left out, since two feeders of one channel need not have heard the same.
    """
    center = b"" if key is None else b"".join((
        bytes((key.rooted, key.subscribed)), key.term.to_bytes(8, "big"), key.center))
    return blake2b(fingerprint + center, digest_size=8, key=secret[:64], person=b"clique probe").digest()


def statement(channel: Channel, key: Key, seq: int) -> bytes:
    """Return the bytes that a center signs: its claim of a channel under a key, at a sequence number.

    ``channel_term`` and ``rooted`` of a rooted key are set by whoever feeds the channel, so the center of a forum
    does not sign them.
    """
    term = (0 if key.rooted else key.channel_term, key.term, seq)
    numbers = b"".join(number.to_bytes(8, "big") for number in term)
    flags = bytes((channel.comments, key.rooted, key.subscribed))
    return b"clique center 1\n" + channel.document + flags + numbers + key.center
