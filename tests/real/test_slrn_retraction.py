"""The real slrn supersedes and cancels its user's article."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.terminal import Terminal
from tests.real.test_slrn import TYPED, open_article, slrn

pytestmark = [pytest.mark.real, needs_program("slrn", "slrn"), needs_program("tmux", "tmux")]

GROUP = "clique.garden"


def newest(port: int) -> tuple[int, str, list[bytes]]:
    """Return number, Message-ID and body of the newest article."""
    with NewsClient("127.0.0.1", port) as client:
        high = int(client.command(f"GROUP {GROUP}").split()[3])
        return high, client.command(f"STAT {high}").split()[2], client.listing(f"BODY {high}")[1]


def test_slrn_takes_an_article_back(
    make_node: Callable[..., NodeProcess], tmp_path: Path, make_terminal: Callable[..., Terminal]
) -> None:
    node = make_node()
    port = node.nntp_port
    node.cliquectl("create-forum", "garden")
    terminal = slrn(node, tmp_path / "home", make_terminal)

    def reopen() -> None:
        terminal.keys("q")
        terminal.wait("News Groups: 127.0.0.1")
        terminal.keys("G", "Enter")
        terminal.wait(f"Group: {GROUP}")
        open_article(terminal, GROUP, newest(port)[0])
        terminal.wait("Subject: Beans")

    terminal.wait(f"  {GROUP}\n", "News Groups: 127.0.0.1")
    terminal.keys("Enter")
    terminal.wait(f"Group: {GROUP}")
    terminal.keys("P")
    terminal.wait("Are you sure that you want to post?")
    terminal.keys("y")
    terminal.wait("Newsgroup:")
    terminal.keys("Enter")
    terminal.wait("Subject:")
    terminal.type("Beans")
    terminal.keys("Enter")
    terminal.wait("Post the message?")
    terminal.keys("y")
    terminal.wait("Posting...done")
    _, first, _ = newest(port)

    reopen()
    terminal.keys("Escape", "C-s")
    terminal.wait("supersede")
    terminal.keys("y")
    terminal.wait("Post the message?")
    terminal.keys("y")
    terminal.wait("Posting...done")
    number, second, body = newest(port)
    assert body.count(TYPED.encode()) == 2, "the editor adds a line to the first version"

    reopen()
    terminal.keys("Escape", "C-c")
    terminal.wait("ancel")
    terminal.keys("y")
    terminal.wait("Done.")
    with NewsClient("127.0.0.1", port) as client:
        for gone in (first, second):
            assert client.command(f"STAT {gone}").startswith("430 ")
        assert client.command(f"GROUP {GROUP}").split()[1:4] == ["1", "1", str(number)]
