"""A command line becomes an answer: which command it is, whether it may be said, what its handler makes of it."""

from __future__ import annotations

from collections.abc import Callable

from cliquenntp.nntp.session import lines, replies
from cliquenntp.nntp.session.arguments import ArgumentError
from cliquenntp.nntp.session.command import Answer, Command, Farewell, NotYet, Postponed, RefusedError
from cliquenntp.nntp.session.reader import Reader
from cliquenntp.nntp.session.table import COMMANDS, VARIANTS

Report = Callable[[Exception], None]


def obey(reader: Reader, line: bytes, report: Report) -> Answer:
    """Return the answer to a command line; ``report`` is told of exceptions that are this program's fault."""
    words = line.split()
    name = words[0].upper() if words else b""
    command = COMMANDS.get(name)
    if (command is None or b"/" in line) and lines.is_foreign(line):
        return Farewell(replies.NOT_NEWS)
    if len(line.translate(None, lines.CONTROLS)) != len(line) or not (line.isascii() or lines.is_utf8(line)):
        return lines.flaw(line)
    if len(words) > 1 and name in VARIANTS:
        del words[0]
        command = VARIANTS[name].get(words[0].upper())
        if command is None:
            return replies.UNKNOWN_VARIANT
    elif command is None:
        return replies.UNKNOWN_VARIANT if name in VARIANTS else replies.UNKNOWN_COMMAND
    del words[0]
    return run(reader, command, words, report)


def run(reader: Reader, command: Command, words: list[bytes], report: Report) -> Answer:
    """Return the answer to a command with these arguments."""
    if command.right_bits & ~reader.right_bits:
        return replies.AUTHENTICATION_NEEDED if reader.login_wanted else command.refusal
    count = len(words)
    if count < command.least or (command.most is not None and count > command.most):
        return command.syntax_reply
    try:
        return command.handler(reader, words)
    except RefusedError as refused:
        return refused.reply
    except NotYet as wait:
        return Postponed(command, words, wait.group)
    except ArgumentError:
        return command.syntax_reply
    except Exception as error:
        report(error)
        return replies.INTERNAL_FAULT
