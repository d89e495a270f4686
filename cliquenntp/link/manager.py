"""The links of one node: opens and takes connections, keeps one link a pair of nodes, and passes messages on."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable
from typing import Any
from typing import Protocol as Typed

import attrs
from twisted.internet import defer
from twisted.logger import Logger

from cliquenntp.link.address import Address, parse_address
from cliquenntp.link.connections import Connections
from cliquenntp.link.dialling import Dial, Dialling
from cliquenntp.link.identity import Identity
from cliquenntp.link.outbox import Body
from cliquenntp.link.refusal import UnwantedError
from cliquenntp.link.session import LinkSession
from cliquenntp.link.settings import LinkSettings
from cliquenntp.link.surroundings import Codec
from cliquenntp.link.traffic import Traffic
from cliquenntp.link.transports import I2PTransport, Transports


class Observer(Typed):
    """Who is told what happens on links.  Called in the reactor thread, in the order of events on each link."""

    def on_opened(self, link_id: int, node_key: bytes, address: str) -> None:
        """A link is open; ``address`` is where the peer says it can be dialled, empty for nowhere."""

    def on_message(self, link_id: int, message: Any, body: bytes | None) -> None:
        """A message came; ValueError says that it breaks the protocol and ends the link."""

    def on_closed(self, link_id: int, reason: str) -> None:
        """A link is closed, for whatever reason; nothing more comes from it."""

    def on_pieces(self, link_id: int, message: Any) -> None:
        """A part of the body that follows ``message`` has come, and there is more to come."""

    def on_dial_failed(self, address: str, node_key: bytes | None, reason: str) -> None:
        """A dial was given up; ``node_key`` as it was given to it."""


@attrs.frozen
class LinkInfo:
    """One open link at a moment."""

    link_id: int
    node_key: bytes
    address: str
    dialled: bool
    """whether this node opened the connection"""
    blinding_key: bytes
    """32 bytes, the same at both ends: the key for blinded channel ids"""
    features: int
    latency: float
    """one way, in seconds"""
    bytes_received: int
    bytes_sent: int
    waiting: int
    """bytes that wait to be sent"""


class LinkManager:
    """All links of one node.

    ``identity`` proves the node, ``make_codec`` makes a codec for each link (wire.LinkCodec), ``observer`` is told what
    happens, ``i2p`` (from link.i2p) makes I2P the only way in and out, ``traffic`` counts what is sent, ``unwanted``
    has the keys of the nodes with which there shall be no link, as they are when one looks.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        identity: Identity,
        make_codec: Callable[[], Codec],
        observer: Observer,
        settings: LinkSettings | None = None,
        i2p: I2PTransport | None = None,
        dice: random.Random | None = None,
        traffic: Traffic | None = None,
        unwanted: Container[bytes] = (),
    ) -> None:
        self._observer = observer
        self._settings = settings or LinkSettings()
        self._dice = dice or random.SystemRandom()
        self._unwanted = unwanted
        self._transports = Transports(reactor, i2p)
        self._i2p = i2p
        self._dialling = Dialling(
            reactor, self._settings, self._dice.random, self._connect, self._given_up, self._transports.obstacle
        )
        if i2p is not None:
            i2p.on_up = self._dialling.way_opened
        self.traffic = traffic or Traffic()
        self._connections = Connections(
            reactor, identity, self._settings, self._dice, self._dialling, make_codec, self, self.traffic,
            unwanted,
        )
        self._own: list[Address] = []

    # What the service asks for

    @property
    def addresses(self) -> list[str]:
        """The addresses by which others reach this node."""
        return [str(address) for address in self._own]

    def announce(self, address: str) -> None:
        """Add an address by which others reach this node, such as a forwarded port.  Raises BadAddressError."""
        self._own.append(self._transports.check(address))

    @defer.inlineCallbacks
    def listen(self, addresses: Iterable[str]) -> Any:
        """Take connections, also at ``i2p``; fires with the addresses by which others reach this node.

        Fails with BadAddressError, or with what the endpoint reports.  On I2P it fires when the first session stands,
        which takes as long as the router needs; don't wait for it before serving readers.
        """
        for address in [self._transports.check_listening(text) for text in addresses]:
            own = yield self._transports.listen(address, self._connections.factory(address.scheme, self._is_mine))
            self._own.append(own)
        return self.addresses

    def dial(self, address: str, node_key: bytes | None = None, give_up: float | None = None) -> None:
        """Open a link; tries again with growing waits until on_opened or, ``give_up`` seconds later, on_dial_failed.

        ``node_key``: the only key that may answer.  Raises BadAddressError, UnwantedError.  Where a link with that
        node or address is open already, nothing happens.
        """
        wanted = self._transports.check(address)
        if node_key is not None and node_key in self._unwanted:
            raise UnwantedError(address)
        if not self._connections.closing and self._connections.link_with(node_key, str(wanted)) is None:
            self._dialling.want(wanted, node_key, self._settings.give_up if give_up is None else give_up)

    def forget(self, address: str) -> None:
        """Dial an address no more."""
        self._dialling.forget(parse_address(address))

    def forget_unwanted(self) -> None:
        """Dial no more the nodes with which there shall be no link."""
        self._dialling.forget_keys(self._unwanted)

    def dials(self) -> dict[str, str]:
        """Return the addresses that are being dialled, with the last reason why there is no link yet."""
        return self._dialling.reasons()

    def send(self, link_id: int, messages: Iterable[Any]) -> None:
        """Queue messages without bodies, to travel in one frame where they fit.

        They overtake documents.  A link that has closed meanwhile is passed over in silence: on_closed has told.
        ValueError when a message is beyond the protocol's limits.
        """
        session = self._connections.links.get(link_id)
        if session is not None:
            session.send(messages)

    def send_document(self, link_id: int, message: Any, body: Body) -> None:
        """Queue a message with its body, or with what fetches the body when its turn comes (None: gone by then).

        Otherwise as ``send``.
        """
        session = self._connections.links.get(link_id)
        if session is not None:
            session.send_document(message, body)

    def close(self, link_id: int, reason: str) -> None:
        """Close a link once what waits has been sent; on_closed comes at once."""
        session = self._connections.links.get(link_id)
        if session is not None:
            session.drain(reason)

    def stop_reading(self, link_id: int) -> None:
        """Take nothing from a link until go_on_reading: the node has enough to do."""
        session = self._connections.links.get(link_id)
        if session is not None:
            session.stop_reading("owner")

    def go_on_reading(self, link_id: int) -> None:
        """Take back stop_reading."""
        session = self._connections.links.get(link_id)
        if session is not None:
            session.go_on_reading("owner")

    def info(self, link_id: int) -> LinkInfo | None:
        """Return what is known of an open link, else None."""
        session = self._connections.links.get(link_id)
        if session is None or session.peer is None:
            return None
        peer = session.peer
        return LinkInfo(
            link_id,
            peer.node_key,
            peer.address,
            session.dialled,
            peer.blinding_key,
            peer.features,
            session.latency,
            session.bytes_received,
            session.bytes_sent,
            session.waiting,
        )

    @property
    def i2p_sessions(self) -> int:
        """How many I2P sessions have stood so far, each after the first one because another was lost."""
        return 0 if self._i2p is None else self._i2p.sessions

    @property
    def i2p_state(self) -> str:
        """What stands in the way to I2P, or the address there; empty where I2P is not used."""
        return "" if self._i2p is None else self._i2p.obstacle or self._i2p.address

    def links(self) -> list[LinkInfo]:
        """Return all open links."""
        return [info for info in map(self.info, list(self._connections.links)) if info is not None]

    @defer.inlineCallbacks
    def shutdown(self) -> Any:
        """Take and dial no more, send what waits on all links within the drain time, close them; fires when done."""
        self._connections.closing = True
        self._dialling.stop()
        yield self._transports.stop_listening()
        yield self._connections.drain()
        yield self._transports.stop()

    # What the rooms below report

    def link_opened(self, session: LinkSession) -> None:
        """Pass on that a link is open."""
        assert session.peer is not None
        self._tell(session, self._observer.on_opened, session.link_id, session.peer.node_key, session.peer.address)

    def link_message(self, session: LinkSession, message: Any, body: bytes | None) -> None:
        """Pass a message on; ValueError when it breaks the protocol."""
        self._tell(session, self._observer.on_message, session.link_id, message, body)

    def link_pieces(self, session: LinkSession, message: Any) -> None:
        """Pass on that a body goes on; ValueError when the message before it breaks the protocol."""
        self._tell(session, self._observer.on_pieces, session.link_id, message)

    def link_closed(self, session: LinkSession, reason: str) -> None:
        """Pass on that a link is closed."""
        self._tell(session, self._observer.on_closed, session.link_id, reason)

    def _tell(self, session: LinkSession, tell: Any, *arguments: object) -> None:
        try:
            tell(*arguments)
        except ValueError:
            raise
        except Exception:
            # A mistake of ours about one link's event must not stop the others.
            self._log.failure("link {link_id}: an event could not be handled", link_id=session.link_id)
            session.fail("internal error")

    def _given_up(self, dial: Dial) -> None:
        address, reason = str(dial.address), dial.last_reason
        self._log.info("{address}: no link: {reason}", address=address, reason=reason)
        self._observer.on_dial_failed(address, dial.node_key, reason)

    def _connect(self, dial: Dial) -> defer.Deferred[Any]:
        own = next((str(own) for own in self._own if own.scheme == dial.address.scheme), "")
        factory = self._connections.dial_factory(dial, own)
        return self._transports.connect(dial.address, factory, self._settings.connect_time)

    def _is_mine(self, text: str) -> bool:
        """Say whether an address that a peer dialled is this node's."""
        try:
            address = parse_address(text)
        except ValueError:
            return False
        # The host of a tls: address is for others to know, and the channel binding proves more than its name.
        return address.scheme == "tls" or address in self._own
