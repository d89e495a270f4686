"""Whether the other end of an open link still lives: pings, and what stands still for too long.  Pure."""

from __future__ import annotations

import attrs

from cliquenntp.link.settings import LinkSettings


@attrs.frozen
class Ping:
    """Send a ping with that payload."""

    payload: bytes


@attrs.frozen
class Dead:
    """Give the link up."""

    reason: str


class Watch:
    """What is known about the liveness of one link; times are monotonic seconds.

    ``stretch`` (about 1) spreads the pings of the two ends of a link, which opened together.
    """

    def __init__(self, settings: LinkSettings, stretch: float, latency: float, now: float) -> None:
        self.latency = latency
        """one way in seconds: half of a round trip; falls to the shortest at once and rises slowly"""
        self._settings = settings
        self._ping_after = settings.ping_after * stretch
        self._heard_at = now
        self._moved_at = now
        self._pinged_at: float | None = None
        self._pings = 0

    def heard(self, now: float) -> None:
        """Bytes have come."""
        self._heard_at = now

    def moved(self, now: float) -> None:
        """What had begun to come has gone on, or nothing is half there."""
        self._moved_at = now

    def resumed(self, now: float) -> None:
        """Reading goes on after a pause of our own."""
        self._heard_at = self._moved_at = now

    def ponged(self, payload: bytes, now: float) -> None:
        """A pong has come; one that answers no ping of ours is ignored."""
        if self._pinged_at is not None and payload == self._payload():
            trip = (now - self._pinged_at) / 2
            # A single slow trip says little about the way; a fast one proves it.
            self.latency = min(trip, self.latency * 7 / 8 + trip / 8)
            self._pinged_at = None

    def ping(self, now: float) -> Ping | None:
        """Ask now, unless a question is under way."""
        if self._pinged_at is not None:
            return None
        self._pings += 1
        self._pinged_at = now
        return Ping(self._payload())

    def check(self, now: float, write_stopped_at: float | None, unfinished: bool, reading: bool) -> Ping | Dead | None:
        """Say what to do.

        ``write_stopped_at``: since when the transport takes nothing; ``unfinished``: a frame or body is half there;
        ``reading``: False while this node itself has stopped reading, so that what the peer says can't be heard.
        """
        stall = self._settings.stall_time
        if write_stopped_at is not None and now - write_stopped_at >= stall:
            return Dead(f"the peer has read nothing for {stall:g} s")
        if not reading:
            return None
        if unfinished and now - self._moved_at >= stall:
            return Dead(f"a frame or a body did not go on for {stall:g} s")
        if self._pinged_at is not None:
            if now - max(self._pinged_at, self._heard_at) >= self._settings.ping_time:
                return Dead(f"nothing heard for {now - self._heard_at:.0f} s")
            return None
        return self.ping(now) if now - self._heard_at >= self._ping_after else None

    def _payload(self) -> bytes:
        return self._pings.to_bytes(8, "big")
