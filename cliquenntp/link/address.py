"""Addresses of nodes as text: ``tcp:host:port``, ``tls:host:port``, ``unix:path`` and ``i2p:....b32.i2p``.

Pure: nothing here resolves a name or opens a connection.  An address has one normal form, because both ends sign it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re

import attrs

MAX_ADDRESS = 1024
"""Characters of an address's text: an I2P destination with a long certificate is below 700, a path below 108."""

SCHEMES = ("tcp", "tls", "unix", "i2p")

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")
_BASE32 = re.compile(r"[a-z2-7]{52}\.b32\.i2p\Z")
_I2P_ALPHABET = str.maketrans("-~", "+/")
_MINIMAL_DESTINATION = 387
"""Bytes of a destination: 256 of encryption key, 128 of signing key, 3 of certificate (I2P common structures)."""


class BadAddressError(ValueError):
    """The text is no address that a node can be reached at; the message says why in one line."""


@attrs.frozen
class Address:
    """Where a node is reached."""

    scheme: str
    """one of SCHEMES"""
    host: str
    """a host name or IP address; the path for ``unix``; ``....b32.i2p`` for ``i2p``"""
    port: int
    """0 where the scheme has no ports"""
    destination: str = attrs.field(default="", eq=False, repr=False)
    """``i2p``: the full destination in I2P's base64 where it is known, else empty; dialling it needs no look-up"""

    def __str__(self) -> str:
        if self.scheme in ("unix", "i2p"):
            return f"{self.scheme}:{self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}:{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Return the address that a text names.

    Raises BadAddressError for an unknown scheme, a bad host or port, and for ``tcp`` beyond loopback: between machines
    plain TCP would show everything to everyone on the way.
    """
    if len(text) > MAX_ADDRESS or not text.isascii() or not text.isprintable():
        raise BadAddressError(f"an address has at most {MAX_ADDRESS} printable ASCII characters")
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in SCHEMES:
        raise BadAddressError(f"{text[:60]!r}: an address begins with tcp:, tls:, unix: or i2p:")
    if scheme == "unix":
        if not rest.startswith("/"):
            raise BadAddressError(f"{text[:60]!r}: the path of a unix: address begins with /")
        return Address("unix", rest, 0)
    if scheme == "i2p":
        return _i2p_address(rest)
    host, port = _host_and_port(text, rest)
    if scheme == "tcp" and not is_loopback(host):
        raise BadAddressError(
            f"{text}: tcp: is for loopback only, because it is readable on the way; use tls:{rest} or an i2p: address"
        )
    return Address(scheme, host, port)


def _host_and_port(text: str, rest: str) -> tuple[str, int]:
    """Split ``host:port`` or ``[IPv6]:port``; the host comes back in its normal form."""
    host, _, digits = rest.rpartition(":")
    if not (digits.isdigit() and len(digits) <= 5 and int(digits) <= 65535):
        raise BadAddressError(f"{text}: no port from 0 to 65535 at the end")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        return str(ipaddress.ip_address(host)), int(digits)
    except ValueError:
        if not _HOST.match(host):
            raise BadAddressError(f"{text}: {host!r} is neither a host name nor an IP address") from None
    host = host.lower()
    # One name for one place: both ends compare the address that was dialled.
    return ("127.0.0.1" if host == "localhost" else host), int(digits)


def is_loopback(host: str) -> bool:
    """Say whether a host (an IP address in its normal form) lies on this machine; a host name never counts as such."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _i2p_address(host: str) -> Address:
    if _BASE32.match(host):
        return Address("i2p", host, 0)
    if host.endswith(".i2p"):
        raise BadAddressError(
            f"i2p:{host[:60]}: give the 52 characters of its .b32.i2p form; other names can be reassigned"
        )
    return Address("i2p", base32_of(host), 0, host)


def base32_of(destination: str) -> str:
    """Return ``....b32.i2p`` of a destination in I2P's base64; BadAddressError when it is none."""
    try:
        raw = base64.b64decode(destination.translate(_I2P_ALPHABET), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) < _MINIMAL_DESTINATION:
        raise BadAddressError(f"i2p:{destination[:40]}: neither 52 characters and .b32.i2p nor a whole destination")
    return base64.b32encode(hashlib.sha256(raw).digest()).decode("ascii").lower().rstrip("=") + ".b32.i2p"
