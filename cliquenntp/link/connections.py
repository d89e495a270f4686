"""The table of connections: who may open a link, and which of two links between the same nodes stays."""

from __future__ import annotations

import random
from collections.abc import Callable, Container
from typing import Any
from typing import Protocol as Typed

from twisted.internet import defer
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger

from cliquenntp.link.address import BadAddressError, parse_address
from cliquenntp.link.backoff import Backoff, Schedule
from cliquenntp.link.dialling import Dial, Dialling
from cliquenntp.link.handshake import NONCE_SIZE, Dialler, Listener
from cliquenntp.link.identity import Identity
from cliquenntp.link.rate import Rate
from cliquenntp.link.refusal import Refusal
from cliquenntp.link.session import LinkSession
from cliquenntp.link.settings import LinkSettings
from cliquenntp.link.surroundings import Codec, Surroundings
from cliquenntp.link.traffic import Traffic
from cliquenntp.link.transports import proved_address

_LOG_LINES_PER_SECOND = 5
"""About connections that came in and failed: whoever connects a thousand times a second shall not fill the disk."""


class LinkEvents(Typed):
    """Who takes the events of open links (link.manager)."""

    def link_opened(self, session: LinkSession) -> None:
        """Take a link that is open; its ``link_id`` is set."""

    def link_message(self, session: LinkSession, message: Any, body: bytes | None) -> None:
        """Take a message; ValueError when it breaks the protocol."""

    def link_pieces(self, session: LinkSession, message: Any) -> None:
        """Take note that a part of the body behind ``message`` has come; ValueError as above."""

    def link_closed(self, session: LinkSession, reason: str) -> None:
        """Take note that a link is closed."""


