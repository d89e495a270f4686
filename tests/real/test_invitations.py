"""Invitations by file and to a single thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import count, message_id, overview, post, post_and_wait, wait_for_count, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
NOTE = "no other node has answered yet"


def description(node: NodeProcess) -> str:
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        _, lines = client.listing(f"LIST NEWSGROUPS {GROUP}")
    return "\n".join(line.decode() for line in lines)


def motd(node: NodeProcess) -> list[str]:
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        return [line.decode() for line in client.listing("LIST MOTD")[1]]


def thread_group(node: NodeProcess, subject: str) -> str:
    """Return the newsgroup of the thread that the article with that subject begins."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        _, lines = client.listing("LIST NEWSGROUPS")
    [name] = [name for name, found in (line.decode().split("\t") for line in lines) if found == subject]
    return name


def test_a_forum_can_be_read_from_its_invitation_file_until_a_node_answers(
    make_nodes: Callable[..., list[NodeProcess]], tmp_path: Path
) -> None:
    first, second = make_nodes("first", "second")
    first.cliquectl("create-forum", "garden", "--description", "What grows")
    file = tmp_path / "garden.clique"
    assert first.cliquectl("invite", GROUP, "--file", str(file))["file"] == str(file)
    first.stop()

    joined = second.cliquectl("join", str(file))
    assert joined["name"] == GROUP
    assert "none of the invitation's nodes has answered" in joined["text"]
    assert set(overview(second, GROUP)) == {"What grows"}
    assert description(second) == f"{GROUP}\tWhat grows ({NOTE})"
    post(second, GROUP, "written offline")
    second.stop()
    second.start()
    assert NOTE in description(second)
    [post_made] = second.ask("status")["posts"]
    assert (post_made["subject"], post_made["nodes"], post_made["waits"]) == ("written offline", 0, True)
    assert motd(second)[-1] == "One of your posts waits for another node to take it: written offline"

    first.start()
    wait_for_subject(first, GROUP, "written offline", 90.0)
    wait_for("a forum that was reached", lambda: NOTE not in description(second))
    assert description(second) == f"{GROUP}\tWhat grows"
    [post_made] = second.ask("status")["posts"]
    assert (post_made["nodes"], post_made["waits"]) == (1, False)
    assert motd(second)[-1] == "Your last post was sent to one node: written offline"

    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CommandFailedError, match="damaged"):
        second.cliquectl("join", str(file))
    with pytest.raises(CommandFailedError, match="cannot be read"):
        second.cliquectl("join", str(tmp_path / "nothing"))


def test_a_thread_joined_alone_stays_complete_while_its_feeder_is_replaced(
    make_nodes: Callable[..., list[NodeProcess]],
) -> None:
    first, second, third = make_nodes("first", "second", "third")
    first.cliquectl("create-forum", "garden")
    post(first, GROUP, "other thread")
    post(first, GROUP, "tomatoes")
    starter = message_id(first, GROUP, "tomatoes")
    post(first, GROUP, "Re: tomatoes", f"References: {starter}")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_subject(second, GROUP, "Re: tomatoes")
    group = thread_group(first, "tomatoes")
    third.cliquectl("join", first.cliquectl("invite", group)["invitation"])
    wait_for_subject(third, group, "Re: tomatoes")
    # GROUP alone: to read the forum would be to follow it
    assert count(third, GROUP) == 3
    third_key = third.ask("status")["node"]
    wait_for("both feed", lambda: all(
        any(peer["key"] == third_key and peer.get("forums") for peer in node.ask("peers")) for node in (first, second)
    ))

    first.kill()
    assert post_and_wait(second, [third], group, "Re: tomatoes, after the first was gone") < 10.0
    assert post_and_wait(third, [second], group, "Re: tomatoes, from the third") < 10.0
    post(second, GROUP, "third thread")
    first.start()
    wait_for_count(first, GROUP, count(second, GROUP))
    second.kill()
    assert post_and_wait(first, [third], group, "Re: tomatoes, after the second was gone") < 10.0
    assert count(third, group) == count(first, group) == 5
    assert (count(third, GROUP), count(first, GROUP)) == (6, 8)
