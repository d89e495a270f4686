"""A newcomer's way in each newsreader, from nothing to a first post and its cancel, with the manual's pictures of it.

They are kept where CLIQUENNTP_PICTURES says; ``make pictures`` sets it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real.node_process import NodeProcess
from tests.real.readers import manual, pictures
from tests.real.readers.abilities import NEWSREADERS, marks_of
from tests.real.readers.conftest import SAMPLE
from tests.real.readers.drivers import DRIVERS
from tests.real.readers.newsreader import Access, Newsreader, TerminalReader
from tests.real.readers.pan import Pan
from tests.real.readers.test_abilities import THREAD, WELCOME
from tests.real.readers.thunderbird import ThunderbirdReader
from tests.real.reading import overview, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, pytest.mark.readers]

GARDEN = "clique.garden"
UNDRAWN = "8"
"""the article of the sample with Japanese letters, which the pictures' font does not have"""
ONE_SCREEN = ("slrn", "Gnus")
"""show an article below the list of articles"""


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with the sample, and a forum to post in."""
    folder = tmp_path_factory.mktemp("pictures")
    shutil.copytree(SAMPLE, folder / "sample", ignore=lambda _, names: {UNDRAWN} & {*names})
    node = NodeProcess(folder / "node")
    try:
        node.start()
        node.cliquectl("import", str(folder / "sample"), "--forum", "welcome")
        node.cliquectl("create-forum", "garden", "--description", "What grows, and what should not")
        yield node
    finally:
        node.kill()


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=marks_of(NEWSREADERS[name]))
    for name, driver in DRIVERS.items() if issubclass(driver, TerminalReader)])
def test_in_a_terminal(
    name: str, garden: NodeProcess, make_reader: Callable[..., Newsreader], tmp_path: Path,
) -> None:
    reader = make_reader(name, Access(garden.nntp_port, garden.cliquectl("user")["address"]))
    assert isinstance(reader, TerminalReader)
    reader.columns, reader.lines = 100, 30
    subject = f"From {name}: what grows in the shade?"

    def keep(what: str) -> None:
        file = pictures.folder(tmp_path) / f"{name.lower()}-{what}.png"
        pictures.draw(reader.terminal.coloured_screen, reader.columns, file)

    reader.start()
    wait_for("all forums", lambda: {GARDEN, WELCOME} <= reader.newsgroups())
    keep("list")
    reader.open(WELCOME)
    keep("thread")
    reader.read(THREAD)
    keep("article")
    reader.open(GARDEN)
    reader.post(GARDEN, subject, "Ferns do. What else?")
    wait_for_subject(garden, GARDEN, subject)
    reader.open(GARDEN)
    reader.read(subject)
    if name in ONE_SCREEN:
        keep("own")
    if "cancel" not in NEWSREADERS[name].cannot:
        reader.open(GARDEN)
        reader.cancel(subject)
        wait_for("it is gone", lambda: subject not in overview(garden, GARDEN))


@pytest.mark.parametrize("name", [pytest.param("Pan", marks=marks_of(NEWSREADERS["Pan"]))])
def test_in_pan(name: str, garden: NodeProcess, make_reader: Callable[..., Newsreader], tmp_path: Path) -> None:
    reader = make_reader(name, Access(garden.nntp_port, garden.cliquectl("user")["address"]))
    assert isinstance(reader, Pan)
    reader.start()
    reader.open(WELCOME)
    reader.read(THREAD)
    reader.picture(pictures.folder(tmp_path) / "pan-thread.png")


@pytest.mark.parametrize("name", [pytest.param("Thunderbird", marks=marks_of(NEWSREADERS["Thunderbird"]))])
def test_in_thunderbird(
    name: str, garden: NodeProcess, make_reader: Callable[..., Newsreader], tmp_path: Path,
) -> None:
    address = garden.cliquectl("user")["address"]
    reader = make_reader(name, Access(garden.nntp_port, address))
    assert isinstance(reader, ThunderbirdReader)
    subject = f"From {name}: what grows in the shade?"

    def keep(what: str, page: str = "") -> None:
        reader.picture(pictures.folder(tmp_path) / f"thunderbird-{what}.png", page)

    rules = reader.home / reader.score_file
    rules.parent.mkdir(parents=True)
    rules.write_text(manual.block(name, manual.SCORES))
    reader.start()
    reader.open_account_wizard()
    keep("account", "AccountWizard.xhtml")
    assert reader.finish_account_wizard("localhost") == {
        "port": 119, "address": address, "name": reader.access.name, "html": False}
    reader.newsgroups()
    keep("subscribe", "subscribe.xhtml")
    reader.subscribe(WELCOME)
    reader.newsgroups()
    reader.subscribe(GARDEN)
    reader.open(WELCOME)
    reader.read(THREAD)
    keep("thread")
    reader.open_filter()
    keep("filter", "FilterEditor.xhtml")
    reader.close_filter()
    reader.open(GARDEN)
    reader.post(GARDEN, subject, "Ferns do. What else?")
    wait_for_subject(garden, GARDEN, subject)
    reader.open(GARDEN)
    reader.cancel(subject)
    wait_for("it is gone", lambda: subject not in overview(garden, GARDEN))
