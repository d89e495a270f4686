"""Feeders with more followers than places, and followers whose feeders are gone."""

from __future__ import annotations

from random import Random

import pytest

from cliquenntp.clique.channel import ChannelState
from cliquenntp.clique.messages import Channel
from cliquenntp.clique.parameters import FOLLOWERS_AT_MOST

from .clique_node import CliqueNode, NodeOptions
from .inspect import cores, states
from .invariants import all_delivered, at_rest, silent
from .schedules import QUIET, QUIET_TRIES
from .worlds import World


class Forum:
    """Full nodes 0, 1, ..., and followers after them, each of one thread, all invited by node 0."""

    def __init__(self, full: int, threads: list[int]) -> None:
        self.world = World(lambda world, number, committed: CliqueNode(world, number, committed, NodeOptions()), 1)
        self.root = self.world.new_document().id
        self.threads = [self.world.new_document(self.root).id for _ in range(max(threads) + 1)]
        self.full = range(full)
        for number in self.full:
            self.world.follows[number] = [Channel(self.root)]
        for number, thread in enumerate(threads, full):
            self.world.follows[number] = [Channel(self.threads[thread])]
        founder = self.world.add(0, None)
        for identity in (self.root, *self.threads):
            founder.publish(self.world.documents[identity])
        for number in range(1, full + len(threads)):
            self.passes(5.0)
            self.world.add(number, 0)

    def passes(self, seconds: float) -> None:
        self.world.engine.run_until(self.world.engine.now + seconds)

    def followers(self) -> list[ChannelState]:
        return [state for _, node in cores(self.world) for state in states(node) if not state.is_full]

    def fed(self, number: int) -> set[bytes]:
        """Return the nodes that hang on a full node."""
        node = dict(cores(self.world))[number].core.node
        return {edge.link.contact.key for edge in node.edges.values() if not edge.state.is_full or edge.kind == 2}

    def falls_silent(self) -> bool:
        """Return whether one of a few whiles is quiet: who lacks a source may just be trying one in others."""
        return any(not silent(self.world, QUIET) for _ in range(QUIET_TRIES))

    def write(self) -> None:
        """Have everybody write, and wait."""
        for number in sorted(self.world.nodes):
            thread = self.world.follows[number][0].document
            self.world.publish(number, self.threads[0] if thread == self.root else thread)
        self.passes(300.0)


def test_followers_for_whom_there_is_no_place_hang_on_each_other() -> None:
    forum = Forum(1, [0] * 20)
    forum.passes(3600.0)
    forum.write()
    assert all_delivered(forum.world) == []
    assert len(forum.fed(0)) <= FOLLOWERS_AT_MOST
    assert all(state.key is not None and state.key.rooted for state in forum.followers())
    forum.passes(4 * 3600.0)
    assert forum.falls_silent()
    assert at_rest(forum.world) == []


def test_followers_who_share_no_thread_are_taken_in_above_the_bound_after_refusals() -> None:
    forum = Forum(1, list(range(20)))
    forum.passes(3600.0)
    forum.write()
    assert all_delivered(forum.world) == []
    assert len(forum.fed(0)) == 20
    forum.passes(4 * 3600.0)
    assert forum.falls_silent()


def test_a_thread_that_is_cut_off_knows_it_and_finds_a_feeder_that_comes_back() -> None:
    forum = Forum(3, [0] * 10)
    forum.passes(1200.0)
    for number in forum.full:
        forum.world.crash(number)
    forum.passes(3600.0)
    forum.write()
    assert all_delivered(forum.world) == []
    assert all(state.is_cut_off for state in forum.followers())
    assert forum.falls_silent()
    forum.world.restart(2)
    forum.passes(900.0)
    assert not any(state.is_cut_off for state in forum.followers())
    forum.write()
    assert forum.world.recorder.missing(set(forum.world.nodes)) == {}
    forum.passes(4 * 3600.0)
    assert forum.falls_silent()
    assert at_rest(forum.world) == []


@pytest.mark.parametrize("seed", range(3))
def test_comments_pass_both_ways_between_threads_and_the_forum_while_feeders_die_and_return(seed: int) -> None:
    forum = Forum(5, [0, 0, 0, 0, 1, 1, 1, 1])
    random = Random(seed)
    forum.passes(300.0)
    for _ in range(12):
        full = random.choice(forum.full[1:])
        if full in forum.world.nodes and len(forum.world.nodes.keys() & set(forum.full)) > 1:
            forum.world.crash(full)
        else:
            forum.world.restart(full)
        for _ in range(4):
            author = random.choice(sorted(forum.world.nodes))
            followed = forum.world.follows[author][0].document
            forum.world.publish(author, random.choice(forum.threads) if followed == forum.root else followed)
            forum.passes(random.choice((1.0, 20.0, 100.0)))
    for number in sorted(forum.world.down):
        forum.world.restart(number)
    forum.passes(600.0)
    assert len(forum.world.recorder.documents) == 48
    assert forum.world.recorder.missing(set(forum.world.nodes)) == {}
