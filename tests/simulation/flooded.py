"""What became of a forum that was flooded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

import attrs

from .clique_node import CliqueNode
from .measure import percentile
from .worlds import World


@attrs.define
class Flood:
    """What became of spam and of honest documents beside it."""

    spam: int
    """documents of spam that were written"""
    newcomers_delivered: float
    """share that was delivered of what was by people who write once"""
    newcomers_delay: tuple[float, float]
    """seconds until a node had that, at half of the nodes and at nine of ten"""
    share: float
    """of spam in what an honest node got, on average"""
    worst_share: float
    stored: float
    """documents of spam that an honest node has, on average"""
    refused: dict[str, float]
    """documents that an honest node refused, on average, by the budget that had no room"""
    control_a_node: float
    """control bytes that came to an honest node in a second"""


def measure_flood(world: World, honest: Set[int], spam: int, by_newcomers: Set[bytes], began: float) -> Flood:
    """Return the figures of ``honest`` nodes, of ``spam`` documents and honest ones ``by_newcomers`` written since."""
    recorder = world.recorder
    shares, stored, refused = [], 0, Counter[str]()
    for number in honest:
        bad, good = recorder.stored[number, False], recorder.stored[number, True]
        stored += bad
        shares.append(bad / max(1, bad + good))
        node = world.nodes[number]
        if isinstance(node, CliqueNode):
            refused.update(node.put_off)
    control = sum(recorder.control_to[number] for number in honest)
    delays = recorder.latencies(began, by_newcomers)
    return Flood(
        spam, recorder.delivery(honest, began, by_newcomers),
        (percentile(delays, 0.5), percentile(delays, 0.9)), sum(shares) / len(honest), max(shares),
        stored / len(honest), {name: count / len(honest) for name, count in refused.most_common()},
        control / len(honest) / (world.engine.now - began),
    )  # fmt: skip
