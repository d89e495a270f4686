"""All that is fuzzed, and the inputs that have found something."""

from __future__ import annotations

from pathlib import Path

from tests.fuzzing import databases, forums, links, news, pages, servers, texts
from tests.fuzzing.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (links, news, servers, forums, texts, pages, databases) for target in module.TARGETS
}

_FOUND = Path(__file__).with_name("found")


def found_inputs(target: str) -> dict[str, bytes]:
    """Return, by name, the inputs with which a target once failed: files ``found/TARGET-WHAT``."""
    return {path.name: path.read_bytes() for path in sorted(_FOUND.glob(f"{target}-*"))}
