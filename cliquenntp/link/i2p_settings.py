"""What a node asks of its I2P router, and what it says when there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from cliquenntp.link.address import BadAddressError, is_loopback


def _loopback(_: object, __: object, value: str) -> None:
    if not is_loopback(value):
        raise BadAddressError(
            f"{value}: the router's SAM port must be on loopback (127.0.0.1 or ::1): SAM has neither password nor "
            "encryption, and whoever sees it sees where this node's traffic goes"
        )


def _from_to(low: int, high: int) -> Any:
    return attrs.validators.and_(attrs.validators.instance_of(int), attrs.validators.ge(low), attrs.validators.le(high))


@attrs.frozen
class I2PSettings:
    """One destination at one router.  Times are in seconds."""

    key_file: Path
    """the destination's private key, in a folder of mode 0700; made on first use"""
    sam_host: str = attrs.field(default="127.0.0.1", validator=_loopback)
    sam_port: int = 7656
    """where both i2pd and Java I2P have SAM"""
    tunnel_length: int = attrs.field(default=3, validator=_from_to(0, 7))
    """hops of each tunnel; 3 is what I2P recommends, fewer is faster and tells more; 0 hides nothing (tests)"""
    tunnel_quantity: int = attrs.field(default=3, validator=_from_to(1, 16))
    """tunnels in each direction: 2 or 3 keep a node with 16 links served while one tunnel is being replaced"""
    connections_per_minute: int = 30
    """streams that the router lets one peer open; Java I2P enforces it, other routers may ignore it"""
    all_connections_per_minute: int = 120
    """streams that the router lets all peers together open"""
    more_options: dict[str, str] = attrs.Factory(dict)
    """I2CP options as the router's manual names them, for what is not a setting here"""
    session_time: float = 180.0
    """until the router has built a session's first tunnels: 3 to 24 s measured privately, minutes on a new router"""
    answer_time: float = 30.0
    """until the router answers anything else; it is on this machine"""
    retry: float = 1.0
    """between tries while the SAM port refuses: service is back within a second of the router"""
    rest: float = 7.0
    """between the end of a session and the next one with the same key: routers delete the key's destination 5 s after
    a session, and say nothing (measured); 6 s was always enough"""
    longest_retry: float = 60.0
    """between tries while the router refuses the session, which doubles"""
    check_after: float = 600.0
    """without a connection from outside, the node dials itself to see whether its address still answers; 0: never"""

    @property
    def sam_name(self) -> str:
        """The SAM port, for people."""
        return f"{self.sam_host}:{self.sam_port}"

    def options(self) -> dict[str, str]:
        """Return the options of SESSION CREATE."""
        return {
            "inbound.length": str(self.tunnel_length),
            "outbound.length": str(self.tunnel_length),
            "inbound.quantity": str(self.tunnel_quantity),
            "outbound.quantity": str(self.tunnel_quantity),
            "i2cp.leaseSetEncType": "4",  # ECIES-X25519, what I2P asks of new applications
            "i2p.streaming.maxConnsPerMinute": str(self.connections_per_minute),
            "i2p.streaming.maxTotalConnsPerMinute": str(self.all_connections_per_minute),
            **self.more_options,
        }


def no_router(settings: I2PSettings) -> str:
    """Return what to tell an operator whose SAM port is closed."""
    return (
        f"no I2P router answers on SAM port {settings.sam_name}. "
        "i2pd: start it, with `enabled = true` under [sam] in i2pd.conf. "
        "Java I2P ships with SAM switched off: on http://127.0.0.1:7657/configclients start the "
        '"SAM application bridge" and tick "Run at Startup?". '
        "The node tries again every second and sends nothing by any other way."
    )
