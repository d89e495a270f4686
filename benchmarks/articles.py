"""Articles for benchmarks: real ones where CLIQUENNTP_CORPUS names a folder with them, generated ones otherwise."""

from __future__ import annotations

import io
import itertools
import os
import random
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

BIG_FORUM = "bench.big"
BIG_FORUM_ARTICLES = 12_000
"""enough for OVER of 10,000 in one forum; of few articles, all but a twenty-fifth"""

OTHER_FORUMS = 20

REAL_ARTICLES = 19_000
"""at least so many real ones are there"""

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>\s]+>)", re.IGNORECASE | re.MULTILINE)

WORDS = ("tea", "leaf", "water", "kettle", "steam", "cup", "morning", "garden", "mountain", "oolong", "green", "honey")


def articles(count: int | None) -> Iterator[bytes]:
    """Yield so many articles (None: without end), real ones as long as there are any."""
    corpus = os.environ.get("CLIQUENNTP_CORPUS")
    found = itertools.chain(_real(Path(corpus)) if corpus else (), _generated())
    return itertools.islice(found, count)


def write_articles(path: Path, newsgroups: int) -> str:
    """Write a tar file of GROUP/NUMBER articles for ``cliquectl import``; return what is in it, for people.

    Each article becomes a newsgroup, as does each forum: ``newsgroups`` together.  None comes twice.
    """
    big = min(BIG_FORUM_ARTICLES, newsgroups * 24 // 25)
    forums = {BIG_FORUM}
    known: set[bytes] = set()
    with tarfile.open(path, "w") as tar:
        for raw in articles(None):
            count = len(known)
            if count + len(forums) >= newsgroups:
                break
            named = _MESSAGE_ID.search(raw)
            if named is None or named[1] in known:
                continue
            known.add(named[1])
            forum = BIG_FORUM if count < big else f"bench.other{count % OTHER_FORUMS}"
            if forum not in forums and count + len(forums) + 2 > newsgroups:
                forum = BIG_FORUM
            forums.add(forum)
            entry = tarfile.TarInfo(f"{forum}/{count + 1}")
            entry.size = len(raw)
            tar.addfile(entry, io.BytesIO(raw))
    kind = "real" if "CLIQUENNTP_CORPUS" in os.environ else "generated"
    kind += " and generated" if kind == "real" and count > REAL_ARTICLES else ""
    return f"{count:,} {kind} articles, {min(big, count):,} of them in one forum"


def _real(corpus: Path) -> Iterator[bytes]:
    """Yield articles of Usenet as they were sent."""
    with tarfile.open(corpus / "20_newsgroups.tar.gz") as tar:
        for entry in tar:
            source = tar.extractfile(entry) if entry.isfile() else None
            if source is not None:
                yield source.read()


def _generated() -> Iterator[bytes]:
    """Yield articles in threads, with sizes like those of mailing lists: half of them below 2 KB, some of 50 KB."""
    dice = random.Random(1)
    references: list[str] = []
    subject = ""
    for serial in itertools.count():
        message_id = f"<bench{serial}@example.com>"
        if not references or dice.random() < 0.4:
            subject = " ".join(dice.choices(WORDS, k=5)).capitalize()
            references = []
        elif not subject.startswith("Re: "):
            subject = f"Re: {subject}"
        lines = [" ".join(dice.choices(WORDS, k=11)) for _ in range(min(700, int(dice.lognormvariate(3.2, 0.9)) + 1))]
        head = [
            f"From: Writer {serial % 97} <writer{serial % 97}@example.com>",
            f"Subject: {subject}",
            f"Date: {serial % 28 + 1} Jan 2024 12:00:00 +0000",
            f"Message-ID: {message_id}",
            *([f"References: {' '.join(references[-10:])}"] if references else []),
        ]
        references.append(message_id)
        yield "\r\n".join([*head, "", *lines, ""]).encode()
