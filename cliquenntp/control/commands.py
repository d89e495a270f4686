"""cliquectl's commands: their arguments, and how their answers look to people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from getpass import getpass
from pathlib import Path
from typing import Any

import attrs

from cliquenntp.control.passphrase import passphrase_from

Arguments = tuple[tuple[tuple[str, ...], dict[str, Any]], ...]


@attrs.frozen(kw_only=True)
class CommandLine:
    """One command of cliquectl."""

    name: str
    help: str
    arguments: Arguments = ()
    """argparse's add_argument, each as (names, options)"""
    lists: bool = False
    """whether the answer is a list of rows; ``show`` then prints an empty one"""
    show: Callable[[Mapping[str, Any]], str]
    """a result as text"""
    show_row: Callable[[Mapping[str, Any]], str] = str
    program: str = ""
    """a module that is run with the words instead of asking the node"""
    prepare: Callable[[dict[str, Any]], dict[str, Any]] = attrs.field(default=dict)
    """what goes to the node, from what was typed"""

    def argument_names(self) -> tuple[str, ...]:
        """Return the names of the arguments as the node sees them."""
        return tuple(names[0].lstrip("-").replace("-", "_") for names, _ in self.arguments)


def _size(octets: int) -> str:
    value = float(octets)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def _show_status(status: Mapping[str, Any]) -> str:
    lines = [
        f"cliquenntp {status['version']}, running for {status['uptime']} s",
        f"data       {status['data']} ({_size(status['bytes'])} of {_size(status['quota'])})",
        f"node key   {status['node']}",
        f"identity   {status['address']}",
        *(f"nntp       {address}" for address in status["nntp"]),
        *(f"public     {address or 'not up yet'}" for address in status["public"]),
        *(f"accounts   {address or 'not up yet'}" for address in status["accounts"]),
        *([f"TLS        SHA-256 {status['certificate']}"] if status["certificate"] else []),
        *(f"clique     {address}" for address in status["clique"] or ["off"]),
        f"readers    {status['readers']}",
        f"holds      {status['documents']} documents in {status['forums']} forums",
    ]
    lines += (f"peer       {peer['address']}  {peer['key']}  {peer['state']}" for peer in status["peers"])
    lines += (f"post       {_show_post(post)}" for post in status["posts"])
    lines += (f"follows    {_show_follow(follow)}" for follow in status["follows"])
    lines += (f"trouble    {trouble}" for trouble in status["troubles"])
    return "\n".join(lines)


def _show_post(post: Mapping[str, Any]) -> str:
    state = "waits for another node" if post["waits"] else f"sent to {post['nodes'] or 'some'} nodes"
    return f"{post['newsgroup']}: {post['subject']} ({state})"


def _show_follow(follow: Mapping[str, Any]) -> str:
    depth = "" if follow["depth"] == "all" else ", its own comments alone"
    why = "asked for" if follow["reason"] == "explicit" else f"by reading, until {follow['lapses']}"
    since = f", from {follow['since']} on" if follow["since"] else ""
    return f"{follow['name']}{depth}: {follow['account']}, {why}{since}"


def _show_forum(forum: Mapping[str, Any]) -> str:
    line = f"{forum['articles']:>8}  {forum['name']}  {forum['subject']}"
    line += "" if forum["is_reached"] else " (no other node has answered yet)"
    reasons = [_show_follow(follow) for follow in forum["follows"]] or ["not followed; what came before is kept"]
    return "\n".join([line, *(f"{'':10}{reason}" for reason in reasons)])


def _show_report(report: Mapping[str, Any]) -> str:
    lines = [
        f"{report['read']} articles read, {report['taken']} taken in {report['seconds']:.1f} s",
        f"{report['held']} were there already, {report['duplicates']} were duplicates in the archive",
        f"{report['repaired']} of those taken were repaired, {report['refused']} refused",
    ]
    if report["damage"]:
        lines.append(f"the archive could not be read to its end: {report['damage']}")
    lines += (f"  {count:>7}  clique.{name}" for name, count in report["forums"].items())
    lines += (f"  repaired {count:>7} times: {reason}" for reason, count in report["repairs"].items())
    lines += (f"  refused {article}: {reason}" for article, reason in report["refusals"])
    return "\n".join(lines)


def _show_expiry(report: Mapping[str, Any]) -> str:
    lines = [f"{report['documents']} documents, {_size(report['octets'])}"]
    lines += (f"  {count:>7}  {reason}" for reason, count in report["by_reason"].items())
    lines += (f"  {count:>7}  {name}" for name, count in report["by_forum"].items())
    return "\n".join(lines)


