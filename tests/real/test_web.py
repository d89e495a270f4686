"""The status page of real nodes: create a forum there, join it from another node's page, and see what each shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.waiting import wait_for
from tests.web.browser import Browser

pytestmark = pytest.mark.real


def browser_of(node: NodeProcess) -> Browser:
    """Return a browser at the node's page."""
    return Browser(int(node.cliquectl("status")["web"][0].rpartition(":")[2]))


def test_a_forum_made_on_one_page_is_joined_on_another(make_node: Callable[..., NodeProcess]) -> None:
    first, second = make_node("first", clique=True, web=LOOPBACK), make_node("second", clique=True, web=LOOPBACK)
    here, there = browser_of(first), browser_of(second)
    made = here.send("/create", name="garden", description="Tomaten & <Grün>zeug")
    assert "Tomaten & <Grün>zeug" in made.words
    invitation = first.cliquectl("invite", "clique.garden")["invitation"]
    assert invitation in made.words

    joined = there.send("/join", invitation=invitation)
    assert joined.words.startswith("clique.garden") or "clique.garden" in joined.words
    wait_for("the page names the other node", lambda: "linked" in there.get("/forum/clique.garden").words)
    assert "clique.garden" in there.get().words

    again = there.send("/create", name="garden")
    assert again.status == 400
    assert "there is a forum clique.garden already" in again.words


def test_a_peers_address_and_a_forums_id_are_enough(make_node: Callable[..., NodeProcess]) -> None:
    first, second = make_node("first", clique=True), make_node("second", clique=True, web=LOOPBACK)
    forum = first.cliquectl("create-forum", "tea")
    status = first.cliquectl("status")
    joined = browser_of(second).send("/join", root=forum["id"], peer=f"{status['node']}@{status['clique'][0]}")
    assert joined.status == 200
    assert "clique.tea" in joined.words


def test_a_page_without_its_port_is_told_and_the_node_runs(make_node: Callable[..., NodeProcess]) -> None:
    first = make_node("first", web=LOOPBACK)
    port = first.cliquectl("status")["web"][0].rpartition(":")[2]
    second = make_node("second", web=f"tcp:{port}:interface=127.0.0.1")
    [trouble] = second.cliquectl("status")["troubles"]
    assert "status page" in trouble
    assert "--web" in trouble


def test_the_page_tells_why_i2p_is_not_there(make_node: Callable[..., NodeProcess]) -> None:
    node = make_node(config='clique = "i2p"\ni2p_sam = "127.0.0.1:1"\n', web=LOOPBACK)
    wait_for("the reason", lambda: "127.0.0.1:1" in node.ask("status")["i2p"])
    assert "127.0.0.1:1" in browser_of(node).get().words
