"""Rules taken out of the core one at a time, to show that the properties notice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from attrs import evolve

from cliquenntp.clique import adverts, election
from cliquenntp.clique import core as core_module
from cliquenntp.clique.channel import ChannelState, Edge
from cliquenntp.clique.messages import Advert
from cliquenntp.clique.node import Node

NAMES = ("no feasibility", "no serials", "no incarnations")


@contextmanager
def applied(name: str) -> Iterator[None]:
    """Run with a mutant of the core; an empty name or one that is no rule of the core changes nothing."""
    if name == "no feasibility":
        with mock.patch.object(election, "feasible", _always_feasible):
            yield
    elif name == "no serials":
        with mock.patch.object(adverts, "hear", _hear_anything):
            yield
    elif name == "no incarnations":
        with mock.patch.object(core_module, "_message_received", _any_incarnation), mock.patch.dict(
            core_module._EVENTS, {core_module.events.MessageReceived: _any_incarnation}
        ):
            yield
    else:
        yield


def _always_feasible(state: ChannelState, advert: Advert) -> bool:
    return True


_HEAR = adverts.hear
_RECEIVED = core_module._message_received


def _hear_anything(node: Node, edge: Edge, advert: Advert, acknowledge: bool = True) -> bool:
    """Take every advert for the newest, whatever its serial says, and acknowledge all that was sent."""
    edge.heard = min(edge.heard, advert.serial - 1)
    return _HEAR(node, edge, advert, acknowledge)


def _any_incarnation(node: Node, event: core_module.events.MessageReceived) -> None:
    """Take a message for whatever edge the link has now."""
    link = node.links.get(event.link)
    to = getattr(event.message, "to", None)
    there = [edge.incarnation for edge in node.edges.values() if edge.link is link]
    if to is not None and there and to not in there:
        message = evolve(event.message, to=there[0])
        event = core_module.events.MessageReceived(event.link, message)
    _RECEIVED(node, event)
