"""What a NoCeM message on one node names is hidden on another one, from those who honour its author, and comes back."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.control_client import CommandFailedError
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.reading import message_id, post
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


def numbers(client: NewsClient) -> list[bytes]:
    return client.listing(f"LISTGROUP {GROUP}")[1]


def logged_in(node: NodeProcess, name: str) -> NewsClient:
    """Return a connection of a new account's."""
    password = node.ask("user", action="add", name=name)["password"]
    [address] = node.ask("status")["accounts"]

    def log_in() -> NewsClient | None:
        client = NewsClient("127.0.0.1", int(address.rpartition(":")[2]))
        client.command(f"AUTHINFO USER {name}")
        if client.command(f"AUTHINFO PASS {password}").startswith("281"):
            return client
        client.close()
        return None

    return wait_for(f"its worker knows {name}", log_in)


def test_one_account_honours_what_another_does_not(make_node: Callable[..., NodeProcess]) -> None:
    warden = make_node("warden", clique=True)
    warden.ask("create-forum", name="garden", description="")
    config = 'workers = 2\naccounts = "tcp:0:interface=127.0.0.1"\nclique = "tcp:127.0.0.1:0"\n'
    node = make_node("node", config=config)
    node.ask("join", invitation=warden.ask("invite", name=GROUP)["invitation"])
    wait_for("both workers", lambda: node.ask("status")["workers_connected"] == 2)
    post(node, GROUP, "Pills")
    post(node, GROUP, "Peas")
    pills, peas = (message_id(node, GROUP, subject) for subject in ("Pills", "Peas"))
    wait_for("both articles", lambda: len(warden.ask("status")["peers"]) == 1 and holds(warden, pills, peas))
    key = warden.ask("moderators")["moderators"][0]["key"]
    with logged_in(node, "bob") as bob, logged_in(node, "eve") as eve, NewsClient("127.0.0.1", node.nntp_port) as owner:
        node.cliquectl("nocem", "follow", key, "--forum", GROUP, "--account", "bob")
        assert node.ask("nocem", action="list", account="bob")["honoured"] == [{"forum": GROUP, "key": key}]
        text = warden.cliquectl("nocem", "issue", pills, peas[1:53], "--forum", GROUP)["text"]
        assert text.endswith("is told to hide 2 articles")
        wait_for("the message to count", lambda: numbers(bob) == [b"1", b"4"])
        assert numbers(eve) == numbers(owner) == [b"1", b"2", b"3", b"4"]
        assert bob.command("STAT 2").startswith("423")
        assert bob.command(f"STAT {pills}").startswith("430")
        assert eve.command(f"STAT {pills}").startswith("223")

        # peas were a mistake; this one is written in a newsreader, in another second
        issued = time.time()
        wait_for("the next second", lambda: int(time.time()) > int(issued))
        lines = ["@@BEGIN NCM HEADERS", "Version: 0.93", "Issuer: me@example.org", "Type: mistake", "Action: show",
                 "Count: 1", "Notice-ID: 2", "@@BEGIN NCM BODY", f"{peas} {GROUP}", "@@END NCM BODY"]
        with NewsClient("127.0.0.1", warden.nntp_port) as client:
            head = f"Newsgroups: {GROUP}\r\nFrom: a@b.c\r\nSubject: @@NCM\r\n\r\n"
            assert client.post((head + "\r\n".join(lines) + "\r\n").encode()).startswith("240")
        wait_for("the peas", lambda: numbers(bob) == [b"1", b"3", b"4", b"5"])

        node.kill()
        node.start()
    wait_for("both workers", lambda: node.ask("status")["workers_connected"] == 2)
    with NewsClient("127.0.0.1", node.nntp_port) as owner:
        assert numbers(owner) == [b"1", b"2", b"3", b"4", b"5"]
        node.ask("nocem", action="follow", names=key, forum=GROUP)
        wait_for("the owner's worker to hear of it", lambda: numbers(owner) == [b"1", b"3", b"4", b"5"])
        node.ask("nocem", action="unfollow", names=key, forum=GROUP)
        wait_for("that the pills are back", lambda: numbers(owner) == [b"1", b"2", b"3", b"4", b"5"])
    assert node.ask("nocem", action="list")["honoured"] == []
    for action, names, forum in (("follow", "key", GROUP), ("follow", key, ""), ("unfollow", key, GROUP),
                                 ("issue", "<nobody@example.org>", GROUP), ("issue", "", GROUP), ("list", key, GROUP)):
        with pytest.raises(CommandFailedError):
            node.ask("nocem", action=action, names=names, forum=forum)


def holds(node: NodeProcess, *message_ids: str) -> bool:
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        return all(client.command(f"STAT {one}").startswith("223") for one in message_ids)
