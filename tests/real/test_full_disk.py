"""A node whose disk is full goes on with what it has, says so, and takes up its work again when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import overview, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

GROUP = "clique.garden"
DISK_BYTES = 8 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of a node whose data lie on a disk of their own."""
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("needs root, to mount a small disk")
    data = tmp_path / "second" / "data"
    data.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(data)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield data
    subprocess.run(["umount", "--lazy", str(data)], check=True)


def fill(path: Path) -> None:
    """Leave no room on a disk."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def post(node: NodeProcess, subject: str) -> str:
    """Post an article that does not fit into what is left of a disk's last block; return the answer."""
    lines = [f"Newsgroups: {GROUP}", "From: Reader <reader@example.invalid>", f"Subject: {subject}", ""]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        return client.post("\r\n".join([*lines, *["Forty characters of text, and two more."] * 1000, ""]).encode())


def test_a_node_without_room_reads_on_and_catches_up_when_there_is_room(
    make_node: Callable[..., NodeProcess], small_disk: Path
) -> None:
    first, second = make_node("first", clique=True), make_node("second", clique=True)
    first.cliquectl("create-forum", "garden")
    assert post(first, "before").startswith("240 ")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    wait_for_subject(second, GROUP, "before")

    fill(small_disk / "filling")
    assert post(first, "while there was no room").startswith("240 ")
    troubles = wait_for("a word about it", lambda: second.cliquectl("status")["troubles"] or None)
    assert "No space left on device" in troubles[0]
    assert "all links are closed" in troubles[1]
    refusal = post(second, "no room for it")
    assert refusal.startswith("441 ") and "No space left on device" in refusal
    with pytest.raises(CommandFailedError, match="not packed, all is as it was: OSError"):
        second.cliquectl("pack")
    assert "before" in overview(second, GROUP)
    assert "while there was no room" not in overview(second, GROUP)

    (small_disk / "filling").unlink()
    wait_for_subject(second, GROUP, "while there was no room")
    assert second.cliquectl("status")["troubles"] == []
    assert post(second, "there is room").startswith("240 ")
    wait_for_subject(first, GROUP, "there is room")
    assert "no room for it" not in overview(second, GROUP)
