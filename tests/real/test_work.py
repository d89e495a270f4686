"""Proof of work between real nodes: posts get it, what has none goes no further, and no work outlives its post."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.control_client import CommandFailedError
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.ports import free_port
from tests.real.reading import message_id, overview, post, wait_for_subject
from tests.real.test_metrics import figures
from tests.real.waiting import wait_for
from tests.web.browser import Browser

pytestmark = pytest.mark.real

GROUP = "clique.tea"
BITS = "12"
"""some milliseconds"""
TOO_MANY = "32"
"""half an hour"""
CLIQUE = 'clique = "tcp:127.0.0.1:0"\nfirst_look_seconds = 0\nwork_seconds = 300\n'
"""so long that work of some milliseconds is made on a busy machine too, where its process comes behind all others"""
PASSWORD = "nine-lives"
REPOSITORY = Path(__file__).parents[2]

CHEAT = """
from cliquenntp.newsgroup import work
needed, check = work.work_needed, work.check_work
work.work_needed = lambda document, archive: 0 if b"Spam" in document.raw else needed(document, archive)
work.check_work = lambda document, archive: None
work.has_enough = lambda *claim: True
"""


def processes(node: NodeProcess) -> list[int]:
    """Return the ids of the processes in which a node makes proofs of work."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if b"cliquenntp.service.proof_process" in command and str(node.pid).encode() in command:
            found.append(int(path.name))
    return found


def article(subject: str, *fields: str) -> bytes:
    lines = [f"Newsgroups: {GROUP}", "From: Mary <mary@example.invalid>", f"Subject: {subject}", *fields, "", "Text."]
    return "".join(f"{line}\r\n" for line in lines).encode()


def document_of(node: NodeProcess, name: str) -> bytes:
    """Return the text of a document, as a node has it, from a file of signed documents."""
    path = node.folder / "out"
    path.unlink(missing_ok=True)
    node.cliquectl("export", GROUP, str(path), "--format", "documents")
    found = next(part for part in path.read_bytes().split(b"Clique-Signature: ") if name.encode() in part)
    return b"Clique-Signature: " + found


