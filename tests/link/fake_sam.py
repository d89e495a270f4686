"""A SAM port that behaves like a router's, and misbehaves when told to; its streams lead from client to client."""

from __future__ import annotations

import base64
import os

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

from cliquenntp.link.address import base32_of
from cliquenntp.link.i2p_keys import parse_key


def new_private_key() -> str:
    """An I2P private key of the right shape (Ed25519), which no router would take."""
    destination = os.urandom(384) + b"\x05\x00\x04\x00\x07\x00\x00"
    return base64.b64encode(destination + os.urandom(256 + 32), b"-~").decode()


class FakeSAM(Factory):
    """The port; its attributes are its faults."""

    noisy = False

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.clients: list[Client] = []
        self.sessions: dict[str, Client] = {}
        self.waiting: dict[str, list[tuple[Client, str]]] = {}
        self.acceptors: dict[str, list[Client]] = {}
        self.silent: set[str] = set()
        """commands that are never answered, such as ``SESSION CREATE``"""
        self.refuse: dict[str, str] = {}
        """results given instead of OK, by command"""
        self.greeting = b""
        """what an accepted stream's other end receives in one segment with its STREAM STATUS"""
        self.deaf = False
        """streams are answered but reach nobody"""
        self.other_destination = ""
        """given for ME instead of the session's own"""
        self.port = None

    def buildProtocol(self, addr) -> Client:
        client = Client(self)
        self.clients.append(client)
        return client

    def open(self, port: int = 0) -> int:
        self.port = reactor.listenTCP(port, self, interface="127.0.0.1")
        return self.port.getHost().port

    def commands(self, start: str) -> list[str]:
        return [line for line in self.lines if line.startswith(start)]

    def destination_session(self, destination: str) -> str | None:
        return next((name for name, client in self.sessions.items() if client.destination == destination), None)

    def die(self) -> None:
        """What kill -9 does to a router."""
        for client in self.clients[:]:
            client.transport.abortConnection()

    def drop_sessions(self) -> None:
        """Close the control connections alone."""
        for client in list(self.sessions.values()):
            client.transport.loseConnection()

    def close(self):
        self.die()
        return self.port.stopListening()


class Client(Protocol):
    """One connection."""

    def __init__(self, sam: FakeSAM) -> None:
        self.sam = sam
        self.buffer = b""
        self.other: Client | None = None
        self.session: str | None = None
        self.destination = ""

    def dataReceived(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)
            return
        self.buffer += data
        while b"\n" in self.buffer and self.other is None:
            line, _, self.buffer = self.buffer.partition(b"\n")
            self.take(line.decode())
        if self.other is not None and self.buffer:
            rest, self.buffer = self.buffer, b""
            self.other.transport.write(rest)

    def connectionLost(self, reason) -> None:
        self.sam.clients.remove(self)
        for acceptors in self.sam.acceptors.values():
            if self in acceptors:
                acceptors.remove(self)
        for name, client in list(self.sam.sessions.items()):
            if client is self:
                del self.sam.sessions[name]
        if self.other is not None:
            self.other.transport.loseConnection()

    def take(self, line: str) -> None:
        self.sam.lines.append(line)
        words = line.split()
        command = " ".join(words[:2])
        options = dict(word.split("=", 1) for word in words if "=" in word)
        if command in self.sam.silent:
            return
        answer = {"HELLO VERSION": "HELLO REPLY", "DEST GENERATE": "DEST REPLY", "NAMING LOOKUP": "NAMING REPLY"}.get(
            command, f"{words[0]} STATUS"
        )
        if command in self.sam.refuse:
            self.say(f'{answer} RESULT={self.sam.refuse[command]} MESSAGE="refused"')
            return
        getattr(self, command.replace(" ", "_").lower())(answer, options)

    def say(self, line: str, more: bytes = b"") -> None:
        self.transport.write(line.encode() + b"\n" + more)

    def hello_version(self, answer: str, options: dict[str, str]) -> None:
        self.say(f"{answer} RESULT=OK VERSION=3.1")

    def dest_generate(self, answer: str, options: dict[str, str]) -> None:
        key = parse_key(new_private_key())
        self.say(f"{answer} PUB={key.destination} PRIV={key.private}")

    def session_create(self, answer: str, options: dict[str, str]) -> None:
        key = parse_key(options["DESTINATION"])
        if self.sam.destination_session(key.destination) is not None:
            self.say(f"{answer} RESULT=DUPLICATED_DEST")
            return
        self.session, self.destination = options["ID"], key.destination
        self.sam.sessions[options["ID"]] = self
        self.say(f"{answer} RESULT=OK DESTINATION={key.private}")

    def naming_lookup(self, answer: str, options: dict[str, str]) -> None:
        name = options["NAME"]
        if name == "ME":
            value = self.sam.other_destination or self.destination
        else:
            known = (client.destination for client in self.sam.sessions.values())
            value = next((destination for destination in known if base32_of(destination) == name), None)
        if value is None:
            self.say(f"{answer} RESULT=KEY_NOT_FOUND NAME={name}")
        else:
            self.say(f"{answer} RESULT=OK NAME={name} VALUE={value}")

    def stream_accept(self, answer: str, options: dict[str, str]) -> None:
        name = options["ID"]
        if name not in self.sam.sessions:
            self.say(f"{answer} RESULT=INVALID_ID")
            return
        waiting = self.sam.waiting.get(name, [])
        if waiting:
            # Both lines in one segment: what made txi2p's port deaf.
            caller, peer = waiting.pop(0)
            self.say(f"{answer} RESULT=OK", peer.encode() + b"\n")
            self.join(caller)
        else:
            self.say(f"{answer} RESULT=OK")
            self.sam.acceptors.setdefault(name, []).append(self)

    def stream_connect(self, answer: str, options: dict[str, str]) -> None:
        caller = self.sam.sessions.get(options["ID"])
        target = self.sam.destination_session(options["DESTINATION"])
        if caller is None:
            self.say(f"{answer} RESULT=INVALID_ID")
        elif target is None:
            self.say(f"{answer} RESULT=CANT_REACH_PEER")
        else:
            self.say(f"{answer} RESULT=OK", self.sam.greeting)
            if self.sam.deaf:
                return
            acceptors = self.sam.acceptors.get(target, [])
            if acceptors:
                acceptor = acceptors.pop(0)
                acceptor.transport.write(caller.destination.encode() + b"\n")
                acceptor.join(self)
            else:
                self.sam.waiting.setdefault(target, []).append((self, caller.destination))

    def join(self, caller: Client) -> None:
        self.other, caller.other = caller, self
        if caller.buffer:
            rest, caller.buffer = caller.buffer, b""
            self.transport.write(rest)
