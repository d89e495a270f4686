"""What a test does with a node's newsgroups: post, look, and wait for what others post."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for


def post(node: NodeProcess, group: str, subject: str, *fields: str) -> None:
    """Post an article with these further header fields."""
    lines = [f"Newsgroups: {group}", "From: Reader <reader@example.invalid>", f"Subject: {subject}", *fields]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        verdict = client.post("\r\n".join([*lines, "", "text", ""]).encode())
    assert verdict.startswith("240"), verdict


def linked_keys(node: NodeProcess) -> set[str]:
    """Return the keys of the nodes that a node is linked to; addresses that it only dials are left out."""
    return {row["key"] for row in node.ask("peers") if row["state"] == "linked"}


def overview(node: NodeProcess, group: str) -> dict[str, list[str]]:
    """Return a newsgroup's overview by subject; empty where there is no such newsgroup."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        if not client.command(f"GROUP {group}").startswith("211"):
            return {}
        lines = [line.decode("utf-8", "replace").split("\t") for line in client.listing("OVER 1-")[1]]
    return {line[1]: line for line in lines}


def articles_by_number(node: NodeProcess, group: str) -> dict[int, tuple[str, str]]:
    """Return the subject and Message-ID of each number in a newsgroup."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        low, high = client.command(f"GROUP {group}").split()[2:4]
        _, lines = client.listing(f"OVER {low}-{high}")
    fields = [line.decode().split("\t") for line in lines]
    return {int(field[0]): (field[1], field[4]) for field in fields}


def message_id(node: NodeProcess, group: str, subject: str) -> str:
    """Return the Message-ID of the article with that subject."""
    return overview(node, group)[subject][4]


def wait_for_subject(node: NodeProcess, group: str, subject: str, seconds: float = 30.0) -> list[str]:
    """Wait until a newsgroup has an article with that subject; return its overview line."""
    try:
        return wait_for(f"{subject!r} on {node.folder.name}", lambda: overview(node, group).get(subject), seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{node.log[-3000:]}") from None


def count(node: NodeProcess, group: str) -> int:
    """Return how many articles a newsgroup has; 0 where there is no such newsgroup."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        answer = client.command(f"GROUP {group}").split()
    return int(answer[1]) if answer[0] == "211" else 0


def wait_for_count(node: NodeProcess, group: str, wanted: int, seconds: float = 60.0) -> None:
    """Wait until a newsgroup has so many articles."""
    try:
        wait_for(f"{wanted} articles on {node.folder.name}", lambda: count(node, group) >= wanted, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}, but {count(node, group)}\n{node.log[-3000:]}") from None


def post_and_wait(sender: NodeProcess, others: Iterable[NodeProcess], group: str, subject: str) -> float:
    """Post on one node; return the seconds from the 240 until the last of the others has one article more."""
    before = [(other, count(other, group)) for other in others]
    post(sender, group, subject)
    started = time.monotonic()
    for other, held in before:
        wait_for_count(other, group, held + 1, 15.0)
    return time.monotonic() - started
