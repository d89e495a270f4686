"""Two nodes on this machine: one invites, the other joins, and both read what either of them posts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


def post(node: NodeProcess, subject: str, *fields: str) -> None:
    lines = [f"Newsgroups: {GROUP}", "From: Reader <reader@example.invalid>", f"Subject: {subject}", *fields]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        verdict = client.post("\r\n".join([*lines, "", "text", ""]).encode())
    assert verdict.startswith("240"), verdict


def overview(node: NodeProcess) -> dict[str, list[str]]:
    """Return the forum's overview by subject."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        if not client.command(f"GROUP {GROUP}").startswith("211"):
            return {}
        lines = [line.decode().split("\t") for line in client.listing("OVER 1-")[1]]
    return {line[1]: line for line in lines}


def wait_for_subject(node: NodeProcess, subject: str) -> list[str]:
    try:
        return wait_for(f"{subject!r} on {node.folder.name}", lambda: overview(node).get(subject))
    except AssertionError as error:
        raise AssertionError(f"{error}\n{node.log}") from None


def test_a_post_on_one_node_is_read_on_the_other(make_node: Callable[..., NodeProcess]) -> None:
    first, second = make_node("first", clique=True), make_node("second", clique=True)
    first.cliquectl("create-forum", "garden", "--description", "What grows")
    post(first, "before anybody joined")
    invitation = first.cliquectl("invite", GROUP)["invitation"]
    second.cliquectl("join", invitation)
    before = wait_for_subject(second, "before anybody joined")
    assert before[4] == overview(first)["before anybody joined"][4], "one Message-ID on all nodes"

    post(first, "from the first")
    assert wait_for_subject(second, "from the first")
    post(second, "Re: from the first", f"References: {overview(second)['from the first'][4]}")
    reply = wait_for_subject(first, "Re: from the first")
    assert reply[5] == overview(first)["from the first"][4], "the reply hangs under the post"

    second.kill()
    post(first, "while the second was away")
    second.start()
    assert wait_for_subject(second, "while the second was away")
    post(second, "back again")
    assert wait_for_subject(first, "back again")
    assert len(overview(first)) == len(overview(second)) == 6


def test_what_cannot_be_joined_or_shared_says_why(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node("lonely")
    node.cliquectl("create-forum", "garden")
    with pytest.raises(CommandFailedError, match="start it with --clique"):
        node.cliquectl("invite", GROUP)
    with pytest.raises(CommandFailedError, match=r"no forum clique\.none"):
        node.cliquectl("invite", "clique.none")
    with pytest.raises(CommandFailedError, match="begins with `clique:`"):
        node.cliquectl("join", "gibberish")


def test_cliquectl_steers_what_is_shared_with_whom(make_node: Callable[..., NodeProcess]) -> None:
    first, second = make_node("first", clique=True), make_node("second", clique=True)
    assert first.cliquectl("peers") == []
    first.cliquectl("create-forum", "garden")
    with pytest.raises(CommandFailedError, match="no other node to compare"):
        first.cliquectl("resync", GROUP)
    status = second.cliquectl("status")
    first.cliquectl("connect", f"{status['node']}@{status['clique'][0]}")
    wait_for("a link", lambda: [peer for peer in first.cliquectl("peers") if peer["key"] == status["node"]])
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"], "--since", "2020-01-01")
    [peer] = wait_for("a shared forum", lambda: [peer for peer in first.cliquectl("peers") if peer.get("forums")])
    assert peer["forums"] == [GROUP] and peer["bytes_sent"] > 0
    assert first.cliquectl("resync", GROUP)["nodes"] == 1

    second.cliquectl("unfollow", GROUP)
    wait_for("no shared forum", lambda: not any(peer.get("forums") for peer in first.cliquectl("peers")))
    with pytest.raises(CommandFailedError, match="is not followed"):
        second.cliquectl("resync", GROUP)
    assert second.cliquectl("follow", GROUP, "--depth", "comments")["text"] == f"following {GROUP}"
    assert second.cliquectl("follow", GROUP, "--depth", "comments")["text"] == f"{GROUP} is followed already"


def test_what_cannot_be_followed_or_connected_says_why(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node("lonely", clique=True)
    for words, reason in (
        (("follow", "clique.none"), r"no newsgroup and no document clique\.none"),
        (("unfollow", "clique.none"), r"no newsgroup and no document clique\.none"),
        (("resync", "clique.none"), r"no newsgroup and no document clique\.none"),
        (("connect", "nowhere"), "nowhere"),
        (("connect", "key@tcp:127.0.0.1:1"), "is no node key"),
    ):
        with pytest.raises(CommandFailedError, match=reason):
            node.cliquectl(*words)
