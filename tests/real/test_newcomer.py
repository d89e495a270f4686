"""What the README promises, done as it says, by somebody who has this repository and Debian's programs alone.

A plain user without root, a fresh clone, an empty environment: start a node, take an invitation, post in slrn.
CLIQUENNTP_NEWCOMER=root does the same as root.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.readers.slrn import press_post
from tests.real.reading import overview, wait_for_subject
from tests.real.terminal import Terminal
from tests.real.waiting import wait_for

pytestmark = [
    pytest.mark.real, pytest.mark.timeout(600), needs_program("slrn", "slrn"), needs_program("tmux", "tmux"),
    needs_program("git", "git"),
]

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text("utf-8")

USER = f"newcomer-{os.getpid()}"
"""so that two runs at once do not remove each other's"""

MOST_SECONDS = 300.0
"""from the clone to the post, with the download of all that is installed"""

SUBJECT = "Hello from a newcomer"


def read(command: str) -> str:
    """Return a command that the README has."""
    assert re.search(rf"(?:^|`){re.escape(command)}\b", README, re.MULTILINE), f"the README has no {command}"
    return command


class Newcomer:
    """A user with a home in which there is a clone and nothing else."""

    def __init__(self, home: Path, clone: Path, is_other: bool) -> None:
        self.clone = clone
        path = "/usr/local/bin:/usr/bin:/bin"
        self.environment = {"HOME": str(home), "PATH": path, "TERM": "xterm", "LANG": "C.UTF-8"}
        self._as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"] if is_other else []

    def command(self, line: str) -> list[str]:
        """Return what runs a shell's line as the user, in the clone."""
        names = [f"{name}={value}" for name, value in self.environment.items()]
        return [*self._as_user, "env", "-i", *names, "sh", "-c", f"cd {shlex.quote(str(self.clone))} && {line}"]

    def run(self, line: str) -> str:
        """Run a line; return what it prints."""
        done = subprocess.run(self.command(line), capture_output=True, text=True, encoding="utf-8", check=False)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def newcomer() -> Iterator[Newcomer]:
    """A plain user; root makes one for this."""
    home = Path(tempfile.mkdtemp(prefix="newcomer"))
    makes_user = os.geteuid() == 0 and os.environ.get("CLIQUENNTP_NEWCOMER") != "root"
    try:
        subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(home / "cliquenntp")], check=True)
        if makes_user:
            subprocess.run(["useradd", "--home-dir", str(home), "--shell", "/bin/sh", USER], check=True)
            subprocess.run(["chown", "-R", f"{USER}:", str(home)], check=True)
        yield Newcomer(home, home / "cliquenntp", makes_user)
    finally:
        if makes_user:
            subprocess.run(["userdel", "--force", USER], check=False, capture_output=True)
        shutil.rmtree(home)


@pytest.fixture
def running(newcomer: Newcomer) -> Iterator[Callable[[str], Callable[[], str]]]:
    """A function that starts a line which goes on; it returns one that tells what was printed so far."""
    started: list[subprocess.Popen[bytes]] = []

    def start(line: str) -> Callable[[], str]:
        output = newcomer.clone.parent / f"output{len(started)}"
        with output.open("wb") as file:
            started.append(subprocess.Popen(
                newcomer.command(line), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                start_new_session=True))
        return lambda: output.read_text("utf-8", "replace")

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGTERM)  # as Ctrl-C does, to all that the terminal runs
        process.wait(60)


def test_from_the_clone_to_a_post_in_five_minutes(
    newcomer: Newcomer, running: Callable[[str], Callable[[], str]], make_node: Callable[..., NodeProcess],
    make_terminal: Callable[..., Terminal],
) -> None:
    friend = make_node("friend", clique=True)
    friend.cliquectl("create-forum", "garden", "--description", "What grows")
    invitation = friend.cliquectl("invite", "clique.garden")["invitation"]

    began = time.monotonic()
    # a port of its own, as another node may run on this machine
    printed = running(f"{read('make run')} NNTP={LOOPBACK}")
    text = wait_for("the explanation", lambda: "Ctrl-C" in printed() and printed(), MOST_SECONDS)
    join = read(".venv/bin/cliquectl join")
    assert "clique.garden is here" in newcomer.run(f"{join} {shlex.quote(invitation)}")
    assert "clique.garden" in newcomer.run(read(".venv/bin/cliquectl forums"))

    # what `make run` printed
    slrn = re.search(r"^ *slrn +(slrn .*--create)$", text, re.MULTILINE)
    settings = re.search(r'(set username "\w+"), (set hostname "[\w.]+")', text)
    assert slrn is not None, text
    assert settings is not None, text
    newcomer.run(f"printf '%s\\n%s\\n' {shlex.quote(settings[1])} {shlex.quote(settings[2])} > ~/.slrnrc")
    newcomer.run("printf '#!/bin/sh\\necho Greetings >> \"$1\"\\n' > ~/editor")
    newcomer.run("chmod +x ~/editor")
    newcomer.environment["EDITOR"] = newcomer.environment["HOME"] + "/editor"
    post_in_slrn(make_terminal(*newcomer.command(slrn[1])))
    assert time.monotonic() - began < MOST_SECONDS

    wait_for_subject(friend, "clique.garden", SUBJECT)
    address = newcomer.run(read(".venv/bin/cliquectl user")).strip()
    assert address in overview(friend, "clique.garden")[SUBJECT][2]
    assert f"{SUBJECT} (sent to 1 nodes)" in newcomer.run(read(".venv/bin/cliquectl status"))


def post_in_slrn(terminal: Terminal) -> None:
    """Post in the first forum whose name begins with ``clique.garden``, as a person does."""
    terminal.wait("clique.garden")
    terminal.keys("/")
    terminal.wait("earch")
    terminal.type("clique.garden")
    terminal.keys("Enter")
    terminal.keys("Enter")
    terminal.wait("Group: clique.garden")
    press_post(terminal, "clique.garden", SUBJECT)
