"""Dialling: which addresses are wanted, when each is tried again, and when it is given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from typing import Any

import attrs
from twisted.internet import defer
from twisted.python.failure import Failure

from cliquenntp.link.address import Address
from cliquenntp.link.backoff import Backoff, Schedule
from cliquenntp.link.refusal import Refusal
from cliquenntp.link.settings import LinkSettings

_HOPELESS = (Refusal.ITSELF, Refusal.KEY, Refusal.VERSION, Refusal.UNWANTED)
"""Refusals that another try won't change."""


@attrs.define(eq=False)
class Dial:
    """An address that this node wants a link with."""

    address: Address
    node_key: bytes | None
    """the key that must answer there; None: any"""
    since: float
    give_up: float
    """seconds of failing after which it is given up"""
    attempt: defer.Deferred[Any] | None = None
    retry: Any = None
    last_reason: str = "not tried yet"

    def cancel_retry(self) -> None:
        """Take back what was to be tried later."""
        if self.retry is not None and self.retry.active():
            self.retry.cancel()


class Dialling:
    """The dials of one node.

    ``connect`` starts one attempt: gets a Dial, returns a Deferred of the connection (not yet of the link).  The owner
    reports the attempt's end by ``opened`` or ``failed``.  ``report`` gets a dial that was given up.  ``obstacle`` says
    what on this machine is in the way of an address, if anything: its dial then waits for ``way_opened``, and that
    counts as no failure.
    """

    def __init__(
        self,
        clock: Any,
        settings: LinkSettings,
        dice: Callable[[], float],
        connect: Callable[[Dial], defer.Deferred[Any]],
        report: Callable[[Dial], None],
        obstacle: Callable[[Address], str] = lambda address: "",
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._connect = connect
        self._report = report
        self._obstacle = obstacle
        self._backoff = Backoff(Schedule(settings.first_redial, settings.longest_redial), dice)
        self._dials: dict[Address, Dial] = {}
        self._queue: deque[Dial] = deque()
        self._running: set[Dial] = set()

    def __contains__(self, address: Address) -> bool:
        return address in self._dials

    def reasons(self) -> dict[str, str]:
        """Return why each wanted address has no link yet."""
        return {str(address): self._obstacle(address) or dial.last_reason for address, dial in self._dials.items()}

    def want(self, address: Address, node_key: bytes | None, give_up: float) -> None:
        """Dial an address until a link opens or ``give_up`` seconds of failing have passed.

        An address that failed lately rests first, whoever asks.
        """
        if address in self._dials:
            return
        dial = Dial(address, node_key, self._clock.seconds(), give_up)
        self._dials[address] = dial
        self._try_after(dial, self._backoff.rest(address, self._clock.seconds()))

    def way_opened(self) -> None:
        """What was in the way of addresses is gone: try all that are wanted now, as if nothing had failed before.

        What failed earlier says more about this end than about the others.
        """
        self._backoff.clear()
        for dial in self._dials.values():
            dial.since = self._clock.seconds()
            if dial not in self._running and dial not in self._queue:
                dial.cancel_retry()
                self._queue.append(dial)
        self._next()

    def forget(self, address: Address) -> None:
        """Want an address no more; a connection that is being opened is closed."""
        dial = self._dials.pop(address, None)
        if dial is not None:
            self._stop(dial)

    def forget_keys(self, keys: Container[bytes]) -> None:
        """Want no more the addresses at which one of these nodes shall answer."""
        for address in [address for address, dial in self._dials.items() if dial.node_key in keys]:
            self.forget(address)

    def stop(self) -> None:
        """Want nothing more."""
        for address in list(self._dials):
            self.forget(address)

    def opened(self, dial: Dial) -> None:
        """The dial has led to a link."""
        self._backoff.succeeded(dial.address)
        self._dials.pop(dial.address, None)
        self._stop(dial)

    def failed(self, dial: Dial, reason: str, refusal: Refusal | None = None) -> None:
        """An attempt has failed: try again later, or give up."""
        dial.attempt = None
        self._running.discard(dial)
        self._next()
        if self._dials.get(dial.address) is not dial:
            return
        dial.last_reason = reason
        now = self._clock.seconds()
        wait = self._backoff.failed(dial.address, now)
        if refusal in _HOPELESS or now + wait - dial.since > dial.give_up:
            del self._dials[dial.address]
            self._report(dial)
        else:
            self._try_after(dial, wait)

    def _try_after(self, dial: Dial, wait: float) -> None:
        dial.retry = self._clock.callLater(wait, self._enqueue, dial)

    def _enqueue(self, dial: Dial) -> None:
        self._queue.append(dial)
        self._next()

    def _next(self) -> None:
        while self._queue and len(self._running) < self._settings.max_dialling:
            dial = self._queue.popleft()
            if self._dials.get(dial.address) is dial and not self._obstacle(dial.address):
                self._running.add(dial)
                self._attempt(dial)

    def _attempt(self, dial: Dial) -> None:
        over_i2p = dial.address.scheme == "i2p"
        limit = self._settings.i2p_connect_time if over_i2p else self._settings.connect_time
        attempt = defer.maybeDeferred(self._connect, dial)
        dial.attempt = attempt
        attempt.addTimeout(limit, self._clock, lambda _, seconds: Failure(TimeoutError(f"no answer for {seconds:g} s")))

        def connected(_: object) -> None:
            dial.attempt = None

        def not_connected(failure: Failure) -> None:
            if failure.check(defer.CancelledError) and dial not in self._running:
                return
            self.failed(dial, failure.getErrorMessage() or repr(failure.value))

        attempt.addCallbacks(connected, not_connected)

    def _stop(self, dial: Dial) -> None:
        self._running.discard(dial)
        dial.cancel_retry()
        if dial.attempt is not None:
            dial.attempt.cancel()
        self._next()
