"""What a command is: a row of the command table, the rights it needs, and what its handler may answer."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import attrs

from cliquenntp.interfaces import Right
from cliquenntp.nntp.session import replies
from cliquenntp.nntp.session.sasl import Exchange, Login

if TYPE_CHECKING:
    from cliquenntp.nntp.session.reader import Reader


class Purpose(enum.Enum):
    """Why an article is taken from the client; it decides the codes of the answer."""

    POST = enum.auto()
    IHAVE = enum.auto()
    TAKETHIS = enum.auto()


@attrs.frozen
class Collect:
    """Answer with ``reply``; what the client sends next is an article."""

    reply: bytes
    purpose: Purpose
    message_id: bytes = b""
    """under which another server offers it"""
    refusal: bytes = b""
    """the answer when it has come, whatever it is"""


@attrs.frozen
class Farewell:
    """Answer with ``reply`` and close the connection."""

    reply: bytes


@attrs.frozen
class Compress:
    """Answer with ``reply``; what follows it is compressed in both directions."""

    reply: bytes


@attrs.frozen
class StartTLS:
    """Answer with ``reply``; what follows it is TLS."""

    reply: bytes


@attrs.frozen
class Challenge:
    """Answer with ``reply``; the next line is a response for ``exchange``."""

    reply: bytes
    exchange: Exchange


@attrs.frozen
class Postponed:
    """Obey ``command`` again when what the newsgroup ``group`` lacks has come, or the wait for it is over."""

    command: Command
    words: list[bytes]
    group: int


Answer: TypeAlias = (
    "bytes | Iterator[bytes] | Collect | Farewell | Compress | StartTLS | Challenge | Postponed | Login"
)
"""A whole answer; or its pieces, of some tens of kilobytes at most (an empty one only gives way to others); or what to
do before there is one."""

Handler: TypeAlias = "Callable[[Reader, list[bytes]], Answer]"
"""What answers a command: the reader whose connection it is, and the arguments after the command's name."""


class RefusedError(Exception):
    """A command cannot be obeyed; ``reply`` says why."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


class NotYet(Exception):
    """A command is to be obeyed again later: when what ``group`` lacks has come, or the wait for it is over."""

    def __init__(self, group: int) -> None:
        super().__init__(group)
        self.group = group


_OPTIONAL = re.compile(r"\[[^\[\]]*\]")


def _count_arguments(usage: str) -> tuple[int, int | None]:
    """Return how many arguments a usage line like ``newsgroup [range]`` allows, from and to (None: any number)."""
    required = usage
    while _OPTIONAL.search(required):
        required = _OPTIONAL.sub("", required)
    total = None if "..." in usage else len(re.sub(r"[\[\]]", " ", usage).split())
    return len(required.split()), total


@attrs.frozen
class Command:
    """One row of the command table."""

    name: str
    """one word, or two where the first has variants (``LIST ACTIVE``)"""
    usage: str
    """the arguments as HELP shows them: ``[...]`` is optional, ``...`` repeats; ``a|b`` is one argument"""
    handler: Handler
    help: str
    right: Right = Right.READ
    refusal: bytes = replies.NOT_PERMITTED
    """the reply to a client without that right"""
    capability: str = ""
    """the CAPABILITIES lines that announce it; equal labels become one line with all their arguments"""
    offered: Callable[[Reader], bool] = lambda reader: True
    """whether the connection's settings let it work, so that CAPABILITIES may announce it"""
    right_bits: int = attrs.field(init=False, repr=False)
    """``right`` as a number: a test of Flags takes a quarter of a microsecond"""
    least: int = attrs.field(init=False)
    most: int | None = attrs.field(init=False)
    syntax_reply: bytes = attrs.field(init=False, repr=False)

    @right_bits.default
    def _right_bits(self) -> int:
        return self.right.value

    @least.default
    def _least(self) -> int:
        return _count_arguments(self.usage)[0]

    @most.default
    def _most(self) -> int | None:
        return _count_arguments(self.usage)[1]

    @syntax_reply.default
    def _syntax_reply(self) -> bytes:
        return replies.BAD_SYNTAX % f"{self.name} {self.usage}".rstrip().encode()
