"""The real slrn against a real node: lists, opens, reads, posts, follows up, and sees it after a refresh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import cliquenntp
from cliquenntp.document import decode_header
from tests.conftest import needs_program
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.terminal import Terminal
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, needs_program("slrn", "slrn"), needs_program("tmux", "tmux")]

SAMPLE = Path(cliquenntp.__file__).parent / "sample" / "welcome"
POSTED = "Frisch gepostet: Äpfel"
TYPED = "typed in the editor"


@pytest.fixture(params=["sample", "corpus"])
def forum(request: pytest.FixtureRequest, make_node: Callable[..., NodeProcess]) -> tuple[NodeProcess, str]:
    """A node with an imported forum, and the forum's name.

    One has the sample alone, the other a real list too, which has no reply with a non-ASCII subject itself.
    """
    archives = [SAMPLE]
    if request.param == "corpus":
        archives.insert(0, request.getfixturevalue("corpus") / "linux-man-4000.tar.gz")
    node = make_node()
    for archive in archives:
        node.cliquectl("import", str(archive), "--forum", request.param)
    return node, f"clique.{request.param}"


def slrn(node: NodeProcess, home: Path, make_terminal: Callable[..., Terminal]) -> Terminal:
    """Start slrn with a new user's home; its editor adds what stands in the file ``typed`` there and ends."""
    home.mkdir()
    (home / "typed").write_text(f"{TYPED}\n")
    editor = home / "editor"
    editor.write_text(f'#!/bin/sh\ncat "{home}/typed" >> "$1"\n')
    editor.chmod(0o755)
    local_part, _, domain = node.cliquectl("user")["address"].partition("@")
    settings = [
        f'set username "{local_part}"',
        f'set hostname "{domain}"',
        'set realname "Zoe Leser"',
        'set charset "utf-8"',
        f"set editor_command \"{editor} '%s'\"",
        "set query_read_group_cutoff 0",
        "set new_subject_breaks_threads 0",
        "set simulate_graphic_chars 1",
        'set followup_string "%r wrote:"',  # with the whole address a quoted line is too long for slrn itself
    ]
    (home / ".slrnrc").write_text("\n".join(settings) + "\n")
    command = ["slrn", "-h", "127.0.0.1", "-p", str(node.nntp_port), "-f", str(home / "newsrc"), "--create"]
    return make_terminal(*command, HOME=str(home), LANG="C.UTF-8", TERM="xterm")


def threaded_article(node: NodeProcess, forum: str) -> tuple[int, str, str]:
    """Return number, decoded subject and Message-ID of the first reply whose subject is not ASCII."""
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        client.command(f"GROUP {forum}")
        for line in client.listing("OVER 1-")[1]:
            number, subject, _, _, message_id, references = line.split(b"\t")[:6]
            if references and not decode_header(subject).isascii():
                return int(number), decode_header(subject), message_id.decode()
    raise AssertionError(f"{forum} has no reply with a non-ASCII subject")


def follow_up(terminal: Terminal) -> None:
    """Answer the article that is open with what the editor writes."""
    terminal.keys("f")
    terminal.wait("Are you sure you want to followup?")
    terminal.keys("y")
    terminal.wait("Post the message?")
    terminal.keys("y")
    terminal.wait("Posting...done")


def open_article(terminal: Terminal, group: str, number: int) -> None:
    """Jump to an article by its number and show it."""
    terminal.keys("j")
    terminal.wait("article")
    terminal.type(str(number))
    terminal.keys("Enter")
    terminal.wait(f"Group: {group}")
    terminal.keys("Enter")


def test_reading_and_posting(
    forum: tuple[NodeProcess, str], tmp_path: Path, make_terminal: Callable[..., Terminal]
) -> None:
    node, name = forum
    number, subject, message_id = threaded_article(node, name)
    terminal = slrn(node, tmp_path / "home", make_terminal)

    terminal.wait(f"  {name}\n", "News Groups: 127.0.0.1")
    terminal.keys("Enter")
    terminal.wait(f"Group: {name}")
    open_article(terminal, name, number)
    terminal.wait(f"Subject: {subject}", f" {number} : ")

    follow_up(terminal)

    terminal.keys("P")
    terminal.wait("Are you sure that you want to post?")
    terminal.keys("y")
    terminal.wait("Newsgroup:")
    terminal.keys("Enter")
    terminal.wait("Subject:")
    terminal.type(POSTED)
    terminal.keys("Enter")
    terminal.wait("Post the message?")
    terminal.keys("y")
    terminal.wait("Posting...done")

    terminal.keys("q")
    terminal.wait("News Groups: 127.0.0.1")
    terminal.keys("G")
    terminal.keys("Enter")
    terminal.wait(f"Group: {name}", POSTED)
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        high = client.command(f"GROUP {name}").split()[3]
        newest = [line.decode().split("\t") for line in client.listing(f"OVER {int(high) - 1}-")[1]]
    reply, post = newest
    open_article(terminal, name, int(reply[0]))
    terminal.wait(TYPED, f" {reply[0]} : ")
    assert decode_header(post[1].encode()) == POSTED
    assert post[5] == "", "a new thread has no references"
    assert reply[5].split()[-1] == message_id
    assert node.cliquectl("user")["address"] in reply[2]


