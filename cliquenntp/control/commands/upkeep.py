"""cliquectl's commands about backups, room on the disk, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cliquenntp.control.commands.line import PASSPHRASE_FILE, CommandLine, said, with_passphrase
from cliquenntp.units import octets_text


def _show_expiry(report: Mapping[str, Any]) -> str:
    lines = [f"{report['documents']} documents, {octets_text(report['octets'])}"]
    lines += (f"  {count:>7}  {reason}" for reason, count in report["by_reason"].items())
    lines += (f"  {count:>7}  {name}" for name, count in report["by_forum"].items())
    return "\n".join(lines)


COMMANDS = (
    CommandLine(
        name="backup",
        help="write the node's keys and documents to a sealed file, while it runs",
        arguments=(
            (("path",), {"metavar": "FILE", "help": "a new file"}),
            PASSPHRASE_FILE,
        ),
        prepare=with_passphrase,
        show=lambda manifest: f"{octets_text(manifest['octets'])} of documents and {manifest['files']} files are in it",
    ),
    CommandLine(
        name="restore",
        help="put a backup into a data folder that is empty and in which no node runs",
        show=str,
        program="cliquenntp.service.upkeep.restore",
    ),
    CommandLine(
        name="check",
        help="look at what a node needs, before it starts or while it runs, and say how to mend it",
        show=str,
        program="cliquenntp.service.commands.check",
    ),
    CommandLine(
        name="verify",
        help="look whether everything in the database is as it was stored",
        lists=True,
        show=said,
        show_row=lambda row: f"{row['where']}: {row['what']}",
    ),
    CommandLine(
        name="repair",
        help="mend the damaged database of a node that is stopped",
        show=str,
        program="cliquenntp.service.upkeep.repair",
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
            f"packed from {octets_text(report['before'])} to {octets_text(report['after'])} "
            f"in {report['seconds']:.1f} s"),
    ),
    CommandLine(
        name="copy-storage",
        help="copy the database of a running node to an empty folder or PostgreSQL, and end taking anything new",
        arguments=((("location",), {"metavar": "LOCATION", "help": "a folder or postgresql://..."}),),
        show=lambda copied: (
            f"{copied['documents']} documents are copied and compared.  The node takes nothing new any more: stop it, "
            f"set storage to {copied['location']}, and start it again"),
    ),
    CommandLine(
        name="bookmark",
        help="keep a document whatever expires",
        arguments=(
            (("name",), {"metavar": "NEWSGROUP", "help": "a newsgroup or a document's id"}),
            (("--remove",), {"action": "store_true", "help": "keep it no longer than others"}),
        ),
        show=said,
    ),
    CommandLine(
        name="bookmarks",
        help="list what is kept whatever expires",
        lists=True,
        show=lambda _: "nothing: `cliquectl bookmark NEWSGROUP` keeps a document",
        show_row=lambda row: f"{row['name']}  {row['subject']}",
    ),
)
