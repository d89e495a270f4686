"""What a node does that missed much: it gets everything, and little of it twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.articles import make_articles
from tests.real.node_process import NodeProcess
from tests.real.reading import count, wait_for_count
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

FORUM = "garden"
GROUP = f"clique.{FORUM}"

SENT_TWICE = 0.05
"""of all bodies, at most"""


@pytest.mark.parametrize(("articles", "share"), [(1000, 0.5), (3000, 0.8)])
def test_a_node_killed_while_it_catches_up_gets_little_of_it_twice(
    make_node: Callable[..., NodeProcess], tmp_path: Path, articles: int, share: float
) -> None:
    first, second = make_node("first", clique=True), make_node("second", clique=True)
    first.cliquectl("create-forum", FORUM)
    first.cliquectl("import", str(make_articles(tmp_path, articles)), "--forum", FORUM)
    held = count(first, GROUP)
    assert held > articles * 0.9
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for("a part of the forum", lambda: count(second, GROUP) >= held * share)
    second.kill()
    second.start()
    came_before = count(second, GROUP)
    assert came_before < held, "it had everything before it was killed"
    wait_for_count(second, GROUP, held)
    sent = first.cliquectl("status")["sent"]
    print(f"{held} documents, {came_before} before the kill, {sent} bodies sent")
    assert sent <= held * (1 + SENT_TWICE)