def _absolute(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"path": str(Path(values["path"]).expanduser().absolute())}


def _with_passphrase(values: dict[str, Any]) -> dict[str, Any]:
    file = values.pop("passphrase_file")
    return _absolute(values) | {"passphrase": passphrase_from(file and Path(file), is_new=True)}


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
    traffic = f"{_size(peer['bytes_received'])} in, {_size(peer['bytes_sent'])} out"
    waiting = f", {_size(peer['waiting'])} wait" if peer["waiting"] else ""
    line = f"{peer['address']}  {peer['key']}  {traffic}{waiting}"
    return "\n".join([line, *(f"{'':10}{_show_shared(row)}" for row in peer["shared"])])


def _show_shared(row: Mapping[str, Any]) -> str:
    name = row["newsgroup"] + (", its own comments alone" if row["depth"] == "comments" else "")
    lag = f"{row['behind']} documents to come" if row["behind"] else "" if row["compared"] else "being compared"
    return f"{name} ({row['role']}{', ' if lag else ''}{lag})"


_DEPTH: Arguments = (
    (
        ("--depth",),
        {"choices": ("all", "comments"), "default": "all", "help": "all below it, or its own comments alone"},
    ),
)

def _show_user(result: Mapping[str, Any]) -> str:
    if "accounts" in result:
        return "\n".join(map(_account_line, result["accounts"])) or "no accounts: `cliquectl user add NAME` makes one"
    if "account" not in result:
        return str(result.get("text") or result["address"])
    lines = [_account_line(result["account"])]
    if result.get("password"):
        lines.append(f"password: {result['password']}  (shown this once)")
    return "\n".join(lines)


def _account_line(account: Mapping[str, Any]) -> str:
    forums = "all forums" if account["forums"] is None else " ".join(account["forums"])
    rights = ",".join(account["rights"]) if account["can_log_in"] else "cannot log in"
    return f"{account['name']}  {rights}  {forums}  {account['address']}"


def _with_password(values: dict[str, Any]) -> dict[str, Any]:
    password = None
    if values.get("password"):
        password = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return values | {"password": password}


_CHANNEL: Arguments = (
    (("name",), {"metavar": "NEWSGROUP", "help": "a newsgroup or a document's id"}),
    *_DEPTH,
)

_ACCOUNT: Arguments = (
    (("--account",), {"default": "owner", "help": "whose follow it is (default: the owner's)"}),
)

