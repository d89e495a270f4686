"""A running node's database is copied to other storages and back, and the node goes on there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.control_client import CommandFailedError
from tests.nntp_client import NewsClient
from tests.real.articles import make_articles
from tests.real.node_process import NodeProcess
from tests.real.storages import POSTGRESQL, PostgresServer, ZeoServer
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

LARGE = b"".join(b"line %d of a large article, which is kept as a file\r\n" % number for number in range(3000))


def post(node: NodeProcess, subject: str, body: bytes = b"x\r\n") -> str:
    """Post an article; return the answer."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert client.command("POST").startswith("340")
        client.send(f"From: a@b.invalid\r\nNewsgroups: clique.moving\r\nSubject: {subject}\r\n\r\n".encode())
        client.send(body + b".\r\n")
        return client.status()


def everything(node: NodeProcess) -> list[bytes]:
    """Return the forum's overview and its large article."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        client.command("GROUP clique.moving")
        lines = client.listing("OVER 1-")[1]
        [large] = [line.split(b"\t")[0].decode() for line in lines if line.split(b"\t")[1] == b"large"]
        return [*lines, *client.listing(f"BODY {large}")[1]]


def test_from_a_folder_to_postgresql_to_zeo_and_back(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    if POSTGRESQL is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    zeo, postgresql = ZeoServer(tmp_path / "zeo"), PostgresServer(tmp_path / "postgresql")
    steps = (
        (postgresql.location, postgresql.location), (str(zeo.folder), zeo.location),
        (str(tmp_path / "back"), str(tmp_path / "back")))
    try:
        node = make_node("node", config='clique = "off"\n')
        node.cliquectl("import", str(make_articles(tmp_path, 300)), "--forum", "moving")
        assert post(node, "large", LARGE).startswith("240")
        for number, (destination, location) in enumerate(steps):
            ended = threading.Event()
            taken: list[str] = []

            def go_on(
                node: NodeProcess = node, taken: list[str] = taken, ended: threading.Event = ended,
                number: int = number,
            ) -> None:
                while not ended.is_set():
                    subject = f"meanwhile {number}.{len(taken)}"
                    if not post(node, subject).startswith("240"):
                        return
                    taken.append(subject)

            poster = threading.Thread(target=go_on)
            poster.start()
            try:
                wait_for("posts are taken", lambda taken=taken: bool(taken))
                assert node.cliquectl("copy-storage", destination)["documents"] > 300
            finally:
                ended.set()
                poster.join()
            refused = post(node, "too late")
            assert refused.startswith("441") and "has been copied" in refused
            before = everything(node)
            assert {subject.encode() for subject in taken} <= {line.split(b"\t")[1] for line in before if b"\t" in line}
            node.stop()
            if location == zeo.location:
                zeo.start()
            node = make_node(f"node{number}", config=f'clique = "off"\nstorage = "{location}"\n')
            assert everything(node) == before, "nothing is lost, and no number has changed"
            assert not node.cliquectl("verify")
            assert post(node, f"after {number}").startswith("240")
    finally:
        zeo.close()
        postgresql.close()


def test_a_copy_goes_only_where_nothing_is_yet(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    node = make_node("node", config='clique = "off"\n')
    node.ask("create-forum", name="moving", description="from here to there")
    node.cliquectl("copy-storage", str(tmp_path / "there"))
    other = make_node("other", config='clique = "off"\n')
    with pytest.raises(CommandFailedError, match="is not empty"):
        other.cliquectl("copy-storage", str(tmp_path / "there"))
    with pytest.raises(CommandFailedError, match="copy to the folder that the ZEO server will serve"):
        other.cliquectl("copy-storage", "zeo://127.0.0.1:9")
    other.ask("create-forum", name="another", description="it goes on")
