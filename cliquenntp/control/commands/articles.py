"""cliquectl's commands about articles, taken in, given out and linked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cliquenntp.control.commands.line import CommandLine, absolute, said


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


COMMANDS = (
    CommandLine(
        name="import",
        help="take in an mbox file, a tar file or a folder of articles, or a file of signed documents",
        arguments=(
            (("path",), {
                "metavar": "PATH",
                "help": "an mbox file, a tar file, a folder of GROUP/NUMBER files, or what export wrote",
            }),
            (("--forum",), {"help": "forum for all articles (default: by the folder's or the file's name)"}),
        ),
        show=_show_report,
        prepare=absolute,
    ),
    CommandLine(
        name="export",
        help="write the articles of a newsgroup to a file, or the signed documents of which they are made",
        arguments=(
            (("name",), {"metavar": "NEWSGROUP", "help": "a newsgroup or a document's id"}),
            (("path",), {"metavar": "FILE", "help": "a new file"}),
            (("--format",), {
                "choices": ("mbox", "documents"), "default": "mbox",
                "help": "an mbox that other programs read, or documents that import takes with the same ids",
            }),
        ),
        show=lambda result: f"{result['count']} {'articles' if result['format'] == 'mbox' else 'documents'} "
        f"written to {result['file']}",
        prepare=absolute,
    ),
    CommandLine(
        name="link",
        help="let an article appear under a second one, or a whole thread's first article in another thread",
        arguments=(
            (("name",), {"metavar": "DOCUMENT", "help": "its newsgroup, or its id"}),
            (("parent",), {"metavar": "PARENT", "help": "where it shall appear, in the same forum"}),
        ),
        show=said,
    ),
)
