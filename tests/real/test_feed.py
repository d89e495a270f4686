"""Another news server feeds a node, which is killed in the middle: what got its 239 is there, and comes once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nntp.conformance import feeding
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

ARTICLES = 300
CONFIG = """
path_identity = "news.example"
feed = "tcp:0:interface=127.0.0.1"
feed_newsgroups = ["misc.garden=garden"]
"""


def articles() -> Iterator[tuple[str, bytes]]:
    """Yield (message-id, article) of one long thread."""
    references: list[str] = []
    for number in range(ARTICLES):
        message_id = f"<{number}@feeder.example>"
        answered = f"References: {' '.join(references[-5:])}\r\n" if references else ""
        references.append(message_id)
        yield message_id, (
            f"Path: feeder.example!not-for-mail\r\nFrom: a@feeder.example\r\nSubject: number {number}\r\n"
            f"Newsgroups: misc.garden\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: {message_id}\r\n"
            f"{answered}\r\ntext\r\n"
        ).encode()


def feed(port: int) -> Iterator[tuple[str, str]]:
    """Hand on all articles at once; yield (message-id, status line) as the answers come."""
    with NewsClient("127.0.0.1", port) as client:
        assert client.command("MODE STREAM").startswith("203")
        client.send(b"".join(b"TAKETHIS %s\r\n%s.\r\n" % (name.encode(), raw) for name, raw in articles()))
        for message_id, _ in articles():
            yield message_id, client.status()


def test_what_is_taken_survives_a_kill_and_comes_once(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path, config=CONFIG).start()
    try:
        taken = []
        answers = feed(node.feed_port)
        for message_id, status in answers:
            assert status == f"239 {message_id}"
            taken.append(message_id)
            if len(taken) == ARTICLES // 3:
                break
        node.kill()
        answers.close()  # type: ignore[attr-defined]
        node.start()
        with NewsClient("127.0.0.1", node.nntp_port) as client:
            for message_id in taken:
                assert client.command(f"STAT {message_id}").startswith("223")
        again = dict(feed(node.feed_port))
        assert all(again[message_id].startswith(f"439 {message_id}") for message_id in taken)
        with NewsClient("127.0.0.1", node.nntp_port) as client:
            assert client.command("GROUP clique.garden").split()[1] == str(ARTICLES + 1)  # and the root
            overview = client.listing("OVER 2-")[1]
            assert sorted(line.split(b"\t")[1] for line in overview) == sorted(
                b"number %d" % number for number in range(ARTICLES)
            )
            article = client.listing("ARTICLE 3")[1]
            assert any(re.match(rb"References: <[a-z2-7]{52}@clique\.invalid>$", line) for line in article)
    finally:
        node.kill()


def test_a_feed_is_led_as_the_rfcs_say(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path, config=CONFIG).start()
    try:
        outcomes = feeding("127.0.0.1", node.feed_port, "misc.garden")
        assert len(outcomes) == 7
        assert [outcome for outcome in outcomes if outcome.difference] == []
    finally:
        node.kill()
