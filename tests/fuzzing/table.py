"""All that is fuzzed, and the inputs that have found something."""

from __future__ import annotations

from pathlib import Path

from tests.fuzzing import links, news, pages, texts
from tests.fuzzing.target import Target

TARGETS: dict[str, Target] = {
    target.name: target for target in (*links.TARGETS, *news.TARGETS, *texts.TARGETS, *pages.TARGETS)
}

_FOUND = Path(__file__).with_name("found")


def found_inputs(target: str) -> dict[str, bytes]:
    """Return, by name, the inputs with which a target once failed: files ``found/TARGET-WHAT``."""
    return {path.name: path.read_bytes() for path in sorted(_FOUND.glob(f"{target}-*"))}
