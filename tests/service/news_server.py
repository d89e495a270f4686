"""A small news server in the test's own process, which can be told to misbehave."""

from __future__ import annotations

import re
from typing import Any

from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver

GROUP = b"misc.garden"


class NewsServer(Factory):
    """One newsgroup with its articles by number, and what peers and readers said to it."""

    noisy = False

    def __init__(self) -> None:
        self.articles: dict[int, bytes] = {}
        self.high = 0
        self.gone: set[bytes] = set()
        """Message-IDs that were cancelled"""
        self.cancels: list[bytes] = []
        """values of Control in its newsgroup of cancels"""
        self.answers: dict[bytes, list[bytes]] = {}
        """what is said to a command's first word in place of the usual reply, once each"""
        self.commands: list[bytes] = []
        self.streams = True
        self.login = b""
        self.connections: list[Connection] = []

    def listen(self) -> Any:
        """Listen on a port of loopback; return the port."""
        return reactor.listenTCP(0, self, interface="127.0.0.1")  # type: ignore[attr-defined]

    def buildProtocol(self, addr: object) -> Connection:
        connection = Connection(self)
        self.connections.append(connection)
        return connection

    def find(self, message_id: bytes) -> int | None:
        """Return an article's number."""
        return next((number for number, raw in self.articles.items() if name_of(raw) == message_id), None)

    def add(self, raw: bytes) -> None:
        """Take an article."""
        self.high += 1
        self.articles[self.high] = raw

    def said(self, word: bytes) -> list[bytes]:
        """Return the commands with a first word."""
        return [command for command in self.commands if command.split(b" ")[0] == word]


def name_of(raw: bytes) -> bytes:
    return field(raw, b"Message-ID")


def field(raw: bytes, name: bytes) -> bytes:
    match = re.search(rb"^%s: (.*)\r$" % name, raw.partition(b"\r\n\r\n")[0] + b"\r\n", re.M)
    return match[1] if match else b""


class Connection(LineReceiver):
    delimiter = b"\r\n"
    MAX_LENGTH = 1 << 20

    def __init__(self, server: NewsServer) -> None:
        self.server = server
        self.purpose = b""
        self.lines: list[bytes] | None = None
        self.in_cancels = False

    def connectionLost(self, reason: object = None) -> None:
        self.server.connections.remove(self)

    def connectionMade(self) -> None:
        self.sendLine(b"200 A test's server")

    def lineReceived(self, line: bytes) -> None:
        if self.lines is not None:
            if line == b".":
                lines, self.lines = self.lines, None
                self.arrived(b"".join(each + b"\r\n" for each in lines))
            else:
                self.lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return
        self.server.commands.append(line)
        word, _, rest = line.partition(b" ")
        planned = self.server.answers.get(word)
        reply = planned.pop(0) if planned else None
        if word == b"TAKETHIS":
            self.purpose, self.lines, self.reply = line, [], reply
        elif reply is not None:
            self.sendLine(reply)
        elif word in (b"IHAVE", b"POST"):
            if word == b"IHAVE" and self.server.find(rest) is not None:
                self.sendLine(b"435 have it")
                return
            self.purpose, self.lines, self.reply = line, [], None
            self.sendLine(b"335 send" if word == b"IHAVE" else b"340 send")
        else:
            self.say(word, rest)

    def arrived(self, raw: bytes) -> None:
        server, (word, _, rest) = self.server, self.purpose.partition(b" ")
        held = server.find(name_of(raw)) is not None
        planned = server.answers.get(b"article")
        refusal = planned.pop(0) if planned else self.reply
        if refusal is None and not held:
            server.add(raw)
        usual = {
            b"TAKETHIS": b"%d %s" % (439 if held else 239, rest),
            b"IHAVE": b"235 taken",
            b"POST": b"441 duplicate" if held else b"240 taken",
        }
        self.sendLine(refusal or usual[word])

    def say(self, word: bytes, rest: bytes) -> None:
        server = self.server
        if word == b"MODE":
            streams = rest == b"STREAM" and server.streams
            self.sendLine(b"203 ok" if streams else b"200 ok" if rest == b"READER" else b"501 no")
        elif word == b"AUTHINFO":
            self.sendLine(b"381 more" if rest.startswith(b"USER") else b"281 ok" if server.login == rest else b"481 no")
        elif word == b"CHECK":
            self.sendLine(b"%d %s" % (238 if server.find(rest) is None else 438, rest))
        elif word == b"GROUP" and rest == GROUP:
            self.in_cancels = False
            low = min(server.articles, default=server.high + 1)
            self.sendLine(b"211 %d %d %d %s" % (len(server.articles), low, server.high, rest))
        elif word == b"GROUP" and rest == b"control.cancel":
            self.in_cancels = True
            self.sendLine(b"211 %d 1 %d %s" % (len(server.cancels), len(server.cancels), rest))
        elif word in (b"XOVER", b"XHDR"):
            low, high = map(int, rest.split(b" ")[-1].split(b"-"))
            rows = enumerate(server.cancels, 1) if word == b"XHDR" else (
                (number, b"\t".join(
                    [field(raw, b"Subject"), field(raw, b"From"), b"", name_of(raw), field(raw, b"References"),
                     b"%d" % len(raw), b"1"]))
                for number, raw in sorted(server.articles.items()))
            self.block(b"221 now" if word == b"XHDR" else b"224 now", [
                b"%d%s%s" % (number, b" " if word == b"XHDR" else b"\t", text)
                for number, text in rows if low <= number <= high])
        elif word == b"ARTICLE":
            raw = server.articles.get(int(rest))
            if raw is None:
                self.sendLine(b"423 none")
            else:
                self.block(b"220 %s" % rest, raw.split(b"\r\n")[:-1])
        elif word == b"STAT":
            number = int(rest) if rest.isdigit() else server.find(rest)
            raw = server.articles.get(number or 0)
            missing = b"423 none" if rest.isdigit() else b"430 none"
            self.sendLine(missing if raw is None else b"223 %d %s" % (number, name_of(raw)))
        elif word == b"QUIT":
            self.transport.loseConnection()
        else:
            self.sendLine(b"411 no such newsgroup" if word == b"GROUP" else b"500 what?")

    def block(self, status: bytes, lines: list[bytes]) -> None:
        self.sendLine(status)
        for line in lines:
            self.sendLine(b"." + line if line.startswith(b".") else line)
        self.sendLine(b".")
