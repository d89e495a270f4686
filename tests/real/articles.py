"""Articles for tests that need many, or some where no corpus is at hand."""

from __future__ import annotations

import os
import re
import tarfile
from email.utils import formatdate
from itertools import islice
from pathlib import Path

CORPUS = os.environ.get("CLIQUENNTP_CORPUS")


FIRST_DATE = 1_704_067_200
"""of made articles: the first second of 2024"""


def write_mbox(path: Path, count: int, name: str = "made", seconds_apart: int = 0) -> None:
    """Write an mbox of so many articles: every tenth begins a thread, the others answer the one before."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write("From maker@example.invalid Mon Jan  1 00:00:00 2024\n")
            file.write(f"Message-ID: <{number}.{name}@example.invalid>\n")
            file.write("From: Article maker <maker@example.invalid>\n")
            file.write(f"Date: {formatdate(FIRST_DATE + number * seconds_apart)}\n")
            file.write(f"Subject: article {number} of {name}\n")
            if number % 10:
                file.write(f"References: <{number - 1}.{name}@example.invalid>\n")
            file.write(f"\nThis is article {number}.\n" + "It has some lines.\n" * 10 + "\n")


def make_articles(folder: Path, count: int) -> Path:
    """Return an archive of that many articles: real ones where the corpus is at hand."""
    path = folder / f"articles-{count}.mbox"
    if CORPUS is None:
        write_mbox(path, count)
    else:
        write_corpus_mbox(Path(CORPUS), path, count)
    return path


def write_corpus_mbox(corpus: Path, path: Path, count: int) -> None:
    """Write the first articles of the corpus as an mbox."""
    with tarfile.open(corpus / "20_newsgroups.tar.gz") as archive, path.open("wb") as file:
        members = (member for member in archive if member.isfile())
        for member in islice(members, count):
            found = archive.extractfile(member)
            assert found is not None
            text = re.sub(rb"^(>*From )", rb">\1", found.read(), flags=re.MULTILINE)
            file.write(b"From corpus Mon Jan  1 00:00:00 2024\n" + text + b"\n")
