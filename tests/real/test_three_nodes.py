"""Three nodes: one founds a forum, the second joins by its invitation, the third by one from the second."""

from __future__ import annotations

import os
import re
import tarfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

FORUM = "garden"
GROUP = f"clique.{FORUM}"
ARTICLES = 1000
CORPUS = os.environ.get("CLIQUENNTP_CORPUS")

POST_SECONDS = 2.0
"""a post reaches every other node on loopback within this"""


def make_articles(folder: Path, count: int) -> Path:
    """Return an archive of that many articles: real ones where the corpus is at hand."""
    path = folder / f"articles-{count}.mbox"
    if CORPUS is None:
        write_mbox(path, count)
    else:
        write_corpus_mbox(Path(CORPUS), path, count)
    return path


def write_corpus_mbox(corpus: Path, path: Path, count: int) -> None:
    """Write the first articles of the corpus as an mbox."""
    with tarfile.open(corpus / "20_newsgroups.tar.gz") as archive, path.open("wb") as file:
        members = (member for member in archive if member.isfile())
        for member in islice(members, count):
            found = archive.extractfile(member)
            assert found is not None
            text = re.sub(rb"^(>*From )", rb">\1", found.read(), flags=re.MULTILINE)
            file.write(b"From corpus Mon Jan  1 00:00:00 2024\n" + text + b"\n")


def articles(node: NodeProcess, port: int) -> dict[bytes, bytes]:
    """Return the forum's articles by Message-ID, as the node's NNTP server gives them but for Xref.

    Xref has the numbers, which are each node's own.
    """
    found = {}
    with NewsClient("127.0.0.1", port) as client:
        _, numbers = client.listing(f"LISTGROUP {GROUP}")
        client.pipeline(f"ARTICLE {number.decode()}" for number in numbers)
        for _ in numbers:
            status = client.status()
            lines = [line for line in client.lines() if not line.startswith(b"Xref:")]
            found[status.split()[2].encode()] = b"\r\n".join(lines)
    return found


def count(port: int) -> int:
    with NewsClient("127.0.0.1", port) as client:
        answer = client.command(f"GROUP {GROUP}").split()
    return int(answer[1]) if answer[0] == "211" else 0


def wait_for_count(node: NodeProcess, port: int, wanted: int, seconds: float = 60.0) -> None:
    try:
        wait_for(f"{wanted} articles on {node.folder.name}", lambda: count(port) >= wanted, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}, but {count(port)}\n{node.log[-3000:]}") from None


def post_and_wait(sender: int, others: list[int], subject: str) -> float:
    """Post on one node's port; return the seconds until the last of the others has it."""
    before = [count(port) for port in others]
    lines = [f"Newsgroups: {GROUP}", "From: Reader <reader@example.invalid>", f"Subject: {subject}", "", "text", ""]
    with NewsClient("127.0.0.1", sender) as client:
        verdict = client.post("\r\n".join(lines).encode())
    assert verdict.startswith("240"), verdict
    started = time.monotonic()
    for port, held in zip(others, before, strict=True):
        wait_for(f"{subject} at port {port}", lambda port=port, held=held: count(port) > held, 10.0)
    return time.monotonic() - started


def test_a_forum_outlives_its_founder(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    first, second, third = (make_node(name, clique=True) for name in ("first", "second", "third"))
    ports = {node.folder.name: node.nntp_port for node in (first, second, third)}
    first.cliquectl("create-forum", FORUM)
    first.cliquectl("import", str(make_articles(tmp_path, ARTICLES)), "--forum", FORUM)
    held = count(ports["first"])
    assert held > ARTICLES * 0.9
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(second, ports["second"], held)
    third.cliquectl("join", second.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(third, ports["third"], held)
    everything = articles(first, ports["first"])
    assert len(everything) == held
    assert articles(third, ports["third"]) == everything

    for name, port in ports.items():
        others = [other for other in ports.values() if other != port]
        assert post_and_wait(port, others, f"from the {name}") < POST_SECONDS

    first.kill()
    assert post_and_wait(ports["second"], [ports["third"]], "the second goes on") < POST_SECONDS
    assert post_and_wait(ports["third"], [ports["second"]], "the third goes on") < POST_SECONDS
