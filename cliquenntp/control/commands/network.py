"""cliquectl's commands about other nodes, invitations, and what is followed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cliquenntp.control.commands.line import FOR_ACCOUNT, Arguments, CommandLine, said
from cliquenntp.units import clock_text, duration_text, octets_text


def _absolute_file(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"file": values["file"] and str(Path(values["file"]).expanduser().absolute())}


def _invitation_or_path(values: dict[str, Any]) -> dict[str, Any]:
    """Whatever is no invitation is taken for the path of an invitation file."""
    text = values["invitation"].strip()
    if text.startswith("clique:"):
        return values
    return values | {"invitation": "", "path": str(Path(text).expanduser().absolute())}


def _show_peer(peer: Mapping[str, Any]) -> str:
    if not peer["key"]:
        return f"{peer['address']}  {peer['state']}"
    traffic = f"{octets_text(peer['bytes_received'])} in, {octets_text(peer['bytes_sent'])} out"
    waiting = f", {octets_text(peer['waiting'])} wait" if peer["waiting"] else ""
    line = f"{peer['address']}  {peer['key']}  {traffic}{waiting}"
    return "\n".join([line, *(f"{'':10}{_show_shared(row)}" for row in peer["shared"])])


def _show_shared(row: Mapping[str, Any]) -> str:
    name = row["newsgroup"] + (", its own comments alone" if row["depth"] == "comments" else "")
    lag = f"{row['behind']} documents to come" if row["behind"] else "" if row["compared"] else "being compared"
    return f"{name} ({row['role']}{', ' if lag else ''}{lag})"


def _show_delivery(row: Mapping[str, Any]) -> str:
    way = "from" if row["way"] == "in" else "to  "
    return (
        f"{clock_text(row['at'])}  {way} {row['node'][:8]}  {duration_text(row['age'])} old  "
        f"{row['forum']}: {row['subject']}")


_DEPTH: Arguments = (
    (
        ("--depth",),
        {"choices": ("all", "comments"), "default": "all", "help": "all below it, or its own comments alone"},
    ),
)


_CHANNEL: Arguments = (
    (("name",), {"metavar": "NEWSGROUP", "help": "a newsgroup or a document's id"}),
    *_DEPTH,
)


_ACCOUNT: Arguments = (
    (("--account",), {"default": "owner", "help": "whose follow it is (default: the owner's)"}),
)


COMMANDS = (
    CommandLine(
        name="invite",
        help="print an invitation to a forum, or to a document with all below it",
        arguments=(
            (("name",), {"metavar": "NEWSGROUP", "help": "the forum's or document's newsgroup, or a document's id"}),
            (("--file",), {"metavar": "PATH", "help": "write a file that also has the document, to read it offline"}),
            FOR_ACCOUNT,
        ),
        show=lambda result: f"written to {result['file']}" if result["file"] else str(result["invitation"]),
        prepare=_absolute_file,
    ),
    CommandLine(
        name="join",
        help="join what an invitation invites to",
        arguments=(
            (("invitation",), {"metavar": "INVITATION", "help": "what `cliquectl invite` printed, or the file's path"}),
            (("--since",), {"metavar": "DAY", "help": "take no older articles (2026-01-31, or seconds since 1970)"}),
            *_DEPTH,
            FOR_ACCOUNT,
        ),
        show=said,
        prepare=_invitation_or_path,
    ),
    CommandLine(
        name="peers",
        help="list the links to other nodes, and the addresses being dialled",
        arguments=(FOR_ACCOUNT,),
        lists=True,
        show=lambda _: "no link: `cliquectl join INVITATION` or `cliquectl connect ADDRESS` makes one",
        show_row=_show_peer,
    ),
    CommandLine(
        name="deliveries",
        help="list the documents that came from other nodes and went to them last, newest first",
        arguments=(
            (("name",), {"nargs": "?", "metavar": "NEWSGROUP", "help": "only this, and what is below it"}),
            FOR_ACCOUNT,
        ),
        lists=True,
        show=lambda _: "nothing came or went since the node's start",
        show_row=_show_delivery,
    ),
    CommandLine(
        name="connect",
        help="open a link to another node",
        arguments=(
            (("address",), {"metavar": "[KEY@]ADDRESS", "help": "as i2p:..., tls:HOST:PORT"}),
            FOR_ACCOUNT,
        ),
        show=said,
    ),
    CommandLine(
        name="graph",
        help="draw which nodes this one shares a document with, as far as it sees",
        arguments=(
            (("name",), {"metavar": "NEWSGROUP", "help": "a newsgroup or a document's id"}),
            (("--format",), {"choices": ("dot", "svg"), "default": "dot", "help": "for Graphviz, or a picture (SVG)"}),
            FOR_ACCOUNT,
        ),
        show=lambda result: said(result).rstrip("\n"),
    ),
    CommandLine(
        name="resync",
        help="compare what is here with other nodes now",
        arguments=(*_CHANNEL, FOR_ACCOUNT),
        show=said,
    ),
    CommandLine(
        name="follow",
        help="follow a forum or a document that is here: what is new below it comes in by itself",
        arguments=(*_CHANNEL, *_ACCOUNT),
        show=said,
    ),
    CommandLine(
        name="unfollow",
        help="follow it no more, not by reading it either; what is here stays",
        arguments=(_CHANNEL[0], *_ACCOUNT),
        show=said,
    ),
)
