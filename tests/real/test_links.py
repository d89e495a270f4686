"""A document linked on one node appears under its second parent on the other one too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import linked_keys
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


def subjects(port: int, group: str) -> list[bytes]:
    with NewsClient("127.0.0.1", port) as client:
        client.command(f"GROUP {group}")
        return [line.split(b"\t")[1] for line in client.listing("XOVER 1-")[1]]


def post(port: int, subject: str, group: str = GROUP) -> str:
    """Post an article; return the name of its own newsgroup."""
    with NewsClient("127.0.0.1", port) as client:
        head = f"Newsgroups: {group}\r\nFrom: Reader <reader@example.invalid>\r\nSubject: {subject}\r\n"
        verdict = client.post(f"{head}\r\nText of {subject}.\r\n".encode())
    assert verdict.startswith("240"), verdict
    return verdict.split()[-1]


def test_a_link_on_one_node_shows_on_the_other(make_node: Callable[..., NodeProcess]) -> None:
    first, second = (make_node(name, clique=True) for name in ("first", "second"))
    ports = [first.nntp_port, second.nntp_port]
    first.cliquectl("create-forum", "garden")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    tools, beans = post(ports[0], "Tools"), post(ports[0], "Beans")
    first.cliquectl("link", beans, tools)
    for port in ports:
        wait_for(f"the linked article at {port}", lambda port=port: subjects(port, tools) == [b"Tools", b"Beans"], 60.0)
        with NewsClient("127.0.0.1", port) as client:
            assert client.command(f"GROUP {tools}").split()[1:4] == ["2", "1", "2"]
            assert client.listing("ARTICLE 2")[1][-1] == b"Text of Beans."
            assert client.listing("HDR Subject 2")[1] == [b"2 Beans"]
            assert client.listing("HDR Clique-Time 2")[1][0] != b"2 "
            assert client.command(f"GROUP {GROUP}").split()[1] == "3"
    answer = post(ports[1], "Re: Beans", beans)
    wait_for("the answer", lambda: b"Re: Beans" in subjects(ports[0], beans), 30.0)
    assert subjects(ports[0], tools) == [b"Tools", b"Beans"], answer
    first.cliquectl("link", beans, tools)
    assert subjects(ports[0], tools) == [b"Tools", b"Beans"]
    with pytest.raises(CommandFailedError, match="in its own newsgroup already"):
        first.cliquectl("link", beans, beans)


def test_a_link_into_another_forum_shows_where_nobody_has_the_first_one(
    make_nodes: Callable[..., list[NodeProcess]],
) -> None:
    """The second node hears of it from the first, which has both forums, the third from the second alone."""
    first, second, third = make_nodes("first", "second", "third")
    for forum in ("garden", "kitchen"):
        first.ask("create-forum", name=forum, description="")
    second.ask("join", invitation=first.ask("invite", name=GROUP)["invitation"])
    tools, stew = post(first.nntp_port, "Tools"), post(first.nntp_port, "Stew", "clique.kitchen")
    recipe, unseen = post(first.nntp_port, "Recipe", stew), post(first.nntp_port, "Unseen", stew)
    pepper = post(first.nntp_port, "Pepper", recipe)
    told = first.cliquectl("link", recipe, tools)
    assert "up to clique.kitchen itself" in told["text"]
    wait_for("the linked article", lambda: subjects(second.nntp_port, tools) == [b"Tools", b"Recipe"])
    third.ask("join", invitation=second.ask("invite", name=GROUP)["invitation"])
    wait_for("it at a newcomer", lambda: subjects(third.nntp_port, tools) == [b"Tools", b"Recipe"])
    wait_for("links to both", lambda: len(linked_keys(second)) == 2)
    first.cliquectl("link", pepper, tools)
    for node in (second, third):
        wait_for("the next one", lambda node=node: b"Pepper" in subjects(node.nntp_port, tools))
        assert subjects(node.nntp_port, GROUP)[1:] == [b"Tools", b"Recipe", b"Pepper"]
        with NewsClient("127.0.0.1", node.nntp_port) as client:
            assert client.listing(f"LIST ACTIVE {unseen}")[1] == []
    with NewsClient("127.0.0.1", first.nntp_port) as client:
        client.command(f"GROUP {tools}")
        gone = client.command("STAT 2").split()[2]
        head = "Newsgroups: clique.kitchen\r\nFrom: Reader <reader@example.invalid>\r\nSubject: cmsg cancel\r\n"
        verdict = client.post(f"{head}Control: cancel {gone}\r\n\r\n\r\n".encode())
        assert verdict.startswith("240"), verdict
    for node in (first, second, third):
        wait_for("that it is gone", lambda node=node: subjects(node.nntp_port, tools) == [b"Tools", b"Pepper"])
