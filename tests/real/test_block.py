"""What is blocked at a node is neither stored nor passed on there, and comes once it is blocked no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.control_client import CommandFailedError
from tests.real.node_process import NodeProcess
from tests.real.reading import linked_keys, message_id, overview, post, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


def key(node: NodeProcess) -> str:
    return str(node.ask("status")["node"])


def dialled(node: NodeProcess) -> str:
    """Return a node's key and address, as `connect` takes them."""
    return f"{key(node)}@{node.ask('status')['clique'][0]}"


def test_blocked_authors_documents_and_peers(make_node: Callable[..., NodeProcess]) -> None:
    first, second, third = (make_node(name, clique=True) for name in ("first", "second", "third"))
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    # the second node stands between the others
    blocked = third.cliquectl("block", "peer", key(first))
    assert blocked["text"] == f"peer {key(first)} is blocked"
    third.cliquectl("join", second.cliquectl("invite", GROUP)["invitation"])
    wait_for("the third node's link", lambda: linked_keys(third) == {key(second)})
    post(first, GROUP, "Thread")
    for node in (second, third):
        wait_for_subject(node, GROUP, "Thread")
    with pytest.raises(CommandFailedError, match="that node is blocked"):
        third.cliquectl("connect", dialled(first))

    author = first.cliquectl("user")["address"]
    second.cliquectl("block", "author", author)
    thread = message_id(third, GROUP, "Thread")
    post(first, GROUP, "Spam")
    spam = message_id(first, GROUP, "Spam")
    post(first, GROUP, "Re: Spam", f"References: {spam}")
    post(third, GROUP, "Good", f"References: {thread}")
    wait_for_subject(first, GROUP, "Good")
    held = second.ask("status")["documents"]
    assert "Spam" not in overview(second, GROUP) and "Thread" not in overview(second, GROUP)
    assert "Spam" not in overview(third, GROUP)
    assert linked_keys(third) == {key(second)}

    second.stop()
    second.start()
    assert second.cliquectl("blocked") == [{"kind": "author", "what": "@" + author.partition("@")[2], "name": ""}]
    assert second.ask("status")["documents"] == held
    second.cliquectl("unblock", "author", author)
    for node in (second, third):
        for subject in ("Thread", "Spam", "Re: Spam"):
            wait_for_subject(node, GROUP, subject, 60.0)

    second.cliquectl("block", "document", spam)
    post(first, GROUP, "More spam", f"References: {spam}")
    post(first, GROUP, "Beside it")
    for node in (second, third):
        wait_for_subject(node, GROUP, "Beside it")
        assert "More spam" not in overview(node, GROUP)
    assert "Spam" not in overview(second, GROUP)
    # whoever joins by this node gets nothing of it from here
    fourth = make_node("fourth", clique=True)
    for other in (first, third):
        fourth.cliquectl("block", "peer", key(other))
    fourth.cliquectl("join", second.cliquectl("invite", GROUP)["invitation"])
    for subject in ("Thread", "Good", "Beside it"):
        wait_for_subject(fourth, GROUP, subject, 60.0)
    assert not {"Spam", "Re: Spam", "More spam"} & overview(fourth, GROUP).keys()
    second.cliquectl("unblock", "document", spam)
    assert {"Spam", "Re: Spam"} <= overview(second, GROUP).keys(), "what is here was only withheld"
    for node in (second, third):
        wait_for_subject(node, GROUP, "More spam", 60.0)

    third.cliquectl("unblock", "peer", key(first))
    third.cliquectl("connect", dialled(first))
    wait_for("a link with the peer that was blocked", lambda: key(first) in linked_keys(third))
    third.cliquectl("block", "peer", key(first))
    wait_for("no link any more", lambda: key(first) not in linked_keys(third))


def test_a_blocked_document_can_be_dropped_from_the_disk(make_node: Callable[..., NodeProcess]) -> None:
    first, second = (make_node(name, clique=True) for name in ("first", "second"))
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    post(first, GROUP, "Spam")
    spam = message_id(first, GROUP, "Spam")
    post(first, GROUP, "Re: Spam", f"References: {spam}")
    wait_for_subject(second, GROUP, "Re: Spam")
    held = second.ask("status")["documents_octets"]
    told = second.cliquectl("block", "document", spam, "--drop")
    assert told["text"].endswith("is blocked, 2 articles are gone for good")
    assert second.ask("status")["documents_octets"] < held
    with pytest.raises(CommandFailedError, match="--drop is for a document"):
        second.cliquectl("block", "peer", key(first), "--drop")
    second.cliquectl("unblock", "document", spam)
    post(first, GROUP, "More spam", f"References: {spam}")
    wait_for_subject(second, GROUP, "More spam")
    assert not {"Spam", "Re: Spam"} & overview(second, GROUP).keys()
    assert second.cliquectl("block", "document", GROUP, "--drop")["text"].endswith("1 articles are gone for good")
    second.cliquectl("unblock", "document", second.cliquectl("blocked")[0]["what"])
    post(first, GROUP, "Afterwards")
    wait_for_subject(second, GROUP, "Afterwards")
