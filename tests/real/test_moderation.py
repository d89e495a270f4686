"""A stranger's post waits on every node until a moderator approves it from the newsreader, and then shows on all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.test_links import subjects
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.tea"
WAITING = "clique.local.waiting.tea"


def post(port: int, subject: str, group: str = GROUP, body: str = "Text.", **fields: str) -> str:
    """Post an article; return the verdict."""
    head = {"Newsgroups": group, "From": "Reader <reader@example.invalid>", "Subject": subject} | fields
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    with NewsClient("127.0.0.1", port) as client:
        return client.post(f"{lines}\r\n{body}\r\n".encode())


def wait_until(nodes: list[NodeProcess], waits: list[str], shown: list[str]) -> None:
    for node in nodes:
        wait_for(f"what waits at {node.nntp_port}",
                 lambda node=node: [row["subject"] for row in node.ask("waiting", name=GROUP)] == waits)
        wait_for(f"what is shown at {node.nntp_port}",
                 lambda node=node: [one.decode() for one in subjects(node.nntp_port, GROUP)[1:]] == shown)


def test_what_waits_everywhere_shows_everywhere(make_nodes: Callable[..., list[NodeProcess]]) -> None:
    nodes = first, second, third = make_nodes("first", "second", "third")
    first.cliquectl("create-forum", "tea", "--moderated")
    second.ask("join", invitation=first.ask("invite", name=GROUP)["invitation"])
    third.ask("join", invitation=second.ask("invite", name=GROUP)["invitation"])

    verdict = post(second.nntp_port, "Assam")
    assert verdict == "240 article received, it waits for a moderator of clique.tea"
    wait_until(nodes, ["Assam"], [])
    for stranger in (second, third):
        with NewsClient("127.0.0.1", stranger.nntp_port) as client:
            assert client.command(f"GROUP {WAITING}").startswith("411")
            assert client.listing("LIST ACTIVE")[1] == [b"clique.tea 1 1 m"]
    assert post(second.nntp_port, "Mine", Approved="me@example.invalid") == (
        "441 only moderators of clique.tea post with an Approved header: leave it out")

    with NewsClient("127.0.0.1", first.nntp_port) as client:
        assert client.listing("LIST ACTIVE")[1] == [b"clique.tea 1 1 m", b"clique.local.waiting.tea 2 2 y"]
        assert client.command(f"GROUP {WAITING}").split()[1:4] == ["1", "2", "2"]
        head, _, body = b"\n".join(client.listing("ARTICLE 2")[1]).partition(b"\n\n")
        assert body == b"Text."
        assert b"\nNewsgroups: clique.local.waiting.tea\n" in head
        [line] = client.listing("OVER 2")[1]
        assert line.split(b"\t")[1] == b"Assam"
        message_id = line.split(b"\t")[4].decode()
        assert client.listing(f"HEAD {message_id}")[0].startswith("221")
    how = post(first.nntp_port, "Re: Assam", WAITING, References=message_id)
    assert how.startswith("441 to approve an article, answer it here with an Approved header")
    assert post(first.nntp_port, "Re: Assam", WAITING, body="approve", References=message_id) == "240 done"
    wait_until(nodes, [], ["Assam"])

    assert post(third.nntp_port, "Re: Assam", References=message_id).startswith("240")
    wait_until(nodes, ["Re: Assam"], ["Assam"])
    [row] = second.ask("waiting", name=GROUP)
    with pytest.raises(CommandFailedError, match="only a moderator of clique"):
        second.ask("approve", names=row["id"])
    assert "is shown" in first.cliquectl("approve", row["id"])["text"]
    wait_until(nodes, [], ["Assam", "Re: Assam"])

    # the third one becomes a moderator, and the first is none any more but for its root's key
    key = third.ask("moderators")["moderators"][0]["key"]
    first.cliquectl("moderators", GROUP, "--add", key)
    wait_until(nodes, [], ["Assam", "Re: Assam", "Moderators of clique.tea"])
    assert post(third.nntp_port, "Darjeeling", Approved="me@example.invalid").startswith("240 article received, it is ")
    wait_until(nodes, [], ["Assam", "Re: Assam", "Moderators of clique.tea", "Darjeeling"])
    post(second.nntp_port, "Ceylon")
    wait_until(nodes, ["Ceylon"], ["Assam", "Re: Assam", "Moderators of clique.tea", "Darjeeling"])
    [row] = third.ask("waiting", name=GROUP)
    control = f"approve <{row['id']}@clique.invalid>"
    assert post(third.nntp_port, "cmsg approve", Control=control) == "240 done"
    wait_until(nodes, [], ["Assam", "Re: Assam", "Moderators of clique.tea", "Darjeeling", "Ceylon"])
    assert [node.ask("verify") for node in nodes] == [[], [], []]
