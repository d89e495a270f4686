"""cliquectl's commands about accounts and their keys."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from getpass import getpass
from typing import Any

from cliquenntp.control.commands.line import PASSPHRASE_FILE, CommandLine, said, with_passphrase
from cliquenntp.control.protocol import CommandError


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
    line = f"{account['name']}  {rights}  {forums}  {account['address']}"
    if account["node"] is None:
        return line
    places = " ".join(account["node"]["addresses"]) or f"{account['node']['endpoint']}, not up yet"
    return f"{line}\n{'':10}its own node {account['node']['key']} at {places}"


def _with_password(values: dict[str, Any]) -> dict[str, Any]:
    password = None
    if values.get("password"):
        password = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return values | {"password": password}


def _with_delay_or_passphrase(values: dict[str, Any]) -> dict[str, Any]:
    path = values["path"]
    if values["action"] != "delay":
        if path is None:
            raise CommandError("the file is missing")
        return with_passphrase(values, is_new=values["action"] == "export")
    if path is not None and not re.fullmatch("[0-9]{1,9}", path):
        raise CommandError(f"{path!r} is no number of minutes")
    return {"action": "delay", "account": values["account"], "minutes": None if path is None else int(path)}


COMMANDS = (
    CommandLine(
        name="user",
        help="print the address to set as the newsreader's identity, or make and change accounts that can log in",
        arguments=(
            (("action",), {
                "nargs": "?", "choices": ("list", "add", "remove", "password", "rights", "node"), "help": "what to do",
            }),
            (("name",), {"nargs": "?", "metavar": "NAME", "help": "the account; owner is yourself"}),
            (("--rights",), {"help": "some of read,post,create,admin (a new account has read,post)"}),
            (("--forums",), {"help": "the forums that the account sees, as clique.tea,clique.herbs, or all"}),
            (("--list",), {
                "choices": ("all", "threads", "forums"),
                "help": "the newsgroups in its lists: all, forums and threads, or forums (default: as list_scope says)",
            }),
            (("--node",), {
                "metavar": "ENDPOINT",
                "help": "a node of the account's own: where it takes connections, as i2p or tls:HOST:PORT; off: none",
            }),
            (("--password",), {
                "action": "store_true",
                "help": "ask for the password, or read it from standard input; without it the node makes one",
            }),
        ),
        show=_show_user,
        prepare=_with_password,
    ),
    CommandLine(
        name="persona",
        help="write the key with which an account signs to a sealed file, sign with the key of such a file, or let "
        "posts leave later than they are written",
        arguments=(
            (("action",), {"choices": ("export", "import", "delay"), "help": "what to do"}),
            (("path",), {
                "nargs": "?", "metavar": "FILE|MINUTES",
                "help": "a new file, or one that export wrote; with delay: after how many minutes a post leaves at "
                "most, 0 for at once (default: tell what it is)",
            }),
            (("--account",), {"default": "owner", "help": "whose key and posts (default: the owner's)"}),
            PASSPHRASE_FILE,
        ),
        show=said,
        prepare=_with_delay_or_passphrase,
    ),
)
