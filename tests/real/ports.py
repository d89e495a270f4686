"""Ports for servers that must be told theirs, or that take the same one again after a restart."""

from __future__ import annotations

import random
import socket
from pathlib import Path

GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""of Linux: the ports that it gives to whoever asks for any, and to outgoing connections"""

_kept: list[socket.socket] = []


def free_port() -> int:
    """Return a port of loopback on which nobody listens, nor on the UDP port below it, which i2pd's SAM binds.

    Nobody gets it before it is listened on, or while its server starts again: it lies below those that the kernel gives
    away, and as long as this process lives no other one is told it here.
    """
    first_given_away = int(GIVEN_AWAY.read_text().split()[0])
    ports = range(10_001, first_given_away, 2)
    for port in random.SystemRandom().sample(ports, len(ports)):
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            mark.bind(f"\0cliquenntp's tests: port {port}")
            with socket.create_server(("127.0.0.1", port)), socket.socket(type=socket.SOCK_DGRAM) as below:
                below.bind(("127.0.0.1", port - 1))
        except OSError:
            mark.close()
            continue
        _kept.append(mark)
        return port
    raise AssertionError("all ports are in use")
