"""What accounts follow: started and renewed by reading, lapsed, written rarely, and carried out by the node."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet import defer
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from cliquenntp.clique.messages import Channel, Contact
from cliquenntp.interfaces import OWNER, SHARED, Follow, Identity, IReading, Reason, Right
from cliquenntp.newsgroup.follows import DAY, FollowLimits
from cliquenntp.service.network.node_forums import NodeForums
from cliquenntp.service.readers.follows import WRITE_SECONDS, Follows
from cliquenntp.service.readers.opened import OpenedArticles
from cliquenntp.service.readers.reading import Reading
from cliquenntp.service.turn import NotStored
from tests.memory_archive import MemoryArchive
from tests.small_forum import SmallForum

NOW = 1_800_000_000
MARY = Identity("mary", Right.READ | Right.POST)


class Turn:
    """Runs each step at once, unless the disk is full."""

    def __init__(self, archive: MemoryArchive) -> None:
        self.archive = archive
        self.steps = 0
        self.is_full = False

    def submit(self, step: Any, octets: int = 0) -> defer.Deferred:
        if self.is_full:
            return defer.fail(NotStored("no room"))
        self.steps += 1
        return defer.succeed(step(self.archive))


class Clique:
    """Keeps what it is told to follow."""

    def __init__(self, node: int = SHARED) -> None:
        self.node = node
        self.channels: dict[Channel, SimpleNamespace] = {}
        self.said: list[tuple[Any, ...]] = []
        self.links = SimpleNamespace(links=lambda: ["a link"])
        self.compared: list[Channel] = []
        self.remembered: set[bytes] = set()
        self.on_founded = None

    @property
    def followed(self) -> Any:
        return self.channels.keys()

    def follow(self, channel, ancestors, since=0, contacts=(), founded=False) -> None:
        self.said.append(("follow", channel, since, contacts, founded))
        scope = ancestors[-1] if ancestors else channel.document
        self.channels[channel] = SimpleNamespace(
            scope=scope, ancestors=ancestors, edges=[], wanted={}, is_fetching=False, reconciling=0, reconciled=0
        )
        self.channels[channel].open_edges = lambda: iter(self.channels[channel].edges)

    def channel(self, channel):
        return self.channels.get(channel)

    def unfollow(self, channel) -> None:
        self.said.append(("unfollow", channel))
        self.channels.pop(channel, None)

    def contacts(self, channel) -> tuple[Contact, ...]:
        return (Contact(b"k" * 32, "tcp:127.0.0.1:1"),)

    def invited(self, root, contacts) -> None:
        self.remembered.add(root)

    def resync(self, channel) -> None:
        self.compared.append(channel)
        self.channels[channel].reconciling = 7


class World:
    """A forum with two threads, and what follows from reading it."""

    def __init__(self, limits: FollowLimits | None = None) -> None:
        self.forum = SmallForum()
        archive = self.archive = self.forum.archive
        self.root = 1
        self.thread = self.forum.post("thread")
        self.reply = self.forum.post("Re: thread", parent=self.thread)
        self.other = self.forum.post("other")
        self.turn, self.clique, self.clock = Turn(archive), Clique(), Clock()
        self.own_nodes: dict[str, int] = {}
        self.more_cliques: list[Clique] = []
        self.limits = limits or FollowLimits()
        self.start()

    def start(self) -> None:
        self.forums = NodeForums(self.archive)
        self.follows = Follows(
            self.clock, lambda: NOW + self.clock.seconds(), self.archive, self.turn, self.forums, self.limits, 3.0,
            self.own_nodes.get,
        )
        self.reading = Reading(self.follows, OpenedArticles(self.archive, 0))
        for clique in (self.clique, *self.more_cliques):
            self.follows.add_node(clique)
        self.follows.start()

    def channel(self, docno: int, comments: bool = False) -> Channel:
        return Channel(self.archive.record(docno).id, comments)

    def stored(self, account: str = "owner") -> dict[bytes, Follow]:
        return {follow.document: follow for follow in self.archive.follows(account)}

    def wait(self, seconds: float) -> None:
        self.clock.pump([0.05] * round(seconds / 0.05))


@pytest.fixture
def world() -> World:
    return World()


def done(deferred: Any) -> Any:
    results: list[Any] = []
    defer.ensureDeferred(deferred).addBoth(results.append)
    [result] = results
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


def test_provides_the_door(world: World) -> None:
    verifyObject(IReading, world.reading)


def test_reading_subscribes_the_node(world: World) -> None:
    assert world.reading.looked(OWNER, world.thread)
    assert world.clique.channels.keys() == {world.channel(world.thread)}
    assert [*world.stored().values()] == [Follow(world.archive.record(world.thread).id, Reason.READING, NOW)]
    assert not world.reading.looked(MARY, world.thread) or world.reading.fetched(world.thread)
    assert len(world.clique.said) == 1 and world.stored("mary")


def test_anonymous_readers_and_polls_change_nothing(world: World) -> None:
    assert not world.reading.looked(Identity(None, Right.READ), world.thread)
    for docno in (world.root, world.thread, world.other):
        world.reading.polled(OWNER, docno)
    assert world.clique.said == [] and world.turn.steps == 0


def test_a_first_look_waits_only_where_somebody_can_be_asked(world: World) -> None:
    world.clique.links.links = list
    assert not world.reading.looked(OWNER, world.thread)
    done(world.follows.follow("owner", world.archive.record(world.root).id))
    world.clique.links.links = lambda: ["a link"]
    assert not world.reading.looked(MARY, world.other), "another account's follow of the forum brings it already"


def test_a_first_look_ends_when_all_has_come_or_its_time_is_over(world: World) -> None:
    world.reading.looked(OWNER, world.thread)
    ended: list[float] = []
    world.reading.fetched(world.thread).addCallback(lambda _: ended.append(world.clock.seconds()))
    world.wait(1)
    state = world.clique.channels[world.channel(world.thread)]
    state.edges.append(SimpleNamespace(differs=True))
    world.wait(0.1)
    assert world.clique.compared == [world.channel(world.thread)]
    state.edges[0].differs, state.is_fetching = False, True
    world.wait(0.5)
    assert ended == []
    state.reconciled, state.is_fetching = 1, False
    world.wait(0.1)
    assert len(ended) == 1 and 1.5 < ended[0] < 1.8
    world.reading.looked(OWNER, world.other)
    world.reading.fetched(world.other).addCallback(lambda _: ended.append(world.clock.seconds()))
    world.wait(2.9)
    assert len(ended) == 1
    world.wait(0.2)
    assert len(ended) == 2


def test_what_is_asked_for_by_name_is_fetched_at_once_too(world: World) -> None:
    root = world.archive.record(world.root).id
    done(world.follows.follow("owner", root))
    world.clique.channels[Channel(root)].edges.append(SimpleNamespace(differs=True))
    world.wait(0.1)
    assert world.clique.compared == [Channel(root)]
    done(world.follows.follow("mary", world.archive.record(world.thread).id))
    assert world.reading.looked(OWNER, world.root), "it is still on its way"
    ended: list[float] = []
    world.reading.fetched(world.root).addCallback(lambda _: ended.append(world.clock.seconds()))
    world.wait(2.9)
    assert ended == []
    world.wait(0.2)
    assert len(ended) == 1 and world.clique.compared == [Channel(root)]


def test_looks_are_written_once_an_hour_and_at_the_end(world: World) -> None:
    world.reading.looked(OWNER, world.thread)
    document, steps = world.archive.record(world.thread).id, world.turn.steps
    for _ in range(500):
        world.clock.advance(1)
        world.reading.polled(OWNER, world.thread)
        world.reading.looked(OWNER, world.reply)
    assert world.turn.steps == steps and world.stored()[document].looked == NOW
    world.clock.advance(WRITE_SECONDS)
    assert world.turn.steps == steps + 1 and world.stored()[document].looked == NOW + 500
    world.reading.polled(OWNER, world.thread)
    done(world.follows.stop())
    assert world.stored()[document].looked == int(NOW + world.clock.seconds())


def test_a_follow_lapses_and_drops_nothing(world: World) -> None:
    done(world.follows.follow("owner", world.archive.record(world.root).id, comments=True))
    world.reading.looked(OWNER, world.thread)
    world.clock.pump([WRITE_SECONDS] * (14 * DAY // int(WRITE_SECONDS) - 1))
    assert len(world.clique.channels) == 2
    world.clock.pump([WRITE_SECONDS] * 2)
    assert world.clique.channels.keys() == {world.channel(world.root, True)}
    assert world.stored().keys() == {world.archive.record(world.root).id} and world.archive.newest() == 4
    assert world.clique.remembered == {world.archive.record(world.root).id}, "whom to ask when it is read again"
    world.reading.polled(OWNER, world.thread)
    assert len(world.clique.channels) == 1
    assert world.reading.looked(OWNER, world.thread)
    assert len(world.clique.channels) == 2


def test_narrowing_takes_the_neighbours_along(world: World) -> None:
    root = world.archive.record(world.root).id
    done(world.follows.follow("owner", root, since=5))
    done(world.follows.follow("owner", root, comments=True))
    contacts = (Contact(b"k" * 32, "tcp:127.0.0.1:1"),)
    assert world.clique.said == [
        ("follow", Channel(root), 5, (), False),
        ("unfollow", Channel(root)),
        ("follow", Channel(root, True), 0, contacts, False),
    ]


def test_the_node_follows_until_its_last_account_leaves(world: World) -> None:
    root = world.archive.record(world.root).id
    done(world.follows.follow("owner", root))
    world.reading.looked(MARY, world.root)
    assert [account for account, _ in world.follows.covering(world.archive.record(world.reply).id)] == ["owner", "mary"]
    done(world.follows.unfollow("owner", root))
    assert world.clique.channels.keys() == {Channel(root)}
    done(world.follows.unfollow("mary", root))
    assert not world.clique.channels
    assert not world.reading.looked(MARY, world.root) and not world.clique.channels


def test_who_leaves_a_forum_leaves_what_was_read_in_it(world: World) -> None:
    root = world.archive.record(world.root).id
    done(world.follows.follow("owner", root, comments=True))
    world.reading.looked(OWNER, world.thread)
    done(world.follows.follow("owner", world.archive.record(world.other).id))
    done(world.follows.unfollow("owner", root))
    assert world.clique.channels.keys() == {world.channel(world.other)}
    reasons = {document: follow.reason for document, follow in world.stored().items()}
    assert reasons == {root: Reason.LEFT, world.archive.record(world.other).id: Reason.EXPLICIT}
    done(world.follows.forget("owner"))
    assert world.stored() == {} and not world.clique.channels


def test_a_post_wants_its_answers(world: World) -> None:
    world.reading.posted(OWNER, world.archive.record(world.reply))
    assert world.clique.channels.keys() == {world.channel(world.thread)}
    world.reading.posted(MARY, world.archive.record(world.other))
    assert world.channel(world.root) in world.clique.channels
    done(world.follows.unfollow("paul", world.archive.record(world.root).id))
    world.reading.posted(Identity("paul", Right.POST), world.archive.record(world.other))
    assert world.stored("paul")[world.archive.record(world.other).id].reason is Reason.READING


def test_a_forum_made_here_is_followed_by_its_maker(world: World) -> None:
    root = world.archive.record(world.root).id
    world.clique.on_founded(root)
    assert world.clique.said == [("follow", Channel(root), 0, (), True)]
    assert world.stored()[root].reason is Reason.EXPLICIT
    marys = SmallForum("marys", world.archive)
    founded = world.archive.record(world.archive.newest()).id
    assert marys is not None
    world.archive.follow_set("mary", Follow(founded, Reason.EXPLICIT, NOW))
    world.clique.on_founded(founded)
    assert founded not in world.stored() and Channel(founded) in world.clique.channels


def test_a_restart_goes_on(world: World) -> None:
    world.reading.looked(OWNER, world.thread)
    done(world.follows.unfollow("mary", world.archive.record(world.root).id))
    world.start()
    assert [*world.follows.all()] == [("owner", Follow(world.archive.record(world.thread).id, Reason.READING, NOW))]
    assert len(world.clique.said) == 1
    assert not world.reading.looked(MARY, world.root)


def test_what_a_node_followed_before_accounts_did_is_the_owners(world: World) -> None:
    world.clique.channels[Channel(b"r" * 32, True)] = SimpleNamespace(scope=b"r" * 32, ancestors=())
    world.start()
    assert world.stored() == {b"r" * 32: Follow(b"r" * 32, Reason.EXPLICIT, NOW, comments=True)}
    assert world.clique.said == []


def test_what_cannot_be_stored_is_not_followed(world: World) -> None:
    world.turn.is_full = True
    world.reading.looked(OWNER, world.thread)
    assert [*world.follows.all()] == [] and not world.clique.channels
    with pytest.raises(NotStored):
        done(world.follows.follow("owner", world.archive.record(world.root).id))
    assert [*world.follows.all()] == [] and not world.clique.channels
    world.turn.is_full = False
    world.reading.looked(OWNER, world.thread)
    assert len(world.clique.channels) == 1


def test_subscriptions_are_the_forums_of_what_is_followed(world: World) -> None:
    assert world.reading.subscriptions(OWNER) == set()
    world.reading.looked(OWNER, world.reply)
    assert world.reading.subscriptions(OWNER) == {world.root}
    assert world.reading.subscriptions(Identity(None, Right.READ)) is None


def test_the_motd_says_when_no_more_is_followed() -> None:
    world = World(FollowLimits(by_reading=1))
    world.reading.notices_from.append(lambda identity: [f"Hello {identity.account}"])
    world.reading.looked(MARY, world.thread)
    assert [*world.reading.notices(OWNER)] == ["Hello owner"]
    hello, full = world.reading.notices(MARY)
    assert hello == "Hello mary" and "You follow 1 newsgroups" in full
    world.reading.looked(MARY, world.other)
    assert len(world.stored("mary")) == 1


def own_node(world: World) -> Clique:
    """Give Mary a node of her own."""
    own = Clique(1)
    world.own_nodes["mary"] = 1
    world.follows.add_node(own)
    return own


def test_reading_follows_by_the_node_whose_forum_it_is(world: World) -> None:
    own = own_node(world)
    world.reading.looked(MARY, world.thread)
    assert world.clique.channels.keys() == {world.channel(world.thread)} and not own.channels
    done(world.follows.follow("mary", world.archive.record(world.other).id, number=1))
    assert own.channels.keys() == {world.channel(world.other)}
    assert world.stored("mary")[world.archive.record(world.other).id].node == 1
    world.reading.looked(OWNER, world.other)
    assert world.clique.channels.keys() == {world.channel(world.thread), world.channel(world.other)}
    # the forum is asked for, and becomes the node's when its root has come to it
    world.archive.hold(world.root, 1)
    world.reading.looked(MARY, world.forum.post("another"))
    assert len(own.channels) == 2 and len(world.clique.channels) == 2


def test_what_a_node_carries_out_ends_with_it_and_nothing_else(world: World) -> None:
    own = own_node(world)
    world.reading.looked(MARY, world.thread)
    done(world.follows.follow("mary", world.archive.record(world.other).id, number=1))
    world.more_cliques.append(own)
    world.start()
    assert own.channels and world.follows.of("mary").get(world.archive.record(world.other).id).node == 1
    del world.own_nodes["mary"]
    done(world.follows.remove_node(1))
    assert world.stored("mary").keys() == {world.archive.record(world.thread).id}
    assert world.clique.channels.keys() == {world.channel(world.thread)}


def test_forums_are_a_nodes_when_they_were_asked_for_and_have_come(world: World) -> None:
    forums, root = world.forums, world.archive.record(world.root).id
    assert world.root in forums.of(0) and world.root not in forums.of(1)
    assert forums.are_all(forums.of(0))
    world.archive.hold(world.root, 1)
    assert not forums.has(1, world.root)
    assert forums.ask(1, root, world.archive) and not forums.ask(1, root, world.archive)
    assert world.root in forums.of(1) and world.root in forums.of(0, 1)
    world.archive.private_roots.add(world.root)
    assert world.root not in forums.of(0)
    assert forums.new_node(world.archive) == 1 and forums.new_node(world.archive) == 2
    again = NodeForums(world.archive)
    assert world.root in again.of(1) and not again.are_all(again.of(0))
    again.forget(1, world.archive)
    assert world.root not in again.of(1) and world.root not in NodeForums(world.archive).of(1)
