"""cliquectl's commands about what is hidden and blocked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cliquenntp.control.commands.line import Arguments, CommandLine, said

_ACCOUNT: Arguments = ((("--account",), {"default": "owner", "help": "from whom (default: the owner)"}),)


def _arguments(*kinds: str) -> Arguments:
    return (
        (("kind",), {"choices": kinds, "help": "what it is"}),
        (("what",), {
            "metavar": "WHAT",
            "help": "an author's address, an article's Message-ID (in <>), a newsgroup or a document's id"
            + ("" if "peer" not in kinds else ", a node's key"),
        }),
    )


_HIDEABLE = _arguments("author", "document")
_BLOCKABLE = _arguments("author", "document", "peer", "introducer")


def _show_row(row: Mapping[str, Any]) -> str:
    return "  ".join(filter(None, (row["kind"], row["what"], row["name"])))


COMMANDS = (
    CommandLine(
        name="hide",
        help="show an author's articles, or an article with all below it, to an account no more",
        arguments=(*_HIDEABLE, *_ACCOUNT),
        show=said,
    ),
    CommandLine(
        name="unhide",
        help="show them to the account again, under the same numbers",
        arguments=(*_HIDEABLE, *_ACCOUNT),
        show=said,
    ),
    CommandLine(
        name="hidden",
        help="list what an account hides",
        arguments=_ACCOUNT,
        lists=True,
        show=lambda _: "nothing is hidden",
        show_row=_show_row,
    ),
    CommandLine(
        name="block",
        help="take nothing more by an author or below a document, link with a node or take its introductions no more",
        arguments=(*_BLOCKABLE, (("--drop",), {
            "action": "store_true", "help": "a document's text and that of all below it go from the disk, for good",
        })),
        show=said,
    ),
    CommandLine(
        name="unblock",
        help="take it again; what was refused meanwhile comes from other nodes",
        arguments=_BLOCKABLE,
        show=said,
    ),
    CommandLine(
        name="blocked",
        help="list what this node blocks",
        lists=True,
        show=lambda _: "nothing is blocked",
        show_row=_show_row,
    ),
)
