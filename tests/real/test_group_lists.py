"""A newsreader's list stays its user's: new comments do not come into it, and polling what is in it follows nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.nntp_client import NewsClient
from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess
from tests.real.terminal import Terminal
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, needs_program("tmux", "tmux")]

GROUP = "clique.day"
ARTICLES_BEFORE = 30
COMMENTS = 1000
SUBSCRIBED = 500

slrn_and_tin = pytest.mark.parametrize("start", [
    pytest.param("slrn", marks=needs_program("slrn", "slrn")),
    pytest.param("tin", marks=needs_program("tin", "tin")),
])


class Newsreader:
    """slrn or tin in a home of its own."""

    def __init__(self, program: str, node: NodeProcess, home: Path, make_terminal: Callable[..., Terminal]) -> None:
        self._program = program
        self._port = str(node.nntp_port)
        self._home = home
        self._make_terminal = make_terminal
        home.mkdir()
        self.newsrc = home / ".newsrc"
        if program == "slrn":
            (home / ".slrnrc").write_text('set username "me"\nset hostname "example.invalid"\nset confirm_actions 0\n')
        self._starts = 0

    def run(self, most: int = 0) -> tuple[set[str], str]:
        """Start the program, wait for its list, end it; return the newsgroups on the screen and its newsrc.

        ``most`` is how many newsgroups fill the screen where the list is longer than that.
        """
        terminal = self.start()
        if most:
            wait_for_list(terminal, most)
        elif self._program == "tin":
            terminal.wait("End of groups")
        names = names_on(terminal.screen)
        self.end(terminal)
        return names, self.newsrc.read_text()

    def start(self) -> Terminal:
        """Start the program and wait for its list of newsgroups."""
        self._starts += 1
        environ = {"HOME": str(self._home), "LANG": "C.UTF-8", "TERM": "xterm"}
        where = ["127.0.0.1", "-p", self._port, "-f", str(self.newsrc)]
        if self._program == "slrn":
            create = [] if self.newsrc.exists() else ["--create"]
            terminal = self._make_terminal("slrn", "-h", *where, *create, **environ)
            terminal.wait("News Groups: 127.0.0.1")
            wait_for_list(terminal, 1)
            return terminal
        terminal = self._make_terminal("tin", "-r", "-g", *where, **environ)
        if self._starts == 1:
            terminal.wait("Press <RETURN> to continue")
            terminal.keys("Enter")
        terminal.wait("Group Selection (127.0.0.1")
        return terminal

    def end(self, terminal: Terminal) -> None:
        """Quit and wait until the newsrc is written."""
        if self._program == "slrn":
            terminal.keys("q")
        else:
            terminal.keys("Q")
        wait_for(f"{self._program} has ended", lambda: terminal.has_ended)


def wait_for_list(terminal: Terminal, count: int) -> None:
    """Wait until so many newsgroups stand on the screen."""
    terminal.wait_until("a screen of newsgroups", lambda: len(names_on(terminal.screen)) >= count)


def names_on(screen: str) -> set[str]:
    return set(re.findall(r"clique\.\S+", screen))


def take(node: NodeProcess, folder: Path, count: int, name: str) -> None:
    """Let so many articles arrive in the forum."""
    path = folder / f"{name}.mbox"
    write_mbox(path, count, name)
    node.cliquectl("import", str(path), "--forum", "day")


@slrn_and_tin
def test_a_day_of_comments_leaves_the_list_as_it_was(
    start: str, make_node: Callable[..., NodeProcess], make_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    node = make_node()
    take(node, tmp_path, ARTICLES_BEFORE, "before")
    newsreader = Newsreader(start, node, tmp_path / "home", make_terminal)
    newsreader.run()  # slrn shows all newsgroups to a new user
    before = newsreader.run()
    assert before[0] == {GROUP} and f"{GROUP}:" in before[1]
    take(node, tmp_path, COMMENTS, "after")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert len(client.listing("LIST ACTIVE")[1]) == 1 + ARTICLES_BEFORE + COMMENTS
    assert newsreader.run() == before
    node.cliquectl("create-forum", "night")
    assert {GROUP, "clique.night"} == newsreader.run()[0], "a new forum is named"


@slrn_and_tin
def test_polling_subscribed_newsgroups_follows_nothing(
    start: str, make_node: Callable[..., NodeProcess], make_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    node = make_node()
    take(node, tmp_path, SUBSCRIBED, "many")
    node.cliquectl("follow", GROUP, "--depth", "comments")
    follows = node.ask("status")["follows"]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        names = [line.split()[0].decode() for line in client.listing("LIST ACTIVE")[1]]
    names.remove(GROUP)
    newsreader = Newsreader(start, node, tmp_path / "home", make_terminal)
    newsreader.run()
    newsreader.newsrc.write_text("".join(f"{name}:\n" for name in names))
    for _ in range(2):
        newsreader.run(SUBSCRIBED - 50)
        assert node.ask("status")["follows"] == follows

    terminal = newsreader.start()
    wait_for_list(terminal, SUBSCRIBED - 50)
    terminal.keys("Enter")
    terminal.wait_until("opening one follows it", lambda: len(node.ask("status")["follows"]) == 2)
    terminal.close()
