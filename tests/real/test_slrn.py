"""The real slrn against a real node, where people do in it what they do in no other newsreader's test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import cliquenntp
from cliquenntp.document import decode_header
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.readers.abilities import NEWSREADERS, marks_of
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.readers.slrn import Slrn
from tests.real.reading import message_id, overview, post, wait_for_count
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, *marks_of(NEWSREADERS["slrn"])]

SAMPLE = Path(cliquenntp.__file__).parent / "sample" / "welcome"
LARGE = "clique.large"
CONTROL = "clique.local.control"


@pytest.fixture
def make_slrn(make_reader: Callable[..., Newsreader]) -> Callable[[NodeProcess], Slrn]:
    """A function that starts slrn for the owner of a node."""
    def make(node: NodeProcess) -> Slrn:
        reader = make_reader("slrn", Access(node.nntp_port, node.cliquectl("user")["address"]))
        assert isinstance(reader, Slrn)
        reader.start()
        return reader

    return make


def test_an_answer_in_a_large_forum(
    make_node: Callable[..., NodeProcess], make_slrn: Callable[[NodeProcess], Slrn], corpus: Path
) -> None:
    node = make_node()
    for archive in (corpus / "linux-man-4000.tar.gz", SAMPLE):  # the list has no answer with such a subject itself
        node.cliquectl("import", str(archive), "--forum", "large")
    answered = next(
        line for line in overview(node, LARGE).values() if line[5] and not decode_header(line[1].encode()).isascii())
    slrn = make_slrn(node)
    slrn.open(LARGE)
    slrn.read_number(int(answered[0]), f"Subject: {decode_header(answered[1].encode())}")
    slrn.follow_up_shown("Typed in the editor.")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        newest = client.command(f"GROUP {LARGE}").split()[3]
        [line] = client.listing(f"OVER {newest}")[1]
    fields = line.decode().split("\t")
    assert fields[5].split()[-1] == answered[4]
    assert node.cliquectl("user")["address"] in fields[2]
    slrn.open(LARGE)
    slrn.read_number(int(newest), "Typed in the editor.")


def test_hiding_an_author_without_leaving_it(
    make_node: Callable[..., NodeProcess], make_slrn: Callable[[NodeProcess], Slrn]
) -> None:
    node = make_node()
    node.cliquectl("create-forum", "garden")
    for subject in ("Peas", "Beans"):
        post(node, "clique.garden", subject)
    hidden = message_id(node, "clique.garden", "Peas")
    slrn = make_slrn(node)
    slrn.go_to(CONTROL)
    slrn.post(CONTROL, "less peas", f"hide document\n{hidden}")
    slrn.open(CONTROL)
    slrn.read("less peas")
    slrn.terminal.keys("n")
    slrn.terminal.wait("Subject: Re: less peas", f"document {hidden[1:53]} is hidden")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert client.listing("LISTGROUP clique.garden")[1] == [b"1", b"3"]
    assert node.cliquectl("hidden")[0]["what"] == hidden[1:53]


def test_a_moderator_approves_without_leaving_it(
    make_nodes: Callable[..., list[NodeProcess]], make_slrn: Callable[[NodeProcess], Slrn]
) -> None:
    node, other = make_nodes("moderator", "stranger")
    node.cliquectl("create-forum", "tea", "--moderated")
    other.ask("join", invitation=node.ask("invite", name="clique.tea")["invitation"])
    with NewsClient("127.0.0.1", other.nntp_port) as client:
        verdict = client.post(b"Newsgroups: clique.tea\r\nFrom: a@b.c\r\nSubject: Assam\r\n\r\nText.\r\n")
        assert verdict == "240 article received, it waits for a moderator of clique.tea"
    wait_for("what waits", lambda: node.ask("waiting", name="clique.tea"))
    slrn = make_slrn(node)
    slrn.open("clique.local.waiting.tea")
    assert "Text." in slrn.read("Assam")
    slrn.follow_up_shown("approve")
    for process in (node, other):
        wait_for_count(process, "clique.tea", 2)
        assert "Assam" in overview(process, "clique.tea")
    assert node.ask("waiting", name="clique.tea") == []
