"""A newsreader's list stays its user's: new comments do not come into it, and polling what is in it follows nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nntp_client import NewsClient
from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess
from tests.real.readers.abilities import NEWSREADERS, marks_of
from tests.real.readers.newsreader import Access, Newsreader, TerminalReader, newsgroups_on

pytestmark = pytest.mark.real

GROUP = "clique.day"
ARTICLES_BEFORE = 30
COMMENTS = 1000
SUBSCRIBED = 500
ONE_SCREEN = 450

LAST_DRAWN = {"slrn": "News Groups: ", "tin": "End of groups"}
"""what is drawn when the list is"""

slrn_and_tin = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=marks_of(NEWSREADERS[name])) for name in LAST_DRAWN])


@pytest.fixture
def node(make_node: Callable[..., NodeProcess]) -> NodeProcess:
    return make_node()


@pytest.fixture
def reader(name: str, node: NodeProcess, make_reader: Callable[..., Newsreader]) -> TerminalReader:
    reader = make_reader(name, Access(node.nntp_port, "me@example.invalid"))
    assert isinstance(reader, TerminalReader)
    return reader


def newsgroups_and_newsrc(reader: TerminalReader, last_drawn: str) -> tuple[set[str], str]:
    """Start the program, wait for its list, end it; return the newsgroups on the screen and its newsrc."""
    reader.start()
    names = newsgroups_on(reader.terminal.wait(last_drawn))
    reader.quit()
    return names, reader.newsrc.read_text()


def wait_for_a_screenful(reader: TerminalReader) -> None:
    terminal = reader.terminal
    terminal.wait_until("a screen of newsgroups", lambda: len(newsgroups_on(terminal.screen)) >= ONE_SCREEN)


def take(node: NodeProcess, folder: Path, count: int, name: str) -> None:
    """Let so many articles arrive in the forum."""
    path = folder / f"{name}.mbox"
    write_mbox(path, count, name)
    node.cliquectl("import", str(path), "--forum", "day")


@slrn_and_tin
def test_a_day_of_comments_leaves_the_list_as_it_was(
    name: str, node: NodeProcess, reader: TerminalReader, tmp_path: Path
) -> None:
    take(node, tmp_path, ARTICLES_BEFORE, "before")
    newsgroups_and_newsrc(reader, LAST_DRAWN[name])  # slrn shows all newsgroups to a new user
    before = newsgroups_and_newsrc(reader, LAST_DRAWN[name])
    assert before[0] == {GROUP} and f"{GROUP}:" in before[1]
    take(node, tmp_path, COMMENTS, "after")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        assert len(client.listing("LIST ACTIVE")[1]) == 1 + ARTICLES_BEFORE + COMMENTS
    assert newsgroups_and_newsrc(reader, LAST_DRAWN[name]) == before
    node.cliquectl("create-forum", "night")
    assert {GROUP, "clique.night"} == newsgroups_and_newsrc(reader, LAST_DRAWN[name])[0], "a new forum is named"


@slrn_and_tin
def test_polling_subscribed_newsgroups_follows_nothing(
    node: NodeProcess, reader: TerminalReader, tmp_path: Path
) -> None:
    take(node, tmp_path, SUBSCRIBED, "many")
    node.cliquectl("follow", GROUP, "--depth", "comments")
    follows = node.ask("status")["follows"]
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        names = [line.split()[0].decode() for line in client.listing("LIST ACTIVE")[1]]
    names.remove(GROUP)
    reader.newsrc.write_text("".join(f"{name}:\n" for name in names))
    for _ in range(2):
        reader.start()
        wait_for_a_screenful(reader)
        reader.quit()
        assert node.ask("status")["follows"] == follows

    reader.start()
    wait_for_a_screenful(reader)
    reader.open(names[0])
    reader.terminal.wait_until("opening one follows it", lambda: len(node.ask("status")["follows"]) == 2)
