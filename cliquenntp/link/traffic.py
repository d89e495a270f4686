"""How much a node has sent to other nodes, by kind of message."""

from __future__ import annotations

from collections import Counter


class Traffic:
    """Counts what all links of a node have sent since it started."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        """by kind: the protocol's words (PUSH, ADV, ...), PING, PONG and ``handshake``"""
        self.octets: Counter[str] = Counter()
        """likewise, without the frames' heads; PUSH without the documents"""
        self.total = 0
        """octets handed to transports, everything included"""

    def sent(self, kind: str, octets: int) -> None:
        """Count one message."""
        self.messages[kind] += 1
        self.octets[kind] += octets

    def rows(self) -> dict[str, tuple[int, int]]:
        """Return (messages, octets) by kind, most octets first."""
        return {kind: (self.messages[kind], octets) for kind, octets in self.octets.most_common()}
