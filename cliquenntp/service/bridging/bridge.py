"""A bridge: a newsgroup of another server and the forum that it is here; how it is kept, and how far each way is.

Kept as pieces: ``bridge.NAME`` what was asked for, ``bridge-out.NAME`` and ``bridge-in.NAME`` how far both ways are,
written once that is so.  What is done again after a kill does no harm: the server knows our Message-IDs, and this node
those of the server.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, TypeVar

import attrs
import cbor2

from cliquenntp.document import DocumentError, check_forum_name
from cliquenntp.interfaces import IArchive, IWriter

BRIDGES = "bridge."
OUTWARD_STATES = "bridge-out."
INWARD_STATES = "bridge-in."

AT_THE_END = -1
"""in place of a newsgroup's number: nothing that it has already is asked for"""

SHORTEST_INTERVAL = 1
LONGEST_INTERVAL = 86_400
"""seconds between two looks at a server; one that is asked once a day keeps articles longer than that"""

REFUSALS_KEPT = 50
"""last refusals that ``bridge status`` shows, each way; the log has all"""

_SERVER = re.compile(r"(tcp|tls):(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_NEWSGROUP = re.compile(r"[a-z0-9+_-]+(\.[a-z0-9+_-]+)*")
_NAME = re.compile(r"[A-Za-z0-9+_.-]{1,100}")

T = TypeVar("T")


class BridgeError(Exception):
    """A bridge cannot be made, or its server does not do what it needs; the text says why, in one line."""


class Inward(enum.Enum):
    """How a newsgroup's articles come here."""

    PULL = "pull"
    """asked for, as a newsreader does"""
    FED = "fed"
    """handed on by the server, on this node's feed port"""
    OFF = "off"


class Outward(enum.Enum):
    """How a forum's articles go there."""

    FEED = "feed"
    """offered, as to a peer: CHECK and TAKETHIS, or IHAVE"""
    POST = "post"
    """as a newsreader posts"""
    OFF = "off"


@attrs.frozen
class Server:
    """Where a news server is."""

    scheme: str
    """``tcp`` or ``tls``"""
    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> Server:
        """Return the server that ``tcp:HOST:PORT`` or ``tls:HOST:PORT`` names.  Raises BridgeError."""
        match = _SERVER.fullmatch(text)
        if match is None or not 0 < int(match[3]) < 65536:
            raise BridgeError(f"{text!r} is no server: tcp:HOST:PORT or tls:HOST:PORT, as tls:news.example.org:563")
        return cls(match[1], match[2].strip("[]"), int(match[3]))

    @property
    def is_confidential(self) -> bool:
        """Whether nobody overhears what is said to it."""
        try:
            return self.scheme == "tls" or ip_address(self.host).is_loopback
        except ValueError:
            return False


@attrs.frozen(kw_only=True)
class Bridge:
    """What an operator asked for."""

    name: str
    server: str
    newsgroup: str
    forum: str
    """without ``clique.``"""
    inward: Inward = attrs.field(converter=Inward, default=Inward.PULL)
    outward: Outward = attrs.field(converter=Outward, default=Outward.FEED)
    login: str = ""
    """path of a file with user and password, a line each; empty: no login"""
    interval: int = 60
    """seconds between two looks for new articles"""

    def check(self) -> None:
        """Raise BridgeError where it cannot be."""
        server = Server.read(self.server)
        if not _NAME.fullmatch(self.name):
            raise BridgeError(f"{self.name!r} is no name for a bridge: letters, digits, dots and hyphens")
        if not _NEWSGROUP.fullmatch(self.newsgroup):
            raise BridgeError(f"{self.newsgroup!r} is no newsgroup's name (RFC 5536 section 3.1.4)")
        try:
            check_forum_name(self.forum)
        except DocumentError as error:
            raise BridgeError(error.reason) from None
        if self.inward is Inward.OFF and self.outward is Outward.OFF:
            raise BridgeError("a bridge that leads neither in nor out is none")
        if not SHORTEST_INTERVAL <= self.interval <= LONGEST_INTERVAL:
            raise BridgeError(f"the interval must lie between {SHORTEST_INTERVAL} and {LONGEST_INTERVAL} seconds")
        if self.login and not server.is_confidential:
            raise BridgeError("a password goes to a server by tls:, or on loopback alone: anybody could read it")

    def encoded(self) -> bytes:
        """Return it as a piece."""
        values = attrs.asdict(self, value_serializer=lambda _, __, value: getattr(value, "value", value))
        return cbor2.dumps(values)


@attrs.define
class OutwardState:
    """How far the way out is; what it counts is since the bridge was made."""

    docno: int = 0
    """all documents up to this one are settled"""
    sent: int = 0
    held: int = 0
    """the server had them already"""
    refused: int = 0


@attrs.define
class InwardState:
    """How far the way in is."""

    number: int = 0
    """all articles of the newsgroup up to this number are settled; AT_THE_END before the first look"""
    message_id: bytes = b""
    """the one that had that number, where it was seen; another one there means that the server counts anew"""
    control: int | None = None
    """the same for the server's newsgroup of cancels; None: not looked at yet"""
    taken: int = 0
    held: int = 0
    """here already, or from here"""
    refused: int = 0
    cancelled: int = 0


@attrs.define
class Trouble:
    """What does not work on a way, for the operator."""

    text: str = ""
    """why it stands still; empty where it does not"""
    refusals: deque[tuple[str, str]] = attrs.Factory(lambda: deque(maxlen=REFUSALS_KEPT))
    """(Message-ID, reason) of the articles that were refused last"""


def bridges(archive: IArchive) -> Iterator[Bridge]:
    """Yield the bridges that are kept."""
    for _, piece in archive.pieces(BRIDGES):  # type: ignore[attr-defined]
        yield Bridge(**cbor2.loads(piece))


def read_state(archive: Any, prefix: str, name: str, kind: type[T]) -> T:
    """Return how far a way is; at its beginning where nothing is kept."""
    piece = archive.piece(prefix + name)
    values: Mapping[str, Any] = {} if piece is None else cbor2.loads(piece)
    return kind(**values)


def write_state(writer: IWriter, prefix: str, name: str, state: Any) -> None:
    """Keep how far a way is; in a step."""
    writer.piece_set(prefix + name, cbor2.dumps(attrs.asdict(state)))