COMMANDS: tuple[CommandLine, ...] = (
    CommandLine(name="status", help="show what the node is doing", show=_show_status),
    CommandLine(
        name="forums",
        help="list the forums that the node holds",
        lists=True,
        show=lambda _: "no forum yet: `cliquectl create-forum NAME` makes one, `cliquectl join INVITATION` joins one",
        show_row=_show_forum,
    ),
    CommandLine(
        name="create-forum",
        help="make a forum clique.NAME",
        arguments=(
            (("name",), {"metavar": "NAME", "help": "letters, digits and hyphens in components joined by dots"}),
            (("--description",), {"default": "", "help": "one line that says what the forum is about"}),
        ),
        show=lambda result: f"{result['name']}\ninvite others with `cliquectl invite {result['name']}`",
    ),
    CommandLine(
        name="import",
        help="take in an mbox file, or a tar file or a folder of articles",
        arguments=(
            (("path",), {"metavar": "PATH", "help": "an mbox file, a tar file or a folder of GROUP/NUMBER files"}),
            (("--forum",), {"help": "forum for all articles (default: by the folder's or the file's name)"}),
        ),
        show=_show_report,
        prepare=_absolute,
    ),
    CommandLine(
        name="invite",
        help="print an invitation to a forum, or to a document with all below it",
        arguments=(
            (("name",), {"metavar": "NEWSGROUP", "help": "the forum's or document's newsgroup, or a document's id"}),
            (("--file",), {"metavar": "PATH", "help": "write a file that also has the document, to read it offline"}),
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
        ),
        show=lambda result: str(result["text"]),
        prepare=_invitation_or_path,
    ),
    CommandLine(
        name="peers",
        help="list the links to other nodes, and the addresses being dialled",
        lists=True,
        show=lambda _: "no link: `cliquectl join INVITATION` or `cliquectl connect ADDRESS` makes one",
        show_row=_show_peer,
    ),
    CommandLine(
        name="connect",
        help="open a link to another node",
        arguments=((("address",), {"metavar": "[KEY@]ADDRESS", "help": "as i2p:..., tls:HOST:PORT"}),),
        show=lambda result: str(result["text"]),
    ),
    CommandLine(
        name="graph",
        help="draw which nodes this one shares a document with, as far as it sees",
        arguments=(
            (("name",), {"metavar": "NEWSGROUP", "help": "a newsgroup or a document's id"}),
            (("--format",), {"choices": ("dot", "svg"), "default": "dot", "help": "for Graphviz, or a picture (SVG)"}),
        ),
        show=lambda result: str(result["text"]).rstrip("\n"),
    ),
    CommandLine(
        name="resync",
        help="compare what is here with other nodes now",
        arguments=_CHANNEL,
        show=lambda result: str(result["text"]),
    ),
    CommandLine(
        name="follow",
        help="follow a forum or a document that is here: what is new below it comes in by itself",
        arguments=(*_CHANNEL, *_ACCOUNT),
        show=lambda result: str(result["text"]),
    ),
    CommandLine(
        name="unfollow",
        help="follow it no more, not by reading it either; what is here stays",
        arguments=(_CHANNEL[0], *_ACCOUNT),
        show=lambda result: str(result["text"]),
    ),
    CommandLine(
        name="link",
        help="let an article appear under a second one, or a whole thread's first article in another thread",
        arguments=(
            (("name",), {"metavar": "DOCUMENT", "help": "its newsgroup, or its id"}),
            (("parent",), {"metavar": "PARENT", "help": "where it shall appear, in the same forum"}),
        ),
        show=lambda result: str(result["text"]),
    ),
    CommandLine(
        name="backup",
        help="write the node's keys and documents to a sealed file, while it runs",
        arguments=(
            (("path",), {"metavar": "FILE", "help": "a new file"}),
            (("--passphrase-file",), {"metavar": "FILE", "help": "where the passphrase is (default: ask)"}),
        ),
        prepare=_with_passphrase,
        show=lambda manifest: f"{_size(manifest['octets'])} of documents and {manifest['files']} files are in it",
    ),
    CommandLine(
        name="check",
        help="look at what a node needs, before it starts or while it runs, and say how to mend it",
        show=str,
        program="cliquenntp.service.check",
    ),
    CommandLine(
        name="restore",
        help="put a backup into a data folder that is empty and in which no node runs",
        show=str,
        program="cliquenntp.service.restore",
    ),
    CommandLine(
        name="expire",
        help="drop what the rules and the quota say, now",
        arguments=((("--dry-run",), {"action": "store_true", "help": "only tell what would go"}),),
        show=_show_expiry,
    ),
    CommandLine(
        name="pack",
        help="free the room on the disk that nothing needs any more",
        show=lambda report: (
            f"packed from {_size(report['before'])} to {_size(report['after'])} in {report['seconds']:.1f} s"),
    ),
    CommandLine(
        name="bookmark",
        help="keep a document whatever expires",
        arguments=(
            (("name",), {"metavar": "NEWSGROUP", "help": "a newsgroup or a document's id"}),
            (("--remove",), {"action": "store_true", "help": "keep it no longer than others"}),
        ),
        show=lambda result: str(result["text"]),
    ),
    CommandLine(
        name="bookmarks",
        help="list what is kept whatever expires",
        lists=True,
        show=lambda _: "nothing: `cliquectl bookmark NEWSGROUP` keeps a document",
        show_row=lambda row: f"{row['name']}  {row['subject']}",
    ),
    CommandLine(
        name="verify",
        help="look whether everything in the database is as it was stored",
        lists=True,
        show=lambda result: str(result["text"]),
        show_row=lambda row: f"{row['where']}: {row['what']}",
    ),
    CommandLine(
        name="user",
        help="print the address to set as the newsreader's identity, or make and change accounts that can log in",
        arguments=(
            (("action",), {
                "nargs": "?", "choices": ("list", "add", "remove", "password", "rights"), "help": "what to do",
            }),
            (("name",), {"nargs": "?", "metavar": "NAME", "help": "the account; owner is yourself"}),
            (("--rights",), {"help": "some of read,post,create,admin (a new account has read,post)"}),
            (("--forums",), {"help": "the forums that the account sees, as clique.tea,clique.herbs, or all"}),
            (("--list",), {
                "choices": ("all", "threads", "forums"),
                "help": "the newsgroups in its lists: all, forums and threads, or forums (default: as list_scope says)",
            }),
            (("--password",), {
                "action": "store_true",
                "help": "ask for the password, or read it from standard input; without it the node makes one",
            }),
        ),
        show=_show_user,
        prepare=_with_password,
    ),
)
