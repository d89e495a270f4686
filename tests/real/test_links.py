"""A document linked on one node appears under its second parent on the other one too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import CommandFailedError, NodeProcess
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
    first.cliquectl("create-forum", "kitchen")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    tools, beans = post(ports[0], "Tools"), post(ports[0], "Beans")
    stew = post(ports[0], "Stew", "clique.kitchen")
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
    with pytest.raises(CommandFailedError, match="in the same forum"):
        first.cliquectl("link", stew, tools)
