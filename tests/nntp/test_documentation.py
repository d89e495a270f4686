"""docs/nntp.md names every command, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from cliquenntp.nntp.session.table import COMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "nntp.md"


def test_the_page_names_every_command() -> None:
    section = PAGE.read_text("utf-8").partition("## Commands")[2].partition("\n## ")[0]
    named = set()
    for row in re.findall(r"(?m)^\| ([A-Z][^|]*) \|", section):
        for part in row.split(","):
            words = re.match(r"\s*([A-Z][A-Z. ]*[A-Z])", part)
            if words:
                named.add(words[1])
    assert named == {command.name for command in COMMANDS.values()}
