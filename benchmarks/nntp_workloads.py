"""What is asked of a news server, made of what it has."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Iterator, Sequence
from email.utils import formatdate

import attrs

from benchmarks.nntp_clients import Server, Workload
from cliquenntp.newsgroup.importing import read_date
from tests.nntp_client import NewsClient

BIG_WINDOW = 10_000
MOST_REQUESTS = 4_000
"""different requests of a workload"""
POST_SIZE = 2048
FEED_GROUP = b"bench.feed"


@attrs.frozen
class World:
    """What there is to ask for."""

    groups: tuple[bytes, ...]
    big: bytes
    """the newsgroup with the most articles"""
    numbers: tuple[int, ...]
    ids: tuple[bytes, ...]

    @classmethod
    def look(cls, server: Server) -> World:
        """Ask a server what it has."""
        with NewsClient(server.host, server.port) as client:
            client.command("MODE READER")
            active = [line.split() for line in client.listing("LIST ACTIVE")[1]]
            sizes = {words[0]: int(words[1]) - int(words[2]) for words in active}
            groups = sorted(sizes, key=lambda name: (-sizes[name], name))
            client.command(f"GROUP {groups[0].decode()}")
            overview = [line.split(b"\t") for line in client.listing("XOVER 1-")[1]]
        numbers = tuple(int(fields[0]) for fields in overview)
        return cls(tuple(groups), groups[0], numbers, tuple(fields[4] for fields in overview))

    def windows(self, size: int) -> list[str]:
        """Return ranges of so many articles, or of all where there are fewer."""
        size = min(size, len(self.numbers))
        dice = random.Random(size)
        starts = [dice.randint(0, len(self.numbers) - size) for _ in range(200)]
        return [f"{self.numbers[start]}-{self.numbers[start + size - 1]}" for start in starts]


def reading(world: World) -> dict[str, Workload]:
    """Return the workloads that change nothing, by name."""
    dice = random.Random(1)
    ids = list(world.ids)
    dice.shuffle(ids)
    ids = ids[:MOST_REQUESTS]
    numbers = world.numbers[:MOST_REQUESTS]
    groups = list(world.groups[:200])
    dice.shuffle(groups)
    big = (b"MODE READER", b"GROUP " + world.big)
    over = world.windows(BIG_WINDOW)[:5]
    in_over = min(BIG_WINDOW, len(world.numbers))
    return {
        "group": Workload("GROUP", [b"GROUP " + name for name in groups], False),
        "stat": Workload("STAT by message-id", [b"STAT " + name for name in ids], False),
        "article": Workload("ARTICLE by number", [b"ARTICLE %d" % n for n in numbers], True, big),
        "article-id": Workload("ARTICLE by message-id", [b"ARTICLE " + name for name in ids]),
        "head-pipelined": Workload("HEAD, 32 pipelined", [b"HEAD %d" % n for n in numbers], True, big, 32),
        "over-100": Workload("OVER of 100", [f"OVER {w}".encode() for w in world.windows(100)], True, big),
        "over-10000": Workload(f"OVER of {in_over:,}", [f"OVER {w}".encode() for w in over], True, big),
        "hdr-1000": Workload(
            "HDR Subject of 1,000", [f"HDR Subject {w}".encode() for w in world.windows(1000)], True, big
        ),
        "xpat-10000": Workload(
            f"XPAT over {in_over:,}", [f"XPAT Subject {w} *the*".encode() for w in over], True, big
        ),
        "list-active": Workload(f"LIST ACTIVE, {len(world.groups):,} groups", [b"LIST ACTIVE"]),
        "listgroup": Workload(f"LISTGROUP of {len(world.numbers):,}", [b"LISTGROUP " + world.big]),
        "newnews": Workload(
            f"NEWNEWS of {len(world.numbers):,}", [b"NEWNEWS %s 19900101 000000 GMT" % world.big]
        ),
    }


def posting(world: World) -> dict[str, Workload]:
    """Return the workload that posts, by name."""
    serial = itertools.count(time.time_ns())

    def article() -> bytes:
        head = b"From: Load <load@example.com>\r\nNewsgroups: %s\r\n" % world.big
        head += b"Subject: load %d\r\n\r\n" % next(serial)
        line = b"The quick brown fox jumps over the lazy dog, and then does it again\r\n"
        return head + line * ((POST_SIZE - len(head)) // len(line)) + b".\r\n"

    return {"post": Workload("POST 2 KB, 64 writers", [b"POST"], False, (b"MODE READER",), 1, article, 64)}


def feeding(articles: Sequence[bytes]) -> dict[str, Workload]:
    """Return the workloads that feed articles as another server would, by name; threads stay threads."""
    serial = itertools.count(time.time_ns())
    prepared = [_for_feed(raw) for raw in articles]

    def fresh() -> Iterator[tuple[bytes, bytes]]:
        while True:
            round_of = b".%d@" % next(serial)
            for message_id, head, body in prepared:
                yield message_id.replace(b"@", round_of), head.replace(b"\0@", round_of) + body

    def takethis() -> Iterator[bytes]:
        for message_id, article in fresh():
            yield b"TAKETHIS %s\r\n%s." % (message_id, article)

    def check() -> Iterator[bytes]:
        for message_id, _ in fresh():
            yield b"CHECK " + message_id

    return {
        "check": Workload("CHECK, 16 pipelined", check, False, (), 16, is_feed=True),
        "takethis": Workload("TAKETHIS, 16 pipelined", takethis, False, (), 16, is_feed=True),
    }


_FIELD = re.compile(rb"^([!-9;-~]+):(.*(?:\r\n[ \t].*)*)\r\n", re.MULTILINE)
_KEPT = (b"from", b"subject", b"date", b"message-id", b"references", b"organization", b"lines", b"reply-to")


def _for_feed(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Return (message-id, header and empty line with NUL before each @ of an id, body dot-stuffed) of an article.

    Header fields in which articles of 1993 break RFC 5536, which INN refuses, are repaired.
    """
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n").replace(b"\0", b"")
    head, _, body = text.partition(b"\r\n\r\n")
    found = {name.lower(): b" ".join(value.split()) for name, value in _FIELD.findall(head + b"\r\n")}
    date = read_date(found.get(b"date", b"")) or 735_000_000
    found[b"date"] = formatdate(date).encode()
    ids = re.findall(rb"<[^<>\s@]+@[^<>\s@]+>", found.get(b"references", b""))[-20:]
    [message_id] = re.findall(rb"<[^<>\s@]+@[^<>\s@]+>", found[b"message-id"])[:1] or [b"<%x@example.com>" % hash(raw)]
    found[b"message-id"] = message_id.replace(b"@", b"\0@")
    found[b"references"] = b" ".join(ids).replace(b"@", b"\0@")
    fields = [b"Path: feeder.example.com!not-for-mail", b"Newsgroups: " + FEED_GROUP]
    fields += [b"%s: %s" % (name.title(), found[name]) for name in _KEPT if found.get(name)]
    stuffed = body.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    if not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n"
    return message_id, b"\r\n".join(fields) + b"\r\n\r\n", stuffed
