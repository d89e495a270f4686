"""A document's overlay as one node sees it, as DOT (graphviz.org) and as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from html import escape
from math import cos, pi, sin

import attrs


class Role(Enum):
    """What a node is to the one that looks."""

    PARENT = "parent"
    """pushes to us, and leads to the center"""
    CHILD = "child"
    """is pushed to by us"""
    BESIDE = "beside the tree"
    """offers, or is offered, what the tree may have missed"""
    FOLLOWER = "follower"
    """follows a part of what we follow, and is fed by us"""
    KNOWN = "known"
    """an address without a link"""
    CENTER = "center"
    """where the tree begins, known by its key alone"""


@attrs.frozen
class Other:
    """Another node."""

    name: str
    """short and the same in each picture"""
    role: Role
    details: tuple[str, ...] = ()
    """lines for people"""
    is_center: bool = False


@attrs.frozen
class Overlay:
    """What one node sees."""

    title: str
    me: str
    details: tuple[str, ...]
    """lines about the node that looks"""
    is_center: bool
    others: tuple[Other, ...]


_COLORS = {
    Role.PARENT: "#1b6e3c",
    Role.CHILD: "#2557a7",
    Role.BESIDE: "#767676",
    Role.FOLLOWER: "#8a4b08",
    Role.KNOWN: "#9a9a9a",
    Role.CENTER: "#1b6e3c",
}
_DASHED = frozenset({Role.BESIDE, Role.CENTER})

# DOT


def dot(overlay: Overlay) -> str:
    """Return the overlay in Graphviz's language; ``neato -Tsvg`` or ``dot -Tpng`` draw it."""
    return "\n".join(["digraph overlay {", *(f"  {line};" for line in _statements(overlay)), "}", ""])


def _statements(overlay: Overlay) -> Iterator[str]:
    yield f"label={_quoted(overlay.title)}"
    yield "node [shape=box, style=rounded, fontsize=10]"
    label = _quoted(overlay.me, *overlay.details)
    yield f"{_quoted(overlay.me)} [label={label}, penwidth=2{_shape(overlay.is_center)}]"
    for other in overlay.others:
        color = _COLORS[other.role]
        label = _quoted(other.name, other.role.value, *other.details)
        yield f'{_quoted(other.name)} [label={label}, color="{color}"{_shape(other.is_center)}]'
        if other.role is Role.KNOWN:
            continue
        ends = (overlay.me, other.name) if other.role in (Role.CHILD, Role.FOLLOWER) else (other.name, overlay.me)
        style = ', style=dashed, dir=none' if other.role in _DASHED else ""
        yield f'{_quoted(ends[0])} -> {_quoted(ends[1])} [color="{color}"{style}]'


def _shape(is_center: bool) -> str:
    return ", peripheries=2" if is_center else ""


def _quoted(*lines: str) -> str:
    """Return a quoted string of DOT, whose only special characters are the quote and the backslash."""
    return '"' + "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines) + '"'


# SVG: this node in the middle, its neighbours around it, the addresses that it knows around them

_WIDTH, _HEIGHT = 1200, 900
_INNER, _OUTER = (360, 250), (510, 400)
"""half axes of the two rings; wider than high, as the boxes are"""
_LINE = 13
"""the height of a line of text"""


def svg(overlay: Overlay) -> str:
    """Return the overlay as an SVG document that needs nothing else."""
    near = [other for other in overlay.others if other.role not in (Role.KNOWN, Role.CENTER)]
    far = [other for other in overlay.others if other.role in (Role.KNOWN, Role.CENTER)]
    places = [*zip(near, _ring(len(near), _INNER), strict=True), *zip(far, _ring(len(far), _OUTER), strict=True)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(overlay.title)}</title>",
        f'<text x="12" y="22" font-size="15">{escape(overlay.title)}</text>',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker></defs>',
    ]
    parts += [_line(other, x, y) for other, (x, y) in places if other.role not in (Role.KNOWN, Role.CENTER)]
    parts += [
        _box(x, y, (other.name, other.role.value, *other.details), _COLORS[other.role], other.is_center)
        for other, (x, y) in places
    ]
    parts.append(_box(_WIDTH / 2, _HEIGHT / 2, (overlay.me, *overlay.details), "#000000", overlay.is_center))
    return "\n".join([*parts, "</svg>", ""])


def _ring(count: int, axes: tuple[int, int]) -> list[tuple[float, float]]:
    angles = [2 * pi * index / count - pi / 2 for index in range(count)]
    return [(_WIDTH / 2 + axes[0] * cos(angle), _HEIGHT / 2 + axes[1] * sin(angle)) for angle in angles]


def _line(other: Other, x: float, y: float) -> str:
    left, top, color = _WIDTH / 2, _HEIGHT / 2, _COLORS[other.role]
    # from three tenths to seven tenths of the way, so that the boxes at the ends do not cover the arrow
    ends = [(left + (x - left) * share, top + (y - top) * share) for share in (0.3, 0.7)]
    if other.role is Role.PARENT:
        ends.reverse()
    (x1, y1), (x2, y2) = ends
    style = ' stroke-dasharray="5 4"' if other.role in _DASHED else ' marker-end="url(#arrow)"'
    return f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="{color}" stroke-width="2"{style}/>'


def _box(x: float, y: float, lines: Sequence[str], color: str, is_center: bool) -> str:
    width, height = 8 + 6.4 * max(map(len, lines)), 8 + _LINE * len(lines)
    x = min(max(x, width / 2 + 2), _WIDTH - width / 2 - 2)
    y = min(max(y, height / 2 + 30), _HEIGHT - height / 2 - 2)
    left, top = x - width / 2, y - height / 2
    border = f'fill="#ffffff" stroke="{color}" stroke-width="{4 if is_center else 1.5}"'
    rectangle = f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6" {border}/>'
    texts = [
        f'<text x="{x:.0f}" y="{top + 4 + _LINE * (index + 0.75):.0f}" text-anchor="middle">{escape(line)}</text>'
        for index, line in enumerate(lines)
    ]
    return "<g>" + rectangle + "".join(texts) + "</g>"
