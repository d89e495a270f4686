"""Posts that leave later than they are written: here at once, elsewhere when they are due and by no way before."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from cliquenntp.service.network.holding_back import SPREAD_SECONDS
from tests.nntp_client import NewsClient
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import message_id, overview, post, wait_for_subject
from tests.real.set_clock import SetClock
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
MINUTES = 24 * 60
"""a day, so that hardly anything is drawn that is due before a test ends: once in some thousand runs"""

LATER = MINUTES * 60.0 + SPREAD_SECONDS + 30.0
"""seconds: by then all that is held back is due, and what answers it"""


@pytest.fixture
def clocks(tmp_path: Path) -> list[SetClock]:
    """The clocks of three nodes."""
    return [SetClock(tmp_path / f"clock{number}") for number in range(3)]


@pytest.fixture
def pair(make_node: Callable[..., NodeProcess], clocks: list[SetClock]) -> list[NodeProcess]:
    """Two nodes that share a forum, of which the first one holds posts back."""
    first, second = pair = [
        make_node(f"node{number}", clique=True, environ=clocks[number].environ) for number in range(2)]
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    post(first, GROUP, "before")
    wait_for_subject(second, GROUP, "before")
    told = first.cliquectl("persona", "delay", str(MINUTES))
    assert (told["minutes"], told["waiting"]) == (MINUTES, 0)
    return pair


def set_all(clocks: list[SetClock], seconds: float) -> None:
    for clock in clocks:
        clock.set(seconds)


def waiting(node: NodeProcess) -> int:
    return int(node.ask("persona", action="delay")["waiting"])


def held_back(node: NodeProcess, subject: str, *fields: str) -> None:
    """Post an article that leaves later."""
    before = waiting(node)
    post(node, GROUP, subject, *fields)
    assert waiting(node) == before + 1


def test_nobody_hears_of_a_post_before_it_is_due(
    pair: list[NodeProcess], clocks: list[SetClock], make_node: Callable[..., NodeProcess],
) -> None:
    first, second = pair
    for minutes, reason in (("1441", "0 to 1440 minutes"), ("soon", "no number of minutes")):
        with pytest.raises(CommandFailedError, match=reason):
            first.cliquectl("persona", "delay", minutes)
    with pytest.raises(CommandFailedError, match="no account nobody"):
        first.cliquectl("persona", "delay", "5", "--account", "nobody")
    assert first.cliquectl("persona", "delay")["minutes"] == MINUTES
    written = time.time()
    held_back(first, "held back")
    question = f"References: {message_id(first, GROUP, 'held back')}"
    held_back(first, "Re: held back", question)
    assert {"held back", "Re: held back"} <= overview(first, GROUP).keys(), "here it is shown at once"
    with NewsClient("127.0.0.1", first.nntp_port) as client:
        assert any(b"2 of your posts are held back" in line for line in client.listing("LIST MOTD")[1])
    # everything that could tell it: comparing over an old link and a new one, and somebody who knows nothing yet
    second.ask("resync", name=GROUP)
    second.kill()
    second.start()
    third = make_node("node2", clique=True, environ=clocks[2].environ)
    third.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    first.cliquectl("persona", "delay", "0")
    held_back(first, "an answer without a delay", question)
    post(first, GROUP, "at once")
    for node in (second, third):
        wait_for_subject(node, GROUP, "at once")
        node.ask("resync", name=GROUP)
    post(third, GROUP, "from the third")
    wait_for_subject(second, GROUP, "from the third")
    wait_for_subject(first, GROUP, "from the third")
    known = {"garden", "before", "at once", "from the third"}
    assert set(overview(second, GROUP)) == set(overview(third, GROUP)) == known
    assert first.ask("status")["documents"] == second.ask("status")["documents"]

    set_all(clocks, LATER)
    for node in (second, third):
        line = wait_for_subject(node, GROUP, "held back")
        for answer in ("Re: held back", "an answer without a delay"):
            assert wait_for_subject(node, GROUP, answer)[5].split() == [line[4]]
        assert parsedate_to_datetime(line[3]).timestamp() > written, "its Date tells when it left"
    assert waiting(first) == 0
    assert overview(first, GROUP)["held back"][4] == line[4], "the Message-ID has stayed"
    assert [post["nodes"] > 0 for post in first.ask("status")["posts"] if post["subject"] == "held back"] == [True]
    for node in (first, second, third):
        assert node.cliquectl("verify") == []
        assert "Traceback" not in node.log and "Unhandled" not in node.log


def test_what_waits_outlives_the_process(pair: list[NodeProcess], clocks: list[SetClock]) -> None:
    first, second = pair
    held_back(first, "regretted")
    post(first, GROUP, "cmsg", f"Control: cancel {message_id(first, GROUP, 'regretted')}")
    assert waiting(first) == 0, "neither leaves"
    held_back(first, "before the kill")
    held_back(first, "cmsg", f"Control: cancel {message_id(first, GROUP, 'before')}")
    assert overview(first, GROUP).keys() == {"garden", "before", "before the kill"}, (
        "of a cancel of what others have nothing shows, here too, until it leaves")
    first.kill()
    first.start()
    assert waiting(first) == 2
    assert first.ask("persona", action="delay")["minutes"] == MINUTES
    post(second, GROUP, "while it waits")
    wait_for_subject(first, GROUP, "while it waits")
    assert overview(second, GROUP).keys() == {"garden", "before", "while it waits"}
    first.kill()
    set_all(clocks, LATER)
    first.start()
    assert waiting(first) == 2, "they do not come together with their node"
    set_all(clocks, LATER + SPREAD_SECONDS)
    wait_for_subject(second, GROUP, "before the kill")
    for node in pair:
        wait_for("the cancel", lambda node=node: "before" not in overview(node, GROUP))
    assert overview(second, GROUP).keys() == {"garden", "before the kill", "while it waits"}
    assert second.ask("status")["documents"] == 5, "root, three articles and a cancel"
