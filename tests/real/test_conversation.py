"""Two people on two nodes, one in Thunderbird and one in slrn, hold a threaded conversation of ten articles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.readers.abilities import NEWSREADERS, marks_of
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.readers.pictures import folder
from tests.real.readers.slrn import Slrn
from tests.real.readers.thunderbird import ThunderbirdReader
from tests.real.reading import wait_for_count

pytestmark = [
    pytest.mark.real, needs_program("thunderbird", "thunderbird"), *marks_of(NEWSREADERS["slrn"]),
]

GROUP = "clique.garten"
SUBJECT = "Gartenplan für März"
ARTICLES = 10


class SlrnPerson:
    """Somebody who reads and answers in slrn."""

    def __init__(self, node: NodeProcess, slrn: Slrn) -> None:
        self._node = node
        self.slrn = slrn
        slrn.start()

    def show_newest(self, *texts: str) -> str:
        """Open the newest article of the newsgroup; return the screen, which must show these texts."""
        with NewsClient("127.0.0.1", self._node.nntp_port) as client:
            newest = int(client.command(f"GROUP {GROUP}").split()[3])
        self.slrn.open(GROUP)
        return self.slrn.read_number(newest, *texts)

    def answer(self, text: str, *shown: str) -> None:
        """Follow the newest article up, when it shows these texts."""
        self.show_newest(*shown)
        self.slrn.follow_up_shown(text)


def test_ten_articles_between_thunderbird_and_slrn(
    make_nodes: Callable[..., list[NodeProcess]], make_reader: Callable[..., Newsreader], tmp_path: Path
) -> None:
    first, second = make_nodes("first", "second")
    first.cliquectl("create-forum", "garten")
    second.cliquectl("join", first.cliquectl("invite", GROUP)["invitation"])
    plan = tmp_path / "plan.txt"
    plan.write_text("Möhren, Äpfel, Süßkirschen\n", "utf-8")
    thunderbird, slrn = (
        make_reader(program, Access(node.nntp_port, node.cliquectl("user")["address"], name))
        for program, node, name in (("Thunderbird", first, "Jürgen Müller"), ("slrn", second, "Zoë Leser")))
    assert isinstance(thunderbird, ThunderbirdReader)
    assert isinstance(slrn, Slrn)
    thunderbird.start()
    jürgen = thunderbird.program
    jürgen.open(GROUP)
    zoë = SlrnPerson(second, slrn)

    jürgen.post(GROUP, SUBJECT, "Was säen wir zuerst? Der Plan hängt an.\n", plan)
    said = "Was säen wir zuerst?"
    articles = 2  # with the forum's own
    while articles - 1 < ARTICLES:
        wait_for_count(second, GROUP, articles)
        answer = f"Zoës {articles}. Wort: größere Beete, schöne Grüße"
        zoë.answer(answer, said)
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
    thunderbird.picture(folder(tmp_path) / "thunderbird.png")

    zoë.show_newest("größere Beete", "natürlich, süßer!")
    assert slrn.depths(SUBJECT) == [*range(ARTICLES)]

