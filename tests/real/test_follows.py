"""Reading is subscribing, across three nodes: a forum made in slrn, followed at depth ``comments`` elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.readers.abilities import NEWSREADERS, marks_of
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.readers.slrn import Slrn
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, *marks_of(NEWSREADERS["slrn"])]

GROUP = "clique.garden"
FIRST_LOOK_SECONDS = 3.0
COMMENTS = 12
"""in each thread: the first answers its starter, each other one the one before"""


def make_forum_in_slrn(slrn: Slrn) -> None:
    """Post a newgroup control article, whose control line is typed above the headers."""
    slrn.start()
    slrn.editor.write_text(f'#!/bin/sh\nsed -i "1i Control: newgroup {GROUP}" "$1"\necho "text" >> "$1"\n')
    slrn.post(GROUP, "What grows", "")
    slrn.quit()


class Reader:
    """Somebody's newsreader on a node."""

    def __init__(self, node: NodeProcess) -> None:
        self.port = node.nntp_port

    def post(self, subject: str, answered: str = "", group: str = GROUP) -> str:
        """Post an article and return its Message-ID."""
        lines = [f"Newsgroups: {group}", "From: Reader <reader@example.invalid>", f"Subject: {subject}"]
        lines += [f"References: {answered}"] if answered else []
        with NewsClient("127.0.0.1", self.port) as client:
            verdict = client.post("\r\n".join([*lines, "", "text", ""]).encode())
            assert verdict.startswith("240"), verdict
            name = verdict.split()[-1]
            client.command(f"GROUP {name}")
            return client.command("STAT 1").split()[2]

    def subjects(self, group: str = GROUP) -> list[str]:
        """Return the subjects in a newsgroup; only HDR by Message-ID, which is no look."""
        with NewsClient("127.0.0.1", self.port) as client:
            status = client.command(f"GROUP {group}").split()
            if status[0] != "211":
                return []
            found = []
            for number in range(int(status[2]), int(status[3]) + 1):
                message_id = client.command(f"STAT {number}").split()[2]
                found.append(client.listing(f"HDR Subject {message_id}")[1][0].decode().partition(" ")[2])
            return found

    def group_of(self, subject: str) -> str:
        """Return the newsgroup of the thread with a subject."""
        with NewsClient("127.0.0.1", self.port) as client:
            for line in client.listing("LIST ACTIVE.TIMES")[1]:
                name = line.split()[0].decode()
                if client.listing(f"LIST NEWSGROUPS {name}")[1][0].decode().partition("\t")[2] == subject:
                    return name
        raise AssertionError(f"no newsgroup is called {subject!r}")

    def motd(self) -> list[str]:
        """Return the lines of LIST MOTD."""
        with NewsClient("127.0.0.1", self.port) as client:
            return [line.decode() for line in client.listing("LIST MOTD")[1]]

    def look(self, group: str) -> tuple[list[str], float]:
        """Open a newsgroup as for the first time; return the subjects in it and the seconds it took."""
        with NewsClient("127.0.0.1", self.port) as client:
            started = time.monotonic()
            assert client.command(f"GROUP {group}").startswith("211")
            lines = client.listing("XOVER 1-")[1]
            return [line.split(b"\t")[1].decode() for line in lines], time.monotonic() - started


def comments_of(thread: str) -> list[str]:
    return [f"Re: {thread} {number}" for number in range(COMMENTS)]


def post_thread(reader: Reader, thread: str) -> str:
    answered = starter = reader.post(thread)
    for subject in comments_of(thread):
        answered = reader.post(subject, answered)
    return starter


