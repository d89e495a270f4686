"""Streams between simulated nodes over a network that is slow and loses peers late, as I2P does.

A stream is reliable and ordered in each direction.  One way takes a delay that belongs to the pair (lognormal) and, for
two frames of a hundred, an exponential extra; a frame never overtakes an earlier one.  A peer that dies is noticed only
after 15 to 60 s, and so is one on the other side of a cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

import attrs

from .engine import Engine


@attrs.frozen
class NetworkModel:
    """The latency and failure model: seconds, shares from 0 to 1, bytes."""

    median_delay: float = 1.5
    sigma: float = 0.5
    tail_share: float = 0.02
    tail_mean: float = 10.0
    notice_least: float = 15.0
    notice_most: float = 60.0
    frame_overhead: int = 40
    # bytes a second that one node can send; 0 means unbounded
    bandwidth: float = 0.0


class IEndpoint(Protocol):
    """What the network calls on a node; ``peer`` is the other node's number."""

    def opened(self, peer: int, outbound: bool) -> None: ...
    def failed(self, peer: int) -> None: ...
    def closed(self, peer: int) -> None: ...
    def received(self, peer: int, payload: Any) -> None: ...


@attrs.define(eq=False)
class _Stream:
    """One stream between two nodes; ``arrival`` is the last frame's arrival at each end."""

    low: int
    high: int
    delay: float
    serial: int
    open: bool = False
    arrival: dict[int, float] = attrs.field(factory=dict)
    knows: set[int] = attrs.field(factory=set)
    # the caller that has not yet heard that its stream is open
    pending: IEndpoint | None = None


