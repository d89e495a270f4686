"""python -m tests.simulation.reconnect [--documents 10000]: what it costs two nodes to link again after a break.

Two nodes hold the same forum.  Their stream ends; documents are written at one of them; they find back together.
Control is counted from the end of the stream until both are quiet, frames of 40 bytes and all, without the handshake of
the link, which the simulator does not have.  A round trip is twice the delay of the new stream; no frame is late.
"""

from __future__ import annotations

import argparse
from hashlib import sha256

import attrs
from rich.console import Console
from rich.table import Table

from cliquenntp.clique.messages import Channel
from cliquenntp.interfaces import Place

from .clique_node import CliqueNode, NodeOptions
from .network import NetworkModel
from .worlds import EPOCH, World

RECENT = 3600
"""seconds in which the documents that differ were written, the youngest two minutes before the stream's return"""

AWAY = 120.0
"""seconds without a stream: shorter than an orphan waits before it claims to be the center"""

QUIET = 600.0
"""seconds after the stream's return in which everything has come"""

AGE_STEP = 300
"""seconds between two documents of the history"""


@attrs.frozen
class Cost:
    """What one reconnection took: bytes by kind of message, bodies, round trips until the last document was there."""

    differences: int
    kinds: dict[str, int]
    bodies: int
    round_trips: float

    @property
    def control(self) -> int:
        """All bytes but bodies and the heads of the frames that carry them."""
        return sum(size for kind, size in self.kinds.items() if kind != "PUSH")


def reconnect(documents: int, differences: int, seed: int = 1) -> Cost:
    """Break the stream between two nodes with so many documents and let them find back, with some written meanwhile."""
    world = World(
        lambda world, number, committed: CliqueNode(world, number, committed, NodeOptions()), seed,
        NetworkModel(tail_share=0.0))
    root = world.new_document().id
    world.follows = {0: [Channel(root)], 1: [Channel(root)]}
    pair = [world.add(0, None)]
    pair[0].publish(world.documents[root])
    pair.append(world.add(1, 0))
    _pass(world, 300.0)
    for number in range(documents):
        place = _document(root, number, EPOCH - 2 * RECENT - (documents - number) * AGE_STEP)
        for node in pair:
            _give(world, node, place)
    world.network.cut(lambda number: number)
    _pass(world, AWAY)
    now = EPOCH + int(world.engine.now)
    missed = [
        _document(root, documents + number, now - 120 - RECENT * number // differences)
        for number in range(differences)]
    for place in missed:
        world.recorder.published(place.id, world.engine.now, 0, frozenset(world.follows))
        _give(world, pair[0], place)
    world.recorder.reset_traffic()
    world.network.cut(None)
    while not (world.network.linked(0, 1) and world.network.linked(1, 0)):
        _pass(world, 0.1)
    linked, trip = world.engine.now, 2 * world.network.delay(0, 1)
    _pass(world, QUIET)
    times = [world.recorder.documents[place.id].got[1] for place in missed]
    return Cost(
        differences, dict(world.recorder.control.most_common()), world.recorder.bodies,
        (max(times, default=linked) - linked) / trip)


def _document(root: bytes, number: int, time: int) -> Place:
    return Place(sha256(f"history {number}".encode()).digest(), time, (root,), 2048)


def _give(world: World, node: object, place: Place) -> None:
    """Have a node hold a document as if it had come long ago."""
    assert isinstance(node, CliqueNode)
    world.documents[place.id] = place
    node.stored[place.id] = place
    node.documents.add(place)


def _pass(world: World, seconds: float) -> None:
    world.engine.run_until(world.engine.now + seconds)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.reconnect", description=__doc__)
    parser.add_argument("--documents", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    table = Table(title=f"Two nodes with {arguments.documents} documents link again (seed {arguments.seed})")
    for column in ("recent differences", "control B", "of these", "heads of bodies B", "bodies", "round trips"):
        table.add_column(column, justify="left" if column == "of these" else "right")
    for differences in (0, 1, 100):
        cost = reconnect(arguments.documents, differences, arguments.seed)
        kinds = ", ".join(f"{kind} {size}" for kind, size in cost.kinds.items() if kind != "PUSH")
        table.add_row(
            str(differences), str(cost.control), kinds, str(cost.kinds.get("PUSH", 0)), str(cost.bodies),
            f"{cost.round_trips:.1f}")
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
