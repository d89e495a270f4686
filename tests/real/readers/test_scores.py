"""The score rules of the manual, in the newsreaders: they hide an author and a thread, and mark a sub-thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from tests.real.node_process import NodeProcess
from tests.real.readers import manual
from tests.real.readers.abilities import NEWSREADERS, marks_of
from tests.real.readers.newsreader import Access, Newsreader, TerminalReader
from tests.real.readers.pan import Pan
from tests.real.readers.thunderbird import ThunderbirdReader
from tests.real.reading import overview, post
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real

AReader = TypeVar("AReader", bound=Newsreader)

FORUM = "clique.scored"
BY_ITSELF = "Elsewhere"
THREAD = ["Beans", "Runner beans", "Broad beans"]
OTHER_THREAD = ["Peas", "Snow peas", "Sugar peas"]
BY_THE_AUTHOR = "Spinach"
SUBJECTS = [BY_ITSELF, *THREAD, *OTHER_THREAD, BY_THE_AUTHOR]

MARKED = {"slrn": r"^(?: *\d+|->)! ", "tin": r"^ *\d+ +\* ", "Gnus": r"^..\+ "}
"""how a row begins that a rule has raised; tin marks the whole thread"""


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with two threads of three, each an answer to the one before, and two articles by themselves."""
    folder = tmp_path_factory.mktemp("scores")
    archive = folder / "garden.mbox"
    articles = [article(BY_ITSELF, [])]
    for thread in (THREAD, OTHER_THREAD):
        articles += [article(subject, thread[:depth]) for depth, subject in enumerate(thread)]
    archive.write_text("".join(articles))
    node = NodeProcess(folder / "node")
    try:
        node.start()
        node.cliquectl("import", str(archive), "--forum", "scored")
        post(node, FORUM, BY_THE_AUTHOR)
        yield node
    finally:
        node.kill()


def article(subject: str, above: list[str]) -> str:
    def message_id(subject: str) -> str:
        return f"<{subject.replace(' ', '-')}@example.invalid>"

    references = [f"References: {' '.join(map(message_id, above))}"] if above else []
    return "\n".join([
        "From x Mon Jan  1 00:00:00 2024", "From: Other <other@example.invalid>", f"Subject: {subject}",
        f"Date: Mon, 01 Jan 2024 00:00:{len(above):02} +0000", f"Message-ID: {message_id(subject)}", *references,
        "", "Text.", "", ""])


def scored(node: NodeProcess) -> manual.Scored:
    """Return what the rules are about: who posts on the node, the first thread, the second article of the other."""
    lines = overview(node, FORUM)
    author = re.search(r"@(\w+)\.clique", lines[BY_THE_AUTHOR][2])
    assert author is not None
    thread = lines[THREAD[0]][4].strip("<>").partition("@")[0]
    sub_thread = lines[OTHER_THREAD[2]][8].split()[-1].rpartition(":")[0]
    return manual.Scored(author[1], thread, sub_thread)


def with_rules(reader: AReader, rules: str) -> AReader:
    """Let a newsreader begin with these rules, and open the forum."""
    path = reader.home / reader.score_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rules)
    reader.start()
    reader.open(FORUM)
    return reader


def shown_in(screen: str) -> set[str]:
    """Return the subjects that a list of articles has, each at the end of its column."""
    return {subject for subject in SUBJECTS if re.search(rf"[ \]>-]{subject}(?:$|  )", screen, re.MULTILINE)}


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=marks_of(NEWSREADERS[name])) for name in ("slrn", "tin", "Gnus")])
def test_rules_hide_and_mark(name: str, garden: NodeProcess, make_reader: Callable[..., Newsreader]) -> None:
    reader = make_reader(name, Access(garden.nntp_port, "me@example.invalid"))
    assert isinstance(reader, TerminalReader)
    below_a_thread = {*THREAD[1:], *OTHER_THREAD[1:]} if name == "tin" else set()  # tin has one line for a thread
    every = {*SUBJECTS} - below_a_thread
    with_rules(reader, "")
    reader.terminal.wait_until("the forum", lambda: shown_in(reader.terminal.screen) == every)
    with_rules(reader, manual.scores(name, scored(garden)))
    left = every - {*THREAD, BY_THE_AUTHOR}
    marked = OTHER_THREAD[0] if name == "tin" else OTHER_THREAD[2]

    def is_as_ruled() -> bool:
        rows = [line for line in reader.terminal.screen.splitlines() if shown_in(line)]
        marks = [bool(re.search(MARKED[name], row)) for row in rows]
        return shown_in("\n".join(rows)) == left and marks == [marked in row for row in rows]

    reader.terminal.wait_until(f"{left}, {marked} marked", is_as_ruled)
    if name == "tin":
        assert reader.depths(OTHER_THREAD[0]) == [0, 1, 2]


@pytest.mark.parametrize("name", [pytest.param("Pan", marks=marks_of(NEWSREADERS["Pan"]))])
def test_pan_hides_and_scores(name: str, garden: NodeProcess, make_reader: Callable[..., Newsreader]) -> None:
    reader = make_reader(name, Access(garden.nntp_port, "me@example.invalid"))
    assert isinstance(reader, Pan)
    every = with_rules(reader, "").scores()
    assert every == dict.fromkeys(["scored", *SUBJECTS], "")
    with_rules(reader, manual.scores(name, scored(garden)))
    scores = reader.scores()
    assert scores.keys() == every.keys() - {"scored", *THREAD, BY_THE_AUTHOR}  # the author made the forum, too
    assert {subject: score for subject, score in scores.items() if score} == {OTHER_THREAD[2]: "100"}


@pytest.mark.readers
@pytest.mark.parametrize("name", [pytest.param("Thunderbird", marks=marks_of(NEWSREADERS["Thunderbird"]))])
def test_thunderbird_filters(name: str, garden: NodeProcess, make_reader: Callable[..., Newsreader]) -> None:
    access = Access(garden.nntp_port, "me@example.invalid")
    reader = with_rules(make_reader(name, access), manual.scores(name, scored(garden)))
    assert isinstance(reader, ThunderbirdReader)
    left = {BY_ITSELF: "", OTHER_THREAD[0]: "", OTHER_THREAD[1]: "", OTHER_THREAD[2]: "Important"}
    wait_for(f"{left}", lambda: reader.tags() == left)
    reader.ignore(OTHER_THREAD[1], sub_thread=True)
    reader.open(FORUM)
    wait_for("the sub-thread is gone", lambda: reader.tags().keys() == {BY_ITSELF, OTHER_THREAD[0]})
    reader.ignore(OTHER_THREAD[0])
    reader.open(FORUM)
    wait_for("the thread is gone", lambda: reader.tags().keys() == {BY_ITSELF})