class Network:
    """All nodes' streams.  Nodes are numbers; ``attach`` and ``detach`` make one reachable or dead."""

    def __init__(self, engine: Engine, random: Random, model: NetworkModel | None = None) -> None:
        self.engine = engine
        self.model = model if model is not None else NetworkModel()
        self.frames = 0
        self._random = random
        self._nodes: dict[int, IEndpoint] = {}
        self._streams: dict[tuple[int, int], _Stream] = {}
        self._peers: dict[int, set[int]] = {}
        self._side: Callable[[int], int] | None = None
        self._busy_until: dict[int, float] = {}
        self._mu = math.log(self.model.median_delay)
        self._opened = 0

    def attach(self, node: int, endpoint: IEndpoint) -> None:
        """A node is up from now on."""
        self._nodes[node] = endpoint

    def detach(self, node: int, *, clean: bool = False) -> None:
        """A node is down from now on: its peers notice late, or at once (one way later) when it stopped cleanly."""
        self._nodes.pop(node, None)
        for peer in list(self._peers.get(node, ())):
            stream = self._stream(node, peer)
            if stream is not None:
                stream.knows.discard(node)
                after = max(stream.delay, stream.arrival.get(peer, 0.0) - self.engine.now) if clean else self._notice()
                self.engine.after(after, self._notice_loss, stream, peer)

    def cut(self, side: Callable[[int], int] | None) -> None:
        """Part the network: nodes of different ``side`` reach each other no longer; None heals it."""
        self._side = side
        if side is None:
            return
        for stream in list(self._streams.values()):
            if side(stream.low) != side(stream.high):
                stream.open = False
                for end in (stream.low, stream.high):
                    self.engine.after(self._notice(), self._notice_loss, stream, end)

    def connect(self, node: int, peer: int) -> None:
        """Open a stream; ``opened`` comes at both ends, or ``failed`` at the caller after a time-out."""
        if self._stream(node, peer) is not None and node in self._streams[_pair(node, peer)].knows:
            return
        self._opened += 1
        delay = self._random.lognormvariate(self._mu, self.model.sigma)
        stream = _Stream(*_pair(node, peer), delay, self._opened)
        self.engine.after(stream.delay, self._syn, stream, node, peer)

    def close(self, node: int, peer: int) -> None:
        """Close a stream cleanly; the peer hears of it after what was sent before."""
        stream = self._stream(node, peer)
        if stream is None:
            return
        stream.knows.discard(node)
        self._forget(stream)
        when = max(self.engine.now + stream.delay, stream.arrival.get(peer, 0.0))
        self.engine.at(when, self._notice_loss, stream, peer)

    def send(self, node: int, peer: int, payload: Any, size: int) -> bool:
        """Send ``size`` bytes, overhead and all, as one; False when the sender has no stream to that peer."""
        stream = self._streams.get((node, peer) if node < peer else (peer, node))
        if stream is None or node not in stream.knows:
            return False
        model, now = self.model, self.engine.now
        self.frames += 1
        if not stream.open:
            return True
        if model.bandwidth:
            now = max(now, self._busy_until.get(node, 0.0)) + size / model.bandwidth
            self._busy_until[node] = now
        when = now + stream.delay
        if self._random.random() < model.tail_share:
            when += self._random.expovariate(1 / model.tail_mean)
        when = max(when, stream.arrival.get(peer, 0.0))
        stream.arrival[peer] = when
        self.engine.at(when, self._deliver, stream, node, peer, payload)
        return True

    def linked(self, node: int, peer: int) -> bool:
        """Return whether ``node`` believes that it has a stream to ``peer``."""
        stream = self._stream(node, peer)
        return stream is not None and node in stream.knows

    def delay(self, node: int, peer: int) -> float:
        """Return the usual seconds one way of an existing stream."""
        return self._streams[_pair(node, peer)].delay

    def serial(self, node: int, peer: int) -> int:
        """Return a number that names an existing stream, alike at both ends."""
        return self._streams[_pair(node, peer)].serial

    def peers(self, node: int) -> list[int]:
        """Return the peers to which ``node`` believes that it has streams, in order."""
        return sorted(peer for peer in self._peers.get(node, ()) if self.linked(node, peer))

    def reachable(self, node: int, peer: int) -> bool:
        """Return whether both are up and on one side of any cut."""
        together = self._side is None or self._side(node) == self._side(peer)
        return together and node in self._nodes and peer in self._nodes

    def _syn(self, stream: _Stream, caller: int, peer: int) -> None:
        if not self.reachable(caller, peer):
            self.engine.after(self._notice(), self._fail, caller, self._nodes.get(caller), peer)
            return
        old = self._stream(caller, peer)
        if old is not None and old.open:
            waiting = old.pending is not None and old.pending in (self._nodes[caller], self._nodes[peer])
            if waiting or {caller, peer} <= old.knows:
                return
        if old is not None:
            # the peer had not noticed that the caller's old stream ended
            for end in (caller, peer):
                self._notice_loss(old, end)
            self._forget(old)
        stream.open = True
        stream.knows = {caller, peer}
        self._streams[stream.low, stream.high] = stream
        self._peers.setdefault(caller, set()).add(peer)
        self._peers.setdefault(peer, set()).add(caller)
        # the caller's side hears of it one way later, after which it may send; the peer may send at once
        stream.knows.discard(caller)
        stream.pending = self._nodes[caller]
        self.engine.after(stream.delay, self._syn_ack, stream, caller, peer, self._nodes[caller])
        stream.arrival[caller] = self.engine.now + stream.delay
        self._nodes[peer].opened(caller, False)

    def _syn_ack(self, stream: _Stream, caller: int, peer: int, endpoint: IEndpoint) -> None:
        if self._nodes.get(caller) is not endpoint:
            return
        stream.pending = None
        if stream.open and self._streams.get((stream.low, stream.high)) is stream:
            stream.knows.add(caller)
            endpoint.opened(peer, True)
        elif not self.linked(caller, peer):
            endpoint.failed(peer)

    def _fail(self, caller: int, endpoint: IEndpoint | None, peer: int) -> None:
        if endpoint is not None and self._nodes.get(caller) is endpoint and not self.linked(caller, peer):
            endpoint.failed(peer)

    def _deliver(self, stream: _Stream, node: int, peer: int, payload: Any) -> None:
        if peer in stream.knows and stream.open:
            endpoint = self._nodes.get(peer)
            if endpoint is not None:
                endpoint.received(node, payload)

    def _notice_loss(self, stream: _Stream, end: int) -> None:
        if end not in stream.knows:
            return
        stream.knows.discard(end)
        if not stream.knows:
            self._forget(stream)
        endpoint = self._nodes.get(end)
        if endpoint is not None:
            endpoint.closed(stream.high if end == stream.low else stream.low)

    def _forget(self, stream: _Stream) -> None:
        if self._streams.get((stream.low, stream.high)) is stream and not stream.knows:
            del self._streams[stream.low, stream.high]
            self._peers[stream.low].discard(stream.high)
            self._peers[stream.high].discard(stream.low)

    def _stream(self, node: int, peer: int) -> _Stream | None:
        return self._streams.get((node, peer) if node < peer else (peer, node))

    def _notice(self) -> float:
        return self._random.uniform(self.model.notice_least, self.model.notice_most)


def _pair(node: int, peer: int) -> tuple[int, int]:
    return (node, peer) if node < peer else (peer, node)
