"""Figures for Prometheus, on a loopback port, where the setting ``metrics`` names one.

They tell how the node does and not what anybody does: no newsgroup, name or address is in them, and what counts people
or their articles is rounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from twisted.application.service import Service
from twisted.internet import defer, endpoints
from twisted.internet.interfaces import IListeningPort
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from cliquenntp.service.start import StartError, open_port
from cliquenntp.web.guard import names_this_machine

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

COMMIT_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
"""seconds: an SSD's sync takes one or two milliseconds, an SD card's fifty, a failing disk's seconds"""

READERS_STEP = 5
"""readers are told in steps of so many, so that nobody sees one come or go"""

DIGITS = 2
"""that are told of counts of articles: one post more does not show"""


def rounded(count: int) -> int:
    """Return a count with its first DIGITS digits."""
    step = 10 ** max(0, len(str(count)) - DIGITS)
    return count // step * step


class NodeFigures(Collector):
    """Looks at a node when it is asked."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; see prometheus_client."""
        node = self._node
        sides = list(node.nodes)
        states = [state for side in sides for state in side.channels.values()]
        behind = [
            len(edge.comparison.asked) + sum(len(missing.documents) for missing in list(edge.comparison.missing))
            for state in states for edge in state.open_edges() if edge.comparison is not None]
        readers = -(-node.listeners.readers // READERS_STEP) * READERS_STEP
        gauges = (
            ("peers", "links to other nodes that stand", sum(len(list(side.links.links())) for side in sides)),
            ("peers_dialled", "addresses that are dialled", sum(len(side.links.dials()) for side in sides)),
            ("peers_waiting_bytes", "octets that wait for peers to take them",
             sum(link.waiting for side in sides for link in side.links.links())),
            ("sessions", f"connections of newsreaders, in steps of {READERS_STEP}", readers),
            ("channels", "what is followed", len(states)),
            ("channels_alone", "channels without any neighbour: partitions, or nobody else follows",
             sum(1 for state in states if not any(True for _ in state.open_edges()))),
            ("channel_lag_documents", "documents that neighbours have and that have not come yet, in the worst channel",
             max(behind, default=0)),
            ("queue_steps", "changes that wait for the database", node.turn.waiting),
            ("posts_waiting", "of the newest own posts, those that no other node has",
             rounded(sum(post.is_waiting for post, _ in node.sent_posts.newest()))),
            ("database_bytes", "octets of the database file", node.store.octets()),
            ("database_quota_bytes", "the setting quota", node.settings.quota),
            ("documents", f"documents, in {DIGITS} digits", rounded(node.store.reader.newest())),
            ("database_writable", "1 while the database can be written", int(node.turn.failure is None)),
        )
        for name, meaning, value in gauges:
            yield GaugeMetricFamily(f"cliquenntp_{name}", meaning, value)
        yield CounterMetricFamily(
            "cliquenntp_sam_sessions", "I2P sessions made; each after the first one is a reconnect",
            sum(side.links.i2p_sessions for side in sides))
        yield CounterMetricFamily(
            "cliquenntp_documents_received", f"new documents by links, in {DIGITS} digits",
            rounded(sum(side.incoming.received for side in sides)))
        refused = CounterMetricFamily(
            "cliquenntp_refused", "documents of other nodes that were refused, by reason", labels=["reason"])
        for reason in sorted({reason for side in sides for reason in side.incoming.refused}):
            refused.add_metric([reason], sum(side.incoming.refused[reason] for side in sides))
        yield refused
        put_off = CounterMetricFamily(
            "cliquenntp_put_off", "documents of other nodes for which there was no room, by the budget",
            labels=["budget"])
        for budget in sorted({budget for side in sides for budget in side.incoming.put_off}):
            put_off.add_metric([budget], sum(side.incoming.put_off[budget] for side in sides))
        yield put_off


class _Figures(Resource):
    isLeaf = True  # noqa: N815

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry

    def render_GET(self, request: Request) -> bytes:
        """Return all figures in Prometheus' text format."""
        hosts = request.requestHeaders.getRawHeaders("host", [])
        if len(hosts) != 1 or not names_this_machine(hosts[0]):
            request.setResponseCode(421)
            return b"ask for 127.0.0.1 or localhost\n"
        request.setHeader(b"Content-Type", b"text/plain; version=0.0.4; charset=utf-8")
        return generate_latest(self._registry)


class _QuietSite(Site):
    displayTracebacks = False  # noqa: N815

    def log(self, request: Any) -> None:
        """Write nothing."""


class Metrics(Service):
    """Serves a node's figures; to be started behind it."""

    def __init__(self, reactor: Any, node: Node) -> None:
        self._reactor = reactor
        self._node = node
        self._ports: list[IListeningPort] = []

    def startService(self) -> None:
        """Listen; a port that cannot be had is a trouble of the node's, which goes on."""
        super().startService()
        registry = CollectorRegistry()
        registry.register(NodeFigures(self._node))
        commits = Histogram(
            "cliquenntp_commit_seconds", "time of a commit with its sync", buckets=COMMIT_BUCKETS, registry=registry)
        self._node.turn.on_commit = commits.observe
        for text in self._node.settings.metrics:
            try:
                endpoint = endpoints.serverFromString(self._reactor, text)
                self._ports.append(open_port(endpoint, _QuietSite(_Figures(registry)), f"the port {text} for metrics"))
            except StartError as error:
                self._node.log.error("{error}", error=error)
                self._node.troubles.append(str(error))

    def stopService(self) -> Any:
        """Listen no more."""
        super().stopService()
        return defer.gatherResults([defer.maybeDeferred(port.stopListening) for port in self._ports])
