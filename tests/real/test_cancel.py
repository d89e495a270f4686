"""What is taken back on one node vanishes from the others, also from those that were off, and does not come back."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


def post(port: int, subject: str, **fields: str) -> str:
    """Post on a node; return the Message-ID that all nodes know the article by."""
    head = {"Newsgroups": GROUP, "From": "Reader <reader@example.invalid>", "Subject": subject} | fields
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    with NewsClient("127.0.0.1", port) as client:
        verdict = client.post(f"{lines}\r\nText.\r\n".encode())
        assert verdict.startswith("240"), verdict
        high = client.command(f"GROUP {GROUP}").split()[3]
        return client.command(f"STAT {high}").split()[2]


def holds(port: int, message_id: str) -> bool:
    with NewsClient("127.0.0.1", port) as client:
        return client.command(f"STAT {message_id}").startswith("223")


def wait_until(ports: list[int], held: bool, *message_ids: str) -> None:
    for port in ports:
        for message_id in message_ids:
            wait_for(f"{message_id} {'at' if held else 'gone from'} port {port}",
                     lambda port=port, message_id=message_id: holds(port, message_id) == held, 60.0)


def test_a_cancel_reaches_a_node_that_was_off_and_no_old_copy_undoes_it(make_node: Callable[..., NodeProcess]) -> None:
    first, second, third = (make_node(name, clique=True) for name in ("first", "second", "third"))
    ports = [node.nntp_port for node in (first, second)]
    first.cliquectl("create-forum", "garden")
    # the third follows the thread starters alone
    for inviter, guest, depth in ((first, second, "all"), (second, third, "comments")):
        guest.cliquectl("join", inviter.cliquectl("invite", GROUP)["invitation"], "--depth", depth)
    wrong, version = post(ports[0], "Wrong"), post(ports[0], "First version")
    wait_until([ports[1]], True, wrong)
    answer = post(ports[1], "Re: Wrong", References=wrong)
    wait_until(ports, True, answer)
    wait_until([*ports, third.nntp_port], True, wrong, version)

    third.stop()
    old_copy = third.folder.with_name("old copy")
    shutil.copytree(third.folder / "data", old_copy)
    post(ports[0], "cmsg cancel", Control=f"cancel {wrong}")
    newer = post(ports[0], "Second version", Supersedes=version)
    wait_until([ports[1]], True, newer)
    wait_until(ports, False, wrong, version)

    for data in (None, old_copy):  # as it was left, and then once more as it was before the cancel
        if data is not None:
            third.stop()
            shutil.rmtree(third.folder / "data")
            shutil.move(data, third.folder / "data")
        third.start()
        everywhere = [*ports, third.nntp_port]
        wait_until(everywhere[2:], True, newer)
        wait_until(everywhere, False, wrong, version)
        assert all(holds(port, answer) for port in ports)
    # who joins only now gets the answer to what it never sees
    fourth = make_node("fourth", clique=True)
    fourth.cliquectl("join", second.cliquectl("invite", GROUP)["invitation"])
    wait_until([fourth.nntp_port], True, newer, answer)
    assert not any(holds(fourth.nntp_port, gone) for gone in (wrong, version))


def test_an_old_copy_from_a_node_that_never_heard_of_the_cancel_does_not_bring_it_back(
    make_nodes: Callable[..., list[NodeProcess]],
) -> None:
    first, second, third, fourth = nodes = make_nodes("first", "second", "third", "fourth")
    first.ask("create-forum", name="garden", description="")
    for inviter, guest in ((first, second), (second, third), (third, fourth)):
        guest.ask("join", invitation=inviter.ask("invite", name=GROUP)["invitation"])
    wrong, kept = post(first.nntp_port, "Wrong"), post(first.nntp_port, "Kept")
    wait_until([node.nntp_port for node in nodes], True, wrong, kept)
    fourth.stop()
    post(first.nntp_port, "cmsg cancel", Control=f"cancel {wrong}")
    hearing = [node.nntp_port for node in nodes[:3]]
    wait_until(hearing, False, wrong)

    # alone it still has the article, and answers it; so the others are brought something that stands below it
    for node in nodes[:3]:
        node.stop()
    fourth.start()
    assert holds(fourth.nntp_port, wrong)
    answer = post(fourth.nntp_port, "Re: Wrong", References=wrong)
    for node in nodes[:3]:
        node.launch()
    everywhere = [node.wait().nntp_port for node in nodes[:3]] + [fourth.nntp_port]
    wait_until(everywhere, True, answer)
    wait_until(everywhere, False, wrong)
    for node in nodes:
        node.ask("resync", name=GROUP)
    after = post(first.nntp_port, "Afterwards")
    wait_until(everywhere, True, after, kept, answer)
    assert not any(holds(port, wrong) for port in everywhere)
