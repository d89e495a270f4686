"""Reader processes on storages that several processes share: real ZEO, real PostgreSQL, real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.articles import make_articles
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.storages import POSTGRESQL, PostgresServer, StorageServer, ZeoServer
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

SERVERS: dict[str, type[StorageServer]] = {"zeo": ZeoServer, "postgresql": PostgresServer}


@pytest.fixture(params=SERVERS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StorageServer]:
    """A running server of each kind."""
    if request.param == "postgresql":
        pytest.importorskip("relstorage", reason="RelStorage is not installed: pip install 'cliquenntp[postgresql]'")
        if POSTGRESQL is None:
            pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = SERVERS[request.param](tmp_path / request.param)
    if request.param == "zeo":
        server.start()  # type: ignore[attr-defined]
    yield server
    server.close()


@pytest.fixture
def writer(storage: StorageServer, make_node: Callable[..., NodeProcess]) -> NodeProcess:
    """The node that writes to the storage."""
    return make_node("writer", config=f'storage = "{storage.location}"\nclique = "off"\n')


@pytest.fixture
def reader(storage: StorageServer, writer: NodeProcess, make_node: Callable[..., NodeProcess]) -> NodeProcess:
    """A reader beside it that has reached it."""
    desk = writer.folder / "data" / "desk.sock"
    config = f'storage = "{storage.location}"\nrole = "reader"\nwriter = "unix:{desk}"\n'
    started = make_node("reader", config=config)
    wait_for("the reader has reached the writer", lambda: started.ask("status")["is_connected"])
    return started


def article(number: int, newsgroup: str = "clique.shared") -> bytes:
    """Return an article to post."""
    lines = (f"From: somebody <a@b.invalid>\r\nNewsgroups: {newsgroup}\r\nSubject: post {number}\r\n"
             f"Message-ID: <{number}.shared@example.invalid>\r\n\r\nThis is post {number}.\r\n.\r\n")
    return lines.encode()


def post(client: NewsClient, number: int) -> str:
    """Post an article; return the answer."""
    assert client.command("POST").startswith("340")
    client.send(article(number))
    return client.status()


def subjects(client: NewsClient) -> list[str]:
    """Return the subjects of the forum's articles."""
    assert client.command("GROUP clique.shared").startswith("211")
    return [line.split(b"\t")[1].decode() for line in client.listing("OVER 1-")[1]]


def test_what_is_posted_at_either_is_read_at_both(writer: NodeProcess, reader: NodeProcess) -> None:
    writer.ask("create-forum", name="shared", description="for all processes")
    with NewsClient("127.0.0.1", writer.nntp_port) as at_writer, NewsClient("127.0.0.1", reader.nntp_port) as at_reader:
        assert post(at_reader, 1).startswith("240")
        assert "post 1" in subjects(at_reader), "its own user sees it at once"
        assert "post 1" in subjects(at_writer)
        assert post(at_writer, 2).startswith("240")
        wait_for("the reader shows it", lambda: "post 2" in subjects(at_reader), 1.0)
        again = post(at_reader, 1)
        assert again.startswith("441") and "already" in again
        assert at_reader.command("STAT <1.shared@example.invalid>").startswith("223")


def test_the_conformance_suite_passes_through_a_reader(
    writer: NodeProcess, reader: NodeProcess, tmp_path: Path
) -> None:
    writer.cliquectl("import", str(make_articles(tmp_path, 100)), "--forum", "shared")
    command = [sys.executable, "-m", "tests.nntp.conformance", f"127.0.0.1:{reader.nntp_port}", "--post"]
    suite = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert suite.returncode == 0, suite.stdout + suite.stderr


class Poster:
    """Posts one article after the other, anywhere where it is taken, and keeps which were acknowledged."""

    def __init__(self, *nodes: NodeProcess) -> None:
        self._nodes = nodes
        self._number = 0
        self.acknowledged: list[int] = []

    def post(self) -> bool:
        """Try to post at each node in turn; tell whether one took the article."""
        self._number += 1
        node = self._nodes[self._number % len(self._nodes)]
        try:
            with NewsClient("127.0.0.1", node.nntp_port, timeout=20) as client:
                taken = post(client, self._number).startswith("240")
        except (OSError, EOFError, AssertionError):  # it is just being killed
            return False
        if taken:
            self.acknowledged.append(self._number)
        return taken

    def go_on(self, count: int) -> None:
        """Post until so many more are acknowledged, however many are refused meanwhile."""
        wanted = len(self.acknowledged) + count
        wait_for(f"{count} more posts are taken", lambda: self.post() and len(self.acknowledged) >= wanted, 90.0)


