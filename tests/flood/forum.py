"""A forum of honest nodes whose people talk while others flood it, and what each node has of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

import attrs

from benchmarks.processes import memory_bytes
from cliquenntp.clique.budgets import BudgetLimits
from cliquenntp.clique.parameters import EDGES_AT_MOST
from cliquenntp.document import id_from_text
from cliquenntp.service.settings import Settings
from tests.flood.flooders import SUBJECT, Flooder, spam
from tests.nntp_client import NewsClient
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.set_clock import SetClock
from tests.real.waiting import wait_for

GROUP = "clique.garden"

CONFIG = f'nntp = "{LOOPBACK}"\naccounts = "{LOOPBACK}"\nclique = "tcp:127.0.0.1:0"\nweb = "off"\n'

LIMITS = BudgetLimits.of(Settings().newcomer_documents, Settings().forum_newcomers)

STEP_SECONDS = 25.0
"""by which all clocks go on at once: less than what makes a link look dead"""

PAST_THE_BEGINNING = LIMITS.few_seconds + 60.0
"""seconds after which nodes are no longer new in the forum"""

LAST_SECONDS = 3600.0
"""by the nodes' clocks after the last post, within which all honest articles are everywhere"""

EVERY = 5
"""of so many posts one is by somebody new"""


MOST_GROWN = 32 * 1024 * 1024
"""octets by which a flood may let a process grow: 5 MB for what is put off, the rest for caches that fill"""

RECENT = 20
"""honest articles that answers are given to"""


@attrs.frozen
class Shape:
    """How large it is."""

    nodes: int
    flooders: int
    posts: int
    spam: int
    keys: int
    links: int
    """of one flooder"""


