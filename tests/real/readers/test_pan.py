"""What the manual's page on Pan says beside what Pan can do, with its picture (``make pictures``)."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.documented import REPOSITORY
from tests.real.node_process import NodeProcess
from tests.real.readers.abilities import NEWSREADERS, marks_of
from tests.real.readers.conftest import SAMPLE
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.readers.pan import MAIN, Pan
from tests.real.readers.test_abilities import THREAD, WELCOME, lines_of
from tests.real.reading import wait_for_subject
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, pytest.mark.readers, *marks_of(NEWSREADERS["Pan"])]

GARDEN = "clique.garden"
INVITING = "How to invite somebody"
UNDRAWN = "8"
"""the article of the sample with Japanese letters, which the picture's font does not have"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with the sample, and a forum to post in."""
    folder = tmp_path_factory.mktemp("pan")
    shutil.copytree(SAMPLE, folder / "sample", ignore=lambda _, names: {UNDRAWN} & {*names})
    node = NodeProcess(folder / "node")
    try:
        node.start()
        node.cliquectl("import", str(folder / "sample"), "--forum", "welcome")
        node.cliquectl("create-forum", "garden")
        yield node
    finally:
        node.kill()


@pytest.fixture
def pan(drawn: NodeProcess, make_reader: Callable[[str, Access], Newsreader]) -> Pan:
    reader = make_reader("Pan", Access(drawn.nntp_port, drawn.cliquectl("user")["address"]))
    assert isinstance(reader, Pan)
    return reader


def test_asks_for_a_server_and_gets_its_list(pan: Pan) -> None:
    pan.start_for_the_first_time()
    wait_for("the forums", lambda: {WELCOME, GARDEN} <= pan.newsgroups())


def test_refuses_to_take_an_article_back(drawn: NodeProcess, pan: Pan) -> None:
    pan.start()
    pan.open(GARDEN)
    pan.post(GARDEN, "Beans", "Of all sorts.")
    wait_for_subject(drawn, GARDEN, "Beans")
    pan.open(GARDEN)
    assert pan.is_own("Beans")
    pan.read("Beans")
    for item in ("Cancel Article...", "Supersede Article..."):
        pan.desktop.do("click", MAIN, "menu item", item)
        pan.desktop.wait_for_window("Error")
        said = " ".join(pan.desktop.do("labels", "Error"))
        assert "The article doesn't match any of your posting profiles." in said
        pan.desktop.do("click", "Error", "push button", "Close")
        wait_for("it is closed", lambda: "Error" not in pan.desktop.do("windows"))


def test_picture(pan: Pan, tmp_path: Path) -> None:
    pan.start()
    pan.open(WELCOME)
    pan.read(THREAD)
    file = Path(os.environ.get("CLIQUENNTP_PICTURES", tmp_path)) / "pan-thread.png"
    pan.picture(file)
    assert 10_000 < file.stat().st_size < 150_000


def test_rules_hide_and_score(drawn: NodeProcess, pan: Pan) -> None:
    lines = lines_of(drawn, WELCOME)
    thread = next(line[4] for line in lines if line[1] == INVITING)
    deepest = max((line[8].split() for line in lines if line[1] == f"Re: {THREAD}"), key=len)
    sub_thread = deepest[-1].rpartition(":")[0]
    author = re.search(r"@(\w+)\.clique", drawn.cliquectl("user")["address"])
    assert author is not None
    page = (REPOSITORY / "docs" / "newsreaders" / "pan.md").read_text("utf-8")
    [rules] = re.findall(r"^\[clique\.\*\]\n[^`]*", page, re.MULTILINE)
    [example] = set(re.findall(r"<.*@clique\\.invalid>", rules))
    rules = rules.replace("x" * 20, author[1]).replace(example, thread)
    rules = rules.replace(r"clique\.garden\.peas-ixq4weyj", sub_thread.replace(".", r"\."))
    pan.start()
    pan.open(WELCOME)
    every = pan.scores()
    assert {"welcome", INVITING, f"Re: {INVITING}"} < every.keys()
    assert set(every.values()) == {""}
    score_file = pan.home / pan.score_file
    score_file.parent.mkdir(exist_ok=True)
    score_file.write_text(rules)
    pan.start()
    pan.open(WELCOME)
    assert pan.scores().keys() == every.keys() - {"welcome", INVITING, f"Re: {INVITING}"}
    assert [(subject, score) for _, subject, score in pan.rows() if score] == [(f"Re: {THREAD}", "100")]
