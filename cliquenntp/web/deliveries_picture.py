"""Deliveries as a picture: a lane for each other node, on which documents stand by when they came or went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import log10
from typing import Any

MOST_LANES = 12
"""nodes that are drawn, those with the newest deliveries; a forum's node has some eight neighbours"""

MOST_MARKS = 200
"""deliveries that are drawn, the newest; more would stand upon one another"""

NEW_SECONDS = 4.0
"""how long a mark stands out: from one look of the page's script to the next"""

NAME_CHARACTERS = 8
"""of a node's key, as in the picture of the overlay"""

_WIDTH = 720
_LEFT, _RIGHT = 100, 700
"""where the axis begins and ends: now beside the names, so that a narrow screen shows what is new"""
_TOP, _LANE = 34, 30
_TIMES = ((1.0, "now"), (10.0, "10 s"), (60.0, "1 min"), (600.0, "10 min"), (3600.0, "1 hour"), (86_400.0, "1 day"))
"""what the axis names; as it is logarithmic, it has room for what came just now and for what was written yesterday"""
_DECADES = log10(2 * _TIMES[-1][0])
_IN, _OUT = "#1b6e3c", "#2557a7"

_STYLE = (
    "@media (prefers-reduced-motion: no-preference) { "
    "@keyframes arrive { from { r: 14px; opacity: 0.2 } } .new { animation: arrive 1s ease-out } }"
)


def picture(rows: Sequence[Mapping[str, Any]], now: float) -> str:
    """Return the newest deliveries as an SVG document that needs nothing else.

    ``rows`` are those of the command ``deliveries``, the newest first; ``now`` is in seconds since 1970 UTC.  A mark
    stands where a document came (a disc) or went (a ring); a line leads from there back to when it was written, and
    another one from where it came to where it went.
    """
    rows = rows[:MOST_MARKS]
    lanes = {node: index for index, node in enumerate(list(dict.fromkeys(row["node"] for row in rows))[:MOST_LANES])}
    shown = [row for row in rows if row["node"] in lanes]
    height = _TOP + _LANE * max(1, len(lanes)) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        'font-size="13">',
        "<title>Documents that came and went</title>",
        f"<style>{_STYLE}</style>",
        *_axis(height),
        *(_lane(node, _middle(index)) for node, index in lanes.items()),
        *_passed_on(shown, lanes, now),
    ]
    for row in reversed(shown):
        parts.append(_mark(row, _middle(lanes[row["node"]]), now))
    if not shown:
        parts.append(f'<text x="{_LEFT}" y="{_middle(0) - 4:.0f}">Nothing came or went yet.</text>')
    return "\n".join([*parts, "</svg>", ""])


def _place(ago: float) -> float:
    """Return where something stands on the axis that was so many seconds ago."""
    share = min(1.0, log10(max(1.0, ago)) / _DECADES)
    return _LEFT + share * (_RIGHT - _LEFT)


def _middle(index: int) -> float:
    return _TOP + _LANE * (index + 0.5)


def _axis(height: int) -> Iterator[str]:
    for ago, name in _TIMES:
        x = _place(ago)
        yield f'<line x1="{x:.0f}" y1="{_TOP - 8}" x2="{x:.0f}" y2="{height}" stroke="#dddddd"/>'
        yield f'<text x="{x:.0f}" y="{_TOP - 14}" text-anchor="middle" fill="#555555">{name}</text>'


def _lane(node: str, y: float) -> str:
    name = escape(node[:NAME_CHARACTERS])
    return (
        f'<text x="8" y="{y + 4:.0f}">{name}</text>'
        f'<line x1="{_LEFT}" y1="{y:.0f}" x2="{_RIGHT}" y2="{y:.0f}" stroke="#cccccc"/>')


def _passed_on(rows: Sequence[Mapping[str, Any]], lanes: Mapping[str, int], now: float) -> Iterator[str]:
    """Yield a line from where each document came to where it went."""
    came = {row["id"]: row for row in rows if row["way"] == "in"}
    for row in rows:
        source = came.get(row["id"])
        if row["way"] == "out" and source is not None:
            ends = [(_place(now - one["at"]), _middle(lanes[one["node"]])) for one in (source, row)]
            (x1, y1), (x2, y2) = ends
            yield (
                f'<line x1="{x1:.1f}" y1="{y1:.0f}" x2="{x2:.1f}" y2="{y2:.0f}" stroke="{_OUT}" '
                'stroke-dasharray="3 3"/>')


def _mark(row: Mapping[str, Any], y: float, now: float) -> str:
    """Return a delivery's disc or ring, with the line back to when the document was written."""
    ago = now - row["at"]
    is_in = row["way"] == "in"
    color = _IN if is_in else _OUT
    x, written = _place(ago), _place(ago + row["age"])
    look = f'fill="{color}"' if is_in else 'fill="#ffffff"'
    new = ' class="new"' if ago < NEW_SECONDS else ""
    return (
        f'<line x1="{written:.1f}" y1="{y:.0f}" x2="{x:.1f}" y2="{y:.0f}" stroke="{color}" stroke-width="3"/>'
        f'<circle{new} cx="{x:.1f}" cy="{y:.0f}" r="6" {look} stroke="{color}" stroke-width="2"/>')
