"""What the manual's page on Pan says beside what Pan can do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.real.node_process import NodeProcess
from tests.real.readers.abilities import NEWSREADERS, marks_of
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.readers.pan import MAIN, Pan
from tests.real.readers.test_abilities import MIME, WELCOME
from tests.real.reading import wait_for_subject
from tests.real.waiting import wait_for

pytestmark = [pytest.mark.real, pytest.mark.readers, *marks_of(NEWSREADERS["Pan"])]


@pytest.fixture
def pan(node: NodeProcess, make_reader: Callable[[str, Access], Newsreader]) -> Pan:
    reader = make_reader("Pan", Access(node.nntp_port, node.cliquectl("user")["address"]))
    assert isinstance(reader, Pan)
    return reader


def test_asks_for_a_server_and_gets_its_list(pan: Pan) -> None:
    pan.start_for_the_first_time()
    wait_for("the forums", lambda: {WELCOME, MIME} <= pan.newsgroups())


def test_refuses_to_take_an_article_back(node: NodeProcess, forum: str, pan: Pan) -> None:
    pan.start()
    pan.open(forum)
    pan.post(forum, "Beans", "Of all sorts.")
    wait_for_subject(node, forum, "Beans")
    pan.open(forum)
    assert pan.is_own("Beans")
    pan.read("Beans")
    for item in ("Cancel Article...", "Supersede Article..."):
        pan.desktop.do("click", MAIN, "menu item", item)
        pan.desktop.wait_for_window("Error")
        said = " ".join(pan.desktop.do("labels", "Error"))
        assert "The article doesn't match any of your posting profiles." in said
        pan.desktop.do("click", "Error", "push button", "Close")
        wait_for("it is closed", lambda: "Error" not in pan.desktop.do("windows"))