@attrs.frozen
class Outcome:
    """What came of it.  Seconds are of the nodes' clocks, which go faster."""

    shape: Shape
    posted: int
    by_newcomers: int
    missing: tuple[str, ...]
    """honest articles that some node lacks in the end: node and subject"""
    late_seconds: float
    """after the last post, until all were everywhere"""
    pushed: int
    """documents of spam, counted for each node that took their octets"""
    spam: tuple[int, ...]
    """articles of spam at each node"""
    most_spam: int
    """what the budgets have room for in that time"""
    put_off: tuple[int, ...]
    """documents for which each node had no room"""
    grown: tuple[int, ...]
    """octets by which each process has grown during the flood"""

    @property
    def holds(self) -> bool:
        """Whether the forum stayed readable."""
        return not self.missing and max(self.spam) <= self.most_spam and max(self.grown) <= MOST_GROWN

    def lines(self) -> list[str]:
        """Return the figures as a Markdown table."""
        spam, honest = max(self.spam), self.posted
        rows = [
            ("honest articles", f"{self.posted}, {self.by_newcomers} of them each by somebody new"),
            ("of these at every node", f"{self.posted - len({text.split(': ')[1] for text in self.missing})}"),
            ("the last one there after the last post, by the nodes' clocks", f"{self.late_seconds:.0f} s"),
            ("spam pushed to nodes", f"{self.pushed:,} times, of {self.shape.keys} keys"),
            ("spam at a node: fewest, most", f"{min(self.spam)}, {spam} (room for {self.most_spam})"),
            ("share of spam in the forum at the worst node", f"{100 * spam / (spam + honest):.1f} %"),
            ("documents that a node put off: fewest, most", f"{min(self.put_off):,}, {max(self.put_off):,}"),
            ("memory by which a process grew, most", f"{max(self.grown) / 1e6:.1f} MB"),
        ]
        title = (f"{self.shape.nodes} nodes, {self.shape.flooders} flooders with {self.shape.links} links each, "
                 f"{self.shape.spam:,} documents of spam")
        return [f"| {title} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


class Forum:
    """The honest nodes.  Their clocks go on together, by jumps."""

    def __init__(self, folder: Path, count: int) -> None:
        self._clock = SetClock(folder / "clock")
        self.ahead = 0.0
        """seconds by which the nodes' clocks are ahead"""
        self.nodes = [
            NodeProcess(folder / f"node{number}", config=CONFIG, environ=self._clock.environ)
            for number in range(count)]
        self.subjects: list[str] = []
        """of all honest articles"""
        self._message_ids: list[str] = []
        self._random = Random(1)

    def start(self) -> None:
        """Start the nodes."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait()

    def close(self) -> None:
        """End them."""
        for node in self.nodes:
            node.kill()

    def go_on(self, seconds: float) -> None:
        """Let the nodes' clocks go on."""
        self.ahead += seconds
        self._clock.sleep(seconds)

    def join(self) -> None:
        """Found the forum and let all join and say hello; its founder answers each, and then they are no longer new."""
        founder, *others = self.nodes
        founder.ask("create-forum", name=GROUP, description="")
        invitation = founder.ask("invite", name=GROUP)["invitation"]
        for node in others:
            node.ask("join", invitation=invitation)
        for number, node in enumerate(others):
            hello = self.post(node, f"hello {number}")
            wait_for(f"hello {number}", lambda hello=hello: _has(founder, hello))
            self.post(founder, f"welcome {number}", hello)
        self.go_on(PAST_THE_BEGINNING)
        wait_for("enough neighbours", self._are_linked, 60.0)
        self.wait_for_all(30.0)

    def _are_linked(self) -> bool:
        """Return whether each node has enough neighbours; else let the clocks go on, for its next attempt."""
        if min(map(neighbours, self.nodes)) >= min(LIMITS.peers, len(self.nodes) - 1):
            return True
        self.go_on(STEP_SECONDS)
        time.sleep(SETTLE_SECONDS)
        return False

    def talk(self, count: int) -> int:
        """Post answers to what is there, at nodes by lot; return how many are by people who are new."""
        by_newcomers = 0
        for number in range(count):
            node = self._random.choice(self.nodes)
            here = {message_id for _, message_id in _overview(node)}
            answered = self._random.choice([one for one in self._message_ids[-RECENT:] if one in here])
            if number % EVERY == EVERY - 1:
                by_newcomers += 1
                self.post(node, f"somebody new, {number}", answered, account=f"new{number}")
            else:
                self.post(node, f"talk {number}", answered)
            self.go_on(STEP_SECONDS)
        return by_newcomers

    def post(self, node: NodeProcess, subject: str, answered: str = "", account: str = "") -> str:
        """Post at a node as its owner, or as a new account; return the Message-ID."""
        lines = [f"Newsgroups: {GROUP}", "From: Reader <reader@example.invalid>", f"Subject: {subject}"]
        lines += [f"References: {answered}"] if answered else []
        port = node.nntp_port
        if account:
            password = node.ask("user", action="add", name=account)["password"]
            port = int(node.ask("status")["accounts"][0].rpartition(":")[2])
        with NewsClient("127.0.0.1", port) as client:
            if account:
                client.command(f"AUTHINFO USER {account}")
                assert client.command(f"AUTHINFO PASS {password}").startswith("281")
            verdict = client.post("\r\n".join([*lines, "", "text", ""]).encode())
        assert verdict.startswith("240"), verdict
        self.subjects.append(subject)
        [message_id] = [line[1] for line in _overview(node) if line[0] == subject]
        self._message_ids.append(message_id)
        return message_id

    def missing(self) -> tuple[str, ...]:
        """Return which node lacks which honest article."""
        lacks = []
        for node in self.nodes:
            here = {subject for subject, _ in _overview(node)}
            lacks += [f"{node.folder.name}: {subject}" for subject in self.subjects if subject not in here]
        return tuple(lacks)

    def wait_for_all(self, seconds: float) -> float:
        """Let the clocks go on until all have every honest article, ``seconds`` at most; return how far they went."""
        began = self.ahead
        while self.missing() and self.ahead < began + seconds:
            self.go_on(STEP_SECONDS)
            time.sleep(SETTLE_SECONDS)
        return self.ahead - began

    def spam(self) -> tuple[int, ...]:
        """Return how many articles of spam each node has."""
        return tuple(sum(subject.startswith(SUBJECT) for subject, _ in _overview(node)) for node in self.nodes)

    def put_off(self) -> tuple[int, ...]:
        """Return for how many documents each node had no room."""
        return tuple(sum(node.ask("status")["put_off"].values()) for node in self.nodes)

    @property
    def ids(self) -> list[bytes]:
        """The ids of the honest articles."""
        return [_id_of(message_id) for message_id in self._message_ids]


SETTLE_SECONDS = 0.3
"""real ones after each jump of the clocks, for the messages that it sets off"""


def neighbours(node: NodeProcess) -> int:
    """Return how many neighbours a node has in the forum."""
    return sum(GROUP in row.get("forums", ()) for row in node.ask("peers"))


def _has(node: NodeProcess, message_id: str) -> bool:
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        return client.command(f"STAT {message_id}").startswith("223")


def _overview(node: NodeProcess) -> list[tuple[str, str]]:
    """Return subject and Message-ID of all articles that a node has of the forum."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        if not client.command(f"GROUP {GROUP}").startswith("211"):
            return []
        lines = [line.decode().split("\t") for line in client.listing("OVER 1-")[1]]
    return [(line[1], line[4]) for line in lines]


def _id_of(message_id: str) -> bytes:
    return id_from_text(message_id[1:].partition("@")[0])


@contextmanager
def running(folder: Path, count: int) -> Iterator[Forum]:
    """Run so many honest nodes."""
    forum = Forum(folder, count)
    try:
        forum.start()
        yield forum
    finally:
        forum.close()


def room(forum: Forum, seconds: float) -> int:
    """Return how much spam the budgets have room for at a node, in so many seconds by its clock."""
    refilled = seconds / LIMITS.forum.seconds * LIMITS.forum.documents
    return int(LIMITS.forum.documents + refilled + LIMITS.share * len(forum.subjects)) + 1


def flood(folder: Path, shape: Shape, tell: Callable[[str], None]) -> Outcome:
    """Flood a forum while its people talk; ``tell`` gets lines about the progress."""
    with running(folder, shape.nodes) as forum:
        forum.join()
        tell(f"{shape.nodes} nodes share a forum")
        began = forum.ahead
        sizes = [memory_bytes(node.pid) for node in forum.nodes]
        flooders = [Flooder(_targets(forum, shape, number), _root(forum)) for number in range(shape.flooders)]
        try:
            for number, flooder in enumerate(flooders):
                flooder.begin(_documents(forum, shape, number), shape.posts * SECONDS_A_POST)
            tell("the flood has begun")
            by_newcomers = forum.talk(shape.posts)
            for flooder in flooders:
                flooder.wait()
            tell("all is written")
            late = forum.wait_for_all(LAST_SECONDS)
            grown = [memory_bytes(node.pid) - size for node, size in zip(forum.nodes, sizes, strict=True)]
            return Outcome(
                shape, len(forum.subjects), by_newcomers, forum.missing(), late,
                sum(flooder.pushed for flooder in flooders), forum.spam(), room(forum, forum.ahead - began),
                forum.put_off(), tuple(grown))
        finally:
            for flooder in flooders:
                flooder.close()


SECONDS_A_POST = 0.1
"""real ones, over which the spam for one honest post is pushed"""


def _root(forum: Forum) -> bytes:
    """Return the id of the forum's root."""
    return _id_of(_overview(forum.nodes[0])[0][1])


def _targets(forum: Forum, shape: Shape, number: int) -> Sequence[str]:
    """Return the addresses of the nodes that a flooder gets linked to: such as have a place left for each of them."""
    turned = forum.nodes[number:] + forum.nodes[:number]
    free = [node for node in turned if neighbours(node) + shape.flooders <= EDGES_AT_MOST]
    return [node.ask("status")["clique"][0] for node in free[:shape.links]]


def _documents(forum: Forum, shape: Shape, number: int) -> list[tuple[bytes, bytes]]:
    """Return what a flooder pushes: its share of the documents, below the root and what people wrote."""
    count = shape.spam // shape.flooders
    below = [_root(forum), *forum.ids]
    documents = spam(count * shape.flooders, shape.keys, below, int(time.time() + forum.ahead))
    return documents[number * count:(number + 1) * count]
