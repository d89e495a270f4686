"""The table of figures, as text and as reStructured rows for a results file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .flooded import Flood
from .run import Result


def _optional(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


COLUMNS: tuple[tuple[str, Callable[[Result], str]], ...] = (
    ("scenario", lambda r: r.scenario),
    ("nodes", lambda r: str(r.nodes)),
    ("delivered %", lambda r: f"{100 * r.delivered:.3f}"),
    ("p50 s", lambda r: f"{r.p50:.1f}"),
    ("p99 s", lambda r: f"{r.p99:.1f}"),
    ("RMR", lambda r: f"{r.redundancy:.2f}"),
    ("control B/copy", lambda r: f"{r.control:.0f}"),
    ("join kB", lambda r: f"{r.join / 1000:.1f}"),
    ("idle kB/day", lambda r: _optional(None if r.idle is None else r.idle / 1000, ".1f")),
    ("one center s", lambda r: _optional(r.merged, ".0f")),
    ("caught up s", lambda r: _optional(r.caught_up, ".0f")),
    ("carried unwanted", lambda r: str(r.unwanted)),
    ("degree", lambda r: str(r.degree)),
    ("streams", lambda r: f"{r.streams}/{r.follower_streams}"),
    ("core events/s", lambda r: _optional(r.events / r.core_seconds if r.events else None, ".0f")),
    ("with all", lambda r: _optional(r.events / r.processor if r.events else None, ".0f")),
    ("took s", lambda r: f"{r.seconds:.0f}"),
)


def table(results: Sequence[Result]) -> str:
    """Return the figures of the runs as a Markdown table with aligned columns."""
    rows = [[name for name, _ in COLUMNS], *([show(result) for _, show in COLUMNS] for result in results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in padded]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def kinds(result: Result, most: int = 10) -> str:
    """Return which messages the control bytes of a run went into."""
    text = f"control bytes a delivered copy: {_sizes(result.kinds, most)}"
    if result.idle_kinds:
        text += f"; idle bytes a node and day: {_sizes(result.idle_kinds, most)}"
    return text if result.flood is None else f"{text}; {_flood(result.flood)}"


def _flood(flood: Flood) -> str:
    refused = ", ".join(f"{count:.0f} by {name}" for name, count in flood.refused.items())
    return (
        f"{flood.spam} documents of spam: delivered {100 * flood.newcomers_delivered:.3f} % of what newcomers wrote, "
        f"half within {flood.newcomers_delay[0]:.0f} s and 90 % within {flood.newcomers_delay[1]:.0f} s; "
        f"spam is {100 * flood.share:.1f} % of what an honest node has ({100 * flood.worst_share:.1f} % at the worst), "
        f"{flood.stored:.0f} documents; a node refused {refused}; "
        f"{flood.control_a_node:.0f} bytes of control a second came to a node")


def _sizes(sizes: dict[str, float], most: int) -> str:
    return ", ".join(f"{kind} {size:.0f}" for kind, size in list(sizes.items())[:most])
