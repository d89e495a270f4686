"""Hosts of a network that nothing leaves: network namespaces at a bridge, which can be cut in two.  Needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager

NETWORK = "198.18.0"
"""of the addresses that are set aside for tests of networks (RFC 2544)"""

WHOLE, CUT_OFF = BRIDGES = ("whole", "cut-off")


class Hosts:
    """So many hosts, numbered from 0."""

    def __init__(self, count: int) -> None:
        self._prefix = f"soak{os.getpid()}"
        self._hub = f"{self._prefix}-hub"
        self._names: list[str] = []
        self._count = count

    def address(self, host: int) -> str:
        """Return a host's IP address."""
        return f"{NETWORK}.{host + 1}"

    def wrapper(self, host: int) -> list[str]:
        """Return the beginning of the command line of a program that is to run on a host."""
        return ["ip", "netns", "exec", self._name(host)]

    def cut(self, hosts: Collection[int]) -> None:
        """Let these hosts reach one another only."""
        for host in hosts:
            self._plug(host, CUT_OFF)

    def heal(self) -> None:
        """Let all hosts reach all others."""
        for host in range(self._count):
            self._plug(host, WHOLE)

    def _name(self, host: int) -> str:
        return f"{self._prefix}-{host}"

    def _plug(self, host: int, bridge: str) -> None:
        _ip("-n", self._hub, "link", "set", f"host{host}", "master", bridge)

    def set_up(self) -> None:
        """Make the network."""
        self._add(self._hub)
        for bridge in BRIDGES:
            _ip("-n", self._hub, "link", "add", bridge, "type", "bridge", "forward_delay", "0")
            _ip("-n", self._hub, "link", "set", bridge, "up")
        for host in range(self._count):
            name = self._name(host)
            self._add(name)
            _ip("-n", self._hub, "link", "add", f"host{host}", "type", "veth", "peer", "name", "eth0", "netns", name)
            self._plug(host, WHOLE)
            _ip("-n", self._hub, "link", "set", f"host{host}", "up")
            _ip("-n", name, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def _add(self, name: str) -> None:
        _ip("netns", "add", name)
        self._names.append(name)

    def tear_down(self) -> None:
        """Take the network away; nothing may run on it any more."""
        while self._names:
            _ip("netns", "delete", self._names.pop())


@contextmanager
def hosts(count: int) -> Iterator[Hosts]:
    """Have so many hosts."""
    made = Hosts(count)
    try:
        made.set_up()
        yield made
    finally:
        made.tear_down()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
