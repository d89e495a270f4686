"""How a peer in a test's hands asks for an edge."""

from __future__ import annotations

import time

from cliquenntp.clique.blinding import blind
from cliquenntp.clique.messages import Advert, LinkRequest

INCARNATION = 1


def link_request(blinding_key: bytes, node_key: bytes, root: bytes) -> LinkRequest:
    """Return the request of a node for an edge in a forum, which the other end grants though it has enough of them.

    ``blinding_key``: of the link; ``node_key``: the asking node's.
    """
    advert = Advert(1, None, 0, b"", 0, False, True, True, 1)
    scope = blind(blinding_key, node_key, root)
    return LinkRequest(INCARNATION, scope, None, 0, int(time.time()), b"f" * 8, advert, priority=True)
