"""A short form of `make flood`: five nodes, two who flood."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flood.forum import MOST_GROWN, Shape, flood

pytestmark = [pytest.mark.real, pytest.mark.long]

SHORT = Shape(nodes=5, flooders=2, posts=30, spam=3_000, keys=300, links=5)


def test_a_forum_stays_readable_in_a_flood(tmp_path: Path) -> None:
    outcome = flood(tmp_path, SHORT, print)
    figures = "\n".join(outcome.lines())
    assert outcome.pushed > SHORT.spam, f"the nodes hang up on who floods\n{figures}"
    assert not outcome.missing, figures
    assert max(outcome.spam) <= outcome.most_spam < SHORT.spam / 10, figures
    assert min(outcome.put_off), figures
    assert max(outcome.grown) <= MOST_GROWN, figures