class Connections:
    """Every connection of a node, from its first byte to its last.

    One link a pair of nodes: of two that were dialled from both ends at once, the one stays that the greater key
    dialled; both ends see it so.
    """

    _log = Logger()

    def __init__(
        self,
        clock: Any,
        identity: Identity,
        settings: LinkSettings,
        dice: random.Random,
        dialling: Dialling,
        make_codec: Callable[[], Codec],
        events: LinkEvents,
        traffic: Traffic,
        unwanted: Container[bytes] = (),
    ) -> None:
        """``unwanted``: the keys of the nodes with which there shall be no link."""
        self.closing = False
        self._unwanted = unwanted
        self.links: dict[int, LinkSession] = {}
        self._clock = clock
        self._identity = identity
        self._settings = settings
        self._dice = dice
        self._dialling = dialling
        self._events = events
        rate = Rate(settings.max_rate)
        self._shared = Surroundings(clock, settings, self, dice.random, rate, make_codec, traffic)
        self._penalties = Backoff(Schedule(settings.first_penalty, settings.longest_penalty), dice.random)
        self._by_key: dict[bytes, LinkSession] = {}
        self._sessions: dict[LinkSession, Dial | None] = {}
        self._half_open: dict[LinkSession, None] = {}
        self._last_link_id = 0
        self._emptied: defer.Deferred[None] | None = None
        self._lines = Rate(_LOG_LINES_PER_SECOND)
        self._unsaid = 0

    def link_with(self, node_key: bytes | None, address: str) -> LinkSession | None:
        """Return the open link with a node, known by its key or its address, else None."""
        if node_key is not None:
            return self._by_key.get(node_key)
        return next((s for s in self.links.values() if s.peer is not None and s.peer.address == address), None)

    def factory(self, scheme: str, is_mine: Callable[[str], bool]) -> Factory:
        """Return the factory of connections that come in; ``is_mine`` knows this node's addresses."""

        def build(peer: IAddress) -> Protocol:
            seen = proved_address(peer)

            def handshake(binding: bytes) -> Listener:
                return Listener(self._identity, self._dice.randbytes(NONCE_SIZE), is_mine, seen, binding)

            if len(self._half_open) >= self._settings.max_half_open:
                next(iter(self._half_open)).expire("newer connections need its place")
            session = self._session(handshake, scheme, None)
            self._half_open[session] = None
            return session

        return LinkFactory(build)

    def dial_factory(self, dial: Dial, own_address: str) -> Factory:
        """Return the factory of the one connection that an attempt to dial opens."""

        def handshake(binding: bytes) -> Dialler:
            nonce = self._dice.randbytes(NONCE_SIZE)
            return Dialler(self._identity, nonce, str(dial.address), own_address, dial.node_key, binding)

        return LinkFactory(lambda _: self._session(handshake, dial.address.scheme, dial))

    def _session(self, handshake: Callable[[bytes], Dialler | Listener], scheme: str, dial: Dial | None) -> LinkSession:
        settings = self._settings
        limit = settings.i2p_handshake_time if scheme == "i2p" else settings.handshake_time
        session = LinkSession(self._shared, handshake, dial is not None, scheme == "tls", limit)
        self._sessions[session] = dial
        return session

    def drain(self) -> defer.Deferred[None]:
        """Close every connection behind what waits on it; fires when none is left."""
        for session in list(self._sessions):
            session.drain("the node is stopping")
        if not self._sessions:
            return defer.succeed(None)
        self._emptied = defer.Deferred()
        return self._emptied

    # What sessions report

    def session_proved(self, session: LinkSession) -> Refusal | None:
        """Decide whether a peer that has just proved its key may open a link."""
        peer = session.peer
        assert peer is not None
        existing = self._by_key.get(peer.node_key)
        if self.closing:
            return Refusal.CLOSING
        if peer.node_key in self._unwanted:
            return Refusal.UNWANTED
        if self._penalties.rest(peer.node_key, self._clock.seconds()):
            return Refusal.PENALTY
        if existing is None and len(self.links) >= self._settings.max_links:
            return Refusal.FULL
        if session.dialled:
            # Dialled while a link with that node is open: by another of its addresses, or both ends at once.
            return Refusal.DUPLICATE if existing is not None and self._same_instance(existing, session) else None
        try:
            if peer.address:
                parse_address(peer.address)
        except BadAddressError:
            return Refusal.ADDRESS
        if existing is not None and not self._prefers(session, existing):
            existing.probe()
            return Refusal.DUPLICATE
        if self._identity.node_key > peer.node_key and self._is_being_dialled(peer.node_key):
            return Refusal.DUPLICATE
        return None

    def _same_instance(self, one: LinkSession, other: LinkSession) -> bool:
        return one.peer is not None and other.peer is not None and one.peer.instance == other.peer.instance

    def _prefers(self, new: LinkSession, existing: LinkSession) -> bool:
        """Say whether a connection that came in takes the place of an open link with the same node."""
        assert new.peer is not None
        if not self._same_instance(new, existing):
            return True  # the peer was started anew: its old connection is dead, though nobody has noticed
        if not existing.dialled:
            return True  # it dials only when it has no link: it has lost the old one
        return new.peer.node_key > self._identity.node_key

    def _is_being_dialled(self, node_key: bytes) -> bool:
        return any(
            session.dialled and not session.is_open and session.peer is not None and session.peer.node_key == node_key
            for session in self._sessions
        )

    def session_opened(self, session: LinkSession) -> None:
        """Number an open link and put it in the place of an older one with the same node."""
        peer = session.peer
        assert peer is not None
        existing = self._by_key.pop(peer.node_key, None)
        if existing is not None:
            existing.fail("another connection between the same nodes takes its place")
        self._half_open.pop(session, None)
        self._last_link_id += 1
        session.link_id = self._last_link_id
        self.links[session.link_id] = session
        self._by_key[peer.node_key] = session
        dial = self._sessions[session]
        if dial is not None:
            self._dialling.opened(dial)
        self._log.info(
            "link {link_id}: open, {way} {address}",
            link_id=session.link_id,
            way="to" if session.dialled else "from",
            address=peer.address or "a node that can't be dialled",
        )
        self._events.link_opened(session)

    def session_message(self, session: LinkSession, message: Any, body: bytes | None) -> None:
        """Pass a message on."""
        self._events.link_message(session, message, body)

    def session_pieces(self, session: LinkSession, message: Any) -> None:
        """Pass on that a body goes on."""
        self._events.link_pieces(session, message)

    def session_failed(self, session: LinkSession, reason: str, refusal: Refusal | None) -> None:
        """Report a dial's failed attempt, or log what came in and led to nothing."""
        self._half_open.pop(session, None)
        dial = self._sessions[session]
        if dial is None:
            self._say_line("a connection came in and led to no link: {reason}", reason)
        elif refusal is Refusal.DUPLICATE and session.peer is not None and session.peer.node_key in self._by_key:
            self._dialling.opened(dial)
        else:
            self._dialling.failed(dial, reason, refusal)

    def session_closed(self, session: LinkSession, reason: str, at_fault: bool) -> None:
        """Take a closed link out of the table, with a penalty for a peer that broke the protocol."""
        peer = session.peer
        assert peer is not None
        self.links.pop(session.link_id, None)
        if self._by_key.get(peer.node_key) is session:
            del self._by_key[peer.node_key]
        if at_fault:
            wait = self._penalties.failed(peer.node_key, self._clock.seconds())
            reason += f" (not again for {wait:.0f} s)"
        self._log.info("link {link_id}: closed: {reason}", link_id=session.link_id, reason=reason)
        self._events.link_closed(session, reason)

    def session_gone(self, session: LinkSession) -> None:
        """Forget a connection."""
        self._sessions.pop(session, None)
        if self._emptied is not None and not self._sessions:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def _say_line(self, line: str, reason: str) -> None:
        now = self._clock.seconds()
        if self._lines.wait(now):
            self._unsaid += 1
            return
        self._lines.take(1, now)
        unsaid, self._unsaid = self._unsaid, 0
        more = f" (and {unsaid} more since the last such line)" if unsaid else ""
        self._log.info(line + more, reason=reason)


class LinkFactory(Factory):
    """Builds protocols by a function."""

    noisy = False

    def __init__(self, build: Callable[[IAddress], Protocol]) -> None:
        self._build = build

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Return the protocol of a new connection."""
        assert addr is not None
        return self._build(addr)
