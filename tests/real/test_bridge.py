"""A newsgroup of a real INN is a forum of a node: the same articles on both sides, whoever is killed meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from benchmarks.inn import is_installed
from tests.nntp_client import NewsClient
from tests.real.bridged import FORUM, NEWSGROUP, Bridged, Poster, check_same, corpus_articles, feed
from tests.real.waiting import wait_for

pytestmark = [
    pytest.mark.real, pytest.mark.timeout(900),
    pytest.mark.skipif(not is_installed(), reason="INN is missing: as root on Debian, make test-programs"),
]

ARTICLES = 2000
SECONDS = float(os.environ.get("CLIQUENNTP_BRIDGE_SECONDS", "60"))
"""of mixed posting; `make test-bridge-long` posts for ten minutes"""


@pytest.fixture
def bridged() -> Iterator[Bridged]:
    # not below pytest's folder: INN runs as a user of its own, from whom that is closed
    with TemporaryDirectory(prefix="cliquenntp-bridge-") as folder:
        both = Bridged(Path(folder))
        yield both
        both.close()


def test_a_newsgroup_and_a_forum_are_one(bridged: Bridged, corpus: Path) -> None:
    feed(bridged.inn.feed_port, corpus_articles(corpus), ARTICLES)
    bridged.node.cliquectl("create-forum", "talk")
    here, there = Poster("node", FORUM, 1), Poster("inn", NEWSGROUP, 2)
    for _ in range(20):
        assert here.post(bridged.node.nntp_port, "").startswith("240")
    bridged.bridge()
    bridged.wait_until_even(ARTICLES + 20, 120)
    check_same(bridged.here, bridged.there)

    post_on_both(bridged, here, there)
    total = ARTICLES + len(here.taken) + len(there.taken)
    bridged.wait_until_even(total, 60)
    ours, theirs = bridged.here, bridged.there
    check_same(ours, theirs)
    posted = sorted(here.taken + there.taken)
    assert sorted(each.subject for each in ours if each.subject in set(posted)) == posted
    assert len(ours) == total
    status = bridged.status()
    assert (status["in"]["refused"], status["out"]["refused"]) == (0, 0), status
    print(f"{len(here.taken)} articles posted on the node, {len(there.taken)} on INN; {total} on both sides")


def post_on_both(bridged: Bridged, here: Poster, there: Poster) -> None:
    """Post on both sides for SECONDS; INN is killed and restarted after a third, the node after two thirds."""
    began = time.monotonic()
    inn, node = bridged.inn, bridged.node
    to_kill = [(SECONDS / 3, inn.stop, inn.start), (SECONDS * 2 / 3, node.kill, node.start)]
    while (elapsed := time.monotonic() - began) < SECONDS:
        if to_kill and elapsed > to_kill[0][0]:
            _, kill, start = to_kill.pop(0)
            kill()
            # what is posted on the side that lives goes over once the other is back
            for poster, port in ((here, node.nntp_port), (there, inn.port)):
                for _ in range(20):
                    poster.post(port, "")
            start()
        for poster, port in ((here, node.nntp_port), (there, inn.port)):
            status = poster.post(port, poster.message_id_of_some(port))
            assert status.startswith("240"), status
    assert not to_kill


def test_taking_back_passes_both_ways(bridged: Bridged) -> None:
    bridged.node.cliquectl("create-forum", "talk")
    here, there = Poster("node", FORUM, 1), Poster("inn", NEWSGROUP, 2)
    for poster, port in ((here, bridged.node.nntp_port), (there, bridged.inn.port)):
        for _ in range(2):
            assert poster.post(port, "").startswith("240")
    bridged.bridge()
    bridged.wait_until_even(4, 60)
    ours = {each.subject: each for each in bridged.here}
    cancel(bridged.node.nntp_port, FORUM, ours["node 1"].message_id)
    cancel(bridged.inn.port, NEWSGROUP, ours["inn 1"].original)
    wait_for("both are cancelled on both sides", lambda: (
        len(bridged.here) == len(bridged.there) == 2), 60)
    assert {each.subject for each in bridged.here} == {"node 2", "inn 2"}
    check_same(bridged.here, bridged.there)


def cancel(port: int, newsgroup: str, message_id: str) -> None:
    with NewsClient("127.0.0.1", port) as client:
        status = client.post(
            f"From: a@example.com\r\nNewsgroups: {newsgroup}\r\nSubject: cmsg cancel {message_id}\r\n"
            f"Control: cancel {message_id}\r\n\r\nGone.\r\n".encode())
        assert status.startswith("240"), status
