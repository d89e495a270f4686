"""cliquectl's commands about what a node does and holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cliquenntp.control.commands.line import FOR_ACCOUNT, CommandLine, joined
from cliquenntp.units import octets_text


def _show_status(status: Mapping[str, Any]) -> str:
    lines = [
        f"cliquenntp {status['version']}, running for {status['uptime']} s",
        f"data       {status['data']} ({octets_text(status['bytes'])} of {octets_text(status['quota'])})",
        f"node key   {status['node']}",
        f"identity   {status['address']}",
        *(f"nntp       {address}" for address in status["nntp"]),
        *(f"public     {address or 'not up yet'}" for address in status["public"]),
        *(f"accounts   {address or 'not up yet'}" for address in status["accounts"]),
        *(f"public web {address or 'not up yet'}" for address in status["public_web"]),
        *([f"TLS        SHA-256 {status['certificate']}"] if status["certificate"] else []),
        *(f"clique     {address}" for address in status["clique"] or ["off"]),
        *([f"I2P        {status['i2p']}"] if status["i2p"] else []),
        f"readers    {status['readers']}",
        f"holds      {status['documents']} documents in {status['forums']} forums",
    ]
    lines += (f"peer       {peer['address']}  {peer['key']}  {peer['state']}" for peer in status["peers"])
    if status["put_off"]:
        counts = ", ".join(f"{count} by {name}" for name, count in status["put_off"].items())
        lines.append(f"put off    documents of other nodes without room: {counts} (docs/security.md, Floods)")
    lines += (_show_node(node) for node in status["nodes"])
    lines += (f"post       {_show_post(post)}" for post in status["posts"])
    lines += (f"follows    {_show_follow(follow)}" for follow in status["follows"])
    lines += (f"trouble    {trouble}" for trouble in status["troubles"])
    return "\n".join(lines)


def _show_node(node: Mapping[str, Any]) -> str:
    places = " ".join(node["clique"]) or "not up yet"
    counts = f"{node['peers']} peers, {node['documents']} documents"
    return f"node of    {node['account']}: {node['node']} at {places}, {counts}"


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
    line += f" (posts take {forum['work']} bits of work)" if forum["work"] else ""
    line += "" if forum["is_reached"] else " (no other node has answered yet)"
    reasons = [_show_follow(follow) for follow in forum["follows"]] or ["not followed; what came before is kept"]
    return "\n".join([line, *(f"{'':10}{reason}" for reason in reasons)])


COMMANDS = (
    CommandLine(name="status", help="show what the node is doing", arguments=(FOR_ACCOUNT,), show=_show_status),
    CommandLine(
        name="forums",
        help="list the forums that the node holds",
        arguments=(FOR_ACCOUNT,),
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
            (("--moderated",), {
                "action": "store_true", "help": "let what others than moderators post wait for one to approve it",
            }),
            (("--moderator",), {
                "action": "append", "metavar": "KEY",
                "help": "a moderator's key, as `cliquectl moderators` prints it; may be given several times "
                "(default: whoever makes the forum)",
            }),
            (("--work",), {
                "metavar": "BITS", "help": "let each post take a proof of work: about half a second at 20, each bit "
                "doubles it",
            }),
            FOR_ACCOUNT,
        ),
        prepare=joined,
        show=lambda result: f"{result['name']}\ninvite others with `cliquectl invite {result['name']}`",
    ),
)
