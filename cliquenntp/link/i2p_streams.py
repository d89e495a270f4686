"""The streams of an I2P session: whose they are, and which of them are the node's checks of itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol

_MOST_DESTINATIONS = 1000
"""Destinations kept to dial them without a look-up, which some routers do over other tunnels; half a kilobyte each."""


class Destinations:
    """The full destinations of peers, by their ``.b32.i2p`` names; the one seen longest ago goes first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, str] = OrderedDict()

    def remember(self, peer: Any) -> None:
        """Keep the destination of a stream's peer (txi2p's I2PAddress)."""
        if peer.host.endswith(".b32.i2p"):
            self._known[peer.host] = peer.destination
            self._known.move_to_end(peer.host)
            if len(self._known) > _MOST_DESTINATIONS:
                self._known.popitem(last=False)

    def find(self, host: str) -> str | None:
        """Return the destination of a name, None when it is not known."""
        return self._known.get(host)


class Guarded(Factory):
    """Passes streams to the node's factory.

    ``came`` gets each stream's peer and says whether it is another node's; the node's checks of itself end here.
    """

    noisy = False

    def __init__(self, factory: IProtocolFactory, came: Callable[[Any], bool]) -> None:
        self._factory = factory
        self._came = came

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Return the protocol of a stream; never None, which txi2p answers by leaving the stream open for ever."""
        protocol = None
        if self._came(addr):
            protocol = self._factory.buildProtocol(addr)  # type: ignore[arg-type]
        return protocol or _Abort()  # type: ignore[return-value]


class _Abort(Protocol):
    """Closes its connection."""

    def connectionMade(self) -> None:
        """Close at once."""
        self.transport.abortConnection()  # type: ignore[union-attr]


class Discard(Factory):
    """Builds protocols that close their connection: it stands, and that was the question."""

    noisy = False
    protocol = _Abort
