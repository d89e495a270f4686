"""A node is killed without warning, again and again; what it has answered is there, once, under its number."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess
from tests.real.reading import articles_by_number, count
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

ROUNDS = 20
WRITERS = 200
ARTICLES = 1_000
GROUP = "clique.posts"


class Writers:
    """Clients that post one article after another until the node is gone."""

    def __init__(self, port: int, part: int) -> None:
        self._port = port
        self._part = part
        self.answered: set[str] = set()

    async def post_until(self, enough: int, deadline: float) -> None:
        """Post until so many articles are answered, with all clients at work."""
        clients = [asyncio.create_task(self._client(number)) for number in range(WRITERS)]
        async with asyncio.timeout(deadline):
            while len(self.answered) < enough:
                await asyncio.wait(clients, timeout=0.01, return_when=asyncio.FIRST_COMPLETED)
                assert not any(client.done() for client in clients), [client for client in clients if client.done()]
        self._clients = clients

    async def ended(self) -> None:
        """Wait until all clients have seen the node go."""
        for result in await asyncio.gather(*self._clients, return_exceptions=True):
            assert isinstance(result, ConnectionError | asyncio.IncompleteReadError), result

    async def _client(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)

        async def line() -> str:
            return (await reader.readuntil(b"\r\n")).decode().rstrip()

        try:
            assert (await line()).startswith("200")
            for count in range(1_000_000):
                subject = f"post {self._part}.{number}.{count}"
                writer.write(b"POST\r\n")
                assert (await line()).startswith("340")
                head = f"Newsgroups: {GROUP}\r\nFrom: w <w@example.invalid>\r\nSubject: {subject}\r\n"
                writer.write(f"{head}\r\nhello\r\n.\r\n".encode())
                verdict = await line()
                assert verdict.startswith("240"), verdict
                self.answered.add(subject)
        finally:
            writer.close()


def test_nothing_answered_is_lost_nothing_doubles_no_number_comes_back(
    make_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    dice = random.Random(2)
    node = make_node()
    node.cliquectl("create-forum", "posts")
    answered: set[str] = set()
    seen: dict[int, tuple[str, str]] = {}
    killed_imports = 0
    for part in range(ROUNDS):
        mbox = tmp_path / f"part{part}.mbox"
        write_mbox(mbox, ARTICLES, f"part{part}")
        importing = node.cliquectl_process("import", str(mbox), "--forum", f"part{part}")
        wait_for("the import takes articles", lambda part=part: count(node, f"clique.part{part}") > 1)

        async def post_and_kill(node: NodeProcess = node, part: int = part) -> set[str]:
            writers = Writers(node.nntp_port, part)
            await writers.post_until(dice.randrange(20, WRITERS), deadline=60)
            node.kill()
            await writers.ended()
            return writers.answered

        answered |= asyncio.run(post_and_kill())
        _, error = importing.communicate(timeout=60)
        killed_imports += "stopped before it had answered" in error

        node.start()
        posts = articles_by_number(node, GROUP)
        subjects = [subject for subject, _ in posts.values()]
        assert answered <= set(subjects), f"answered 240 and gone: {answered - set(subjects)}"
        assert len(subjects) == len(set(subjects)), "a post is there twice"
        assert seen.items() <= posts.items(), "a number means another article than before"
        seen = posts

        report = node.cliquectl("import", str(mbox), "--forum", f"part{part}")
        assert report["taken"] + report["held"] == ARTICLES
        imported = articles_by_number(node, f"clique.part{part}")
        names = [subject for subject, _ in imported.values() if subject.startswith("article ")]
        assert sorted(names) == sorted(f"article {number} of part{part}" for number in range(ARTICLES))
    assert killed_imports >= ROUNDS // 2, "too few imports were cut off to show anything"
