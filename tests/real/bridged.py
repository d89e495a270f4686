"""An INN and a node with a bridge between them: what both hold, compared, and people who post on both sides."""

from __future__ import annotations

import json
import random
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path

import attrs

from benchmarks.inn import Inn
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.waiting import wait_for

NEWSGROUP = "bridged.talk"
FORUM = "clique.talk"
KEPT_FIELDS = ("From", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version")
"""what must be equal on both sides, octet by octet, beside the body; a Date too, but for articles without one"""

_OF_ITS_WAY = re.compile(rb"^(Newsgroups|Path|Xref|Control|Approved|Supersedes):.*(?:\n[ \t].*)*\n", re.M | re.I)
"""fields that would send an article elsewhere, or take another one away"""


def corpus_articles(corpus: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield (message-id, article) of real articles, as if they had been posted to NEWSGROUP; each Message-ID once."""
    seen = set()
    with tarfile.open(corpus / "20_newsgroups.tar.gz") as archive:
        for member in archive:
            found = archive.extractfile(member) if member.isfile() else None
            if found is None:
                continue
            head, _, body = found.read().partition(b"\n\n")
            message_id = re.search(rb"^Message-ID:\s*(<\S+>)\s*$", head, re.M | re.I)
            if message_id is None or message_id[1] in seen:
                continue
            seen.add(message_id[1])
            head = _OF_ITS_WAY.sub(b"", head + b"\n")
            head = b"Path: feeder.example.net!not-for-mail\nNewsgroups: %s\n%s" % (NEWSGROUP.encode(), head)
            yield message_id[1], re.sub(rb"\r?\n", b"\r\n", head + b"\n" + body).rstrip(b"\r\n") + b"\r\n"


def feed(port: int, articles: Iterator[tuple[bytes, bytes]], wanted: int) -> list[bytes]:
    """Hand articles to an INN until it has taken as many as are wanted; return their Message-IDs."""
    taken: list[bytes] = []
    with NewsClient("127.0.0.1", port) as client:
        while len(taken) < wanted:
            batch = [next(articles) for _ in range(min(50, wanted - len(taken)))]
            for message_id, raw in batch:
                stuffed = re.sub(rb"^\.", b"..", raw, flags=re.M)
                client.send(b"TAKETHIS %s\r\n%s.\r\n" % (message_id, stuffed))
            taken += [message_id for message_id, _ in batch if client.status().startswith("239")]
    return taken


@attrs.frozen
class Held:
    """An article as one side holds it."""

    message_id: str
    original: str
    """the Message-ID that it has where it was written"""
    subject: str
    fields: tuple[str | None, ...]
    date: str
    answers: str
    """the last Message-ID of its References"""
    body: bytes


def held_by(port: int, newsgroup: str) -> list[Held]:
    """Return all articles of a newsgroup, in order of their numbers."""
    with NewsClient("127.0.0.1", port) as client:
        client.command("MODE READER")
        count, low, high = map(int, client.command(f"GROUP {newsgroup}").split()[1:4])
        if not count:
            return []
        numbers = [int(line.split(b"\t")[0]) for line in client.listing(f"XOVER {low}-{high}")[1]]
        found = []
        for start in range(0, len(numbers), 100):
            batch = numbers[start : start + 100]
            client.pipeline(f"ARTICLE {number}" for number in batch)
            for _ in batch:
                status = client.status()
                assert status.startswith("220"), status
                found.append(_held(b"\r\n".join(client.lines()) + b"\r\n"))
        return found


def _held(raw: bytes) -> Held:
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = BytesParser(policy=compat32).parsebytes(head + b"\r\n\r\n", headersonly=True)
    values = {name.lower(): re.sub(r"\r?\n[ \t]", " ", str(value)).strip() for name, value in fields.raw_items()}
    message_id = values["message-id"]
    return Held(
        message_id,
        values.get("clique-original-message-id", message_id),
        values.get("subject", ""),
        tuple(values.get(name.lower()) for name in KEPT_FIELDS),
        values.get("date", ""),
        (values.get("references", "").split() or [""])[-1],
        body,
    )


class Bridged:
    """Both sides in a folder, and the bridge."""

    def __init__(self, folder: Path) -> None:
        # counts and history on the disk after each article: else a killed INN forgets what it has
        self.inn = Inn(folder / "inn", [NEWSGROUP.encode()], {"icdsynccount": "1", "docancels": "all"})
        self.node = NodeProcess(folder / "node", config='path_identity = "node.example.net"\n').start()

    def close(self) -> None:
        """End both."""
        self.node.kill()
        self.inn.stop()

    def bridge(self, *words: str) -> None:
        """Make the bridge; INN's port serves peers, and readers that say so."""
        server = f"tcp:127.0.0.1:{self.inn.feed_port}"
        self.node.cliquectl(
            "bridge", "add", NEWSGROUP, "--forum", FORUM, "--server", server, "--interval", "1", *words)

    def status(self) -> dict[str, dict[str, object]]:
        """Return what ``bridge status`` says of it."""
        [row] = self.node.ask("bridge", action="status")["bridges"]
        return row

    @property
    def there(self) -> list[Held]:
        """What INN holds."""
        return held_by(self.inn.port, NEWSGROUP)

    @property
    def here(self) -> list[Held]:
        """What the node holds, the forum's own document left out."""
        return held_by(self.node.nntp_port, FORUM)[1:]

    def count(self, port: int, newsgroup: str) -> int:
        """Return how many articles a newsgroup has."""
        with NewsClient("127.0.0.1", port) as client:
            client.command("MODE READER")
            return int(client.command(f"GROUP {newsgroup}").split()[1])

    def wait_until_even(self, count: int, seconds: float) -> None:
        """Wait until both sides have so many articles."""

        def is_even() -> bool:
            here = self.count(self.node.nntp_port, FORUM) - 1
            return here >= count and self.count(self.inn.port, NEWSGROUP) >= count

        try:
            wait_for(f"{count} articles on both sides", is_even, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self.status(), indent=1)}\n{self.node.log[-3000:]}") from None


def check_same(here: list[Held], there: list[Held]) -> None:
    """Fail unless both sides have the same articles, each once, with the same content, answering the same."""
    for side in (here, there):
        assert not [name for name, times in Counter(each.original for each in side).items() if times > 1]
    ours = {each.original: each for each in here}
    theirs = {each.message_id: each for each in there}
    assert ours.keys() == theirs.keys()
    original_of = {each.message_id: each.original for each in here}
    for name, one in ours.items():
        other = theirs[name]
        assert one.body == other.body, name
        assert one.fields == other.fields, name
        assert one.date == other.date, name
        if other.answers in theirs:  # what is not there can't be answered here
            assert original_of.get(one.answers, one.answers) == other.answers, name


class Poster:
    """Somebody who posts in one newsgroup of one server, new articles and answers, and remembers what was taken."""

    def __init__(self, side: str, newsgroup: str, seed: int) -> None:
        self._side = side
        self._newsgroup = newsgroup
        self._dice = random.Random(seed)
        self._number = 0
        self.taken: list[str] = []
        """subjects of the articles that got a 240"""

    def post(self, port: int, answering: str) -> str:
        """Post an article that answers the one with a Message-ID (empty: none); return the server's verdict."""
        self._number += 1
        subject = f"{self._side} {self._number}"
        references = f"References: {answering}\r\n" if answering else ""
        text = f"Grüße, {subject}.\r\n.eine Zeile mit Punkt\r\n" + "x" * self._dice.randrange(2000) + "\r\n"
        raw = (
            f"From: {self._side} <{self._side}@example.com>\r\nSubject: {subject}\r\nNewsgroups: {self._newsgroup}\r\n"
            f"{references}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Transfer-Encoding: 8bit\r\n\r\n{text}"
        ).encode()
        try:
            with NewsClient("127.0.0.1", port, timeout=10) as client:
                client.command("MODE READER")
                status = client.post(raw)
        except (OSError, EOFError) as error:
            return f"away: {error}"
        if status.startswith("240"):
            self.taken.append(subject)
        return status

    def message_id_of_some(self, port: int, last: int = 30) -> str:
        """Return the Message-ID of one of the newest articles on the other or on this side; empty where none is got."""
        try:
            with NewsClient("127.0.0.1", port, timeout=10) as client:
                client.command("MODE READER")
                _, _, _, high, *_ = client.command(f"GROUP {self._newsgroup}").split()
                rows = client.listing(f"XOVER {max(1, int(high) - last)}-{high}")[1]
        except (OSError, EOFError, ValueError):
            return ""
        return self._dice.choice(rows).split(b"\t")[4].decode() if rows else ""
