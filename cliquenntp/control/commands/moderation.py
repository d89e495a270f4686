"""cliquectl's commands for moderators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cliquenntp.control.commands.line import FOR_ACCOUNT, CommandLine, joined, said
from cliquenntp.units import octets_text


def _show_moderators(result: Mapping[str, Any]) -> str:
    lines = [f"{moderator['key']}  {moderator['address']}" for moderator in result["moderators"]]
    return "\n".join([*([result["text"]] if result["text"] else []), *lines])


def _show_nocem(result: Mapping[str, Any]) -> str:
    if "text" in result:
        return str(result["text"])
    return "\n".join(f"{row['forum']}  {row['key']}" for row in result["honoured"]) or "nobody is honoured"


def _show_waiting(row: Mapping[str, Any]) -> str:
    return f"{row['id']}  {octets_text(row['size'])}  {row['from']}  {row['subject']}"


COMMANDS = (
    CommandLine(
        name="waiting",
        help="list what waits for a moderator in a forum, in the order in which it came",
        arguments=((("name",), {"metavar": "FORUM", "help": "a moderated forum, as clique.tea"}),),
        lists=True,
        show=lambda _: "nothing waits",
        show_row=_show_waiting,
    ),
    CommandLine(
        name="approve",
        help="show articles that wait in moderated forums",
        arguments=(
            (("names",), {
                "nargs": "+", "metavar": "ID", "help": "an article's id, as `waiting` lists it, or its Message-ID",
            }),
            FOR_ACCOUNT,
        ),
        show=said,
        prepare=joined,
    ),
    CommandLine(
        name="moderators",
        help="show who moderates a forum and your own key, or name others from now on",
        arguments=(
            (("name",), {
                "nargs": "?", "metavar": "FORUM", "help": "a forum, as clique.tea; without it your own key is shown",
            }),
            (("--add",), {"action": "append", "metavar": "KEY", "help": "a key that moderates too"}),
            (("--remove",), {"action": "append", "metavar": "KEY", "help": "a key that moderates no more"}),
            FOR_ACCOUNT,
        ),
        show=_show_moderators,
        prepare=joined,
    ),
    CommandLine(
        name="work",
        help="show the proof of work that posts take in a forum, or ask for another from now on",
        arguments=(
            (("name",), {"metavar": "FORUM", "help": "a forum, as clique.tea"}),
            (("bits",), {
                "nargs": "?", "metavar": "BITS", "help": "zero bits of a SHA-256, each doubles the work; 0: none",
            }),
            FOR_ACCOUNT,
        ),
        show=said,
    ),
    CommandLine(
        name="nocem",
        help="hide what others advise to hide: honour somebody's NoCeM messages in a forum, or write one",
        arguments=(
            (("action",), {"choices": ("follow", "unfollow", "list", "issue"), "help": "what to do"}),
            (("names",), {
                "nargs": "*", "metavar": "NAME",
                "help": "with follow and unfollow a key, with issue ids or Message-IDs of articles",
            }),
            (("--forum",), {"metavar": "FORUM", "help": "where it counts, as clique.tea"}),
            (("--undo",), {"action": "store_true", "help": "with issue: show the articles that you had hidden"}),
            (("--type",), {"default": "spam", "help": "with issue: one word that says why (default: spam)"}),
            FOR_ACCOUNT,
        ),
        show=_show_nocem,
        prepare=joined,
    ),
)
