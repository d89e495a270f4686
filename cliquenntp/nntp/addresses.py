"""How many connections one address may have at the same time, and open in a minute."""

from __future__ import annotations

from collections import Counter, OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

import attrs

from cliquenntp.nntp.session import replies

MOST_COUNTED = 100_000
"""addresses whose last connections are remembered, some 200 octets each; the ones seen longest ago go"""


@lru_cache(1024)  # parsing one takes 14 microseconds, a tenth of what a connection costs
def network_of(address: str) -> str:
    """Return what one client controls of an address: of an IPv6 address its /64, else the address itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))


@attrs.define
class _Bucket:
    """Connections that an address may still open."""

    left: float
    at: float


class Addresses:
    """Counts connections by address; ``now`` is monotonic seconds."""

    def __init__(self, at_once: int | None, per_minute: int | None) -> None:
        """Take so many connections from one address at the same time and in a minute; None: any number."""
        self._at_once = at_once
        self._per_minute = per_minute
        self._connected: Counter[str] = Counter()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def enter(self, address: str, now: float) -> bytes | None:
        """Count a new connection; return the refusal where there are too many from its address."""
        network = network_of(address)
        if self._at_once is not None and self._connected[network] >= self._at_once:
            return replies.TOO_MANY_FROM_ADDRESS
        if self._per_minute is not None and not self._take(network, self._per_minute, now):
            return replies.TOO_OFTEN_FROM_ADDRESS
        self._connected[network] += 1
        return None

    def leave(self, address: str) -> None:
        """Count a connection that entered no more."""
        network = network_of(address)
        self._connected[network] -= 1
        if not self._connected[network]:
            del self._connected[network]

    def _take(self, network: str, per_minute: int, now: float) -> bool:
        bucket = self._buckets.pop(network, None) or _Bucket(per_minute, now)
        self._buckets[network] = bucket
        bucket.left = min(per_minute, bucket.left + (now - bucket.at) * per_minute / 60)
        bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        while len(self._buckets) > MOST_COUNTED:
            self._buckets.popitem(last=False)
        return True
