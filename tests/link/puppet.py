"""The other end of a link, in a test's hands."""

from __future__ import annotations

import os

from twisted.internet.protocol import Protocol

from cliquenntp.link import framing
from cliquenntp.link.handshake import Dialler
from cliquenntp.link.refusal import HandshakeError


class Puppet(Protocol):
    """A peer that does what the test says; ``opened`` once the handshake is through."""

    def __init__(self, address: str, identity) -> None:
        self.handshake = Dialler(identity, os.urandom(32), address)
        self.frames = framing.FrameDecoder()
        self.found: list = []
        self.opened = self.lost = False
        self.polite = True

    def connectionMade(self):
        self.transport.setTcpNoDelay(True)

    def hello(self):
        self.transport.write(self.handshake.begin())

    def dataReceived(self, data):
        if not self.handshake.finished:
            try:
                self.transport.write(self.handshake.receive(data))
            except HandshakeError as error:
                self.found.append(error)
                return
            self.opened = self.handshake.finished
            data = self.handshake.rest
        for found in self.frames.feed(data):
            self.found.append(found)
            if self.polite and isinstance(found, framing.Control) and found.kind is framing.Kind.PING:
                self.transport.write(framing.frame(framing.Kind.PONG, found.payload))

    def connectionLost(self, reason):
        self.lost = True