def test_thread_starters_come_and_reading_brings_the_thread(
    make_node: Callable[..., NodeProcess], make_reader: Callable[..., Newsreader]
) -> None:
    nodes = [make_node(name, clique=True) for name in ("a", "b", "c")]
    slrn = make_reader("slrn", Access(nodes[0].nntp_port, nodes[0].cliquectl("user")["address"]))
    assert isinstance(slrn, Slrn)
    make_forum_in_slrn(slrn)
    invitation = nodes[0].cliquectl("invite", GROUP)["invitation"]
    first, second, third = [Reader(node) for node in nodes]
    nodes[1].cliquectl("join", invitation, "--depth", "comments")
    nodes[2].cliquectl("join", invitation)
    starters = [f"thread {number}" for number in range(3)]
    begun = [post_thread(first, thread) for thread in starters]
    everything = ["What grows", *(subject for thread in starters for subject in (thread, *comments_of(thread)))]
    wait_for("the third node has all", lambda: len(third.subjects()) == len(everything))
    wait_for("the second node has the threads", lambda: len(second.subjects()) == 1 + len(starters))
    assert second.subjects() == ["What grows", *starters]

    read = second.group_of(starters[1])
    assert second.subjects(read) == [starters[1]], "STAT and HDR by Message-ID are no look"
    subjects, seconds = second.look(read)
    assert sorted(subjects) == sorted([starters[1], *comments_of(starters[1])]), f"after {seconds:.1f} s"
    assert seconds < FIRST_LOOK_SECONDS
    follows = nodes[1].ask("status")["follows"]
    assert [(follow["name"], follow["depth"], follow["reason"]) for follow in follows] == [
        (GROUP, "comments", "explicit"), (read, "all", "reading")
    ]
    [row] = nodes[1].ask("forums")
    assert row["follows"] == follows and follows[1]["lapses"] > time.strftime("%Y-%m-%d")

    third.post("more of it", begun[1])
    third.post("elsewhere", begun[2])
    wait_for("what is followed goes on", lambda: "more of it" in second.subjects(read))
    third.post("thread 3")
    wait_for("new threads still come", lambda: "thread 3" in second.subjects())
    assert "elsewhere" not in second.subjects()
    wait_for("the first has all", lambda: {"elsewhere", "more of it", "thread 3"} <= {*first.subjects()})
    for node in nodes:
        node.stop()
    assert nodes[1].start().ask("status")["follows"] == follows


def test_depth_narrows_and_widens_and_unfollow_stays(make_node: Callable[..., NodeProcess]) -> None:
    first_node, second_node = make_node("a", clique=True), make_node("b", clique=True)
    first_node.cliquectl("create-forum", "garden", "--description", "What grows")
    first = Reader(first_node)
    starter = post_thread(first, "thread")
    second_node.cliquectl("join", first_node.cliquectl("invite", GROUP)["invitation"])
    second = Reader(second_node)
    wait_for("the forum came", lambda: len(second.subjects()) == COMMENTS + 2)
    thread = second.group_of("thread")

    second_node.cliquectl("follow", GROUP, "--depth", "comments")
    wait_for("the narrow channel is fed", lambda: second_node.ask("resync", name=GROUP, depth="comments"))
    first.post("not wanted", starter)
    first.post("new thread")
    wait_for("a new thread came", lambda: "new thread" in second.subjects())
    assert "not wanted" not in second.subjects()

    second_node.cliquectl("unfollow", thread)
    assert "not wanted" not in second.look(thread)[0]
    assert "not wanted" not in second.look(GROUP)[0]
    assert [row["depth"] for row in second_node.ask("status")["follows"]] == ["comments"]

    second_node.cliquectl("follow", GROUP)
    wait_for("what was missed came", lambda: "not wanted" in second.subjects())
    assert [row["depth"] for row in second_node.ask("status")["follows"]] == ["all"]

    assert second.motd()[0].endswith("in 1 forums; you follow 1 of them.")
    assert second.motd()[1] == "It is linked to 1 other node."
    with NewsClient("127.0.0.1", second.port) as client:
        lines = [f"Newsgroups: {GROUP}", "From: r <r@example.invalid>", "Subject: x", f"Control: rmgroup {GROUP}"]
        assert client.post("\r\n".join([*lines, "", "text", ""]).encode()).startswith("240")
        assert client.listing("LIST SUBSCRIPTIONS")[1] == []
    assert second_node.ask("status")["follows"] == []
    assert second.motd()[0].endswith("you follow 0 of them.") and len(second.subjects()) == COMMENTS + 4


def test_the_settings_bound_what_reading_follows(make_node: Callable[..., NodeProcess]) -> None:
    config = 'follows_by_reading = 2\nnewgroups = "threads"\nlist_scope = "forums"\nweb = "off"\n'
    node = make_node("bounded", config=config)
    node.cliquectl("create-forum", "garden", "--description", "What grows")
    node.cliquectl("follow", GROUP, "--depth", "comments")
    reader = Reader(node)
    for number in range(3):
        reader.post(f"thread {number}")
    assert [row["name"] for row in node.ask("status")["follows"] if row["reason"] == "reading"] == sorted(
        reader.group_of(f"thread {number}") for number in range(2)
    )
    assert "You follow 2 newsgroups by reading" in reader.motd()[-1]
    third = reader.group_of("thread 2")
    assert reader.look(third)[0] == ["thread 2"]
    assert len(node.ask("status")["follows"]) == 3
    node.cliquectl("unfollow", reader.group_of("thread 0"))
    reader.look(third)
    assert third in [row["name"] for row in node.ask("status")["follows"]]
    with NewsClient("127.0.0.1", reader.port) as client:
        assert [line.split()[0].decode() for line in client.listing("LIST ACTIVE")[1]] == [GROUP]
        assert len(client.listing("NEWGROUPS 19700101 000000 GMT")[1]) == 4
