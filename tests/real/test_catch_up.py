"""What a node does that missed much: it gets everything, and little of it twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.articles import make_articles
from tests.real.node_process import NodeProcess
from tests.real.reading import count, post_and_wait, wait_for_count
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

FORUM = "garden"
GROUP = f"clique.{FORUM}"

SENT_TWICE = 0.05
"""of all bodies, at most"""


RATE = 200_000
"""bytes a second; a second's worth goes at once"""

LARGE = 6
"""documents of about a second's worth each"""


def test_a_node_sends_no_faster_than_it_is_told(make_node: Callable[..., NodeProcess]) -> None:
    first = make_node("first", config=f'clique = ["tcp:127.0.0.1:0"]\nmax_rate = {RATE}\n')
    second = make_node("second", clique=True)
    first.cliquectl("create-forum", FORUM)
    line = f"{os.urandom(35).hex()}\r\n"
    for number in range(LARGE):
        head = f"Newsgroups: {GROUP}\r\nFrom: r <r@example.invalid>\r\nSubject: large {number}\r\n\r\n"
        with NewsClient("127.0.0.1", first.nntp_port) as client:
            assert client.post((head + line * (RATE // len(line))).encode()).startswith("240")
    began = time.monotonic()
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(second, GROUP, 1 + LARGE)
    assert time.monotonic() - began > LARGE - 2
    # what is said between documents does not wait for the rate
    assert post_and_wait(second, [first], GROUP, "from the second") < 10.0


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
