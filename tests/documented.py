"""The commands that the README and the pages under docs/ tell people to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import attrs

REPOSITORY = Path(__file__).parents[1]

PAGES = (
    REPOSITORY / "README.md",
    *sorted(page for page in (REPOSITORY / "docs").rglob("*.md") if "results" not in page.parts),
)

_BEFORE = re.compile(r"^(?:sudo )?(?:\.venv/bin/)?")
_PROGRAM = re.compile(
    r"(?:cliquectl|twistd|make|python|systemctl|systemd-\w+|journalctl|apt|apt-get|slrn|tin|neomutt|chmod|eval|git|pip)\b")


@attrs.frozen
class Command:
    """Something to type."""

    page: Path
    text: str
    whole: bool
    """whether it stands on a line of its own, to be typed as it is; else a text may name a part of it"""

    @property
    def words(self) -> list[str]:
        """Its words, without what stands before the program, comments, and the brackets of a synopsis."""
        text = _BEFORE.sub("", self.text)
        if self.is_synopsis or not self.whole:
            return re.sub(r"[\[\]]|\.\.\.", " ", text).split()
        return shlex.split(text, comments=True)

    @property
    def is_synopsis(self) -> bool:
        """Whether it tells what may be typed, and not what is."""
        return "[" in self.text or self.text.endswith("...")


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands of a page, in order."""
    is_fenced = False
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("```"):
            is_fenced = not is_fenced
            continue
        whole = is_fenced or line.startswith("    ")
        for text in [line.strip()] if whole else re.findall(r"`([^`]+)`", line):
            if _PROGRAM.match(_BEFORE.sub("", text)):
                yield Command(page, text, whole)
