"""Peers that mean harm, measured at a real process: its memory stays bounded, and honest nodes are served."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.processes import peak_memory_bytes
from cliquenntp.clique.messages import Want
from cliquenntp.document import id_from_text
from cliquenntp.link import framing
from cliquenntp.link.handshake import MAGIC
from cliquenntp.link.settings import LinkSettings
from tests.nntp_client import NewsClient
from tests.real.hostile_peer import HostilePeer
from tests.real.node_process import NodeProcess
from tests.real.reading import count, post_and_wait, wait_for_count

pytestmark = pytest.mark.real

GROUP = "clique.garden"
MEGABYTE = 1024 * 1024

ARTICLES = 60
ARTICLE_OCTETS = 500_000
"""30 MB in all, which no peer that reads nothing may have waiting"""

NOT_READING = 6
"""links of peers that ask and read nothing"""

MORE_MEGABYTES = 64
"""that hostile peers may cost a node: 16 for the body begun on each of 16 links, 6 for what waits to be sent on six
(bodies are fetched one by one), and 30 where the database's cache holds all documents that were asked for"""


@pytest.fixture
def node(make_node: Callable[..., NodeProcess]) -> NodeProcess:
    """A node with a forum of large articles."""
    node = make_node("node", clique=True)
    node.cliquectl("create-forum", "garden")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        for number in range(ARTICLES):
            head = f"Newsgroups: {GROUP}\r\nFrom: r <r@example.invalid>\r\nSubject: large {number}\r\n\r\n"
            line = os.urandom(30).hex()
            assert client.post((head + f"{line}\r\n" * (ARTICLE_OCTETS // 62)).encode()).startswith("240")
    return node


@pytest.fixture
def peers(node: NodeProcess) -> Iterator[Callable[[], HostilePeer]]:
    """A function that connects a hostile peer."""
    made: list[HostilePeer] = []
    [address] = node.ask("status")["clique"]

    def make() -> HostilePeer:
        made.append(HostilePeer(address))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


def peak_megabytes(node: NodeProcess) -> int:
    """Return the most memory that the process had resident since the last call of forget_peak."""
    return peak_memory_bytes(node.pid) >> 20


def forget_peak(node: NodeProcess) -> int:
    """Let the kernel measure anew; return the megabytes resident now."""
    Path(f"/proc/{node.pid}/clear_refs").write_text("5")
    return peak_megabytes(node)


def send_garbage(peers: Callable[[], HostilePeer]) -> None:
    """Send 200 MB of what is no handshake."""
    for _ in range(40):
        peer = peers()
        for _ in range(5):
            peer.push(os.urandom(MEGABYTE))
        peer.close()


def claim_giant_frames(peers: Callable[[], HostilePeer]) -> None:
    """Announce 4 GB, as a frame and as a body, and go on to send as if that were taken."""
    for header in (b"\xff\xff\xff\xff", b"\x01\xff\xff\xff", b"\x02\x00\x00\x04\xff\xff\xff\xff"):
        for _ in range(5):
            peer = peers().open_link()
            peer.push(header)
            for _ in range(20):
                if not peer.push(bytes(MEGABYTE)):
                    break
            peer.wait_for_end()


def stall_in_every_state(peers: Callable[[], HostilePeer]) -> None:
    """Stop before, in and after the handshake, in a frame and in a body that lacks its last byte."""
    for _ in range(LinkSettings().max_half_open):
        peers()
        peers().push(MAGIC[:4])
        peer = peers()
        peer.push(peer.hello()[:-1])
        peer = peers()
        peer.push(peer.hello())
    for _ in range(16):
        peers().open_link()
        peers().open_link().push(b"\x01\x00\x7f\xff" + bytes(0x7FFE))
        pieces = b"".join(framing.pieces(bytes(framing.MAX_BODY)))
        peers().open_link().push(framing.announced(b"\x80", framing.MAX_BODY) + pieces[:-1])


def ask_for_everything_and_read_nothing(peers: Callable[[], HostilePeer], root: bytes, ids: list[bytes]) -> None:
    """Ask for all documents a hundred times over, on several links."""
    for _ in range(NOT_READING):
        peer = peers().open_link()
        edge = peer.open_edge(root)
        for _ in range(100):
            if not peer.say(Want(edge, tuple(ids))):
                break


def test_hostile_peers_do_not_fill_the_memory(
    node: NodeProcess, peers: Callable[[], HostilePeer], make_node: Callable[..., NodeProcess]
) -> None:
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        client.command(f"GROUP {GROUP}")
        _, lines = client.listing("HDR Message-ID 1-")
    root, *ids = [id_from_text(line.split(b"<")[1].split(b"@")[0].decode()) for line in lines]
    assert len(ids) == ARTICLES
    # a first reader, so that what is measured is not what serving anybody costs
    other = make_node("other", clique=True)
    other.cliquectl("join", node.cliquectl("invite", GROUP)["invitation"])
    wait_for_count(other, GROUP, count(node, GROUP))
    before = forget_peak(node)
    figures = {}
    for attack in (send_garbage, claim_giant_frames, stall_in_every_state):
        attack(peers)
        assert node.ask("status")
        figures[attack.__name__] = peak_megabytes(node) - before
    ask_for_everything_and_read_nothing(peers, root, ids)
    assert sum(1 for peer in node.ask("peers") if peer.get("forums")) == 1 + NOT_READING
    figures["ask for everything"] = peak_megabytes(node) - before
    print(f"{before} MB before, megabytes more: {figures}")
    assert max(figures.values()) < MORE_MEGABYTES, figures

    assert post_and_wait(node, [other], GROUP, "in the midst of it") < 10.0
    assert "Traceback" not in node.log and "Unhandled" not in node.log
