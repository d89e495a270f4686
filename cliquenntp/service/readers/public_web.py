"""Where anybody reads the public forums with a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet import defer, endpoints
from twisted.internet.interfaces import IListeningPort
from twisted.internet.threads import deferToThread
from twisted.protocols.tls import TLSMemoryBIOFactory

from cliquenntp.interfaces import SHARED, Identity, Right
from cliquenntp.link.i2p_keys import KeyFileError
from cliquenntp.link.transports import I2PTransport
from cliquenntp.service.network.node_forums import InBoth
from cliquenntp.service.readers.listeners import address_text
from cliquenntp.service.readers.news_endpoints import I2P, NewsEndpoint, news_endpoint
from cliquenntp.service.readers.views import NamedForums
from cliquenntp.service.start import StartError, i2p_network, open_port

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

KEY = "i2p-public-web"
"""of the I2P address of its own"""


class PublicWeb:
    """The public pages of a node, on all endpoints that the settings name."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._ports: list[tuple[NewsEndpoint, IListeningPort]] = []
        self._networks: list[tuple[I2PTransport, Any]] = []

    @property
    def addresses(self) -> list[str]:
        """Where browsers find the pages; empty texts for I2P addresses that are not up yet."""
        found = [address_text(port.getHost(), endpoint.scheme) for endpoint, port in self._ports]
        return [*found, *(network.address for network, _ in self._networks)]

    def open(self) -> None:
        """Listen everywhere.  Raises StartError."""
        # Imported here: most nodes show no pages to strangers.
        from cliquenntp.web.public.pages import PublicPages

        node, settings = self._node, self._node.settings
        named = NamedForums(node.store.reader, frozenset(settings.public_forums))
        forums = InBoth(named, node.forums.of(SHARED))
        view = node.views.of(Identity(None, Right.READ, forums, listed=settings.list_scope))
        pages = PublicPages(view, settings.contact, deferToThread)
        for text in settings.public_web:
            self._open(news_endpoint(text), pages)

    def _open(self, endpoint: NewsEndpoint, pages: Any) -> None:
        from cliquenntp.web.public import make_public_site

        node = self._node
        # no authority vouches for a certificate that the node made, so browsers would pass over what they are told
        has_certificate = not endpoint.tls or node.settings.certificate is not None
        tls_alone = endpoint.scheme == "tls" and has_certificate
        factory: Any = make_public_site(pages, node.reactor, endpoint.shared_address, tls_alone=tls_alone)
        if endpoint.text == I2P:
            network = i2p_network(node.reactor, node.settings, KEY)
            try:
                listening = network.listen(factory)
            except KeyFileError as error:
                raise StartError(str(error)) from None
            factory.doStart()
            listening.addErrback(lambda failure: failure.trap(defer.CancelledError))
            self._networks.append((network, factory))
            return
        if endpoint.tls:
            factory = TLSMemoryBIOFactory(node.listeners.certificate(), False, factory)
        described = endpoints.serverFromString(node.reactor, endpoint.twisted)
        self._ports.append((endpoint, open_port(described, factory, f"the port {endpoint.text} for browsers")))

    async def close(self) -> None:
        """Close all."""
        for _, port in self._ports:
            await defer.maybeDeferred(port.stopListening)
        for network, factory in self._networks:
            await network.stop()
            factory.doStop()