def test_hiding_an_author_without_leaving_it(
    make_node: Callable[..., NodeProcess], tmp_path: Path, make_terminal: Callable[..., Terminal]
) -> None:
    node = make_node()
    node.cliquectl("create-forum", "garden")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        for subject in ("Peas", "Beans"):
            client.post(f"Newsgroups: clique.garden\r\nFrom: a@b.c\r\nSubject: {subject}\r\n\r\nText.\r\n".encode())
        client.command("GROUP clique.garden")
        message_id = client.listing("OVER 2")[1][0].split(b"\t")[4].decode()
    home = tmp_path / "home"
    terminal = slrn(node, home, make_terminal)
    terminal.wait("  clique.garden\n", "News Groups: 127.0.0.1")
    (home / "typed").write_text(f"hide document\n{message_id}\n")
    terminal.keys("a")
    terminal.wait("Add group:")
    terminal.type("clique.local.control")
    terminal.keys("Enter")
    terminal.wait("clique.local.control\n")
    terminal.keys("P")
    terminal.wait("Are you sure that you want to post?")
    terminal.keys("y")
    terminal.wait("Newsgroup: clique.local.control")
    terminal.keys("Enter")
    terminal.wait("Subject:")
    terminal.type("less peas")
    terminal.keys("Enter")
    terminal.wait("Post the message?")
    terminal.keys("y")
    terminal.wait("Posting...done")
    terminal.keys("G", "Enter")
    terminal.wait("Group: clique.local.control", "less peas")
    terminal.keys("Enter")
    terminal.wait("Subject: less peas")
    terminal.keys("n")
    terminal.wait("Subject: Re: less peas", f"document {message_id[1:53]} is hidden")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert client.listing("LISTGROUP clique.garden")[1] == [b"1", b"3"]
    assert node.cliquectl("hidden")[0]["what"] == message_id[1:53]


def test_a_moderator_approves_without_leaving_it(
    make_nodes: Callable[..., list[NodeProcess]], tmp_path: Path, make_terminal: Callable[..., Terminal]
) -> None:
    node, other = make_nodes("moderator", "stranger")
    node.cliquectl("create-forum", "tea", "--moderated")
    other.ask("join", invitation=node.ask("invite", name="clique.tea")["invitation"])
    with NewsClient("127.0.0.1", other.nntp_port) as client:
        verdict = client.post(b"Newsgroups: clique.tea\r\nFrom: a@b.c\r\nSubject: Assam\r\n\r\nText.\r\n")
        assert verdict == "240 article received, it waits for a moderator of clique.tea"
    wait_for("what waits", lambda: node.ask("waiting", name="clique.tea"))
    home = tmp_path / "home"
    terminal = slrn(node, home, make_terminal)
    (home / "typed").write_text("approve\n")
    terminal.wait("clique.tea\n", "News Groups: 127.0.0.1")
    terminal.keys("a")
    terminal.wait("Add group:")
    terminal.type("clique.local.waiting.tea")
    terminal.keys("Enter")
    terminal.wait("clique.local.waiting.tea\n")
    terminal.keys("Enter")
    terminal.wait("Group: clique.local.waiting.tea", "Assam")
    terminal.keys("Enter")
    terminal.wait("Subject: Assam", "Text.")
    follow_up(terminal)
    for process in (node, other):
        with NewsClient("127.0.0.1", process.nntp_port) as client:
            wait_for("the article", lambda client=client: client.command("GROUP clique.tea").split()[1] == "2")
            assert client.listing("OVER 2")[1][0].split(b"\t")[1] == b"Assam"
    assert node.ask("waiting", name="clique.tea") == []
