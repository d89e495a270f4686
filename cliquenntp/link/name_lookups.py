"""Looking names up a few at a time.

The system's look-ups block a thread each, for tens of seconds where no name server answers.  Twisted's ten threads are
shared with what else must not block the reactor, logins for one; dials may not take all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

MOST_LOOKUPS = 4
"""at a time; that leaves six threads for all else"""


@implementer(IHostResolution)
class _Waiting:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Do nothing, as Twisted's own resolver does: a look-up can't be taken back."""


@implementer(IResolutionReceiver)
class _Counted:
    """Passes on what a look-up finds, and tells when it ends."""

    def __init__(self, receiver: IResolutionReceiver, ended: Callable[[], None]) -> None:
        self._receiver = receiver
        self._ended = ended

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802
        """See IResolutionReceiver."""
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        """See IResolutionReceiver."""
        self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        """See IResolutionReceiver."""
        self._ended()
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)
class FewLookups:
    """A resolver that lets another one look up only so many names at a time; the others wait in order."""

    def __init__(self, resolver: IHostnameResolver, most: int = MOST_LOOKUPS) -> None:
        self._resolver = resolver
        self._free = most
        self._queue: deque[Callable[[], Any]] = deque()

    def resolveHostName(  # noqa: N802
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        """See IHostnameResolver."""
        receiver = _Counted(resolutionReceiver, self._ended)
        self._queue.append(lambda: self._resolver.resolveHostName(
            receiver, hostName, portNumber, addressTypes, transportSemantics))
        self._next()
        return _Waiting(hostName)

    def _ended(self) -> None:
        self._free += 1
        self._next()

    def _next(self) -> None:
        while self._free and self._queue:
            self._free -= 1
            self._queue.popleft()()
