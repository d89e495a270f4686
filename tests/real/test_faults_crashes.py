"""A node that dies at each step of a turn: nothing answered is lost, nothing doubled, no number comes back.

Before and after the commit, within it, and between the commit and what is then told to newsreaders and peers.
`make test-faults` dies at every point that is named below, which takes minutes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.reading import articles_by_number, post, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

GROUP = "clique.garden"
SITE = Path(__file__).parent / "crash_points"

LOST = (
    "before a document is stored", "after a document is stored", "before the commit", "after tpc_begin",
    "after an object is written", "before tpc_vote", "after tpc_vote", "before tpc_finish",
    "before the file is flushed",
)  # fmt: skip
"""points at which the commit is not on the disk yet"""

KEPT = (
    "before the sync", "after tpc_finish", "after the commit", "before readers go on", "after readers went on",
    "before listeners are told", "after listeners are told",
)  # fmt: skip
"""points behind it, until answers go out; before the sync the system has it, and only a power failure could lose it"""

TOLD = ("before the answer", "after the answer")
"""points of an article that was posted here"""

SENT = (
    "before the core's effects", "after the core's effects", "before a link is written to",
    "after a link was written to",
)  # fmt: skip
"""points between the commit of what the core decided and what peers get"""

CORE_COMMITS = ("before the commit", "after the commit")
"""points of the step in which the core decides what becomes of a post, the next one after the post's own"""


@attrs.frozen
class Crash:
    """Where a node dies."""

    point: str
    times: int = 1
    from_peer: bool = False
    """whether the document comes from a peer, else from a newsreader"""
    kept: bool | None = None
    """whether the document must be held after it; None: it may"""

    def __str__(self) -> str:
        return f"{self.point}{', again' * (self.times > 1)}, {'pushed' if self.from_peer else 'posted'}"


POSTED = (
    *(Crash(point, kept=False) for point in LOST),
    *(Crash(point, kept=True) for point in (*KEPT, *TOLD, *SENT)),
    *(Crash(point, times=2, kept=True) for point in CORE_COMMITS),
)
PUSHED = (
    *(Crash(point, from_peer=True, kept=False) for point in LOST),
    *(Crash(point, from_peer=True, kept=True) for point in (*KEPT, *SENT)),
)
SHORT = {
    Crash("after a document is stored", kept=False), Crash("after tpc_vote", kept=False),
    Crash("before the file is flushed", kept=False), Crash("before the sync", kept=True),
    Crash("after the commit", kept=True), Crash("after readers went on", kept=True),
    Crash("before the answer", kept=True), Crash("before the core's effects", kept=True),
    Crash("before a link is written to", kept=True), Crash("after tpc_vote", from_peer=True, kept=False),
    Crash("before the core's effects", from_peer=True, kept=True),
}  # fmt: skip
"""one or two of each kind; the long form has all"""

CRASHES = [crash for crash in (*POSTED, *PUSHED) if os.environ.get("CLIQUENNTP_FAULTS") == "all" or crash in SHORT]


@attrs.define
class Pair:
    """A node that dies, and its peer."""

    dying: NodeProcess
    peer: NodeProcess
    order: Path
    seen: dict[int, tuple[str, str]] = attrs.field(factory=dict)
    """what stood in the newsgroup before: subject and Message-ID by number"""
    count: int = 0

    def linked(self) -> bool:
        """Tell whether each knows the other."""
        return all([peer["state"] for peer in node.ask("peers")] == ["linked"] for node in (self.dying, self.peer))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two nodes with a forum in common, for all tests: the one goes on where the last test left it."""
    folder = tmp_path_factory.mktemp("crashes")
    order = folder / "order"
    environ = {"CRASH_POINT": str(order), "PYTHONPATH": f"{SITE}{os.pathsep}{Path(__file__).parents[2]}"}
    nodes = NodeProcess(folder / "dying", clique=True, environ=environ), NodeProcess(folder / "peer", clique=True)
    try:
        for node in nodes:
            node.launch()
        dying, peer = (node.wait() for node in nodes)
        dying.cliquectl("create-forum", "garden")
        peer.cliquectl("join", dying.cliquectl("invite", GROUP)["invitation"])
        post(dying, GROUP, "before")
        wait_for_subject(peer, GROUP, "before")
        yield Pair(dying, peer, order)
    finally:
        for node in nodes:
            node.kill()


def say(node: NodeProcess, subject: str) -> str:
    """Post under a Message-ID made of the subject; return the verdict, empty where the node died before it said one."""
    name = subject.replace(" ", "-")
    head = f"From: w <w@example.invalid>\r\nSubject: {subject}\r\nMessage-ID: <{name}@x.example>\r\n"
    try:
        with NewsClient("127.0.0.1", node.nntp_port) as client:
            return client.post(f"Newsgroups: {GROUP}\r\n{head}\r\ntext\r\n".encode())
    except (EOFError, ConnectionError):
        return ""


@pytest.mark.parametrize("crash", CRASHES, ids=str)
def test_a_node_that_dies_in_a_turn(pair: Pair, crash: Crash) -> None:
    dying, peer = pair.dying, pair.peer
    wait_for("a link", pair.linked)
    pair.count += 1
    subject, answered = f"last words {pair.count}", f"answered {pair.count}"
    post(dying, GROUP, answered)
    pair.order.write_text(f"{subject}\n{crash.point}\n{crash.times}\n")
    verdict = say(peer if crash.from_peer else dying, subject)
    if crash.from_peer:  # a step of which nothing follows performs nothing: the next one does
        post(peer, GROUP, f"more {pair.count}")
    dying.wait_for_end()
    pair.order.unlink()
    assert verdict == "" or verdict.startswith("240 "), verdict
    if not crash.from_peer:
        assert not verdict or crash.kept

    dying.start()
    assert dying.cliquectl("verify") == []
    there = articles_by_number(dying, GROUP)
    subjects = [subject for subject, _ in there.values()]
    assert answered in subjects, "answered 240 and gone"
    assert pair.seen.items() <= there.items(), "a number means another article than before"
    assert crash.from_peer or (subject in subjects) == crash.kept
    if not crash.from_peer:
        again = say(dying, subject)
        assert again.startswith("441 " if crash.kept else "240 "), again
    wait_for_subject(dying, GROUP, subject)
    wait_for_subject(peer, GROUP, subject)
    post(dying, GROUP, f"after {pair.count}")
    post(peer, GROUP, f"there after {pair.count}")
    wait_for_subject(peer, GROUP, f"after {pair.count}")
    wait_for_subject(dying, GROUP, f"there after {pair.count}")
    wait_for_subject(peer, GROUP, answered)
    if crash.from_peer:
        wait_for_subject(dying, GROUP, f"more {pair.count}")

    pair.seen = articles_by_number(dying, GROUP)
    subjects = [subject for subject, _ in pair.seen.values()]
    assert sorted(subjects) == sorted(subject for subject, _ in articles_by_number(peer, GROUP).values())
    assert len(subjects) == len(set(subjects)), "an article is there twice"
    assert there.items() <= pair.seen.items(), "a number means another article than before"
    for node in (dying, peer):
        assert "Traceback" not in node.log, node.log
