"""cliquectl's command about newsgroups of other servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cliquenntp.control.commands.line import CommandLine

REFUSALS_SHOWN = 5
"""last ones, each way; --json has more"""


def _show(result: Mapping[str, Any]) -> str:
    if "text" in result:
        return str(result["text"])
    shown = [line for row in result["bridges"] for line in _lines(row, result["action"] == "status")]
    return "\n".join(shown) or "no bridges: `cliquectl bridge add NEWSGROUP --server tcp:HOST:PORT` makes one"


def _lines(row: Mapping[str, Any], is_whole: bool) -> Iterator[str]:
    ways = ", ".join(f"{way} {row[way]['how']}" for way in ("in", "out") if row[way] is not None)
    name = "" if row["name"] == row["newsgroup"] else f"{row['name']}: "
    yield f"{name}{row['newsgroup']} at {row['server']} is {row['forum']} ({ways})"
    for way in ("in", "out"):
        if row[way] is not None and (is_whole or row[way]["trouble"]):
            yield from _way_lines(way, row[way])


def _way_lines(name: str, way: Mapping[str, Any]) -> Iterator[str]:
    counts = ", ".join(
        f"{way[count]} {count}" for count in ("taken", "sent", "held", "refused", "cancelled") if count in way)
    yield f"  {name:3} {counts}"
    if way.get("waiting"):
        yield f"      {way['waiting']} documents to look at"
    if way["trouble"]:
        yield f"      stands still: {way['trouble']}"
    for refusal in way["refusals"][-REFUSALS_SHOWN:]:
        yield f"      refused {refusal['message_id']}: {refusal['reason']}"


def _absolute_login(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"login": values["login"] and str(Path(values["login"]).expanduser().absolute())}


COMMANDS = (
    CommandLine(
        name="bridge",
        help="let a newsgroup of another news server be a forum here, and the forum a newsgroup there",
        arguments=(
            (("action",), {
                "nargs": "?", "choices": ("list", "status", "add", "remove"),
                "help": "what to do (default: list); status also tells what went over and what was refused",
            }),
            (("newsgroup",), {"nargs": "?", "metavar": "NEWSGROUP", "help": "the newsgroup there, or a bridge's name"}),
            (("--server",), {"metavar": "tcp:HOST:PORT|tls:HOST:PORT", "help": "the news server"}),
            (("--forum",), {"help": "the forum here (default: of the newsgroup's name)"}),
            (("--in",), {
                "choices": ("pull", "fed", "off"),
                "help": "how articles come: asked for as a newsreader does (pull, default), handed on by the server to "
                        "the node's feed port, or not",
            }),
            (("--out",), {
                "choices": ("feed", "post", "off"),
                "help": "how articles go: offered as to a peer (feed, default), posted as a newsreader does, or not",
            }),
            (("--login",), {"metavar": "FILE", "help": "a file of mode 600 with user and password, a line each"}),
            (("--interval",), {"type": int, "metavar": "SECONDS", "help": "between two looks (default: 60)"}),
            (("--name",), {"help": "the bridge's name, where a newsgroup has several (default: the newsgroup)"}),
            (("--from-now-on",), {"action": "store_true", "help": "what is there already stays where it is"}),
        ),
        show=_show,
        prepare=_absolute_login,
    ),
)
