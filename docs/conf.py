"""Sphinx's settings: `make docs` makes pages (HTML) and manuals of what lies beside this file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import reference

import cliquenntp

project = "cliquenntp"
author = "the authors of cliquenntp"
release = version = cliquenntp.__version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns: list[str] = []
html_theme = "alabaster"
html_theme_options = {"description": "Forums that nobody runs, read in your newsreader", "sidebar_width": "15rem"}
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "attrs_block"]
# under protocol/results/ lie tables as the simulator printed them, to which figures.md leads
suppress_warnings = ["myst.header", "toc.not_included"]

man_pages = [
    ("man/cliquenntp.8", "cliquenntp", "a node of the CliqueClique forum network that is a news server", author, "8"),
    ("man/cliquectl.1", "cliquectl", "tell a running cliquenntp what to do", author, "1"),
    ("man/cliquenntp.toml.5", "cliquenntp.toml", "settings of cliquenntp", author, "5"),
    ("man/cliquenntp-protocol.7", "cliquenntp-protocol", "how documents spread from node to node", author, "7"),
]
man_make_section_directory = False


def _filled(app: Any, docname: str, source: list[str]) -> None:
    """Put what the program itself knows where a page says ``<!-- NAME -->``."""
    for name, text in reference.TEXTS.items():
        mark = f"<!-- {name} -->"
        if mark in source[0]:
            source[0] = source[0].replace(mark, text())


def setup(app: Any) -> None:
    """See Sphinx."""
    app.connect("source-read", _filled)
