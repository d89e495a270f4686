"""What a shell is told when somebody presses Tab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def completions(line: str, tmp_path: Path) -> list[str]:
    """Return what may stand at the end of a command line, as argcomplete tells bash."""
    told = tmp_path / "told"
    environ = os.environ | {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "COMP_LINE": line, "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_STDOUT_FILENAME": str(told),
    }
    subprocess.run([sys.executable, "-m", "cliquenntp.control.cliquectl"], env=environ, check=False, timeout=60)
    return sorted(text.strip() for text in told.read_text().splitlines())


@pytest.mark.parametrize(("line", "expected"), [
    ("cliquectl cre", ["create-forum"]),
    ("cliquectl expire --dr", ["--dry-run"]),
    ("cliquectl follow x --depth ", ["all", "comments"]),
    ("cliquectl nothing-such", []),
])
def test_commands_flags_and_choices_are_completed(line: str, expected: list[str], tmp_path: Path) -> None:
    assert completions(line, tmp_path) == expected
