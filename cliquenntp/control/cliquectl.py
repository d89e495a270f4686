"""cliquectl: tells a running node what to do.  Exit status 0, or 1 with one line on standard error."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from twisted.internet import defer

from cliquenntp.control.client import ask
from cliquenntp.control.commands import COMMANDS, CommandLine
from cliquenntp.control.passphrase import PassphraseError
from cliquenntp.control.places import find_socket
from cliquenntp.control.progress import ProgressLine
from cliquenntp.control.protocol import CommandError


class _Parser(argparse.ArgumentParser):
    """A parser that refuses as the commands do: one line, and status 1."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where the arguments are told."""
        self.exit(1, f"cliquectl: {message}; `{self.prog} --help` tells the arguments\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of cliquectl's command line, made from the table of commands."""
    main_parser = _Parser(prog="cliquectl", description=__doc__)
    main_parser.add_argument(
        "--socket",
        type=Path,
        metavar="PATH",
        help="the node's control socket (default: data/control.sock, else the user's)",
    )
    main_parser.add_argument("--json", action="store_true", help="print JSON: an object, or a list of them")
    subparsers = main_parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for line in COMMANDS:
        # A program's words, --help among them, are its own.
        subparser = subparsers.add_parser(
            line.name, help=line.help, description=line.help, add_help=not line.program, allow_abbrev=not line.program)
        # The same flag after the command, where it is typed more often; SUPPRESS keeps a flag given before it.
        subparser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
        for names, options in line.arguments:
            subparser.add_argument(*names, **options)
        subparser.set_defaults(line=line, parser=subparser)
    return main_parser


class Printer:
    """Takes a node's messages and prints them, for people or as JSON."""

    def __init__(self, line: CommandLine, as_json: bool, out: TextIO, progress: ProgressLine) -> None:
        self._line = line
        self._as_json = as_json
        self._out = out
        self._progress = progress
        self._rows = 0

    def heard(self, message: dict[str, Any]) -> None:
        """Take one message (protocol module)."""
        if "progress" in message:
            self._progress.show(**message["progress"])
        for row in message.get("rows", ()):
            self._row(row)
        if "result" in message:
            self._progress.close()
            self._result(message["result"])

    def _row(self, row: dict[str, Any]) -> None:
        if self._as_json:
            # One row a line, so that a list of any length is printed as it comes.
            self._out.write(("[\n" if self._rows == 0 else ",\n") + json.dumps(row, ensure_ascii=False))
        else:
            self._out.write(self._line.show_row(row) + "\n")
        self._rows += 1

    def _result(self, result: dict[str, Any]) -> None:
        if not self._line.lists:
            text = json.dumps(result, ensure_ascii=False) if self._as_json else self._line.show(result)
            self._out.write(text + "\n")
        elif self._as_json:
            self._out.write("\n]\n" if self._rows else "[]\n")
        elif self._rows == 0:
            self._out.write(self._line.show(result) + "\n")


async def run(reactor: Any, arguments: argparse.Namespace, out: TextIO, error: TextIO) -> int:
    """Run one command on the node; return the exit status."""
    line: CommandLine = arguments.line
    values = {key: getattr(arguments, key) for key in line.argument_names()}
    progress = ProgressLine(error)
    printer = Printer(line, arguments.json, out, progress)
    try:
        await ask(reactor, arguments.socket or find_socket(), line.name, line.prepare(values), printer.heard)
    except (CommandError, PassphraseError) as failure:
        progress.close()
        error.write(f"cliquectl: {failure}\n")
        return 1
    finally:
        progress.close()
    out.flush()
    return 0


def parse(all_words: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what a command line says; ``words`` are a program's own.  Raises SystemExit, with what is wrong told."""
    arguments, words = all_words.parse_known_args(argv)
    arguments.words = words
    if arguments.words and not arguments.line.program:
        arguments.parser.error(f"unrecognized arguments: {' '.join(arguments.words)}")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run cliquectl with a command line (default: the process's own)."""
    all_words = parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what may stand next (register-python-argcomplete)
        import argcomplete

        argcomplete.autocomplete(all_words)
    arguments = parse(all_words, argv)
    if arguments.line.program:
        words = [*arguments.words, *(["--json"] if arguments.json else [])]
        return subprocess.run([sys.executable, "-P", "-m", arguments.line.program, *words], check=False).returncode
    # Imported here: what the parser answers itself (--help, a wrong argument) needs no reactor.
    from twisted.internet import reactor

    statuses: list[int] = []

    def start() -> None:
        running = defer.ensureDeferred(run(reactor, arguments, sys.stdout, sys.stderr))
        running.addCallback(statuses.append)
        running.addErrback(lambda failure: failure.printTraceback(sys.stderr))
        running.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(start)
    reactor.run()
    return statuses[0] if statuses else 1


if __name__ == "__main__":
    sys.exit(main())
