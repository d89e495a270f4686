"""A node whose database other processes may open: it keeps its seat as the one writer, and has a desk for readers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from twisted.internet import defer, endpoints
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from cliquenntp.interfaces import OWNER
from cliquenntp.service.processes.desk import DESK_SOCKET, Desk
from cliquenntp.service.start import open_port
from cliquenntp.service.turn import TurnRefused
from cliquenntp.store import BEAT_SECONDS

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


class Sharing:
    """What a node does for the readers of its database."""

    log = Logger()

    def __init__(self, node: Node, secret: bytes) -> None:
        """``secret`` makes the salts of accounts that do not exist."""
        self._node = node
        self.desk = Desk(node, secret)
        self._ports: list[IListeningPort] = []
        self._beating = LoopingCall(self._beat)
        self._beating.clock = node.reactor
        node.turn.listen(self.desk.moved)
        node.turn.on_doubt = self._in_doubt
        node.turn.on_seat_lost = self._seat_lost
        node.accounts.on_changed = self._account_changed
        node.unreached.on_changed = self._retitled
        node.power.on_changed = node.honours.on_changed = self.desk.power_changed

    def listen(self) -> None:
        """Open the desk.  Raises StartError."""
        node = self._node
        socket = node.settings.data / DESK_SOCKET
        socket.unlink(missing_ok=True)  # of a node that was killed: the seat is ours
        own = endpoints.UNIXServerEndpoint(node.reactor, str(socket), mode=0o600)
        self._ports.append(open_port(own, self.desk, "the socket for readers"))
        for text in node.settings.desk:
            endpoint = endpoints.serverFromString(node.reactor, text)
            self._ports.append(open_port(endpoint, self.desk, f"the port {text} for readers"))
        self._beating.start(BEAT_SECONDS, now=False)
        self.note_keys()

    def note_keys(self) -> None:
        """Let readers know the public keys of all personas: whom a forum has for a moderator, they tell by them."""
        node = self._node
        names = [OWNER.persona, *(account.persona for account in node.accounts.all())]
        node.turn.submit(partial(node.personas.note, names)).addErrback(lambda failure: failure.trap(TurnRefused))

    def _account_changed(self, name: str | None) -> None:
        self.desk.account_changed(name)
        self.note_keys()

    async def stop(self) -> None:
        """Close the desk."""
        if self._beating.running:
            self._beating.stop()
        for port in self._ports:
            await defer.maybeDeferred(port.stopListening)
        self.desk.close()

    def _beat(self) -> None:
        beating = self._node.turn.submit(lambda writer: writer.beat())
        beating.addErrback(lambda failure: failure.trap(TurnRefused))  # the turn tells the operator

    def _retitled(self) -> None:
        self._node.views.whole.retitled()
        self.desk.retitled()

    def _in_doubt(self) -> None:
        self._node.views.forget()
        self.desk.close()  # readers come again, and forget what they kept

    def _seat_lost(self) -> None:
        self.log.critical("Another process writes to this database now: this one ends")
        self._node.reactor.callLater(0, self._node.reactor.stop)
