"""The commands of the README and of docs/ that can be run as they stand, in the order of their page."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.control_client import ask
from tests.documented import REPOSITORY, Command, commands
from tests.real.articles import write_mbox
from tests.real.node_process import ENVIRONMENT, NodeProcess
from tests.real.reading import post, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

ASKING = ("backup", "restore", "persona")
"""commands that ask for a passphrase, which a file answers here"""


def lines(page: str, program: str) -> list[Command]:
    """Return what a page tells to type to a program."""
    found = [
        command for command in commands(REPOSITORY / page)
        if command.whole and not command.is_synopsis and command.words[0] == program]
    assert found, page
    return found


def run(line: str, folder: Path, home: Path) -> str:
    """Run a line in a shell, with cliquectl on the path and a home of its own; return what it prints."""
    line = re.sub(r"^(?:sudo )?(?:\.venv/bin/)?", "", line)
    if line.split()[1] in ASKING:
        line += f" --passphrase-file {shlex.quote(str(home / 'passphrase'))}"
    path = f"{Path(sys.executable).parent}:{ENVIRONMENT['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=ENVIRONMENT | {"HOME": str(home), "PATH": path}, capture_output=True,
        text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout


class Running(NodeProcess):
    """A node that somebody else has started, with its socket right in the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._status = wait_for("the node answers", self._answer)

    def _answer(self) -> Any:
        try:
            return self.ask("status")
        except OSError:
            return None

    def ask(self, command: str, **arguments: Any) -> Any:
        """See NodeProcess."""
        return ask(self.folder / "control.sock", command, arguments)


@pytest.mark.parametrize("page", ["README.md", "docs/operating.md"])
def test_commands_of_a_page(page: str, make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "passphrase").write_text("nine lives\n")
    write_mbox(home / "old-list.mbox", 3)
    node, friend = make_node("node", clique=True), make_node("friend", clique=True)
    node.ask("create-forum", name="tea", description="Tea")
    post(node, "clique.tea", "Green")
    friend.ask("create-forum", name="herbs", description="")
    invitation = friend.ask("invite", name="clique.herbs")["invitation"]
    for command in lines(page, "cliquectl"):
        text = command.text.replace("clique:...", invitation).replace("/media/usb", str(home))
        assert run(text, node.folder, home), command.text


def test_a_network_on_one_machine(tmp_path: Path) -> None:
    page = "docs/test-network.md"
    nodes: list[subprocess.Popen[bytes]] = []
    try:
        for command in lines(page, "twistd"):
            text = re.sub(r":[23]00\d\b", ":0", command.text.replace("/tmp/", f"{tmp_path}/"))
            words = [str(Path(sys.executable).with_name("twistd")), *shlex.split(text)[1:]]
            nodes.append(subprocess.Popen(
                words, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        one, two, three = (Running(tmp_path / name) for name in ("one", "two", "three"))
        invitation = ""
        for command in lines(page, "cliquectl"):
            text = command.text.replace("/tmp/", f"{tmp_path}/").replace("clique:...", invitation)
            printed = run(text, tmp_path, tmp_path)
            invitation = printed.strip() if " invite " in text else invitation
        post(one, "clique.test", "Hello")
        for node in (two, three):
            wait_for_subject(node, "clique.test", "Hello")
    finally:
        for process in nodes:
            process.terminate()
        for process in nodes:
            process.wait(60)
