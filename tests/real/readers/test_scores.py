"""The score rule of the manual, tried in slrn: the address has its author's key, so one rule hides all of an author."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.real.node_process import NodeProcess
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.reading import post

MANUAL = Path(__file__).parents[3] / "docs" / "newsreaders.md"


@pytest.mark.real
@needs_program("slrn", "slrn")
@needs_program("tmux", "tmux")
def test_slrn_hides_an_author(make_node: Callable[..., NodeProcess], make_reader: Callable[..., Newsreader]) -> None:
    node = make_node()
    archive = node.folder / "other.mbox"
    archive.write_text("From x Mon Jan  1 00:00:00 2024\nFrom: other@example.invalid\nSubject: From elsewhere\n"
                       "Date: Mon, 01 Jan 2024 00:00:00 +0000\nMessage-ID: <1@example.invalid>\n\nText.\n")
    node.cliquectl("import", str(archive), "--forum", "scored")
    post(node, "clique.scored", "From the author")
    address = node.cliquectl("user")["address"]
    [rule] = re.findall(r"^\[clique\.\*\]\n(?:.+\n)+", MANUAL.read_text("utf-8").replace("```", "\n"), re.MULTILINE)
    reader = make_reader("slrn", Access(node.nntp_port, "me@example.invalid"))
    key = re.search(r"@(\w+)\.clique", address)[1]
    (reader.home / "score").write_text(rule.replace("x" * 20, key))
    reader.start()
    reader.open("clique.scored")
    shown = reader.terminal.wait("From elsewhere")
    assert "From the author" not in shown
    (reader.home / "score").unlink()
    reader.start()
    reader.open("clique.scored")
    reader.terminal.wait("From elsewhere", "From the author")
