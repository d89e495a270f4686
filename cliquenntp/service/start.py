"""What starting a node needs in several places: ports, the way to I2P, and one clear reason where it cannot be."""

from __future__ import annotations

import os
import resource
from typing import Any

from twisted.internet import endpoints
from twisted.internet.interfaces import IListeningPort

from cliquenntp.link.i2p_settings import I2PSettings
from cliquenntp.link.transports import I2PTransport
from cliquenntp.service.readers.news_endpoints import NewsEndpoint
from cliquenntp.service.settings import Settings


class StartError(Exception):
    """The node cannot start; the text says why and what to do, in one line."""


def keep_to_owner() -> None:
    """Let nobody but its user read what this process, and what it starts, writes; its memory too, should it crash.

    The data folder may have been made by somebody who lets others in, and a core dump has the keys in it.
    """
    os.umask(0o077)
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def open_port(endpoint: Any, factory: Any, what: str) -> IListeningPort:
    """Listen; these endpoints know at once whether they can.  Raises StartError."""
    results: list[Any] = []
    endpoint.listen(factory).addBoth(results.append)
    [result] = results
    if not IListeningPort.providedBy(result):
        raise StartError(f"{what} cannot be opened: {result.getErrorMessage()}")
    return result


def listen_for_newsreaders(reactor: Any, endpoint: NewsEndpoint, factory: Any) -> IListeningPort:
    """Listen where newsreaders connect.  Raises StartError."""
    described = endpoints.serverFromString(reactor, endpoint.twisted)
    return open_port(described, factory, f"the port {endpoint.text} for newsreaders")


def i2p_network(reactor: Any, settings: Settings, key_name: str) -> I2PTransport:
    """Return a place in I2P with an address of its own, whose key is the file ``key_name`` under keys/."""
    # Takes two seconds and 60 MB, so only here, and before the reactor runs.
    from cliquenntp.link.i2p import I2PNetwork

    host, _, port = settings.i2p_sam.rpartition(":")
    return I2PNetwork(
        reactor,
        I2PSettings(
            settings.keys / key_name,
            host,
            int(port),
            settings.i2p_tunnel_length,
            settings.i2p_tunnel_quantity,
            more_options=dict(option.split("=", 1) for option in settings.i2p_options),
        ),
    )