def test_posts_get_the_work_that_a_forum_asks_for_and_what_has_none_goes_no_further(
    make_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    port = free_port()
    first = make_node("first", config=f'{CLIQUE}metrics = "tcp:{port}:interface=127.0.0.1"\n')
    (tmp_path / "sitecustomize.py").write_text(CHEAT)
    cheat = make_node("cheat", config=CLIQUE, environ={"PYTHONPATH": f"{tmp_path}:{REPOSITORY}"})
    second = make_node("second", config=CLIQUE)
    first.cliquectl("create-forum", "tea", "--work", BITS)
    assert [row["work"] for row in first.ask("forums")] == [int(BITS)]
    for node in (second, cheat):
        node.ask("join", invitation=first.ask("invite", name=GROUP)["invitation"])
        wait_for("the forum", lambda node=node: "clique.tea" in [row["name"] for row in node.ask("forums")])
        wait_for("the link", lambda node=node: any(peer["state"] == "linked" for peer in node.ask("peers")))

    post(first, GROUP, "The maker's")
    post(second, GROUP, "Assam")
    wait_for_subject(first, GROUP, "Assam")
    assert re.search(rb"\r\nClique-Work: 12 \d+\r\n", document_of(first, "Assam"))

    # a node that does no work, and believes everybody
    post(cheat, GROUP, "Spam")
    post(cheat, GROUP, "Honest")
    wait_for_subject(first, GROUP, "Honest")
    wait_for_subject(second, GROUP, "Honest")
    wait_for("Spam was refused", lambda: figures(Browser(port)).get("cliquenntp_refused_totalWorkMissing"))
    assert "Spam" in overview(cheat, GROUP)
    assert "Spam" not in overview(first, GROUP) | overview(second, GROUP)

    # nor does it come from a file of signed documents
    path = tmp_path / "theirs"
    cheat.cliquectl("export", GROUP, str(path), "--format", "documents")
    report = second.cliquectl("import", str(path))
    assert (report["taken"], report["refused"]) == (0, 1)
    assert "clique.tea asks for a proof of work of 12 bits, which is missing" in str(report)

    # what takes back and what acts on others takes work too, and gets it
    post(second, GROUP, "cmsg cancel", f"Control: cancel {message_id(second, GROUP, 'Assam')}")
    wait_for("the cancel", lambda: "Assam" not in overview(first, GROUP))
    post(second, GROUP, "Darjeeling")
    wait_for_subject(first, GROUP, "Darjeeling")
    second.cliquectl("nocem", "issue", message_id(second, GROUP, "Honest"), "--forum", GROUP)
    wait_for("the NoCeM message", lambda: any("@@NCM" in subject for subject in overview(first, GROUP)))

    # a change counts from then on, at nodes that have heard of it; what had too little waits
    assert second.ask("work", name=GROUP)["text"] == "a post in clique.tea takes a proof of work of 12 bits"
    with pytest.raises(CommandFailedError, match=r"only whoever made clique\.tea says how much work"):
        second.ask("work", name=GROUP, bits="1")
    with pytest.raises(CommandFailedError, match="33 bits of work; a forum asks for at most 32"):
        first.ask("work", name=GROUP, bits="33")
    assert first.cliquectl("work", GROUP, "13")["bits"] == 13
    wait_for("the change", lambda: second.ask("work", name=GROUP)["bits"] == 13)
    post(second, GROUP, "Ceylon")
    wait_for_subject(first, GROUP, "Ceylon")
    assert re.search(rb"\r\nClique-Work: 13 \d+\r\n", document_of(first, "Ceylon"))
    # less than ever: what was refused is asked for again
    first.ask("work", name=GROUP, bits="0")
    wait_for_subject(second, GROUP, "Proof of work in clique.tea")
    wait_for("Spam came", lambda: GROUP in {row["name"] for row in second.ask("forums")} and any(
        row["subject"] == "Spam" for row in second.ask("waiting", name=GROUP)))
    assert "Spam" not in overview(second, GROUP), "it is as old as it was"
    assert [node.ask("verify") for node in (first, second)] == [[], []]


def slow_forum(make_node: Callable[..., NodeProcess], seconds: int, workers: int = 0) -> NodeProcess:
    """Start a node whose forum takes work of half an hour, with an account that has to do it."""
    node = make_node("node", config=(
        f'clique = "off"\naccounts = "tcp:0:interface=127.0.0.1"\nworkers = {workers}\nwork_seconds = {seconds}\n'))
    node.ask("create-forum", name="tea", description="", work=TOO_MANY)
    node.ask("user", action="add", name="mary", password=PASSWORD)
    return node


def mary(node: NodeProcess) -> NewsClient:
    client = NewsClient("127.0.0.1", int(node.ask("status")["accounts"][0].rpartition(":")[2]))
    assert client.command("AUTHINFO USER mary").startswith("381")
    assert client.command(f"AUTHINFO PASS {PASSWORD}").startswith("281")
    return client


def begin(client: NewsClient, node: NodeProcess) -> int:
    """Post an article; return the id of the process that makes its proof of work."""
    client.send(b"POST\r\n")
    assert client.status().startswith("340")
    client.send(article("Tea") + b".\r\n")
    [process] = wait_for("the process", lambda: processes(node) or None)
    return process


def test_work_that_takes_too_long_ends_and_nothing_is_stored(make_node: Callable[..., NodeProcess]) -> None:
    node = slow_forum(make_node, 2)
    with mary(node) as client:
        begin(client, node)
        assert client.status() == (
            "441 the proof of work of 32 bits was not made within 2 seconds: post again, each try is as likely to be "
            "quick (setting work_seconds)")
        wait_for("its end", lambda: not processes(node))
        assert client.command("DATE").startswith("111")
    assert node.ask("status")["documents"] == 1
    post(node, GROUP, "The maker's")
    assert "Traceback" not in node.log


def test_work_ends_when_the_newsreader_goes_or_the_node(make_node: Callable[..., NodeProcess]) -> None:
    node = slow_forum(make_node, 300)
    client = mary(node)
    begin(client, node)
    with mary(node) as reader:
        assert reader.command("DATE").startswith("111"), "others are served meanwhile"
    client.close()
    wait_for("its end", lambda: not processes(node))
    with mary(node) as client:
        begin(client, node)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.status() == "441 you went away before the proof of work was made"
    wait_for("its end", lambda: not processes(node))
    assert node.ask("status")["documents"] == 1
    with mary(node) as client:
        process = begin(client, node)
        node.stop()
        assert client.status() == "441 the node is shutting down: post again later"
        assert not is_at_work(process)
    assert "Traceback" not in node.log
    node.start()
    with mary(node) as client:
        process = begin(client, node)
        os.kill(node.pid, signal.SIGKILL)
        wait_for("its end", lambda: not is_at_work(process))


def is_at_work(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_work_ends_when_a_workers_newsreader_goes(make_node: Callable[..., NodeProcess]) -> None:
    pytest.importorskip("ZEO", reason="ZEO is not installed: pip install 'cliquenntp[zeo]'")
    node = slow_forum(make_node, 300, workers=1)
    wait_for("the worker", lambda: node.ask("status")["workers_connected"] == 1)
    client = mary(node)
    begin(client, node)
    client.close()
    wait_for("its end", lambda: not processes(node))
    assert node.ask("status")["documents"] == 1
    assert "Traceback" not in node.log
