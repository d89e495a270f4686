"""Where newsreaders connect: what an endpoint's text means, and whether others can overhear what is said there."""

from __future__ import annotations

import re
from ipaddress import ip_address

import attrs

I2P = "i2p"
"""an I2P destination of the listener's own"""

_INTERFACE = re.compile(r"(?:^|:)interface=((?:[^:\\]|\\.)*)")

_PORT = re.compile(r"(?::|:port=)(\d+)(?=:|$)")


@attrs.frozen
class NewsEndpoint:
    """A place where newsreaders connect."""

    text: str
    """as the operator wrote it"""
    twisted: str
    """Twisted's description of it; empty for I2P"""
    tls: bool = False
    """whether connections begin with TLS, with the node's certificate"""
    confidential: bool = False
    """whether nobody overhears the connections: on loopback, through a Unix socket, in TLS or in I2P"""
    shared_address: bool = False
    """whether all connections come from one address, as on loopback"""

    @property
    def scheme(self) -> str:
        """What its address begins with: ``tls`` where connections begin with TLS, with whatever certificate."""
        return "tls" if self.tls or self.text.startswith("ssl:") else "tcp"

    @property
    def may_start_tls(self) -> bool:
        """Whether STARTTLS is offered."""
        return self.twisted.startswith(("tcp:", "systemd:")) and not self.tls


def news_endpoint(text: str) -> NewsEndpoint:
    """Return what an endpoint's text means.  ValueError where it is none of those that newsreaders can use."""
    kind, _, rest = text.partition(":")
    if text == I2P:
        return NewsEndpoint(text, "", confidential=True)
    if kind == "tcp" and rest:
        return NewsEndpoint(text, text, confidential=is_loopback(text), shared_address=is_loopback(text))
    if kind == "tls" and rest:
        return NewsEndpoint(text, f"tcp:{rest}", True, True, is_loopback(text))
    if kind == "ssl" and rest:
        return NewsEndpoint(text, text, False, True, is_loopback(text))
    if kind == "unix" and rest:
        return NewsEndpoint(text, text, False, True, True)
    if kind == "systemd" and rest:
        return NewsEndpoint(text, text)
    raise ValueError("i2p, tls:PORT[:interface=ADDRESS], tcp:PORT[:interface=ADDRESS], unix:PATH, ssl:..., systemd:...")


def tcp_address(description: str) -> tuple[str, int]:
    """Return interface and port of Twisted's description of a TCP endpoint."""
    interface, port = _INTERFACE.search(description), _PORT.search(description)
    host = "" if interface is None else interface.group(1).replace("\\", "")
    return host or "0.0.0.0", 0 if port is None else int(port.group(1))


def is_loopback(endpoint: str) -> bool:
    """Tell whether Twisted's description of a TCP endpoint names an interface on loopback."""
    interface = _INTERFACE.search(endpoint)
    try:
        return interface is not None and ip_address(interface.group(1).replace("\\", "")).is_loopback
    except ValueError:
        return False
