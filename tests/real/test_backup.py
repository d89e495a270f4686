"""A backup of a running node, put back elsewhere: the same articles, new numbers for new ones, no cancel undone."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cliquenntp.service.first_run import SAMPLE
from tests.nntp_client import NewsClient
from tests.real.node_process import ENVIRONMENT, CommandFailedError, NodeProcess
from tests.real.reading import message_id, overview, post
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    """A file with a passphrase."""
    path = tmp_path / "passphrase"
    path.write_text("nine lives\n")
    return path


def restore(backup: Path, data: Path, passphrase: Path) -> subprocess.CompletedProcess[str]:
    words = ["restore", str(backup), "--data", str(data), "--passphrase-file", str(passphrase)]
    return subprocess.run(
        [sys.executable, "-m", "cliquenntp.control.cliquectl", *words], env=ENVIRONMENT, capture_output=True, text=True,
        check=False)


def test_a_backup_goes_back_on_another_machine(
    make_nodes: Callable[..., list[NodeProcess]], tmp_path: Path, passphrase: Path,
) -> None:
    first, friend = make_nodes("first", "friend")
    first.cliquectl("create-forum", "garden")
    first.cliquectl("import", str(SAMPLE), "--forum", "welcome")
    friend.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    for subject in ("kept", "cancelled later"):
        post(first, GROUP, subject)
    backup = tmp_path / "node.backup"
    running = first.cliquectl_process("backup", str(backup), "--passphrase-file", str(passphrase))
    for number in range(20):
        post(first, GROUP, f"during the backup {number}")
    assert running.wait(60) == 0, running.communicate()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert b"cancelled later" not in backup.read_bytes()

    cancelled = message_id(first, GROUP, "cancelled later")
    post(first, GROUP, "cmsg", f"Control: cancel {cancelled}")
    wait_for("the cancel at the friend", lambda: "cancelled later" not in overview(friend, GROUP))
    before = overview(first, GROUP)
    first.kill()

    data = tmp_path / "elsewhere" / "data"
    done = restore(backup, data, passphrase)
    assert done.returncode == 0, done.stderr
    second = NodeProcess(tmp_path / "elsewhere", clique=True)
    try:
        second.start()
        assert second.cliquectl("verify") == []
        assert message_id(second, GROUP, "kept") == before["kept"][4]
        assert overview(second, GROUP)["kept"][0] == before["kept"][0], "what was read stays read"
        # what the backup did not have comes again from the friend, under numbers that no newsreader has seen
        second.cliquectl("connect", friend.cliquectl("status")["clique"][0])
        wait_for("the friend brings the rest", lambda: set(overview(second, GROUP)) == set(overview(friend, GROUP)))
        came = [int(line[0]) for subject, line in overview(second, GROUP).items() if int(line[0]) > 1_000_000]
        known = {int(line[0]) for line in before.values()}
        assert not known & set(came)
        assert "cancelled later" not in overview(friend, GROUP)
        post(second, GROUP, "after the restore")
        assert int(overview(second, GROUP)["after the restore"][0]) > 1_000_000
        wait_for("it reaches the friend", lambda: "after the restore" in overview(friend, GROUP))
        with NewsClient("127.0.0.1", second.nntp_port) as client:
            assert client.command(f"STAT {cancelled}").startswith("430")
    finally:
        second.kill()


def test_what_cannot_be_done_is_told_and_leaves_nothing(
    make_node: Callable[..., NodeProcess], tmp_path: Path, passphrase: Path,
) -> None:
    node = make_node()
    backup = tmp_path / "node.backup"
    node.cliquectl("backup", str(backup), "--passphrase-file", str(passphrase))
    with pytest.raises(CommandFailedError, match="is there already"):
        node.cliquectl("backup", str(backup), "--passphrase-file", str(passphrase))
    with pytest.raises(CommandFailedError, match="nowhere"):
        node.cliquectl("backup", str(tmp_path / "nowhere" / "file"), "--passphrase-file", str(passphrase))
    short = tmp_path / "short"
    short.write_text("cat\n")
    with pytest.raises(CommandFailedError, match="at least 8 characters"):
        node.cliquectl("backup", str(tmp_path / "other"), "--passphrase-file", str(short))
    assert not [*tmp_path.glob("other*")]

    done = restore(backup, node.folder / "data", passphrase)
    assert (done.returncode, "a backup goes into an empty folder" in done.stderr) == (1, True), done.stderr
    passphrase.write_text("other lives\n")
    done = restore(backup, tmp_path / "empty", passphrase)
    assert (done.returncode, "the passphrase is wrong" in done.stderr) == (1, True), done.stderr
    assert [*(tmp_path / "empty").iterdir()] == []
    done = restore(tmp_path / "none", tmp_path / "empty", passphrase)
    assert (done.returncode, "No such file" in done.stderr) == (1, True), done.stderr
