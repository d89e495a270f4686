"""The documents of a large forum: signed, of about 2 KB, at the depths of a real mailing list."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator

from cliquenntp.document import Signer, address_of, build, id_text, parse

TIME = 1_700_000_000
BODY = b"A line of text as people write them, about that long and no longer.\r\n" * 22
AUTHORS = 50

DEPTHS = (
    1119, 1112, 647, 332, 220, 156, 100, 72, 49, 40, 25, 15, 13, 10, 7, 6, 5, 3, 3, 3, 3, 3, 3, 3, 2, 3, *[2] * 12,
    8, 8, *[1] * 5,
)
"""how many of 3,999 messages of the linux-man mailing list stand at depth 1, 2, 3 and so on"""

LONGEST_CHAIN = 370
"""the longest chain of replies found in public mailing lists"""

CHAIN_EVERY = 100_000 // LONGEST_CHAIN
"""documents from one reply of the longest chain to the next, so that the mix is the same at any size"""

RECENT = 300
"""a reply answers one of so many last documents of a depth"""


class Forum:
    """Makes the documents of one forum, each one's parent before it."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._signers = [Signer(self._dice.randbytes(32)) for _ in range(AUTHORS)]
        self._by_depth: dict[int, deque[bytes]] = {}
        self._chain: list[bytes] = []
        self._count = 0
        self.depths = [0]
        """of the documents so far"""

    def documents(self) -> Iterator[bytes]:
        """Yield the bytes of signed documents without end, the root first."""
        root = self._signed([(b"Subject", b"A large forum"), (b"Clique-Forum", b"large")])
        yield root
        self._by_depth[0] = deque([parse(root).id])
        while True:
            depth, parent = self._place()
            subject = b"Re: " * (depth > 1) + b"subject number %d" % self._count
            raw = self._signed([(b"Subject", subject), (b"Clique-Parent", id_text(parent).encode())])
            document_id = parse(raw).id
            if depth:
                self._by_depth.setdefault(depth, deque(maxlen=RECENT)).append(document_id)
            else:
                self._chain.append(document_id)
            self.depths.append(depth or len(self._chain))
            yield raw

    def _place(self) -> tuple[int, bytes]:
        """Return the next document's depth, 0 for one of the longest chain, and its parent."""
        dice = self._dice
        if len(self._chain) < LONGEST_CHAIN and self._count % CHAIN_EVERY == 0:
            return 0, self._chain[-1] if self._chain else self._by_depth[0][0]
        [depth] = dice.choices(range(1, len(DEPTHS) + 1), DEPTHS)
        while depth - 1 not in self._by_depth:
            depth -= 1
        return depth, dice.choice(self._by_depth[depth - 1])

    def _signed(self, fields: list[tuple[bytes, bytes]]) -> bytes:
        self._count += 1
        signer = self._dice.choice(self._signers)
        sender = f"Somebody <{address_of(signer.key, 'somebody')}>".encode()
        fields = [(b"From", sender), *fields, (b"Date", b"Tue, 24 Nov 2026 12:00:00 +0000")]
        return signer.sign(build(fields, BODY), TIME + self._count)
