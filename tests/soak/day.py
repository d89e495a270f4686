"""A day among real nodes: carries out a plan, each node's part in a thread of its own."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.control_client import CommandFailedError
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for
from tests.soak.hosts import Hosts
from tests.soak.plan import Action, Arrive, Cut, Heal, Join, Kill, Leave, Plan, Post, Return
from tests.soak.watch import Watch

PORT = 4433
CACHE = "1 MiB"
"""of each node, so that it is full when a process is warm: what grows behind that is no cache"""

LAUNCHED_AT_ONCE = 4
"""processes that start together; each takes a second of a processor"""

JOIN_SECONDS = 120.0
"""until a forum that is joined is there: whoever invited may have died or been cut off since"""

ANSWERED = 40
"""the newest articles of a newsgroup, of which a post answers one"""


def newsgroup(forum: int) -> str:
    """Return the name of a forum."""
    return f"clique.soak{forum}"


class Day:
    """Nodes on hosts of their own, and what happens to them."""

    def __init__(self, folder: Path, hosts: Hosts, plan: Plan, seed: int, tell: Callable[[str], None]) -> None:
        """``tell`` gets lines about the progress."""
        self._hosts = hosts
        self._plan = plan
        self._seed = seed
        self._tell = tell
        self.nodes = [self._node(folder, number) for number in range(plan.shape.nodes)]
        self.watch = Watch(self.nodes)
        self.answered: dict[int, set[int]] = defaultdict(set)
        """by forum the numbers of posts that got a 240"""
        self.refused: list[str] = []
        """what was answered to others"""
        self.late = 0.0
        """seconds by which an action began after its time, at most"""
        self._clients: dict[int, NewsClient] = {}
        self._began = 0.0
        self._failed = threading.Event()

    def _node(self, folder: Path, number: int) -> NodeProcess:
        config = f'clique = ["tls:{self._hosts.address(number)}:{PORT}"]\ncache = "{CACHE}"\n'
        path = folder / f"node{number}"
        return NodeProcess(
            path, config=config, wrapper=self._hosts.wrapper(number), nntp=f"unix:{path}/nntp.sock:mode=600"
        )

    def run(self) -> None:
        """Live through the day; raises what an action raised."""
        self._begin()
        self.watch.start()
        self._began = time.monotonic()
        parts: dict[int | None, list[Action]] = defaultdict(list)
        for action in self._plan.actions:
            parts[getattr(action, "node", None)].append(action)
        with ThreadPoolExecutor(len(parts)) as threads:
            for part in [threads.submit(self._live, actions) for actions in parts.values()]:
                part.result()

    def _begin(self) -> None:
        """Start the first nodes, found the forums and let members in."""
        first = self._plan.first
        for start in range(0, len(first), LAUNCHED_AT_ONCE):
            batch = [self.nodes[number] for number in first[start : start + LAUNCHED_AT_ONCE]]
            for node in batch:
                node.launch()
            for node in batch:
                node.wait()
        for forum, members in enumerate(self._plan.members):
            founder = min(members)
            self.nodes[founder].ask("create-forum", name=newsgroup(forum), description="")
            for node in sorted(members - {founder}):
                self._join(Join(0.0, node, forum, founder))

    def close(self) -> None:
        """End the watch and all nodes."""
        self.watch.stop()
        for node in self.nodes:
            node.kill()

    def _live(self, actions: Sequence[Action]) -> None:
        """Carry out what happens to a node, or to the network."""
        for action in actions:
            if self._failed.wait(max(0.0, self._began + action.at - time.monotonic())):
                return
            self.late = max(self.late, time.monotonic() - self._began - action.at)
            try:
                self._do(action)
            except BaseException:
                self._failed.set()
                raise

    def _do(self, action: Action) -> None:
        if isinstance(action, Post):
            self._post(action)
        elif isinstance(action, Join):
            self._join(action)
        elif isinstance(action, Leave):
            self.nodes[action.node].ask("unfollow", name=newsgroup(action.forum))
        elif isinstance(action, Kill):
            self._kill(action)
        elif isinstance(action, (Arrive, Return)):
            self.nodes[action.node].start()
        elif isinstance(action, Cut):
            self._hosts.cut(action.nodes)
        elif isinstance(action, Heal):
            self._hosts.heal()
        if not isinstance(action, Post):
            self._tell(f"{time.monotonic() - self._began:7.1f} s  {action}")

    def _client(self, node: int) -> NewsClient:
        if node not in self._clients:
            stream = socket.socket(socket.AF_UNIX)
            stream.settimeout(60.0)
            stream.connect(str(self.nodes[node].folder / "nntp.sock"))
            self._clients[node] = NewsClient("", 0, stream=stream)
        return self._clients[node]

    def _post(self, post: Post) -> None:
        client = self._client(post.node)
        verdict = client.post(self._article(client, post.forum, post.number, post.is_answer))
        if verdict.startswith("240"):
            self.answered[post.forum].add(post.number)
        else:
            self.refused.append(f"post {post.number}: {verdict}")

    def _article(self, client: NewsClient, forum: int, number: int, is_answer: bool) -> bytes:
        """Return an article; an answer is to one of the newest that are there."""
        dice = random.Random(f"{self._seed} {number}")
        fields = [f"Newsgroups: {newsgroup(forum)}", "From: Soaker <soaker@example.invalid>", f"Subject: post {number}"]
        answer = client.command(f"GROUP {newsgroup(forum)}").split()
        if is_answer and answer[0] == "211":
            newest = int(answer[3])
            found = client.command(f"STAT {dice.randint(max(1, newest - ANSWERED), newest)}").split()
            fields += [f"References: {found[2]}"] if found[0] == "223" else []
        lines = [dice.randbytes(dice.randint(5, 35)).hex() for _ in range(dice.randint(3, 60))]
        return "\r\n".join([*fields, "", ".dots and \u00fcml\u00e4uts", *lines, ""]).encode()

    def _join(self, join: Join) -> None:
        name, inviter = newsgroup(join.forum), self.nodes[join.inviter]

        def ask() -> str | None:
            try:
                return str(inviter.ask("invite", name=name)["invitation"])
            except (OSError, CommandFailedError):
                return None

        invitation = wait_for(f"an invitation to {name}", ask, JOIN_SECONDS)
        self.nodes[join.node].ask("join", invitation=invitation)
        client = self._client(join.node)
        wait_for(f"{name} on node {join.node}", lambda: client.command(f"GROUP {name}")[:3] == "211", JOIN_SECONDS)

    def _kill(self, kill: Kill) -> None:
        """End a process while a post is on its way to the disk, whose verdict nobody will read."""
        client = self._client(kill.node)
        article = self._article(client, kill.forum, -1 - kill.node, is_answer=True)
        if client.command("POST").startswith("340"):
            client.send(article.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        self.nodes[kill.node].kill()
        self._clients.pop(kill.node).close()
