"""Two people on two nodes, one in Thunderbird and one in slrn, hold a threaded conversation of ten articles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.readers.pictures import folder, keep
from tests.real.reading import wait_for_count
from tests.real.terminal import Terminal
from tests.real.test_slrn import open_article, slrn
from tests.real.thunderbird import Thunderbird

pytestmark = [
    pytest.mark.real, needs_program("thunderbird", "thunderbird"), needs_program("slrn", "slrn"),
    needs_program("tmux", "tmux"),
]

GROUP = "clique.garten"
SUBJECT = "Gartenplan für März"
ARTICLES = 10


@pytest.fixture
def make_thunderbird(tmp_path: Path) -> Iterator[Callable[..., Thunderbird]]:
    """A function that starts a Thunderbird: the node that it reads, and its user's name."""
    started: list[Thunderbird] = []

    def make(node: NodeProcess, name: str) -> Thunderbird:
        address = node.cliquectl("user")["address"]
        started.append(Thunderbird(tmp_path / f"thunderbird{len(started)}", node.nntp_port, name, address))
        return started[-1]

    yield make
    for thunderbird in started:
        thunderbird.close()


class SlrnPerson:
    """Somebody who reads and answers in slrn."""

    def __init__(self, node: NodeProcess, home: Path, make_terminal: Callable[..., Terminal]) -> None:
        self._node = node
        self._home = home
        self.terminal = slrn(node, home, make_terminal)
        self.terminal.wait(f"  {GROUP}\n")

    def newest(self) -> int:
        """Return the number of the newest article here."""
        with NewsClient("127.0.0.1", self._node.nntp_port) as client:
            return int(client.command(f"GROUP {GROUP}").split()[3])

    def show(self, number: int, *texts: str) -> str:
        """Open an article of the newsgroup as it is now; return the screen, which must show these texts."""
        self.terminal.keys("G")
        self.terminal.keys("Escape", "1", "Enter")  # with what was read
        self.terminal.wait("Read how many?")
        self.terminal.keys("Enter")
        self.terminal.wait(f"Group: {GROUP}")
        open_article(self.terminal, GROUP, number)
        return self.terminal.wait(f" {number} : ", *texts)

    def back(self) -> None:
        """Go back to the list of newsgroups."""
        self.terminal.keys("q")
        self.terminal.wait("News Groups: 127.0.0.1")

    def answer(self, number: int, text: str, *shown: str) -> None:
        """Follow an article up, when it shows these texts."""
        self.show(number, *shown)
        (self._home / "typed").write_text(f"{text}\n", "utf-8")
        self.terminal.keys("f")
        self.terminal.wait("Are you sure you want to followup?")
        self.terminal.keys("y")
        self.terminal.wait("Post the message?")
        self.terminal.keys("y")
        self.terminal.wait("Posting...done")
        self.back()


def test_ten_articles_between_thunderbird_and_slrn(
    make_nodes: Callable[..., list[NodeProcess]], make_thunderbird: Callable[..., Thunderbird],
    make_terminal: Callable[..., Terminal], tmp_path: Path,
) -> None:
    first, second = make_nodes("first", "second")
    first.cliquectl("create-forum", "garten")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    plan = tmp_path / "plan.txt"
    plan.write_text("Möhren, Äpfel, Süßkirschen\n", "utf-8")
    jürgen = make_thunderbird(first, "Jürgen Müller")
    jürgen.open(GROUP)
    zoë = SlrnPerson(second, tmp_path / "home", make_terminal)

    jürgen.post(GROUP, SUBJECT, "Was säen wir zuerst? Der Plan hängt an.\n", plan)
    said = "Was säen wir zuerst?"
    articles = 2  # with the forum's own
    while articles - 1 < ARTICLES:
        wait_for_count(second, GROUP, articles)
        answer = f"Zoës {articles}. Wort: größere Beete, schöne Grüße"
        zoë.answer(zoë.newest(), answer, said)
        articles += 1
        wait_for_count(first, GROUP, articles)
        rows = jürgen.wait_for_row_count(GROUP, articles)
        deepest = max(range(len(rows)), key=lambda index: rows[index][0])
        assert answer in jürgen.read(deepest)
        if articles - 1 < ARTICLES:
            said = f"Jürgens {articles}. Wort: natürlich, süßer!"
            jürgen.follow_up(deepest, said)
            articles += 1

    rows = jürgen.wait_for_row_count(GROUP, ARTICLES + 1)
    thread = [(depth, subject) for depth, subject, _ in rows if "Gartenplan" in subject]
    assert thread == [(0, SUBJECT), *((depth, f"Re: {SUBJECT}") for depth in range(1, ARTICLES))]
    top = next(index for index, (_, subject, _) in enumerate(rows) if subject == SUBJECT)
    assert "Der Plan hängt an." in jürgen.read(top)
    assert jürgen.attachments() == ["plan.txt"]
    deepest = max(range(len(rows)), key=lambda index: rows[index][0])
    shown = jürgen.read(deepest)
    assert "größere Beete" in shown
    assert "natürlich, süßer!" in shown, "the quoted text"
    keep(jürgen.screenshot(), folder(tmp_path) / "thunderbird.png")

    screen = zoë.show(zoë.newest(), "größere Beete", "natürlich, süßer!")
    assert depths_in(screen) == [*range(ARTICLES)]


def depths_in(screen: str) -> list[int]:
    """Return how deep each row of the thread is drawn by slrn: two columns a level, then an arrow."""
    rows = re.findall(r"^.{3}.*?\d+:\[.{12}\] {4}( *)(`->|Gartenplan)", screen, re.MULTILINE)
    return [len(spaces) // 2 + (drawn == "`->") for spaces, drawn in rows]
