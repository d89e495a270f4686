"""Who floods a forum: peers of real nodes that push documents of many keys as fast as they are taken."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from threading import Event, Thread

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cliquenntp.clique.messages import Push
from cliquenntp.document import Signer, address_of, build, id_text, parse
from tests.real.hostile_peer import HostilePeer

SUBJECT = "buy this"
"""begins each subject of what they write"""


def spam(count: int, keys: int, below: Sequence[bytes], when: int) -> list[tuple[bytes, bytes]]:
    """Return signed documents (id, octets) of so many keys, each below the next of ``below`` (ids).

    ``when``: their Clique-Time.
    """
    signers = [Signer(sha256(b"flood %d" % number).digest()) for number in range(keys)]
    made = []
    for number in range(count):
        signer = signers[number % keys]
        fields = [
            (b"From", f"Shop <{address_of(signer.key, 'shop')}>".encode()),
            (b"Subject", b"%s %d" % (SUBJECT.encode(), number)),
            (b"Date", b"1 Jan 2027 00:00:00 +0000"),
            (b"Clique-Parent", id_text(below[number % len(below)]).encode()),
        ]
        octets = signer.sign(build(fields, b"Buy this, it is cheap.\r\n"), when)
        made.append((parse(octets).id, octets))
    return made


class Flooder:
    """One node that floods: linked to several, it pushes to all of them the same documents from now on."""

    def __init__(self, addresses: Sequence[str], root: bytes) -> None:
        key = Ed25519PrivateKey.generate()
        self._peers: list[HostilePeer] = []
        self._edges: list[int] = []
        for address in addresses:
            # one after the other: a link that nobody uses is closed
            self._peers.append(HostilePeer(address, key).open_link())
            self._edges.append(self._peers[-1].open_edge(root))
            Thread(target=self._peers[-1].answer_pings, daemon=True).start()
        self._over = Event()
        self._threads: list[Thread] = []
        self.pushed = 0
        """documents, each counted for each node that took its octets"""

    def begin(self, documents: Sequence[tuple[bytes, bytes]], seconds: float) -> None:
        """Push documents to all nodes, evenly over a time."""
        for peer, edge in zip(self._peers, self._edges, strict=True):
            thread = Thread(target=self._push_to, args=(peer, edge, documents, seconds / len(documents)), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _push_to(
        self, peer: HostilePeer, edge: int, documents: Sequence[tuple[bytes, bytes]], gap: float
    ) -> None:
        began = time.monotonic()
        for number, (identity, octets) in enumerate(documents):
            self._over.wait(max(0.0, began + number * gap - time.monotonic()))
            if self._over.is_set() or not peer.push_document(Push(edge, identity, 1), octets):
                return
            self.pushed += 1

    def wait(self) -> None:
        """Wait until all is pushed."""
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """End the flood."""
        self._over.set()
        for peer in self._peers:
            peer.close()
