"""What a node subscribes to: the union of what its accounts follow, less what another part of the union covers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import attrs

from cliquenntp.clique.messages import Channel


@attrs.frozen
class Subscription:
    """A channel that somebody on this node wants."""

    channel: Channel
    chain: tuple[bytes, ...] = ()
    """ids of its document's first parents, its parent first, the root last; empty: a root, or not held yet"""
    above: frozenset[bytes] = frozenset()
    """ids of all documents above it, through whatever parent"""
    since: int = 0
    """Clique-Time; what is older is not asked for"""

    @property
    def scope(self) -> bytes:
        """Id of the root at the end of its first parents."""
        return self.chain[-1] if self.chain else self.channel.document

    def is_covered_by(self, wide: Channel) -> bool:
        """Tell whether all its documents are in another channel."""
        if wide.comments or wide == self.channel:
            return False
        return wide.document == self.channel.document or wide.document in self.above


def union(wanted: Iterable[Subscription]) -> dict[Channel, Subscription]:
    """Return what is to be subscribed to; of two that differ in ``since`` alone the one that reaches back further."""
    by_channel: dict[Channel, Subscription] = {}
    for subscription in wanted:
        known = by_channel.get(subscription.channel)
        if known is None or subscription.since < known.since:
            by_channel[subscription.channel] = subscription
    whole = {channel.document for channel in by_channel if not channel.comments}
    return {
        channel: subscription
        for channel, subscription in by_channel.items()
        if whole.isdisjoint(subscription.above) and not (channel.comments and channel.document in whole)
    }


@attrs.frozen
class Moves:
    """How to come from one union to another, in this order."""

    widen: tuple[Subscription, ...]
    """to be entered first: what they cover need not be left, and their neighbours are taken over"""
    leave: tuple[Channel, ...]
    """to be left then"""
    enter: tuple[Subscription, ...]
    """to be entered last, for until then something wider covered them"""


def moves(before: Collection[Channel], after: Mapping[Channel, Subscription]) -> Moves:
    """Return how to come from the channels that are subscribed to now to a union."""
    entering = [subscription for channel, subscription in after.items() if channel not in before]
    leaving = [channel for channel in before if channel not in after]
    covered = {
        subscription.channel: any(subscription.is_covered_by(channel) for channel in leaving)
        for subscription in entering
    }
    return Moves(
        widen=tuple(subscription for subscription in entering if not covered[subscription.channel]),
        leave=tuple(leaving),
        enter=tuple(subscription for subscription in entering if covered[subscription.channel]),
    )
