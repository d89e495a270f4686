"""Adverts and their acknowledgements as if each were a datagram: lost, doubled, late and overtaken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from cliquenntp.clique.messages import AdvertAck, AdvertMessage, Message

DATAGRAM_LOST, DATAGRAM_DOUBLED, DATAGRAM_LATE = 0.1, 0.3, 30.0
"""shares that are lost and come twice, seconds at most that one comes late: longer than adverts usually are apart"""


def in_disorder(
    random: Random, messages: Sequence[Message], come_late: Callable[[float, Message], None],
) -> list[Message]:
    """Hand adverts and acknowledgements to ``come_late(seconds, message)``; return the other messages in order."""
    in_order = []
    for message in messages:
        if not isinstance(message, AdvertMessage | AdvertAck):
            in_order.append(message)
            continue
        copies = 0 if random.random() < DATAGRAM_LOST else 2 if random.random() < DATAGRAM_DOUBLED else 1
        for _ in range(copies):
            come_late(random.choice((0.0, random.uniform(0, DATAGRAM_LATE))), message)
    return in_order
