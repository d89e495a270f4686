"""The subscriptions of all nodes of the process, and what is fetched for somebody who has just begun to follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed

from cliquenntp.clique.messages import Channel
from cliquenntp.interfaces import Follow
from cliquenntp.newsgroup.subscriptions import Subscription
from cliquenntp.service.network.catch_up import CatchUp
from cliquenntp.service.network.clique_side import CliqueSide
from cliquenntp.service.network.subscribing import Places, Subscribing
from cliquenntp.service.turn import Turn


@attrs.frozen(eq=False)
class _Node:
    """One of them."""

    clique: CliqueSide
    subscribing: Subscribing
    catch_up: CatchUp


class NodeSubscriptions:
    """Lets each node subscribe to what accounts follow through it.  All methods are for the reactor's thread."""

    def __init__(self, reactor: Any, turn: Turn, places: Places, first_look_seconds: float) -> None:
        """``first_look_seconds`` is how long a first look waits for articles."""
        self._reactor = reactor
        self._turn = turn
        self._places = places
        self._first_look_seconds = first_look_seconds
        self._nodes: dict[int, _Node] = {}

    def add(self, clique: CliqueSide) -> None:
        """Let a node take part."""
        catch_up = CatchUp(self._reactor, self._turn, clique, self._first_look_seconds)
        self._nodes[clique.node] = _Node(clique, Subscribing(self._places, clique), catch_up)

    def remove(self, number: int) -> None:
        """Let a node take part no more."""
        self._nodes.pop(number).catch_up.stop()

    def stop(self) -> None:
        """Fetch nothing more."""
        for node in self._nodes.values():
            node.catch_up.stop()

    def followed(self, number: int) -> Iterable[Channel]:
        """Return what a node subscribes to."""
        return self._nodes[number].clique.followed

    def carry_out(self, follows: Iterable[Follow], founded: bytes = b"") -> None:
        """Let each node subscribe to what these follows want of it, and to nothing else.

        ``founded`` was made here just now.
        """
        wanted: dict[int, list[Follow]] = {number: [] for number in self._nodes}
        for follow in follows:
            if follow.node in wanted:
                wanted[follow.node].append(follow)
        for number, of_node in wanted.items():
            self._nodes[number].subscribing.subscribe(of_node, founded)

    def is_linked(self, number: int) -> bool:
        """Tell whether a node has a link."""
        return bool(self._nodes[number].clique.links.links())

    def fetch(self, number: int, place: Subscription, comments: bool = False) -> bool:
        """Fetch at once what a node is about to subscribe to; return whether there is anything to fetch."""
        node = self._nodes[number]
        if node.subscribing.includes(place):
            return False
        node.catch_up.begin(Channel(place.channel.document, comments))
        return True

    def is_fetching(self, channel: Channel) -> bool:
        """Tell whether a node fetches a channel now."""
        return any(node.catch_up.is_under_way(channel) for node in self._nodes.values())

    def fetched(self, channel: Channel) -> Deferred[None]:
        """Return what fires when a channel has what was to be fetched, or was waited for long enough."""
        for node in self._nodes.values():
            if node.catch_up.is_under_way(channel):
                return node.catch_up.wait(channel)
        return succeed(None)