def test_nothing_acknowledged_is_lost_when_each_part_is_killed_in_turn(
    storage: StorageServer, writer: NodeProcess, reader: NodeProcess
) -> None:
    writer.ask("create-forum", name="shared", description="for all processes")
    poster = Poster(writer, reader)
    poster.go_on(10)
    for part in (reader, writer, storage):
        poster.post()
        part.kill()
        assert not all(poster.post() for _ in range(2)), "one of two nodes cannot take it"
        part.start()
        poster.go_on(10)
    for node in (writer, reader):
        def shows_all(node: NodeProcess = node) -> bool:
            with NewsClient("127.0.0.1", node.nntp_port) as client:
                shown = [subject for subject in subjects(client) if subject.startswith("post ")]
            assert len(set(shown)) == len(shown), "nothing is there twice"
            return {f"post {number}" for number in poster.acknowledged} <= set(shown)

        wait_for("all acknowledged posts are shown", shows_all)
    with NewsClient("127.0.0.1", writer.nntp_port) as one, NewsClient("127.0.0.1", reader.nntp_port) as other:
        one.command("GROUP clique.shared")
        other.command("GROUP clique.shared")
        assert one.listing("OVER 1-") == other.listing("OVER 1-"), "no number stands for two articles"


def test_a_second_writer_is_refused_and_reading_goes_on_without_a_writer(
    storage: StorageServer, writer: NodeProcess, reader: NodeProcess, tmp_path: Path
) -> None:
    writer.ask("create-forum", name="shared", description="for all processes")
    second = NodeProcess(tmp_path / "second", config=f'storage = "{storage.location}"\nclique = "off"\n')
    with pytest.raises(AssertionError, match="is in use by process"):
        second.start()
    with NewsClient("127.0.0.1", reader.nntp_port) as client:
        assert post(client, 1).startswith("240")
        writer.kill()
        wait_for("the reader notices", lambda: not reader.ask("status")["is_connected"])
        assert "post 1" in subjects(client)
        refused = post(client, 2)
        assert refused.startswith("441") and "try again later" in refused
        writer.start()
        wait_for("the reader has reached the writer", lambda: reader.ask("status")["is_connected"])
        assert post(client, 3).startswith("240")
        assert [subject for subject in subjects(client) if "post" in subject] == ["post 1", "post 3"]


def test_a_reader_shows_the_forums_of_an_accounts_own_node_to_that_account_alone(
    tmp_path: Path, make_node: Callable[..., NodeProcess]
) -> None:
    server = ZeoServer(tmp_path / "zeo")
    server.start()
    try:
        writer = make_node("writer", config=f'storage = "{server.location}"\nclique = "off"\n')
        desk = writer.folder / "data" / "desk.sock"
        config = f'storage = "{server.location}"\nrole = "reader"\nwriter = "unix:{desk}"\naccounts = "{LOOPBACK}"\n'
        reader = make_node("reader", config=config)
        wait_for("the reader has reached the writer", lambda: reader.ask("status")["is_connected"])
        writer.ask("create-forum", name="shared", description="for all")
        with NewsClient("127.0.0.1", reader.nntp_port) as early:
            made = writer.ask("user", action="add", name="alice", node="tcp:127.0.0.1:0", rights="read,post,create")
            assert early.status().startswith("400 "), "what began when the shared forums were all would see all"
        writer.ask("create-forum", name="den", description="", account="alice")
        port = int(reader.ask("status")["accounts"][0].rpartition(":")[2])
        with NewsClient("127.0.0.1", port) as alice, NewsClient("127.0.0.1", reader.nntp_port) as owner:
            alice.command("AUTHINFO USER alice")
            assert alice.command(f"AUTHINFO PASS {made['password']}").startswith("281 ")
            wait_for("the reader shows it", lambda: alice.command("GROUP clique.den").startswith("211 "), 2.0)
            assert alice.post(article(1, "clique.den")[:-3]).startswith("240 ")
            assert owner.command("GROUP clique.den").startswith("411 ")
            assert [line.split()[0] for line in owner.listing("LIST ACTIVE clique.*")[1]] == [b"clique.shared"]
        assert writer.ask("status", account="alice")["documents"] == 2
        assert writer.ask("status")["documents"] == 1
    finally:
        server.close()
