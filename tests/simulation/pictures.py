"""Pictures of a run: the latency curve, and the overlay with its tree."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from .inspect import full_states, peer_of
from .run import Run


def draw(run: Run, folder: Path) -> list[Path]:
    """Write the pictures of a finished run into ``folder`` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{run.scenario.name}-{run.scenario.nodes}-{run.seed}"
    drawn = [folder / f"{name}-latency.png"]
    _latency(run, drawn[0])
    if run.scenario.protocol == "clique":
        drawn.append(folder / f"{name}-overlay.png")
        _overlay(run, drawn[1])
    return drawn


def _latency(run: Run, path: Path) -> None:
    values = run.result.latencies
    figure, axes = plt.subplots(figsize=(7, 4.5))
    axes.plot(values, [100 * (place + 1) / len(values) for place in range(len(values))], linewidth=1.5)
    axes.set_xlabel("seconds after it was written")
    axes.set_ylabel("% of the deliveries")
    axes.set_title(f"{run.scenario.title}: {run.scenario.nodes} nodes, seed {run.seed}")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)


def _overlay(run: Run, path: Path) -> None:
    """Draw the full nodes as a radial tree, the center in the middle, other edges grey."""
    parents: dict[int, int] = {}
    edges: set[tuple[int, int]] = set()
    for number, state in full_states(run.world):
        if state.parent is not None:
            parents[number] = peer_of(state.parent)
        edges |= {tuple(sorted((number, peer_of(edge)))) for edge in state.open_edges() if edge.kind == 0}  # type: ignore[misc]
    places = _radial(parents, {number for number, _ in full_states(run.world)})
    figure, axes = plt.subplots(figsize=(9, 9))
    for one, other in edges:
        if one in places and other in places:
            in_tree = parents.get(one) == other or parents.get(other) == one
            style = {"color": "#1f5fa8", "linewidth": 0.9} if in_tree else {"color": "#bbbbbb", "linewidth": 0.25}
            axes.plot(*zip(places[one], places[other], strict=True), zorder=2 if in_tree else 1, **style)
    axes.scatter(*zip(*places.values(), strict=True), s=6, color="#222222", zorder=3)
    axes.set_title(f"{run.scenario.title}: the tree (blue) and the other edges (grey)")
    axes.set_aspect("equal")
    axes.axis("off")
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)


def _radial(parents: dict[int, int], nodes: set[int]) -> dict[int, tuple[float, float]]:
    children: dict[int, list[int]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    roots = sorted(node for node in nodes if node not in parents)
    order: list[tuple[int, int]] = []
    stack = [(root, 0) for root in reversed(roots)]
    seen: set[int] = set()
    while stack:
        node, depth = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append((node, depth))
            stack += [(child, depth + 1) for child in sorted(children.get(node, ()), reverse=True)]
    places = {}
    for place, (node, depth) in enumerate(order):
        angle = 2 * math.pi * place / max(1, len(order))
        places[node] = (depth * math.cos(angle), depth * math.sin(angle))
    return places
