"""What every test may use: where the big corpus is, and skipping by name what this machine cannot run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import find, strategies


def needs_program(name: str, apt: str) -> pytest.MarkDecorator:
    """Skip a test, naming the Debian package, where a program is missing."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/games")
    return pytest.mark.skipif(found is None, reason=f"{name} is missing: apt-get install {apt}")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real articles that CLIQUENNTP_CORPUS names; the test is skipped where there is none."""
    folder = os.environ.get("CLIQUENNTP_CORPUS")
    if not folder:
        pytest.skip("CLIQUENNTP_CORPUS names no folder with 20_newsgroups.tar.gz and linux-man-4000.tar.gz")
    path = Path(folder)
    if not (path / "20_newsgroups.tar.gz").exists():
        pytest.fail(f"CLIQUENNTP_CORPUS={folder}: there is no 20_newsgroups.tar.gz")
    return path


def pytest_sessionstart() -> None:
    """Let hypothesis make its table of Unicode before any test draws text.

    It does so once a clone, within a second or so, and counts that as slow generation against whichever test comes
    first: a failure that the second run no longer shows.
    """
    find(strategies.text(min_size=1), bool)
