"""What a node leaves on the disk is for its user alone, whoever made the folder, and its log names nobody."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cliquenntp.service.first_run import SAMPLE
from tests.nntp_client import NewsClient
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.reading import message_id, post
from tests.real.waiting import wait_for
from tests.web.browser import Browser

pytestmark = pytest.mark.real

OTHERS = stat.S_IRWXG | stat.S_IRWXO

SECRET = "hush " * 40_000
"""so long that it gets a file of its own, which workers keep too"""


def open_to_others(folder: Path) -> Iterator[str]:
    """Yield what of a folder's contents others may read, write or enter by its mode alone."""
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if mode & OTHERS and not stat.S_ISLNK(mode):
            yield f"{path.relative_to(folder)} {stat.filemode(mode)}"


@pytest.fixture
def careless() -> Iterator[None]:
    """Have an umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless")
def test_only_its_user_can_read_what_a_node_writes(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    data = tmp_path / "node" / "data"
    data.mkdir(parents=True)
    config = f'workers = 1\naccounts = "tls:0:interface=127.0.0.1"\nclique = "tcp:127.0.0.1:0"\nnntp = "{LOOPBACK}"\n'
    node = make_node("node", config=config)
    node.ask("create-forum", name="tea", description="")
    node.ask("user", action="add", name="mary", password="correct")
    post(node, "clique.tea", "Green", f"Keywords: {SECRET[:200]}")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        lines = ["Newsgroups: clique.tea", "From: me <me@example.invalid>", "Subject: long", "", *SECRET.split(" "), ""]
        assert client.post("\r\n".join(lines).encode()).startswith("240")
        assert client.command(f"ARTICLE {message_id(node, 'clique.tea', 'long')}").startswith("220")
    for action, name in (("export", "tea.mbox"), ("backup", "node.backup")):
        path = str(tmp_path / "node" / name)
        node.ask(action, name="clique.tea", path=path, **({"passphrase": "nine lives"} if action == "backup" else {}))
        assert not Path(path).stat().st_mode & OTHERS, name
    node.ask("pack")
    assert {"keys", "database", "worker0", "control.sock"} <= {path.name for path in data.iterdir()}
    assert not [*open_to_others(data)]
    node.stop()
    node.cliquectl("repair", "--data", str(data))
    assert not [*open_to_others(data)]
    other = tmp_path / "other"
    other.mkdir()
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("nine lives")
    passphrase.chmod(0o600)
    backup = str(tmp_path / "node" / "node.backup")
    node.cliquectl("restore", backup, "--data", str(other), "--passphrase-file", str(passphrase))
    assert not [*open_to_others(other)]


def test_a_crash_leaves_no_core(make_node: Callable[..., NodeProcess]) -> None:
    generous = ["sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh"]
    limits = Path(f"/proc/{make_node(wrapper=generous).pid}/limits").read_text().splitlines()
    [line] = [line for line in limits if line.startswith("Max core file size")]
    assert line.split()[4] == "0", "the memory has the keys"


def test_the_log_names_nobody_and_nothing_that_was_said(make_node: Callable[..., NodeProcess]) -> None:
    config = (
        f'accounts = "{LOOPBACK}"\npublic = "{LOOPBACK}"\npublic_web = "{LOOPBACK}"\npublic_forums = ["clique.tea"]\n'
        f'clique = "tcp:127.0.0.1:0"\nnntp = "{LOOPBACK}"\n')
    node, friend = make_node("node", config=config), make_node("friend", clique=True)
    node.ask("create-forum", name="tea", description="Leaves")
    node.ask("user", action="add", name="mary", password="correct-horse")
    friend.ask("join", invitation=node.ask("invite", name="clique.tea")["invitation"])
    post(node, "clique.tea", "Green")
    status = node.ask("status")
    ports = [int(status[kind][0].rpartition(":")[2]) for kind in ("accounts", "public", "public_web")]
    with NewsClient("127.0.0.1", ports[0]) as client:
        for password in ("wrong-horse", "correct-horse"):
            client.command("AUTHINFO USER mary")
            client.command(f"AUTHINFO PASS {password}")
        assert client.command("GROUP clique.tea").startswith("211")
        assert client.post(
            b"Newsgroups: clique.tea\r\nFrom: M <m@example.org>\r\nSubject: Black\r\n\r\nUnsaid.\r\n").startswith("240")
        client.command("ARTICLE <nothing@example.org>")
    with NewsClient("127.0.0.1", ports[1]) as client:
        assert client.command("GROUP clique.tea").startswith("211")
    assert Browser(ports[2]).get("/clique.tea").status == 200
    said = ["mary", "horse", "clique.tea", "Green", "Black", "Unsaid", "Leaves", "nothing@", "example.org",
            message_id(node, "clique.tea", "Green").strip("<>")]
    for process in (node, friend):
        process.stop()
        assert process.log
        assert not [word for word in said if word in process.log], process.log


@pytest.mark.parametrize("workers", [0, 1])
def test_nothing_is_loaded_from_the_folder_that_it_is_started_in(
    make_node: Callable[..., NodeProcess], tmp_path: Path, workers: int
) -> None:
    trap = tmp_path / "node" / "cliquenntp"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text(f"open({str(tmp_path / 'loaded')!r}, 'a').close()\n")
    config = f'workers = {workers}\nclique = "off"\nnntp = "{LOOPBACK}"\naccounts = "{LOOPBACK}"\n'
    node = make_node("node", config=config)
    wait_for("the worker is there", lambda: node.ask("status").get("workers_connected", 0) == workers)
    node.cliquectl("import", str(SAMPLE), "--forum", "welcome")
    node.cliquectl("create-forum", "dear", "--work", "8")
    node.ask("user", action="add", name="mary", password="correct")
    with NewsClient("127.0.0.1", int(node.ask("status")["accounts"][0].rpartition(":")[2])) as client:
        client.command("AUTHINFO USER mary")
        client.command("AUTHINFO PASS correct")
        article = b"From: m <m@example.invalid>\r\nNewsgroups: clique.dear\r\nSubject: with work\r\n\r\ntext\r\n"
        assert client.post(article).startswith("240")
    node.ask("pack")
    assert not (tmp_path / "loaded").exists()
