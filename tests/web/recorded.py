"""Commands of a node that is not there: what a page asks for is noted, and answered with something hostile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cliquenntp.web import Outcome, RefusedError

STATUS = {
    "version": "1", "uptime": 200, "data": "/data", "bytes": 12_345_678, "quota": 10**9, "node": "key",
    "address": "owner@invalid",
    "nntp": ["tcp:127.0.0.1:1119"], "web": [], "readers": 1, "clique": [], "i2p": "",
    "peers": [], "received": 3, "repeated": 0,
    "sent": 2, "forums": 1, "documents": 7, "troubles": ["the disk is <full>"],
    "posts": [{"newsgroup": "clique.a", "subject": "<b>", "nodes": 0, "waits": True}],
}
NOW = 1_800_000_000.0
DELIVERIES = (
    {"at": NOW - 2, "way": "out", "node": "second", "forum": "clique.a", "id": "x", "subject": "<b>", "age": 3.0},
    {"at": NOW - 3, "way": "in", "node": "<first>&\"", "forum": "clique.a", "id": "x", "subject": "<b>", "age": 2.0},
)


class Recorded:
    """A node's commands that notes what it was asked, and holds one forum with a hostile subject."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def __call__(self, name: str, arguments: Mapping[str, Any], most_rows: int) -> Outcome:
        self.asked.append((name, arguments))
        if name == "status":
            return Outcome((), STATUS)
        if name == "forums":
            subject = "<script>alert(1)</script>"
            return Outcome(({"name": "clique.a", "subject": subject, "articles": 3, "id": "x", "work": 20},))
        if name == "create-forum":
            return Outcome((), {"name": "clique." + arguments["name"]})
        if name == "peers":
            return Outcome()
        if name == "deliveries":
            return Outcome(DELIVERIES)
        if name == "status-that-fails":
            raise ZeroDivisionError
        raise RefusedError(f"no {name} today")

    @property
    def changes(self) -> list[str]:
        """The commands that change something, as they were asked."""
        return [name for name, _ in self.asked if name not in ("status", "forums", "peers", "deliveries")]
