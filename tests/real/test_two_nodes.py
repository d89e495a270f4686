"""Two nodes on this machine: one invites, the other joins, and both read what either of them posts."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import message_id, overview, post, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


def test_a_post_on_one_node_is_read_on_the_other(make_nodes: Callable[..., list[NodeProcess]]) -> None:
    first, second = make_nodes("first", "second")
    first.cliquectl("create-forum", "garden", "--description", "What grows")
    post(first, GROUP, "before anybody joined")
    invitation = first.cliquectl("invite", GROUP)["invitation"]
    second.cliquectl("join", invitation)
    before = wait_for_subject(second, GROUP, "before anybody joined")
    assert before[4] == message_id(first, GROUP, "before anybody joined"), "one Message-ID on all nodes"

    post(first, GROUP, "from the first")
    assert wait_for_subject(second, GROUP, "from the first")
    post(second, GROUP, "Re: from the first", f"References: {message_id(second, GROUP, 'from the first')}")
    reply = wait_for_subject(first, GROUP, "Re: from the first")
    assert reply[5] == message_id(first, GROUP, "from the first"), "the reply hangs under the post"

    second.kill()
    post(first, GROUP, "while the second was away")
    second.start()
    assert wait_for_subject(second, GROUP, "while the second was away")
    post(second, GROUP, "back again")
    assert wait_for_subject(first, GROUP, "back again")
    assert len(overview(first, GROUP)) == len(overview(second, GROUP)) == 6


def test_what_cannot_be_joined_or_shared_says_why(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node("lonely")
    node.cliquectl("create-forum", "garden")
    with pytest.raises(CommandFailedError, match="start it with --clique"):
        node.cliquectl("invite", GROUP)
    with pytest.raises(CommandFailedError, match=r"no forum clique\.none"):
        node.cliquectl("invite", "clique.none")
    with pytest.raises(CommandFailedError, match="begins with `clique:`"):
        node.cliquectl("join", "gibberish")


def test_cliquectl_steers_what_is_shared_with_whom(make_nodes: Callable[..., list[NodeProcess]]) -> None:
    first, second = make_nodes("first", "second")
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
    [shared] = peer["shared"]
    assert (shared["newsgroup"], shared["depth"]) == (GROUP, "all")
    [shared] = wait_for("a comparison without a difference", lambda: [
        row for peer in second.ask("peers") for row in peer.get("shared", ()) if row["compared"] and not row["behind"]
    ])
    assert shared["role"] == "parent"
    assert first.cliquectl("resync", GROUP)["nodes"] == 1

    drawn = second.cliquectl("graph", GROUP)["text"]
    assert f'"{first.cliquectl("status")["node"][:8]}" -> "{status["node"][:8]}"' in drawn, "the inviter is the parent"
    assert second.cliquectl("graph", GROUP, "--format", "svg")["text"].startswith("<svg ")

    began = time.time()
    post(first, GROUP, "Radishes")
    wait_for_subject(second, GROUP, "Radishes")
    [went, *_], [came, *_] = first.cliquectl("deliveries"), second.cliquectl("deliveries", GROUP)
    assert (went["way"], went["node"], went["subject"]) == ("out", status["node"], "Radishes")
    assert (came["way"], came["node"], came["subject"]) == ("in", first.cliquectl("status")["node"], "Radishes")
    assert came["forum"] == GROUP and 0 <= came["age"] <= time.time() - began + 1  # a Clique-Time has whole seconds
    assert [row["id"] for row in second.cliquectl("deliveries", came["id"])] == [came["id"]]

    second.cliquectl("unfollow", GROUP)
    wait_for("no shared forum", lambda: not any(peer.get("forums") for peer in first.cliquectl("peers")))
    for command in ("resync", "graph"):
        with pytest.raises(CommandFailedError, match="is not followed"):
            second.cliquectl(command, GROUP)
    text = f"following {GROUP}, its own comments alone"
    assert second.cliquectl("follow", GROUP, "--depth", "comments")["text"] == text
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
